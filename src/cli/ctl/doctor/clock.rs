//! This machine's clock against that of a server, as far as its `Date` header tells.

use std::path::PathBuf;
use std::time::Duration;

use super::aws::SET_CLOCK;
use super::finding::Finding;
use super::finding::quoted;
use super::finding::span;
use crate::aws::sigv4;
use crate::clock::Clock;
use crate::net;
use crate::net::NoAnswer;

/// AWS refuses signatures that are further off, in seconds.
const TOLERATED: u64 = 5 * 60;

/// Network delays and whole seconds in headers explain as much, in seconds.
const EXPLAINED: u64 = 10;

/// No hoop of this version existed before (1 January 2026): a clock that says so was never set.
const NEVER_BEFORE: u64 = 1_767_225_600;

/// Whether the clock can be right at all, without asking anybody.
#[must_use]
pub fn plausible(now: u64) -> Finding {
    match now < NEVER_BEFORE {
        true => Finding::fault("plausible", "this machine's clock is years behind").fix(SET_CLOCK),
        false => Finding::ok("plausible", "later than the making of this hoop"),
    }
}

/// The offset to the server at `url`.
#[must_use]
pub fn offset(url: &str, trusted: Option<PathBuf>, clock: &Clock, limit: Duration) -> Vec<Finding> {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or(url);
    let before = clock.unix_seconds();
    let answer = match net::ask(url, trusted, limit) {
        Ok(answer) => answer,
        Err(why) => return vec![no_answer("offset", host, url, &why, limit)],
    };
    // The answer was written somewhere between.
    let ours = before.midpoint(clock.unix_seconds());
    match answer.date.as_deref().and_then(sigv4::http_date) {
        Some(theirs) => vec![compared(ours, theirs, host)],
        None => {
            let fact = format!("{host} does not tell its time");
            vec![Finding::note("offset", fact).fix(format!("curl -sSI {}", quoted(url)))]
        }
    }
}

fn compared(ours: u64, theirs: u64, host: &str) -> Finding {
    let (off, word) = (ours.abs_diff(theirs), if ours < theirs { "behind" } else { "ahead of" });
    let fact = format!("this clock is {} {word} that of {host}", span(off));
    match off {
        0..=EXPLAINED => Finding::ok("offset", format!("agrees with {host}")),
        _ if off <= TOLERATED => Finding::warning("offset", fact).fix(SET_CLOCK),
        _ => {
            Finding::fault("offset", format!("{fact}: AWS takes {} at most", span(TOLERATED))).fix(SET_CLOCK)
        }
    }
}

/// Why a server gave no answer, and what may help.
#[must_use]
pub fn no_answer(subject: &'static str, host: &str, url: &str, why: &NoAnswer, limit: Duration) -> Finding {
    let look = format!("curl -sSI {}", quoted(url));
    let why = match why {
        NoAnswer::Late => {
            let fact = format!("{host} could not be asked: no answer within {} s", limit.as_secs());
            return Finding::warning(subject, fact).fix(look);
        }
        NoAnswer::Failed(why) => why,
    };
    let lower = why.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["notvalidyet", "not valid yet", "certificate expired", "certificate: expired"]) {
        let fact = format!(
            "the certificate of {host} does not hold now ({why}): this clock is wrong, or it is theirs"
        );
        return Finding::fault(subject, fact).fix(SET_CLOCK);
    }
    if says(&["unknownissuer", "unknown issuer"]) {
        let fact = format!(
            "nobody whom this machine trusts has signed the certificate of {host}: something opens TLS on the way"
        );
        return Finding::fault(subject, fact)
            .fix("export AWS_CA_BUNDLE=/path/to/company-ca.pem")
            .advice("name the certificates of whoever opens TLS here");
    }
    Finding::warning(subject, format!("{host} could not be asked: {why}")).fix(look)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ctl::doctor::finding::State;

    #[test]
    fn five_minutes_are_what_aws_takes() {
        let state = |ours, theirs| compared(ours, theirs, "sts").state;
        assert_eq!([state(1_000, 1_005), state(1_005, 1_000)], [State::Ok; 2]);
        assert_eq!([state(1_000, 1_295), state(1_000, 1_300)], [State::Warning; 2]);
        let far = compared(1_000, 1_301, "sts.example");
        assert_eq!(far.state, State::Fault);
        assert_eq!(far.fact, "this clock is 5 min behind that of sts.example: AWS takes 5 min at most");
        assert_eq!(far.fix.as_deref(), Some(SET_CLOCK));
    }

    #[test]
    fn tls_failures_name_their_cause() {
        let fix = |why: &str| {
            let why = NoAnswer::Failed(why.to_owned());
            no_answer("offset", "h", "https://h/", &why, Duration::from_secs(3)).fix.unwrap()
        };
        assert_eq!(fix("invalid peer certificate: NotValidYet"), SET_CLOCK);
        assert!(fix("invalid peer certificate: UnknownIssuer").starts_with("export AWS_CA_BUNDLE="));
        assert_eq!(fix("connection refused"), "curl -sSI https://h/");
    }
}
