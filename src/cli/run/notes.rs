//! What hoop-run says on standard error: one line at the start, one at the end, and what went wrong.

use std::time::Duration;

use crate::cli::saying;
use crate::error::Error;
use crate::record::Counts;
use crate::types::SessionId;

/// What the first line tells.
pub(super) struct Beginning<'a> {
    pub(super) id: SessionId,
    pub(super) policy: &'a str,
    pub(super) gateway: &'a str,
    pub(super) sandbox: &'a str,
}

/// What the last line tells.
pub(super) struct End {
    pub(super) id: SessionId,
    pub(super) took: Duration,
    pub(super) counts: Counts,
}

impl Beginning<'_> {
    pub(super) fn line(&self) -> String {
        let Self { id, policy, gateway, sandbox } = self;
        format!("hoop-run: recording {id} · policy {policy} · gateway {gateway} · sandbox {sandbox}")
    }
}

impl End {
    pub(super) fn line(&self) -> String {
        let counts = &self.counts;
        let mut parts = vec![spell(self.took)];
        if counts.calls > 0 {
            parts.push(plural(counts.calls, "AWS call"));
        }
        if counts.denied > 0 {
            parts.push(format!("{} denied", counts.denied));
        }
        if counts.granted > 0 {
            parts.push(format!("{} approved", counts.granted));
        }
        if counts.masks > 0 {
            parts.push(format!("{} masked", plural(counts.masks, "secret")));
        }
        if counts.alerts > 0 {
            parts.push(plural(counts.alerts, "alert"));
        }
        format!("hoop-run: {} · replay it: hoop-replay {}", parts.join(" · "), self.id)
    }
}

/// Prints a line.
pub(super) fn say(line: &str) {
    saying::say(line);
}

/// Prints what went wrong.
pub(super) fn complain(error: &Error) {
    saying::complain("hoop-run", error);
}

fn plural(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn spell(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0..10) => format!("{:.1} s", time.as_secs_f64()),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_tells_only_what_happened() {
        let id = SessionId::new(1_763_700_000_000_000, 7);
        let mut end = End { id, took: Duration::from_millis(1234), counts: Counts::default() };
        assert_eq!(end.line(), format!("hoop-run: 1.2 s · replay it: hoop-replay {id}"));
        end.counts = Counts { calls: 1, denied: 2, masks: 3, ..Counts::default() };
        end.took = Duration::from_secs(3725);
        assert!(end.line().starts_with("hoop-run: 1 h 2 min · 1 AWS call · 2 denied · 3 secrets masked · "));
    }
}
