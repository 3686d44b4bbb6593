//! Credentials that AWS gave to programs inside. They get placeholders instead; the real ones stay here, for exactly as
//! long as they live.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::OnceCell;

use crate::aws::key_id;
use crate::aws::sigv4::Key;
use crate::creds::Who;
use crate::gateway::own;
use crate::gateway::placeholder;
use crate::gateway::whose::Whose;

/// Credentials that are kept at once, those that have ended included. Each is one to three KiB.
const MOST: usize = 4_096;

/// The highest number of a credential; those above are the session's further roles.
const HIGHEST: u16 = own::HIGHEST - own::FURTHER_ROLES;

/// A credential that AWS gave to a program inside.
#[derive(Debug)]
pub struct Identity {
    /// What the program signs with.
    pub placeholder: Key,
    /// What hoop signs with instead.
    pub real: Key,
    /// The call that gave it: `sts:AssumeRole`.
    pub source: String,
    /// When it ends, in seconds since the Unix epoch, where that is known.
    pub expires: Option<u64>,
    /// Whose it is, as far as the answer says.
    pub told: Whose,
    /// Whose it is, as STS says.
    pub asked: OnceCell<Option<Who>>,
}

/// A credential to be kept.
pub struct New {
    /// The real one.
    pub real: Key,
    /// See [`Identity::source`].
    pub source: String,
    /// See [`Identity::expires`].
    pub expires: Option<u64>,
    /// See [`Identity::told`].
    pub told: Whose,
}

/// What an id stands for.
pub enum Found {
    /// A credential in use.
    Live(Arc<Identity>),
    /// One that has ended.
    Expired,
    /// None that was ever given.
    Unknown,
}

/// All credentials of a session but its own.
#[derive(Default)]
pub struct Minted {
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    /// By number, from 1. `None`: it has ended, and its number is not used again until there is no other room.
    by_number: BTreeMap<u16, Option<Arc<Identity>>>,
    /// The numbers of those in use, by their real ids.
    by_real: HashMap<String, u16>,
    last: u16,
    /// None that is in use ends before.
    next_end: Option<u64>,
}

impl Minted {
    /// Keeps a credential and makes a placeholder for it, whose id is like `like`'s. The same credential gets the same
    /// placeholder again; that is told by `false`.
    ///
    /// Fails, with the reason, where there is no room for it.
    pub fn keep(&self, like: &str, new: New) -> Result<(Arc<Identity>, bool), String> {
        let mut slots = self.slots();
        let known = slots.by_real.get(&new.real.access_key_id).copied();
        if let Some(Some(identity)) = known.and_then(|number| slots.by_number.get(&number))
            && same(&identity.real, &new.real)
        {
            return Ok((identity.clone(), false));
        }
        let number =
            slots.free().ok_or_else(|| format!("{MOST} credentials are in use in this session already"))?;
        let made = placeholder::generate().map_err(|error| error.to_string())?;
        let kind = if new.real.token.is_some() { "ASIA" } else { "AKIA" };
        let identity = Arc::new(Identity {
            placeholder: Key {
                access_key_id: key_id::of_identity(like, kind, number),
                secret: made.secret,
                token: made.token.filter(|_| new.real.token.is_some()),
            },
            real: new.real,
            source: new.source,
            expires: new.expires,
            told: new.told,
            asked: OnceCell::new(),
        });
        slots.by_real.insert(identity.real.access_key_id.clone(), number);
        slots.by_number.insert(number, Some(identity.clone()));
        slots.next_end = [slots.next_end, identity.expires].into_iter().flatten().min();
        slots.last = number;
        Ok((identity, true))
    }

    /// The credential with this number; `id` is what it was called by.
    pub fn find(&self, number: u16, id: &str) -> Found {
        match self.slots().by_number.get(&number) {
            None => Found::Unknown,
            Some(None) => Found::Expired,
            // Four letters say what kind of key it is.
            Some(Some(identity)) if identity.placeholder.access_key_id.get(..4) == id.get(..4) => {
                Found::Live(identity.clone())
            }
            Some(Some(_)) => Found::Unknown,
        }
    }

    /// Forgets the credentials that have ended at `now`, and gives them for the last time.
    pub fn expire(&self, now: u64) -> Vec<Arc<Identity>> {
        let mut slots = self.slots();
        if slots.next_end.is_none_or(|end| now < end) {
            return Vec::new();
        }
        let mut ended = Vec::new();
        let Slots { by_number, by_real, next_end, .. } = &mut *slots;
        *next_end = None;
        for slot in by_number.values_mut() {
            let Some(expires) = slot.as_ref().and_then(|identity| identity.expires) else { continue };
            if expires <= now {
                ended.extend(slot.take());
            } else {
                *next_end = Some(next_end.map_or(expires, |end| end.min(expires)));
            }
        }
        by_real.retain(|_, number| by_number.get(number).is_some_and(Option::is_some));
        ended
    }

    /// Forgets all; memory is wiped when the last signature with it is done.
    pub fn wipe(&self) {
        *self.slots() = Slots::default();
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    /// A number that nothing in use has; the longest unused first.
    fn free(&mut self) -> Option<u16> {
        if self.by_number.len() >= MOST {
            // The next one that has ended, in the order in which they were given.
            let (after, before) = (self.by_number.range(self.last + 1..), self.by_number.range(..=self.last));
            let ended = after.chain(before).find(|(_, slot)| slot.is_none()).map(|(number, _)| *number)?;
            self.by_number.remove(&ended);
        }
        // There are more numbers than places.
        let mut number = self.last;
        loop {
            number = if number >= HIGHEST { 1 } else { number + 1 };
            if !self.by_number.contains_key(&number) {
                return Some(number);
            }
        }
    }
}

fn same(one: &Key, other: &Key) -> bool {
    one.access_key_id == other.access_key_id && one.secret == other.secret && one.token == other.token
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Secret;

    const LIKE: &str = "ASIAQWERTYUIAAAAAAAH";

    fn new(id: &str, expires: Option<u64>) -> New {
        New {
            real: Key {
                access_key_id: id.to_owned(),
                secret: Secret::new(format!("secret of {id}")),
                token: expires.map(|_| Secret::new("token")),
            },
            source: "sts:AssumeRole".to_owned(),
            expires,
            told: Whose::default(),
        }
    }

    fn find(minted: &Minted, id: &str) -> &'static str {
        match minted.find(key_id::identity(LIKE, id).unwrap(), id) {
            Found::Live(_) => "live",
            Found::Expired => "expired",
            Found::Unknown => "unknown",
        }
    }

    #[test]
    fn a_credential_lives_until_it_ends() {
        let minted = Minted::default();
        let (one, fresh) = minted.keep(LIKE, new("ASIAREAL", Some(100))).unwrap();
        assert!(fresh && !minted.keep(LIKE, new("ASIAREAL", Some(100))).unwrap().1);
        let (other, _) = minted.keep(LIKE, new("AKIAREAL", None)).unwrap();
        let (id, lasting) = (&one.placeholder.access_key_id, &other.placeholder.access_key_id);
        assert!(id.starts_with("ASIA") && one.placeholder.token.is_some());
        assert!(lasting.starts_with("AKIA") && other.placeholder.token.is_none());
        assert_eq!(key_id::number(LIKE, id), Some(7));
        assert_eq!((find(&minted, id), find(&minted, lasting)), ("live", "live"));
        assert_eq!(find(&minted, &lasting.replace("AKIA", "ASIA")), "unknown");
        assert!(minted.expire(99).is_empty());
        assert_eq!(minted.expire(100).len(), 1);
        assert!(minted.expire(100).is_empty());
        assert_eq!((find(&minted, id), find(&minted, lasting)), ("expired", "live"));
        minted.wipe();
        assert_eq!(find(&minted, lasting), "unknown");
        // The last owner has the only copy.
        assert_eq!(Arc::strong_count(&other), 1);
    }

    #[test]
    fn there_is_room_for_so_many_and_for_more_when_some_have_ended() {
        let minted = Minted::default();
        let mut ids = Vec::new();
        for n in 0..MOST {
            let (identity, _) = minted.keep(LIKE, new(&format!("ASIA{n}"), Some(100 + n as u64))).unwrap();
            ids.push(identity.placeholder.access_key_id.clone());
        }
        assert!(minted.keep(LIKE, new("ASIAONEMORE", Some(9_999))).unwrap_err().contains("4096"));
        assert_eq!(minted.expire(101).len(), 2);
        let (more, _) = minted.keep(LIKE, new("ASIAONEMORE", Some(9_999))).unwrap();
        assert!(!ids.contains(&more.placeholder.access_key_id));
        assert_eq!((find(&minted, &ids[0]), find(&minted, &ids[1])), ("unknown", "expired"));
        assert!(minted.keep(LIKE, new("ASIAANOTHER", Some(9_999))).is_ok());
        assert!(minted.keep(LIKE, new("ASIATOOMANY", Some(9_999))).is_err());
    }
}
