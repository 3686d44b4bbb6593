//! Points in time as SAML writes them.

use jiff::Timestamp;
use uppsala::Document;
use uppsala::NodeId;

use crate::identity::saml::refusal::Checked;
use crate::identity::saml::refusal::refuse;
use crate::identity::saml::refusal::refuse_and;
use crate::identity::saml::refusal::shown;
use crate::identity::saml::response::SKEW;
use crate::identity::saml::xml;

const CLOCK: &str = "if it has just been issued, set the clock of this machine right: hoopctl doctor";

/// A point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instant {
    /// Seconds since the Unix epoch; 0: before it.
    pub seconds: u64,
    text: String,
}

impl Instant {
    /// Reads `2026-11-21T12:00:00Z`, with or without a fraction.
    pub(super) fn parse(text: &str) -> Checked<Self> {
        match text.parse::<Timestamp>() {
            Ok(time) => {
                let seconds = u64::try_from(time.as_second()).unwrap_or_default();
                Ok(Self { seconds, text: text.to_owned() })
            }
            Err(_) => refuse(format!("{} is not a time", shown(text))),
        }
    }

    /// That it is not after `now`, but for the tolerated difference of clocks.
    pub(super) fn check_begun(&self, now: u64, what: &str) -> Checked<()> {
        match self.seconds <= now.saturating_add(SKEW) {
            true => Ok(()),
            false => refuse_and(format!("{what} at {}, which is still to come", self.text), CLOCK),
        }
    }

    /// That it is after `now`, but for the tolerated difference of clocks.
    pub(super) fn check_lasting(&self, now: u64, what: &str) -> Checked<()> {
        match now < self.seconds.saturating_add(SKEW) {
            true => Ok(()),
            false => refuse_and(format!("{what} at {}", self.text), CLOCK),
        }
    }
}

/// The time in an attribute; `None`: there is no such attribute.
pub(super) fn instant(document: &Document<'_>, node: NodeId, name: &str) -> Checked<Option<Instant>> {
    xml::attribute(document, node, name).map(Instant::parse).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_providers_write_them() {
        for text in ["2026-11-21T12:00:00Z", "2026-11-21T12:00:00.1234567Z", "2026-11-21T13:00:00+01:00"] {
            assert_eq!(Instant::parse(text).unwrap().seconds, 1_795_262_400, "{text}");
        }
        for text in ["", "yesterday", "2026-11-21", "2026-11-21T12:00:00", "9999999-01-01T00:00:00Z"] {
            assert!(Instant::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_minute_is_tolerated() {
        let noon = Instant::parse("2026-11-21T12:00:00Z").unwrap();
        let now = noon.seconds;
        assert!(noon.check_begun(now - SKEW, "").is_ok() && noon.check_begun(now - SKEW - 1, "").is_err());
        assert!(
            noon.check_lasting(now + SKEW - 1, "").is_ok() && noon.check_lasting(now + SKEW, "").is_err()
        );
    }
}
