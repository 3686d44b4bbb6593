//! What is known of a session as a whole: who ran what, under which rules, how it was kept in, and what its record is worth.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::audit::Credential;
use crate::audit::End;
use crate::audit::EndReason;
use crate::audit::Event;
use crate::audit::Line;
use crate::audit::Start;
use crate::cast::Header;
use crate::record;
use crate::record::Counts;
use crate::record::Glance;
use crate::record::LogEnd;
use crate::record::Sealing;
use crate::record::command_line;
use crate::replay::entries::duration;
use crate::replay::theme::Meaning;
use crate::term::shortened;
use crate::types::Micros;

/// Most lines of a list (groups, policies, rules), and most characters of one value.
const MAX_LINES: usize = 50;
const MAX_VALUE: usize = 1_000;
/// Most rules of policy whose decisions are counted.
const MAX_RULES: usize = 1_000;

/// What an audit log tells of its session.
#[derive(Debug, Default)]
pub struct Facts {
    start: Option<Box<Start>>,
    end: Option<End>,
    /// The newest credential that calls were made with.
    credential: Option<Credential>,
    fetched: u64,
    /// How often each rule decided: its name and place.
    rules: BTreeMap<String, u64>,
    counts: Counts,
    last: Micros,
    log: LogEnd,
    glance: Option<Glance>,
}

/// A line of name and value; a heading has no name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The name.
    pub name: &'static str,
    /// The value, which may have several lines.
    pub value: String,
    /// How it is coloured.
    pub meaning: Meaning,
}

impl Facts {
    /// Takes the next line.
    pub fn take(&mut self, line: &Line) {
        self.log.lines += 1;
        self.log.head.clone_from(&line.hash);
        self.last = self.last.max(line.t);
        self.counts.add(&line.event);
        match &line.event {
            Event::SessionStart(start) if self.start.is_none() => self.start = Some(start.clone()),
            Event::SessionEnd(end) => self.end = Some(end.clone()),
            Event::Credential(credential) if matches!(credential.what.as_str(), "fetched" | "refreshed") => {
                self.fetched += 1;
                self.credential = Some(credential.clone());
            }
            Event::Decision(decision) => {
                let name = decision.rule.as_deref().map(|rule| format!("\"{rule}\" ")).unwrap_or_default();
                let rule = shortened(&format!("{name}{}: {}", decision.origin, decision.effect), MAX_VALUE);
                if self.rules.len() < MAX_RULES || self.rules.contains_key(&rule) {
                    *self.rules.entry(rule).or_default() += 1;
                }
            }
            _ => {}
        }
    }

    /// Looks at the files in `folder`, once all lines have been taken.
    pub fn look(&mut self, folder: &Path) {
        self.glance = Some(record::glance(folder, &self.log));
    }
}

/// Facts as they are put down.
struct Rows(Vec<Fact>);

impl Rows {
    fn heading(&mut self, words: &str) {
        self.0.push(Fact { name: "", value: words.to_owned(), meaning: Meaning::Heading });
    }

    fn put(&mut self, name: &'static str, value: impl Into<String>) {
        self.coloured(name, value, Meaning::Text);
    }

    fn coloured(&mut self, name: &'static str, value: impl Into<String>, meaning: Meaning) {
        let value = value.into();
        if !value.is_empty() {
            self.0.push(Fact { name, value: shortened(&value, MAX_VALUE), meaning });
        }
    }

    fn maybe(&mut self, name: &'static str, value: Option<&String>) {
        value.into_iter().for_each(|value| self.put(name, value));
    }

    /// One a line, as many as there is room for.
    fn list(&mut self, name: &'static str, all: impl ExactSizeIterator<Item = String>) {
        let count = all.len();
        let mut shown: Vec<String> = all.take(MAX_LINES).map(|one| shortened(&one, MAX_VALUE)).collect();
        if count > MAX_LINES {
            shown.push(format!("… and {} more", count - MAX_LINES));
        }
        if !shown.is_empty() {
            self.0.push(Fact { name, value: shown.join("\n"), meaning: Meaning::Text });
        }
    }
}

/// The facts in the order in which they are shown.
#[must_use]
pub fn rows(facts: Option<&Facts>, header: Option<&Header>, zone: &TimeZone) -> Vec<Fact> {
    let mut rows = Rows(Vec::new());
    match facts.and_then(|facts| Some((facts, facts.start.as_deref()?))) {
        Some((facts, start)) => {
            session(&mut rows, facts, start, zone);
            who(&mut rows, facts, start);
            rules(&mut rows, facts, start);
            counts(&mut rows, facts);
        }
        None => header.into_iter().for_each(|header| plain(&mut rows, header, zone)),
    }
    match facts.and_then(|facts| Some((facts, facts.glance.as_ref()?))) {
        Some((facts, glance)) => record(&mut rows, facts, glance, zone),
        None if header.is_some() => {
            rows.heading("record");
            rows.put("seal", "none: it is no recording of hoop's, nothing vouches for it");
        }
        None => {}
    }
    rows.0
}

fn session(rows: &mut Rows, facts: &Facts, start: &Start, zone: &TimeZone) {
    rows.heading("session");
    rows.put("id", start.id.to_string());
    rows.maybe("title", start.title.as_ref());
    rows.put("command", command_line(&start.command));
    rows.put("folder", &start.cwd);
    rows.maybe("repository", start.repository.as_ref());
    rows.put("host", &start.host);
    rows.maybe("agent", start.agent.as_ref());
    rows.put("began", moment(start.started, zone));
    rows.put("took", duration(facts.last));
    let (words, meaning) = ended(facts.end.as_ref());
    rows.coloured("ended", words, meaning);
    rows.maybe("because", facts.end.as_ref().and_then(|end| end.message.as_ref()));
    let kind = start.term.as_deref().unwrap_or("terminal");
    rows.put(
        "terminal",
        match start.tty {
            true => format!("{kind}, {}x{} at the start", start.cols, start.rows),
            false => "none: pipes".to_owned(),
        },
    );
    rows.put("input", if start.record_input { "what was typed is recorded" } else { "not recorded" });
    if let Some(from) = &start.imported {
        let at = moment(from.at, zone);
        rows.put("imported", format!("{} (asciicast {}) at {at}", from.file, from.version));
    }
    rows.put("hoop", format!("{}, format {}", start.hoop, start.format));
}

fn ended(end: Option<&End>) -> (String, Meaning) {
    match end.map(|end| (end.reason, end.status, end.signal)) {
        None => ("not as far as the record goes".to_owned(), Meaning::Ask),
        Some((EndReason::Exited, Some(0), _)) => ("exit 0".to_owned(), Meaning::Allow),
        Some((EndReason::Exited, Some(status), _)) => (format!("exit {status}"), Meaning::Error),
        Some((EndReason::Killed, _, Some(signal))) => (format!("by signal {signal}"), Meaning::Error),
        Some((reason, ..)) => (reason.as_str().to_owned(), Meaning::Error),
    }
}

fn who(rows: &mut Rows, facts: &Facts, start: &Start) {
    rows.heading("who");
    rows.put("user", format!("{} (uid {})", start.user, start.uid));
    if let Some(known) = &start.identity {
        let meaning = if known.assurance == "verified" { Meaning::Allow } else { Meaning::Ask };
        rows.coloured("known by", known.label(), meaning);
        rows.maybe("subject", known.subject.as_ref());
        rows.maybe("email", known.email.as_ref());
        rows.maybe("issuer", known.issuer.as_ref());
        rows.put("login", &known.local);
    }
    rows.list("groups", start.groups.iter().cloned());
    rows.maybe("profile", start.profile.as_ref());
    rows.maybe("region", start.region.as_ref());
    let Some(credential) = &facts.credential else {
        return rows.put("credential", "none was needed");
    };
    let again = if facts.fetched > 1 { format!(", {} times in all", facts.fetched) } else { String::new() };
    rows.put("credential", format!("{} from {}{again}", credential.what, credential.source));
    rows.maybe("role", credential.role.as_ref());
    rows.maybe("made as", credential.arn.as_ref());
    rows.maybe("account", credential.account.as_ref());
    rows.maybe("key", credential.key.as_ref());
    let expires = credential.expires.and_then(|at| Timestamp::from_second(i64::try_from(at).ok()?).ok());
    rows.maybe("until", expires.map(|at| at.to_string()).as_ref());
    rows.maybe("enforced", credential.enforced.as_ref());
}

fn rules(rows: &mut Rows, facts: &Facts, start: &Start) {
    rows.heading("rules");
    rows.list(
        "policies",
        start.policies.iter().map(|policy| {
            let digest = policy.sha256.get(..16).unwrap_or(&policy.sha256);
            let digest = if digest.is_empty() { String::new() } else { format!(", sha256 {digest}…") };
            format!("{} ({}{digest})", policy.name, policy.origin)
        }),
    );
    let mut decided: Vec<(&String, &u64)> = facts.rules.iter().collect();
    decided.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    rows.list("decided", decided.iter().map(|(rule, times)| format!("{rule} ×{times}")));
    let (sandbox, meaning) = match start.sandbox.as_str() {
        "full" => ("full", Meaning::Allow),
        "" => ("not said", Meaning::Ask),
        level => (level, Meaning::Ask),
    };
    rows.coloured("sandbox", sandbox, meaning);
    rows.list("it lacks", start.unprotected.iter().cloned());
    rows.put(
        "AWS calls",
        match start.capture.as_str() {
            "sandbox" => "captured by the sandbox's network",
            "proxy" => "captured by a proxy: only of clients that use it",
            "endpoint" => "captured by an endpoint URL: only of clients that use it",
            "off" => "not captured",
            _ => "",
        },
    );
    if start.swappable {
        rows.coloured("memory", "could be swapped to a disk", Meaning::Ask);
    }
}

fn counts(rows: &mut Rows, facts: &Facts) {
    let counts = &facts.counts;
    rows.heading("what happened");
    let grave = |count: u64| if count > 0 { Meaning::Deny } else { Meaning::Text };
    rows.put("calls", counts.calls.to_string());
    rows.coloured("denied", counts.denied.to_string(), grave(counts.denied));
    rows.put("commands", counts.commands.to_string());
    rows.put(
        "approvals",
        format!("{} asked, {} granted, {} used again", counts.asked, counts.granted, counts.used),
    );
    rows.coloured("alerts", counts.alerts.to_string(), grave(counts.alerts));
    rows.put("masked", counts.masks.to_string());
    if counts.lost > 0 {
        rows.coloured("lost", format!("{}: see the alerts", counts.lost), Meaning::Error);
    }
}

fn record(rows: &mut Rows, facts: &Facts, glance: &Glance, zone: &TimeZone) {
    rows.heading("record");
    match &glance.sealing {
        Sealing::Missing => {
            let words = if facts.end.is_some() {
                "it has ended, and waits for its seal"
            } else {
                "it runs, or was cut off"
            };
            rows.coloured("seal", format!("{}: {words}", glance.word()), Meaning::Ask);
        }
        Sealing::Fits(seal) => {
            let meaning = if glance.word() == "sealed" { Meaning::Allow } else { Meaning::Ask };
            let words =
                format!("{}, at {}; signature and lengths fit", glance.word(), moment(seal.sealed, zone));
            rows.coloured("seal", words, meaning);
            rows.put("key", format!("ed25519 {}", seal.key));
            rows.maybe(
                "seal before",
                seal.previous.as_ref().map(|before| before.session.to_string()).as_ref(),
            );
        }
        Sealing::Broken(wrong) => {
            rows.coloured("seal", glance.word(), Meaning::Deny);
            rows.list("because", wrong.iter().cloned());
        }
    }
    if let Some(start) = &facts.start {
        rows.put("bytes", format!("not compared here: hoopctl verify {}", start.id));
    }
    rows.put("audit log", format!("{} in {} lines", bytes(glance.audit_bytes), facts.log.lines));
    let cast =
        [glance.cast_bytes.map(bytes), glance.packed_bytes.map(|packed| format!("{} packed", bytes(packed)))];
    rows.put("screen", cast.into_iter().flatten().collect::<Vec<_>>().join(", "));
    let (files, size) = glance.bodies;
    let more = if glance.more_bodies { "more than " } else { "" };
    rows.put(
        "bodies",
        match files {
            0 => "none kept".to_owned(),
            1 => format!("{more}1 file, {}", bytes(size)),
            _ => format!("{more}{files} files, {}", bytes(size)),
        },
    );
}

/// What the header of somebody else's recording says.
fn plain(rows: &mut Rows, header: &Header, zone: &TimeZone) {
    rows.heading("recording");
    rows.maybe("title", header.title.as_ref());
    rows.maybe("command", header.command.as_ref());
    let began = header.timestamp.map(|at| moment(at.saturating_mul(1_000_000), zone));
    rows.maybe("began", began.as_ref());
    rows.put("terminal", format!("{}x{}", header.cols, header.rows));
    rows.put("format", format!("asciicast {}", header.version));
    rows.list("environment", header.env.iter().map(|(name, value)| format!("{name}={value}")));
}

/// `2025-11-21 03:18:00 UTC`.
fn moment(unix_micros: u64, zone: &TimeZone) -> String {
    let time = i64::try_from(unix_micros).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
    time.map_or_else(
        || "unknown".to_owned(),
        |time| time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
    )
}

/// `312 bytes`, `4.2 KiB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1_024 {
        return format!("{count} {}", if count == 1 { "byte" } else { "bytes" });
    }
    let mut size = count as f64 / 1_024.0;
    let mut unit = 0;
    while size >= 1_023.95 && unit + 1 < units.len() {
        size /= 1_024.0;
        unit += 1;
    }
    format!("{size:.1} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Decision;
    use crate::audit::IdentityUsed;
    use crate::audit::PolicyUsed;
    use crate::types::Effect;
    use crate::types::SessionId;

    fn line(event: Event) -> Line {
        Line { seq: 0, t: Micros(83_000_000), event, prev: String::new(), hash: "h".to_owned(), offset: 0 }
    }

    fn value(rows: &[Fact], name: &str) -> String {
        rows.iter().find(|fact| fact.name == name).map(|fact| fact.value.clone()).unwrap_or_default()
    }

    #[test]
    fn the_facts_say_who_ran_what_under_which_rules() {
        let started = 1_763_695_080_000_000;
        let mut start = Start::new(SessionId::new(started, 1), started, vec!["aws".into(), "s3".into()]);
        "ana".clone_into(&mut start.user);
        "reduced".clone_into(&mut start.sandbox);
        start.unprotected = vec!["no network of its own".to_owned(), "no exec log".to_owned()];
        start.identity = Some(IdentityUsed {
            provider: Some("corp".to_owned()),
            assurance: "verified".to_owned(),
            ..IdentityUsed::default()
        });
        start.policies =
            vec![PolicyUsed { name: "team.toml".into(), origin: "user".into(), sha256: "ab".repeat(32) }];
        let role = Some("arn:aws:iam::123456789012:role/agent".to_owned());
        let decision = || Decision {
            call: 1,
            effect: Effect::Deny,
            rule: Some("no deletes".to_owned()),
            origin: "team.toml:4".to_owned(),
            reason: String::new(),
        };
        let mut facts = Facts::default();
        for event in [
            Event::SessionStart(Box::new(start)),
            Event::Credential(Credential {
                what: "fetched".into(),
                role: role.clone(),
                ..Credential::default()
            }),
            Event::Decision(decision()),
            Event::Decision(decision()),
            Event::SessionEnd(End { reason: EndReason::Exited, status: Some(3), ..End::default() }),
        ] {
            facts.take(&line(event));
        }
        let rows = rows(Some(&facts), None, &TimeZone::UTC);
        for (name, wanted) in [
            ("began", "2025-11-21 03:18:00 UTC"),
            ("took", "1 min 23 s"),
            ("ended", "exit 3"),
            ("known by", "corp, verified"),
            ("role", role.as_deref().unwrap()),
            ("policies", "team.toml (user, sha256 abababababababab…)"),
            ("decided", "\"no deletes\" team.toml:4: deny ×2"),
            ("sandbox", "reduced"),
            ("it lacks", "no network of its own\nno exec log"),
            ("denied", "2"),
        ] {
            assert_eq!(value(&rows, name), wanted, "{name}");
        }
    }

    #[test]
    fn lists_and_values_are_bounded() {
        let mut facts = Facts::default();
        let mut start = Start::new(SessionId::new(1, 1), u64::MAX, vec!["x".repeat(1 << 20)]);
        start.groups = vec!["g".repeat(1 << 16); 3_000];
        facts.take(&line(Event::SessionStart(Box::new(start))));
        let rows = rows(Some(&facts), None, &TimeZone::UTC);
        assert!(value(&rows, "groups").ends_with("… and 2950 more"));
        assert!(rows.iter().map(|fact| fact.value.len()).sum::<usize>() < 100_000);
        assert_eq!(value(&rows, "began"), "unknown");
    }

    #[test]
    fn sizes_read_well() {
        let texts = [0, 1, 1_023, 1_024, 1_536, 1_048_576, 5_368_709_120].map(bytes);
        assert_eq!(texts, ["0 bytes", "1 byte", "1023 bytes", "1.0 KiB", "1.5 KiB", "1.0 MiB", "5.0 GiB"]);
    }
}
