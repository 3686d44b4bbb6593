//! `[[limit]]`: how much a session may do, and how much of it is left.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use crate::config::duration;
use crate::pattern;
use crate::policy::decide::pairs;
use crate::policy::decision::Decision;
use crate::policy::request::Request;
use crate::policy::set::any_matches;
use crate::policy::statement::Pair;
use crate::types::AccessLevel;
use crate::types::Effect;

/// How actions begin that make something go away.
const DELETING: &[&str] = &["delete", "batchdelete", "terminate", "purge", "destroy", "schedulekeydeletion"];

/// Pieces that a stretch of time is counted in: memory does not grow with the number of calls.
const PIECES: u64 = 60;

/// A `[[limit]]` entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRule {
    /// Its name; its place if it has none.
    pub name: String,
    /// Where it stands: `policy.toml:52`.
    pub origin: String,
    /// Action patterns in lower case of the calls that count; empty: all.
    pub actions: Vec<String>,
    /// Access levels of the calls that count; empty: all.
    pub access: Vec<AccessLevel>,
    /// So many calls.
    pub max_calls: Option<u64>,
    /// So many things made to go away.
    pub max_deletes: Option<u64>,
    /// So many bytes of answers.
    pub max_bytes_out: Option<u64>,
    /// In any stretch of time as long as this; none: in the whole session.
    pub within: Option<Duration>,
    /// What becomes of a call beyond: ask or deny.
    pub then: Effect,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Calls,
    Deletes,
    Bytes,
}

/// All limits of a session, with what is used up. Safe to share: calls that come at once are counted one after the other.
#[derive(Debug, Default)]
pub struct Limits {
    rules: Vec<LimitRule>,
    used: Mutex<Vec<Used>>,
}

/// What a call counts for, for the bytes of its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken(Vec<usize>);

#[derive(Debug)]
struct Used {
    calls: Window,
    deletes: Window,
    bytes: Window,
}

/// A sum over the last stretch of time.
#[derive(Debug)]
struct Window {
    /// Seconds; none: for ever.
    within: Option<u64>,
    total: u64,
    /// Number of the piece, and how much of the total came in it.
    pieces: VecDeque<(u64, u64)>,
}

impl Limits {
    /// Nothing is used up yet.
    #[must_use]
    pub fn new(rules: Vec<LimitRule>) -> Self {
        let used = rules.iter().map(|rule| {
            let window = || Window {
                within: rule.within.map(|it| it.as_secs().max(1)),
                total: 0,
                pieces: VecDeque::new(),
            };
            Used { calls: window(), deletes: window(), bytes: window() }
        });
        let used = Mutex::new(used.collect());
        Self { rules, used }
    }

    /// Counts a call that is about to be forwarded. Beyond a limit it is not counted where the limit denies.
    ///
    /// # Errors
    /// The strictest verdict of a limit that is used up.
    pub fn take(&self, request: &Request<'_>) -> Result<Taken, Box<(Decision, Taken)>> {
        if self.rules.is_empty() {
            return Ok(Taken::default());
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        let mut over: Option<Decision> = None;
        for (index, (rule, used)) in self.rules.iter().zip(used.iter_mut()).enumerate() {
            let (counts, deletes) = rule.counts(request);
            if !counts {
                continue;
            }
            taken.push(index);
            let words = [
                (Unit::Calls, used.calls.at(request.now), 1, rule.max_calls),
                (Unit::Deletes, used.deletes.at(request.now), deletes, rule.max_deletes),
                (Unit::Bytes, used.bytes.at(request.now), 1, rule.max_bytes_out),
            ];
            let full = words.into_iter().find(|(_, used, more, most)| {
                *more > 0 && most.is_some_and(|most| used.saturating_add(*more) > most)
            });
            if let Some((unit, used, more, most)) = full
                && over.as_ref().is_none_or(|so_far| so_far.effect < rule.then)
            {
                over = Some(rule.decision(request, unit, (used, more, most.unwrap_or_default())));
            }
        }
        if over.as_ref().is_none_or(|over| over.effect != Effect::Deny) {
            for &index in &taken {
                let (_, deletes) = self.rules[index].counts(request);
                used[index].calls.add(request.now, 1);
                used[index].deletes.add(request.now, deletes);
            }
        }
        match over {
            None => Ok(Taken(taken)),
            Some(over) => Err(Box::new((over, Taken(taken)))),
        }
    }

    /// Counts the bytes of an answer; `now` in seconds since the Unix epoch.
    pub fn spend(&self, taken: &Taken, bytes: u64, now: u64) {
        if taken.0.is_empty() || bytes == 0 {
            return;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        for &index in &taken.0 {
            if let Some(used) = used.get_mut(index) {
                used.bytes.add(now, bytes);
            }
        }
    }
}

impl LimitRule {
    /// Whether the call counts, and how many things it makes go away.
    fn counts(&self, request: &Request<'_>) -> (bool, u64) {
        let (mut counts, mut deletes) = (false, 0);
        pairs(request, |pair| {
            let fits = (self.actions.is_empty() || self.means(&pair))
                && (self.access.is_empty()
                    || self.access.contains(&pair.access)
                    || pair.access == AccessLevel::Unknown);
            counts |= fits;
            deletes += u64::from(fits && is_deleting(&pair));
        });
        (counts, deletes)
    }

    /// Whether the action is one of those that count; an operation that was not identified may be any of its service's.
    fn means(&self, pair: &Pair<'_>) -> bool {
        let service = |action: &str| action.split(':').next().unwrap_or_default().to_owned();
        match pair.is_identified() {
            true => any_matches(&self.actions, pair.lower),
            false => self.actions.iter().any(|it| pattern::matches(&service(it), &service(pair.lower))),
        }
    }

    fn decision(&self, request: &Request<'_>, unit: Unit, (used, more, most): (u64, u64, u64)) -> Decision {
        let span = match self.within {
            Some(within) => format!("in {}", duration::format(within)),
            None => "in this session".to_owned(),
        };
        let what = match unit {
            Unit::Calls => format!("{used} of {most} calls {span} are made"),
            Unit::Deletes if more > 1 => {
                format!("{used} of {most} deletions {span} are made, and this is {more} more")
            }
            Unit::Deletes => format!("{used} of {most} deletions {span} are made"),
            Unit::Bytes => format!("{used} of {most} bytes of answers {span} are used up"),
        };
        let name = if self.name == self.origin { String::new() } else { format!("\"{}\", ", self.name) };
        let advice = match (self.then, self.within) {
            (Effect::Ask, _) => "wait: a person is asked in hoop-run's terminal".to_owned(),
            (_, Some(within)) => {
                format!("try again in {}, or ask a person to raise the limit", duration::format(within))
            }
            (_, None) => "do not retry; a person can raise the limit".to_owned(),
        };
        Decision {
            effect: self.then,
            sid: Some(self.name.clone()).filter(|name| *name != self.origin),
            origin: self.origin.clone(),
            reason: format!("limit {name}{}: {what}", self.origin),
            advice,
            ..Decision::denied(request.action, "")
        }
    }
}

fn is_deleting(pair: &Pair<'_>) -> bool {
    let name = pair.lower.split_once(':').map_or("", |(_, name)| name);
    !pair.is_identified() || DELETING.iter().any(|start| name.starts_with(start))
}

impl Window {
    /// The sum as it is now.
    fn at(&mut self, now: u64) -> u64 {
        if let Some(within) = self.within {
            let width = within.div_ceil(PIECES);
            while let Some(&(piece, amount)) = self.pieces.front() {
                // A piece counts until its last second is out.
                if (piece + 1).saturating_mul(width).saturating_add(within) > now {
                    break;
                }
                self.total = self.total.saturating_sub(amount);
                self.pieces.pop_front();
            }
        }
        self.total
    }

    fn add(&mut self, now: u64, amount: u64) {
        self.at(now);
        self.total = self.total.saturating_add(amount);
        let Some(within) = self.within else { return };
        let piece = now / within.div_ceil(PIECES);
        match self.pieces.back_mut() {
            // A clock that went back adds to the latest piece.
            Some((last, so_far)) if *last >= piece => *so_far = so_far.saturating_add(amount),
            _ => self.pieces.push_back((piece, amount)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::request::Principal;

    fn rule() -> LimitRule {
        LimitRule {
            name: "calm".to_owned(),
            origin: "policy.toml:5".to_owned(),
            actions: Vec::new(),
            access: Vec::new(),
            max_calls: None,
            max_deletes: None,
            max_bytes_out: None,
            within: None,
            then: Effect::Deny,
        }
    }

    fn said(limits: &Limits, action: &str, resources: usize, now: u64) -> Option<(Effect, String)> {
        let principal = Principal::default();
        let resources: Vec<String> = (0..resources).map(|n| format!("arn:aws:s3:::b/{n}")).collect();
        let request =
            Request { resources: &resources, now, ..Request::new(action, AccessLevel::Write, &principal) };
        limits.take(&request).err().map(|over| (over.0.effect, over.0.reason))
    }

    #[test]
    fn calls_of_a_session_are_counted() {
        let limits =
            Limits::new(vec![LimitRule { max_calls: Some(2), actions: vec!["s3:*".to_owned()], ..rule() }]);
        assert_eq!(said(&limits, "s3:PutObject", 1, 0), None);
        assert_eq!(said(&limits, "sqs:SendMessage", 1, 0), None, "it does not count");
        assert_eq!(said(&limits, "s3:GetObject", 1, 9_999_999), None);
        let (effect, reason) = said(&limits, "s3:GetObject", 1, 9_999_999).unwrap();
        assert_eq!(effect, Effect::Deny);
        assert_eq!(reason, "limit \"calm\", policy.toml:5: 2 of 2 calls in this session are made");
    }

    #[test]
    fn what_was_not_identified_may_be_what_counts() {
        let one = || LimitRule { actions: vec!["s3:DeleteObject*".to_ascii_lowercase()], ..rule() };
        let limits = Limits::new(vec![
            LimitRule { max_calls: Some(0), ..one() },
            LimitRule { max_deletes: Some(0), ..one() },
        ]);
        assert!(said(&limits, "s3:unknown", 1, 0).is_some());
        assert!(said(&limits, "s3:GetObject", 1, 0).is_none());
        assert!(said(&limits, "sqs:unknown", 1, 0).is_none());
    }

    #[test]
    fn a_stretch_of_time_moves_on() {
        let rule = LimitRule {
            max_calls: Some(3),
            within: Some(Duration::from_secs(600)),
            then: Effect::Ask,
            ..rule()
        };
        let limits = Limits::new(vec![rule]);
        for now in [1_000, 1_001, 1_300] {
            assert_eq!(said(&limits, "s3:GetObject", 1, now), None);
        }
        assert_eq!(said(&limits, "s3:GetObject", 1, 1_599).unwrap().0, Effect::Ask);
        // Asked calls count, too: 1,300 and 1,599 are left.
        assert_eq!(said(&limits, "s3:GetObject", 1, 1_611), None);
        assert!(said(&limits, "s3:GetObject", 1, 1_612).is_some());
    }

    #[test]
    fn every_thing_that_goes_away_counts_by_itself() {
        let limits = Limits::new(vec![LimitRule { max_deletes: Some(10), ..rule() }]);
        assert_eq!(said(&limits, "s3:DeleteObject", 8, 0), None);
        assert_eq!(said(&limits, "s3:PutObject", 8, 0), None);
        let (_, reason) = said(&limits, "s3:DeleteObject", 3, 0).unwrap();
        assert!(
            reason.ends_with("8 of 10 deletions in this session are made, and this is 3 more"),
            "{reason}"
        );
        assert_eq!(said(&limits, "s3:DeleteObject", 2, 0), None, "what was refused does not count");
    }

    #[test]
    fn bytes_count_when_they_have_flowed() {
        let limits = Limits::new(vec![LimitRule { max_bytes_out: Some(100), ..rule() }]);
        let principal = Principal::default();
        let request = Request::new("s3:GetObject", AccessLevel::Read, &principal);
        let taken = limits.take(&request).unwrap();
        limits.spend(&taken, 99, 0);
        let taken = limits.take(&request).unwrap();
        limits.spend(&taken, 1, 0);
        assert!(limits.take(&request).is_err());
    }

    #[test]
    fn calls_at_once_never_take_more_than_there_is() {
        let limits = Limits::new(vec![LimitRule { max_calls: Some(500), ..rule() }]);
        let taken: usize = std::thread::scope(|scope| {
            let count = || (0..250).filter(|_| said(&limits, "s3:GetObject", 1, 0).is_none()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(taken, 500);
    }

    #[test]
    fn memory_does_not_grow_with_calls() {
        let mut window = Window { within: Some(60), total: 0, pieces: VecDeque::new() };
        (0..10_000).for_each(|now| window.add(now, 1));
        assert!(window.pieces.len() <= 62, "{}", window.pieces.len());
        assert!((60..=61).contains(&window.at(9_999)), "{}", window.at(9_999));
    }
}
