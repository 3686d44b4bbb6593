//! How long clients wait by themselves while a person thinks, and what makes them wait longer.
//!
//! All of it is measured (docs/clients.md). A client with a time-out for silence is kept by `100 Continue`, as often as it
//! bears that. One with a time-out that nothing resets comes back: once it has given up and tried again, it is known how long
//! it waits, and shortly before the next time it is told in AWS's own words to come again later, which costs it one attempt
//! as giving up would, but more time goes by until the next.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use http::HeaderMap;

use crate::gateway::headers;

/// Calls whose clients gave up that are remembered.
const REMEMBERED: usize = 256;
/// The longest name of a call that is remembered.
const LONGEST_NAME: usize = 128;
/// Who gives up sooner has been interrupted.
const LEAST_PATIENCE: Duration = Duration::from_millis(500);
/// A client that is sent away is back within this time: a person's yes is kept for a minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// How a client is kept waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// How often it hears `100 Continue`.
    pub every: Duration,
    /// How many of them it hears.
    pub most: u32,
}

/// Below every read time-out that was met (60 s by default, users set 5 to 30).
const OFTEN: Manner = Manner { every: Duration::from_secs(4), most: u32::MAX };
/// A client that is not known: HTTP asks it to bear any number, Go's bear five, one of which answers
/// `Expect: 100-continue`.
const SPARING: Manner = Manner { every: Duration::from_secs(25), most: 4 };

/// How the user agents begin, or what is in them, of clients that bear any number and need it.
const BEAR_ANY: &[&str] =
    &["aws-cli/", "Boto3/", "Botocore/", "Botocore#", "aws-sdk-js/", "aws-sdk-rust/", "curl/"];
/// Of those that break: Go's net/http at the sixth (and it waits without limit), OkHttp at the second.
const BEAR_NONE: &[&str] = &["aws-sdk-go", "Go-http-client", "lang/go", "rclone/", "okhttp"];

/// How the client with this user agent is kept waiting; `None`: it is left alone. s3cmd, which has no user agent, takes
/// `100 Continue` for the answer, and waits 300 s.
pub fn manner(agent: &str) -> Option<Manner> {
    let is_one_of = |names: &[&str]| names.iter().any(|name| agent.contains(name));
    match agent {
        "" => None,
        _ if is_one_of(BEAR_NONE) => None,
        _ if is_one_of(BEAR_ANY) => Some(OFTEN),
        _ => Some(SPARING),
    }
}

/// One of the attempts that an SDK makes of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What all attempts of the call have in common.
    pub invocation: String,
    /// From 1.
    number: u32,
    /// How many there will be at most, where the client says so.
    most: Option<u32>,
}

impl Attempt {
    /// As the SDK tells it: `amz-sdk-invocation-id`, and `amz-sdk-request: attempt=2; max=3`.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let invocation = headers::text(headers, "amz-sdk-invocation-id");
        if invocation.is_empty() || invocation.len() > LONGEST_NAME {
            return None;
        }
        let request = headers::text(headers, "amz-sdk-request");
        let field = |name: &str| {
            let mut fields = request.split(';').filter_map(|field| field.trim().split_once('='));
            fields.find(|(field, _)| *field == name)?.1.parse().ok()
        };
        let number = field("attempt").unwrap_or(1);
        Some(Self { invocation: invocation.to_owned(), number, most: field("max") })
    }
}

/// When a client is sent away, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// After so much of waiting.
    pub after: Duration,
    /// It is to come again after so long.
    pub back: Duration,
}

/// How long clients waited until they gave up, by the name of the call.
#[derive(Default)]
pub struct Patience(Mutex<VecDeque<(String, Duration)>>);

impl Patience {
    /// The client gave up on this attempt after `waited`.
    pub fn gave_up(&self, attempt: &Attempt, waited: Duration) {
        if waited < LEAST_PATIENCE {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(name, _)| *name != attempt.invocation);
        if known.len() == REMEMBERED {
            known.pop_front();
        }
        known.push_back((attempt.invocation.clone(), waited));
    }

    /// Whether to send the client away this time, with `left` until the question ends. The last attempt is never wasted so.
    pub fn pause(&self, attempt: &Attempt, left: Duration) -> Option<Pause> {
        let further = attempt.most?.checked_sub(attempt.number).filter(|further| *further > 0)?;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, waits) = known.iter().find(|(name, _)| *name == attempt.invocation)?;
        let back = (left / further).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        Some(Pause { after: *waits * 4 / 5, back })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLI: &str = "aws-cli/1.46.3 md/Botocore#1.43.62 md/awscrt#0.38.1 ua/2.1";
    const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io) \
                             terraform-provider-aws/5.100.0 aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.23.10";

    #[test]
    fn clients_hear_as_much_as_they_bear() {
        for agent in [
            CLI,
            "Boto3/1.44.5 md/Botocore#1.44.5",
            "aws-sdk-js/3.1168.0 ua/2.1",
            "curl/7.88.1",
            "mine Botocore/1.2",
        ] {
            assert_eq!(manner(agent), Some(OFTEN), "{agent}");
        }
        for agent in
            ["", TERRAFORM, "aws-sdk-go-v2/1.17.1 os/linux lang/go/1.19.8", "rclone/v1.60.1", "okhttp/4.9"]
        {
            assert_eq!(manner(agent), None, "{agent}");
        }
        assert_eq!(manner("MinIO (linux; amd64) minio-go/v7.0.10"), Some(SPARING));
    }

    fn attempt(invocation: &str, request: &str) -> Option<Attempt> {
        let mut headers = HeaderMap::new();
        headers.insert("amz-sdk-invocation-id", invocation.parse().unwrap());
        headers.insert("amz-sdk-request", request.parse().unwrap());
        Attempt::of(&headers)
    }

    #[test]
    fn attempts_are_read_as_sdks_write_them() {
        let made = |number, most| Some(Attempt { invocation: "x".to_owned(), number, most });
        for (text, number, most) in [
            ("attempt=1", 1, None),
            ("attempt=2; max=3", 2, Some(3)),
            ("ttl=20260101T000000Z; attempt=3; max=10", 3, Some(10)),
            ("", 1, None),
            ("attempt=99999999999; max=-1", 1, None),
        ] {
            assert_eq!(attempt("x", text), made(number, most), "{text}");
        }
        assert_eq!(attempt("", "attempt=1"), None);
        assert_eq!(attempt(&"x".repeat(129), "attempt=1"), None);
        assert_eq!(Attempt::of(&HeaderMap::new()), None);
    }

    #[test]
    fn who_gave_up_once_is_sent_away_before_the_next_time_but_not_on_the_last_attempt() {
        let patience = Patience::default();
        let (first, second, last) = (
            attempt("x", "attempt=1; max=3").unwrap(),
            attempt("x", "attempt=2; max=3").unwrap(),
            attempt("x", "attempt=3; max=3").unwrap(),
        );
        let left = Duration::from_secs(300);
        assert_eq!(patience.pause(&first, left), None);
        patience.gave_up(&first, Duration::from_secs(10));
        let pause = Pause { after: Duration::from_secs(8), back: Duration::from_secs(20) };
        assert_eq!(patience.pause(&second, left), Some(pause));
        let soon = Pause { back: Duration::from_secs(1), ..pause };
        assert_eq!(patience.pause(&second, Duration::ZERO), Some(soon));
        assert_eq!(patience.pause(&last, left), None);
        assert_eq!(patience.pause(&attempt("y", "attempt=2; max=3").unwrap(), left), None);
        assert_eq!(patience.pause(&attempt("x", "attempt=2").unwrap(), left), None);
        patience.gave_up(&attempt("y", "attempt=1; max=3").unwrap(), Duration::from_millis(10));
        assert_eq!(patience.pause(&attempt("y", "attempt=2; max=3").unwrap(), left), None);
    }

    #[test]
    fn not_more_is_remembered_than_there_is_room_for() {
        let patience = Patience::default();
        for number in 0..2_000 {
            let attempt = attempt(&number.to_string(), "attempt=1").unwrap();
            patience.gave_up(&attempt, Duration::from_secs(5));
        }
        assert_eq!(patience.0.lock().unwrap().len(), REMEMBERED);
    }
}
