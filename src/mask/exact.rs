//! Values that are known, in the forms in which programs write them.

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE;

use super::grams::Grams;
use super::grams::gram;
use super::words::Words;
use crate::sys::locked;

/// The shortest value that is looked for: shorter ones would hide half of every screen.
pub const SHORTEST: usize = 6;
/// The longest piece of a value that is looked for; a longer value is looked for in pieces.
const PIECE: usize = 512;
/// Forms beyond this number, or beyond so many bytes, are no longer learnt: some 16,000 values. As many again have room
/// that are told and not found, so that nothing that a program reads can crowd them out.
const MOST: usize = 1 << 18;
const MOST_BYTES: usize = 64 << 20;
/// Bytes of a needle that are looked up.
const HEAD: usize = 4;

/// Whether `value` is fit to be looked for everywhere.
pub fn is_fit(value: &str) -> bool {
    let trimmed = value.trim();
    trimmed.len() >= SHORTEST
        && !Words::NeverLearnt.list().iter().any(|stop| trimmed.eq_ignore_ascii_case(stop))
        && !trimmed.bytes().all(|byte| byte == trimmed.as_bytes()[0])
        && !trimmed.starts_with("hoopmask:")
        && !super::benign::value(trimmed.as_bytes(), true)
}

/// Whether `value` says something: it is neither empty, nor a number, nor filled in elsewhere.
pub fn is_value(value: &str) -> bool {
    let trimmed = value.trim();
    !trimmed.is_empty()
        && trimmed.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !matches!(trimmed, "true" | "false" | "null" | "none")
        && !super::benign::placeholder(trimmed.as_bytes())
        && !trimmed.starts_with("hoopmask:")
        && (trimmed.len() < SHORTEST
            || Words::NeverLearnt.list().iter().any(|stop| trimmed.eq_ignore_ascii_case(stop)))
}

/// One form of a known value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Needle {
    /// What stands in the text.
    pub bytes: Arc<[u8]>,
    /// What sort of secret it is.
    pub kind: Arc<str>,
}

/// All known values.
///
/// They come one by one, while streams look for those that were there before: so they lie in few sets, each less than
/// half as large as the one before it. A new value costs the merging of small sets, and no stream waits for it.
#[derive(Clone, Debug, Default)]
pub struct Exact {
    sets: Vec<Arc<Set>>,
    grams: Option<Heads>,
    starts: Arc<Starts>,
    count: usize,
    bytes: usize,
}

/// Needles in the order of their bytes.
type Set = [Needle];
/// Every bit of a head counts.
type HeadsOf<const WORDS: usize> = Arc<Grams<WORDS, { u32::MAX }>>;

/// The heads of all needles, in a smaller table while they are few.
#[derive(Clone, Debug)]
enum Heads {
    Few(HeadsOf<8192>),
    Many(HeadsOf<65536>),
}

/// Heads that are few: in a larger number too many places would look like one.
const FEW: usize = 2048;

impl Exact {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Learns `value` in all its forms; whether anything was new.
    pub fn add(&mut self, kind: &str, value: &str) -> bool {
        is_fit(value) && self.count < MOST && self.bytes < MOST_BYTES && self.insert(kind, value)
    }

    /// Learns `value`, of which hoop or a person knows that it is a secret, in all its forms; whether anything was new.
    pub fn add_told(&mut self, kind: &str, value: &str) -> bool {
        value.len() >= SHORTEST && !self.is_full() && self.insert(kind, value)
    }

    /// Whether there is no room even for what is told.
    pub fn is_full(&self) -> bool {
        self.count >= 2 * MOST || self.bytes >= 2 * MOST_BYTES
    }

    fn insert(&mut self, kind: &str, value: &str) -> bool {
        let kind: Arc<str> = kind.into();
        let mut new: Vec<Needle> = forms(value)
            .iter()
            .flat_map(|form| form.chunks(PIECE))
            .filter(|piece| piece.len() >= SHORTEST && !self.knows(piece))
            .map(|piece| Needle { bytes: piece.into(), kind: Arc::clone(&kind) })
            .collect();
        new.sort_unstable_by(|one, other| one.bytes.cmp(&other.bytes));
        new.dedup_by(|one, other| one.bytes == other.bytes);
        if new.is_empty() {
            return false;
        }
        for needle in &new {
            // It stays in memory to the end; where it cannot be held there, nothing is lost but that.
            let _ = locked::hold(&needle.bytes);
        }
        self.count += new.len();
        self.bytes += new.iter().map(|needle| needle.bytes.len()).sum::<usize>();
        self.enter(&new);
        while let Some(last) = self.sets.pop_if(|last| last.len() < 2 * new.len()) {
            new.extend_from_slice(&last);
            new.sort_by(|one, other| one.bytes.cmp(&other.bytes));
        }
        self.sets.push(new.into());
        true
    }

    fn knows(&self, bytes: &[u8]) -> bool {
        let knows = |set: &Arc<Set>| set.binary_search_by(|needle| (*needle.bytes).cmp(bytes)).is_ok();
        self.sets.iter().any(knows)
    }

    /// Makes the beginnings of `new` known.
    fn enter(&mut self, new: &[Needle]) {
        let starts = Arc::make_mut(&mut self.starts);
        new.iter().for_each(|needle| starts.add(&needle.bytes));
        let new = new.iter().filter_map(|needle| gram(&needle.bytes));
        let known = self.sets.iter().flat_map(|set| set.iter()).filter_map(|needle| gram(&needle.bytes));
        match &mut self.grams {
            Some(Heads::Many(heads)) => new.for_each(|gram| Arc::make_mut(heads).add(gram)),
            _ if self.count > FEW => self.grams = Some(Heads::Many(Grams::new(known.chain(new)).into())),
            Some(Heads::Few(heads)) => new.for_each(|gram| Arc::make_mut(heads).add(gram)),
            None => self.grams = Some(Heads::Few(Grams::new(new).into())),
        }
    }

    /// The first place in `bytes`, at `from` or later, where a needle may begin.
    pub fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        match self.grams.as_ref()? {
            Heads::Few(heads) => heads.find(bytes, from),
            Heads::Many(heads) => heads.find(bytes, from),
        }
    }

    /// The needles that begin as `bytes` do.
    pub fn at<'e>(&'e self, bytes: &[u8]) -> impl Iterator<Item = &'e Needle> + use<'e> {
        let head: Option<[u8; HEAD]> = bytes.first_chunk().copied();
        self.sets.iter().flat_map(move |set| head.map_or(&[][..], |head| beginning(set, &head)))
    }

    /// How many of the last bytes of `bytes` may begin a needle, where fewer than a head have come.
    pub fn partial(&self, bytes: &[u8]) -> usize {
        let begins = |length: &usize| {
            let tail = &bytes[bytes.len() - length..];
            self.starts.may_begin(tail) && self.sets.iter().any(|set| !beginning(set, tail).is_empty())
        };
        (1..HEAD.min(bytes.len() + 1)).rev().find(begins).unwrap_or(0)
    }
}

/// The needles of a set that begin with `head`.
fn beginning<'s>(set: &'s Set, head: &[u8]) -> &'s [Needle] {
    let rest = &set[set.partition_point(|needle| *needle.bytes < *head)..];
    &rest[..rest.partition_point(|needle| needle.bytes.starts_with(head))]
}

/// The first two bytes of the needles: a quick answer for most ends of a text.
#[derive(Clone, Debug)]
struct Starts {
    ones: [bool; 256],
    twos: Vec<u64>,
}

impl Default for Starts {
    fn default() -> Self {
        Self { ones: [false; 256], twos: vec![0; (1 << 16) / 64] }
    }
}

impl Starts {
    fn add(&mut self, needle: &[u8]) {
        if let [one, two, ..] = needle {
            self.ones[usize::from(*one)] = true;
            self.twos[usize::from(*one) * 4 + usize::from(*two) / 64] |= 1 << (two % 64);
        }
    }

    /// Whether a needle may begin with `tail`.
    fn may_begin(&self, tail: &[u8]) -> bool {
        match tail {
            [one, two, ..] => {
                self.twos[usize::from(*one) * 4 + usize::from(*two) / 64] >> (two % 64) & 1 == 1
            }
            [one] => self.ones[usize::from(*one)],
            [] => false,
        }
    }
}

/// The forms in which a value turns up: as it is; escaped for JSON once and twice, for URLs, XML and shells; in base64 at
/// each of the three offsets, also of the wide letters that PowerShell encodes; in hexadecimal; line by line.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let value = value.trim_end_matches(['\r', '\n']);
    let mut forms = vec![value.as_bytes().to_vec()];
    let json = |text: &str| {
        let quoted = serde_json::to_string(text).unwrap_or_default();
        quoted[1..quoted.len().max(2) - 1].to_owned()
    };
    let once = json(value);
    // Some writers escape slashes, and some what HTML gives a meaning.
    let html = once.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    for text in [once.clone(), once.replace('/', "\\/"), html] {
        forms.push(json(&text).into_bytes());
        forms.push(text.into_bytes());
    }
    for upper in [true, false] {
        let text = percent(value, upper);
        forms.push(text.replace("%20", "+").into_bytes());
        // A slash may stay as it is, and an encoded text may be encoded again.
        forms.push(text.replace(if upper { "%2F" } else { "%2f" }, "/").into_bytes());
        forms.push(text.replace('%', "%25").into_bytes());
        forms.push(text.into_bytes());
    }
    for apostrophe in ["'", "&apos;", "&#39;", "&#x27;"] {
        forms.push(xml(value).replace('\'', apostrophe).into_bytes());
    }
    forms.push(xml(value).replace("&quot;", "&#34;").replace('\'', "&#39;").into_bytes());
    forms.push(value.replace('\'', "'\\''").into_bytes());
    forms.push(value.replace('\'', "'\"'\"'").into_bytes());
    forms.push(escaped(value, "\\'").into_bytes());
    forms.push(escaped(value, "\\\"$`").into_bytes());
    forms.push(escaped(value, " \t\\'\"`$&|;<>(){}[]*?!#~").into_bytes());
    base64_forms(value.as_bytes(), &mut forms);
    let wide: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
    base64_forms(&wide, &mut forms);
    if value.len() >= 8 {
        forms.push(hex::encode(value).into_bytes());
        forms.push(hex::encode_upper(value).into_bytes());
    }
    if value.contains('\n') {
        forms.push(value.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes());
        let lines = value.lines().map(str::trim_end).filter(|line| line.len() >= 16);
        forms.extend(lines.map(|line| line.as_bytes().to_vec()));
    }
    let mut seen = HashSet::new();
    forms.retain(|form| form.len() >= SHORTEST && seen.insert(form.clone()));
    forms
}

/// Base64 of whatever holds `bytes`, at each of the three offsets: only letters that depend on nothing else.
fn base64_forms(bytes: &[u8], forms: &mut Vec<Vec<u8>>) {
    for lead in 0..3usize {
        let mut padded = vec![0; lead];
        padded.extend_from_slice(bytes);
        // Whole groups of three bytes that hold nothing but the value.
        let first = if lead == 0 { 0 } else { 4 };
        let whole = padded.len() / 3 * 4;
        for text in [STANDARD.encode(&padded), URL_SAFE.encode(&padded)] {
            // The letter that mixes in the byte after the value is unknown; padded ends count only as a whole.
            if let Some(piece) = text.get(first..whole).filter(|piece| piece.len() >= 8) {
                forms.push(piece.as_bytes().to_vec());
            }
        }
    }
}

/// `value` with a backslash before each letter of `which`.
fn escaped(value: &str, which: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        if which.contains(letter) {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

fn percent(value: &str, upper: bool) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else if upper {
            text.push_str(&format!("%{byte:02X}"));
        } else {
            text.push_str(&format!("%{byte:02x}"));
        }
    }
    text
}

fn xml(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_all_its_forms() {
        let value = "Fal\"con/2019+amber&co";
        let mut exact = Exact::default();
        assert!(exact.add("secret", value));
        assert!(!exact.add("secret", value));
        let base64 = STANDARD.encode(format!("user:{value}!"));
        let wide: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for form in [
            value,
            "Fal\\\"con/2019+amber&co",
            "Fal\\\\\\\"con/2019+amber&co",
            "Fal\\\"con\\/2019+amber&co",
            "Fal\\\"con/2019+amber\\u0026co",
            "Fal%22con%2F2019%2Bamber%26co",
            "Fal%22con%2f2019%2bamber%26co",
            "Fal%2522con%252F2019%252Bamber%2526co",
            "Fal&quot;con/2019+amber&amp;co",
            "Fal&#34;con/2019+amber&amp;co",
            "Fal\\\"con/2019+amber\\&co",
            &hex::encode(value),
            &hex::encode_upper(value),
            &URL_SAFE.encode(value),
            &STANDARD.encode(wide),
            &base64,
        ] {
            let bytes = form.as_bytes();
            let mut from = 0;
            let mut found = false;
            while let Some(at) = exact.find(bytes, from) {
                found |= exact.at(&bytes[at..]).any(|needle| bytes[at..].starts_with(&needle.bytes));
                from = at + 1;
            }
            assert!(found, "{form}");
        }
    }

    #[test]
    fn common_words_and_short_values_are_not_learnt() {
        let mut exact = Exact::default();
        for value in
            ["", "abc", "12345", "production", "eu-west-1", "true", "aaaaaaaaaa", "hoopmask:secret:abcdefgh"]
        {
            assert!(!exact.add("secret", value), "{value}");
        }
        assert!(exact.is_empty());
    }

    #[test]
    fn a_beginning_of_a_needle_waits() {
        let mut exact = Exact::default();
        exact.add("secret", "qx7-Falcon");
        assert_eq!(exact.partial(b"abc q"), 1);
        assert_eq!(exact.partial(b"abc qx7"), 3);
        assert_eq!(exact.partial(b"abc "), 0);
    }

    #[test]
    fn what_is_found_leaves_room_for_what_is_told() {
        let mut known = Exact { count: MOST, ..Exact::default() };
        assert!(!known.add("found", "Falcon2019!") && !known.is_full());
        assert!(known.add_told("own", "Falcon2019!") && known.find(b"x Falcon2019!", 0).is_some());
        known.count = 2 * MOST;
        assert!(known.is_full() && !known.add_told("own", "Plover2020!"));
    }
}
