//! What masks stand for, kept only where a policy lets them be put back: in memory, bounded, wiped.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Mutex;
use std::sync::PoisonError;

use zeroize::Zeroizing;

use crate::sys::locked;

/// The most values that are kept, and their bytes together; the oldest go first.
const MOST: usize = 1024;
const MOST_BYTES: usize = 1 << 20;

/// Whose answer a value came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// botocore's name of the service.
    pub service: String,
    /// The ARNs the call was about.
    pub resources: Vec<String>,
}

/// Where a value stands.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// botocore's name of the service.
    pub service: &'a str,
    /// The members that lead to it, in lower case.
    pub members: &'a [String],
    /// The neighbour that names it, `DB_PASSWORD` of `{"name": "DB_PASSWORD", "value": …}`.
    pub naming: Option<String>,
    /// The ARNs the call is about.
    pub resources: &'a [String],
}

struct Kept {
    tag: String,
    origin: Origin,
    members: Vec<String>,
    naming: Option<String>,
    value: Zeroizing<String>,
}

impl Kept {
    /// Whether `place` is where the value came from: the same service; the same member, however deep it stands in
    /// answer and request; and under the same name, or in the same resource.
    fn fits(&self, place: &Place<'_>) -> bool {
        let (one, other) = (self.members.as_slice(), place.members);
        let same_member =
            !one.is_empty() && !other.is_empty() && (one.ends_with(other) || other.ends_with(one));
        let same_owner = match (&self.naming, &place.naming) {
            (Some(one), Some(other)) => one == other,
            _ => place.resources.iter().any(|arn| arn != "*" && self.origin.resources.contains(arn)),
        };
        self.origin.service == place.service && same_member && same_owner
    }
}

/// The values of a session.
#[derive(Default)]
pub struct Vault(Mutex<VecDeque<Kept>>);

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Vault {
    /// Keeps what `tag`, shown at `place`, stands for.
    pub fn put(&self, tag: &str, place: &Place<'_>, value: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |kept: &Kept| {
            kept.tag == tag
                && kept.members == place.members
                && kept.naming == place.naming
                && kept.origin.resources == place.resources
                && kept.origin.service == place.service
        };
        if value.len() > MOST_BYTES || kept.iter().any(known) {
            return;
        }
        let value = Zeroizing::new(value.to_owned());
        // Where it cannot be held in memory, nothing is lost but that.
        let _ = locked::hold(value.as_bytes());
        kept.push_back(Kept {
            tag: tag.to_owned(),
            origin: Origin { service: place.service.to_owned(), resources: place.resources.to_vec() },
            members: place.members.to_vec(),
            naming: place.naming.clone(),
            value,
        });
        while kept.len() > MOST || kept.iter().map(|kept| kept.value.len()).sum::<usize>() > MOST_BYTES {
            kept.pop_front();
        }
    }

    /// What `tag` stands for, if it came from `place`.
    pub fn get(&self, tag: &str, place: &Place<'_>) -> Option<Zeroizing<String>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|kept| kept.tag == tag && kept.fits(place)).map(|kept| kept.value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(path: &str) -> Vec<String> {
        path.split('.').map(str::to_owned).collect()
    }

    fn place<'a>(members: &'a [String], resources: &'a [String]) -> Place<'a> {
        Place { service: "lambda", members, naming: None, resources }
    }

    #[test]
    fn a_value_goes_back_only_where_it_came_from() {
        let vault = Vault::default();
        let (from, mine) = (members("configuration.environment.variables.pw"), ["arn:f".to_owned()]);
        vault.put("t", &place(&from, &mine), "x");
        let back = members("environment.variables.pw");
        assert!(vault.get("t", &place(&back, &mine)).is_some_and(|value| *value == "x"));
        assert!(vault.get("u", &place(&back, &mine)).is_none());
        assert!(vault.get("t", &place(&members("environment.variables.other"), &mine)).is_none());
        for others in ["arn:g", "*"] {
            assert!(vault.get("t", &place(&back, &[others.to_owned()])).is_none());
        }
        assert!(vault.get("t", &Place { service: "s3", ..place(&back, &mine) }).is_none());
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let vault = Vault::default();
        let from = members("a");
        let place = Place { service: "x", members: &from, naming: Some("n".into()), resources: &[] };
        (0..MOST + 1).for_each(|number| vault.put(&number.to_string(), &place, "x"));
        assert!(vault.get("0", &place).is_none() && vault.get("1", &place).is_some());
        vault.put("large", &place, &"x".repeat(MOST_BYTES));
        assert!(vault.get("1", &place).is_none() && vault.get("large", &place).is_some());
    }
}
