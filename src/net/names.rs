//! The addresses that names have in the sandbox's network, and the way back.
//!
//! A name's address is ours, out of a range that nobody uses on the internet (RFC 2544): whoever connects to it has
//! told us which name was meant.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// The first address that is given out: 198.18.0.2, in 198.18.0.0/15.
const FIRST: u32 = u32::from_be_bytes([198, 18, 0, 2]);

/// Names that are kept; then the one that was not used for longest gives its address away.
const MOST: u32 = 32_768;

/// The longest name of the DNS, as text.
const LONGEST: usize = 253;

/// Names and their addresses. Cheap to clone; all clones are the same table.
#[derive(Clone, Debug)]
pub struct Names(Arc<Mutex<Table>>);

#[derive(Debug)]
struct Table {
    most: u32,
    /// The place of each name.
    places: HashMap<Arc<str>, u32>,
    /// By place: the name, and when it was used.
    entries: Vec<(Arc<str>, u64)>,
    /// Places by the time of their last use.
    by_use: BTreeMap<u64, u32>,
    /// Counts uses.
    uses: u64,
}

impl Default for Names {
    fn default() -> Self {
        Self::with_room(MOST)
    }
}

impl Names {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with_room(most: u32) -> Self {
        Self(Arc::new(Mutex::new(Table {
            most,
            places: HashMap::new(),
            entries: Vec::new(),
            by_use: BTreeMap::new(),
            uses: 0,
        })))
    }

    /// The address of `name`, the same one as long as the name is kept. A name longer than the DNS allows is cut, so
    /// that it is the cut name that comes back.
    #[must_use]
    pub fn address_of(&self, name: &str) -> Ipv4Addr {
        let name = plain(name);
        let mut table = self.table();
        let place = match table.places.get(name.as_str()) {
            Some(&place) => place,
            None => table.room_for(name.into()),
        };
        table.used(place);
        Ipv4Addr::from_bits(FIRST + place)
    }

    /// The name that `address` stands for: lower case, no final dot. It came from inside and may hold anything: escape
    /// it before it is shown.
    #[must_use]
    pub fn name_of(&self, address: Ipv4Addr) -> Option<String> {
        let place = address.to_bits().checked_sub(FIRST)?;
        let mut table = self.table();
        let name = table.entries.get(usize::try_from(place).ok()?)?.0.to_string();
        table.used(place);
        Some(name)
    }

    /// Whether `name` has an address already.
    #[must_use]
    pub fn holds(&self, name: &str) -> bool {
        self.table().places.contains_key(plain(name).as_str())
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// A place for a new name: a fresh one, or the one unused for longest.
    fn room_for(&mut self, name: Arc<str>) -> u32 {
        let fresh = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let recycled = (fresh >= self.most).then(|| self.by_use.pop_first()).flatten();
        let place = match recycled {
            Some((_, place)) => {
                if let Some(entry) = self.entries.get_mut(place as usize) {
                    self.places.remove(&entry.0);
                    entry.0 = name.clone();
                }
                place
            }
            None => {
                self.entries.push((name.clone(), 0));
                fresh
            }
        };
        self.places.insert(name, place);
        place
    }

    fn used(&mut self, place: u32) {
        let Some(entry) = self.entries.get_mut(place as usize) else { return };
        self.uses += 1;
        self.by_use.remove(&entry.1);
        entry.1 = self.uses;
        self.by_use.insert(self.uses, place);
    }
}

/// Lower case, without the final dot, not longer than a name may be.
fn plain(name: &str) -> String {
    let name = name.strip_suffix('.').unwrap_or(name);
    name[..name.floor_char_boundary(LONGEST)].to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_address_however_it_is_written() {
        let names = Names::new();
        let first = names.address_of("Example.ORG.");
        assert_eq!(first, Ipv4Addr::new(198, 18, 0, 2));
        assert_eq!(names.clone().address_of("example.org"), first);
        assert_eq!(names.name_of(first).as_deref(), Some("example.org"));
        assert_eq!(names.address_of("b.example"), Ipv4Addr::new(198, 18, 0, 3));
        assert!(names.holds("B.example"));
    }

    #[test]
    fn addresses_that_stand_for_nothing() {
        let names = Names::new();
        let _ = names.address_of("a");
        for address in ["198.18.0.3", "198.18.0.1", "0.0.0.0", "255.255.255.255", "127.0.0.1"] {
            assert_eq!(names.name_of(address.parse().unwrap()), None, "{address}");
        }
    }

    #[test]
    fn the_name_unused_for_longest_goes_first() {
        let names = Names::with_room(2);
        let (a, b) = (names.address_of("a"), names.address_of("b"));
        // A connection counts as a use.
        assert_eq!(names.name_of(a).as_deref(), Some("a"));
        assert_eq!(names.address_of("c"), b);
        assert_eq!(names.name_of(b).as_deref(), Some("c"));
        assert!(names.holds("a") && !names.holds("b"));
    }

    #[test]
    fn a_full_table_stays_in_its_range_and_does_not_grow() {
        let names = Names::new();
        for number in 0..MOST + 100 {
            let [198, 18 | 19, ..] = names.address_of(&format!("n{number}")).octets() else { panic!() };
        }
        let table = names.table();
        let sizes = (table.entries.len(), table.places.len(), table.by_use.len());
        assert_eq!(sizes, (MOST as usize, MOST as usize, MOST as usize));
    }

    #[test]
    fn odd_names_are_kept_and_long_ones_cut() {
        let names = Names::new();
        let odd = "a\u{1b}[2j\0ü";
        assert_eq!(names.name_of(names.address_of(odd)).as_deref(), Some(odd));
        let long = names.name_of(names.address_of(&"ü".repeat(200))).unwrap();
        assert!(long.len() <= LONGEST, "{}", long.len());
    }
}
