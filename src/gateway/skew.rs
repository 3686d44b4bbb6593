//! What AWS's clock says, as far as its own refusals tell: a machine whose clock is wrong still signs right.

use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header;

use crate::aws::sigv4;
use crate::clock::Clock;

/// AWS takes requests that are up to five minutes off; what is nearer than this needs no correction, in seconds.
const TOLERATED: i64 = 4 * 60;

/// The time at AWS.
#[derive(Debug)]
pub struct Skew {
    clock: Clock,
    /// How many seconds AWS's clock is ahead of ours.
    ahead: AtomicI64,
}

impl Skew {
    /// Until AWS says otherwise both clocks agree.
    pub fn new(clock: Clock) -> Self {
        Self { clock, ahead: AtomicI64::new(0) }
    }

    /// Our own time, in seconds since the Unix epoch: what the client's clock is compared with.
    pub fn here(&self) -> u64 {
        self.clock.unix_seconds()
    }

    /// AWS's time, in seconds since the Unix epoch.
    pub fn at_aws(&self) -> u64 {
        self.here().saturating_add_signed(self.ahead.load(Ordering::Relaxed))
    }

    /// Our own time for the `Date` of an answer, where AWS's would tell another: SDKs set their clocks by it, and ours is the
    /// one that their next request is compared with.
    pub fn date(&self) -> Option<HeaderValue> {
        if self.ahead.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let here = jiff::Timestamp::from_second(i64::try_from(self.here()).ok()?).ok()?;
        HeaderValue::from_str(&here.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok()
    }

    /// Learns from an answer to a request that was signed at `signed_at`. Some: the request was refused, and its time was
    /// too far off for AWS to take it; the seconds that AWS's clock is ahead.
    ///
    /// Only refusals count: other answers may come from a cache, or from whoever stands behind AWS's gateway.
    pub fn learn<B>(&self, response: &Response<B>, signed_at: u64) -> Option<i64> {
        let refused = matches!(
            response.status(),
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
        );
        if !refused {
            return None;
        }
        let date = response.headers().get(header::DATE)?.to_str().ok()?;
        let theirs = i64::try_from(sigv4::http_date(date)?).ok()?;
        if theirs.abs_diff(i64::try_from(signed_at).ok()?) <= TOLERATED.unsigned_abs() {
            return None;
        }
        let ahead = theirs - i64::try_from(self.here()).ok()?;
        self.ahead.store(ahead, Ordering::Relaxed);
        Some(ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday, 30 August 2015, 12:36.
    const NOW: u64 = 1_440_938_160;

    fn answer(status: u16, date: &str) -> Response<()> {
        Response::builder().status(status).header("date", date).body(()).unwrap()
    }

    #[test]
    fn only_a_refusal_far_away_moves_the_clock() {
        let skew = Skew::new(Clock::fixed(NOW * 1_000_000));
        for (status, date) in [
            (200, "Sun, 30 Aug 2015 14:36:00 GMT"),
            (500, "Sun, 30 Aug 2015 14:36:00 GMT"),
            (403, "Sun, 30 Aug 2015 12:39:30 GMT"),
            (403, "yesterday"),
        ] {
            assert_eq!(skew.learn(&answer(status, date), NOW), None, "{status} {date}");
        }
        assert_eq!(skew.at_aws(), NOW);
        assert_eq!(skew.learn(&answer(403, "Sun, 30 Aug 2015 14:36:00 GMT"), NOW), Some(7200));
        assert_eq!((skew.at_aws(), skew.here()), (NOW + 7200, NOW));
        // Signed by the time that was learnt: what AWS still refuses is no question of time.
        assert_eq!(skew.learn(&answer(403, "Sun, 30 Aug 2015 14:36:00 GMT"), NOW + 7200), None);
        assert_eq!(skew.learn(&answer(400, "Sun, 30 Aug 2015 12:36:00 GMT"), NOW + 7200), Some(0));
        assert_eq!(skew.at_aws(), NOW);
    }
}
