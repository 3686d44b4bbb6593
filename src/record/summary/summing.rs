//! Summing up an audit log, finished or growing.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io::BufReader;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;

use super::Approvals;
use super::Cell;
use super::Decided;
use super::LEVELS;
use super::Masked;
use super::Named;
use super::Question;
use super::Ran;
use super::Service;
use super::Summary;
use super::Unsuccessful;
use super::facts::CommandEnded;
use super::facts::Fact;
use super::facts::Facts;
use super::heavy::Heavy;
use crate::audit;
use crate::audit::Answer;
use crate::audit::Event;
use crate::audit::command_line;
use crate::error::Kind;
use crate::error::Result;
use crate::record::open::clipped;
use crate::record::private;
use crate::types::Effect;
use crate::types::Micros;

/// Names counted at a time: of services, rules and the like; of resources and failed commands.
const FEW: usize = 500;
const MANY: usize = 10_000;
/// Rows given of a table that may have many.
const ROWS: usize = 200;
/// Commands among the longest.
const LONGEST: usize = 50;
/// Questions given one by one.
const QUESTIONS: u64 = 1_000;

/// A summary that is being made. Reads on where it stopped when the log has grown.
#[derive(Debug)]
pub struct Summing {
    path: PathBuf,
    offset: u64,
    facts: Facts,
    sums: Sums,
}

#[derive(Debug)]
struct Sums {
    plain: Summary,
    services: Heavy<Service>,
    decisions: [Cell; 3],
    rules: Heavy<Named>,
    masks: Heavy<(u64, Micros, BTreeSet<String>)>,
    errors: Heavy<Named>,
    resources: Heavy<Named>,
    failed: Heavy<Option<Unsuccessful>>,
    alerts: Heavy<Named>,
    longest: Longest,
    questions: audit::Approvals,
}

impl Summing {
    /// A summary of the audit log at `path`; nothing is read yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        let sums = Sums {
            plain: Summary::default(),
            services: Heavy::new(FEW),
            decisions: [Cell::default(); 3],
            rules: Heavy::new(FEW),
            masks: Heavy::new(FEW),
            errors: Heavy::new(FEW),
            resources: Heavy::new(MANY),
            failed: Heavy::new(MANY),
            alerts: Heavy::new(FEW),
            longest: Longest::default(),
            questions: audit::Approvals::default(),
        };
        Self { path: path.to_owned(), offset: 0, facts: Facts::default(), sums }
    }

    /// Reads all that has been written since the last time; says whether there was anything. Ends early when `go_on`
    /// says no, which it is asked every line.
    ///
    /// Fails when the log cannot be opened or read. Lines that are none are counted.
    pub fn read(&mut self, go_on: &dyn Fn() -> bool) -> Result<bool> {
        let cannot = |what, cause: &std::io::Error| private::cannot(what, &self.path, cause);
        let mut file = private::open(&self.path).map_err(|cause| cannot("open", &cause))?;
        file.seek(SeekFrom::Start(self.offset)).map_err(|cause| cannot("read", &cause))?;
        let before = self.offset;
        let mut reader = audit::Reader::new(BufReader::with_capacity(256 << 10, file), self.offset);
        while let Some(line) = reader.next() {
            match line {
                Ok(line) => self.take(line.t, &line.event),
                Err(error) if error.kind() == Kind::System => return Err(error),
                Err(_) => self.sums.plain.unreadable += 1,
            }
            self.offset = reader.offset();
            if !go_on() {
                break;
            }
        }
        Ok(self.offset != before)
    }

    /// Takes the next event of the log.
    pub fn take(&mut self, at: Micros, event: &Event) {
        let sums = &mut self.sums;
        sums.plain.last = sums.plain.last.max(at);
        match event {
            Event::SessionStart(start) => {
                let command = start.title.clone().unwrap_or_else(|| command_line(&start.command));
                sums.plain.session = Some(start.id);
                sums.plain.user = clipped(start.user.clone());
                sums.plain.host = clipped(start.host.clone());
                sums.plain.command = clipped(command);
                sums.plain.agent = start.agent.clone().map(clipped);
                sums.plain.started = start.started;
            }
            Event::SessionEnd(end) => sums.plain.end = Some(end.clone()),
            Event::Lost(_) => sums.plain.lost += 1,
            Event::ApprovalAsked(_) => {
                sums.plain.approvals.asked += 1;
                if sums.plain.approvals.asked <= QUESTIONS {
                    sums.questions.take(at, event);
                }
            }
            Event::ApprovalAnswered(_) => sums.questions.take(at, event),
            _ => {}
        }
        self.facts.take(at, event, &mut |at, fact| sums.count(at, &fact));
    }

    /// Whether the session is over.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.sums.plain.end.is_some()
    }

    /// What it comes to so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let sums = &self.sums;
        let mut summary = sums.plain.clone();
        summary.unfinished = self.facts.open_calls() as u64;
        summary.services = sums.services.iter().map(|(_, service)| service.clone()).collect();
        summary.services.sort_by(|a, b| b.all.calls.cmp(&a.all.calls).then_with(|| a.name.cmp(&b.name)));
        let effects = [Effect::Allow, Effect::Ask, Effect::Deny];
        summary.decisions = effects
            .into_iter()
            .zip(sums.decisions)
            .filter(|(_, cell)| cell.calls > 0)
            .map(|(effect, cell)| Decided { effect, count: cell.calls, first: cell.first })
            .collect();
        summary.masks = sums
            .masks
            .iter()
            .map(|(rule, (count, first, places))| Masked {
                rule: rule.to_owned(),
                count: *count,
                places: places.iter().cloned().collect(),
                first: *first,
            })
            .collect();
        summary.masks.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.rule.cmp(&b.rule)));
        let cut = &mut summary.cut;
        (summary.rules, summary.errors) =
            (ranked(&sums.rules, "rules", cut), ranked(&sums.errors, "errors", cut));
        (summary.resources, summary.alerts) =
            (ranked(&sums.resources, "resources", cut), ranked(&sums.alerts, "alerts", cut));
        // Where programs are recorded, lines that were typed would say the same again.
        let is_told = |failed: &Unsuccessful| !failed.typed || summary.commands == 0;
        summary.failed =
            sums.failed.iter().filter_map(|(_, failed)| failed.clone()).filter(is_told).collect();
        summary.failed.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.first.cmp(&b.first)));
        for (table, is_whole) in [
            ("services", sums.services.is_exact()),
            ("masks", sums.masks.is_exact()),
            ("failed", sums.failed.is_exact() && summary.failed.len() <= ROWS),
            ("questions", sums.plain.approvals.asked <= QUESTIONS),
        ] {
            if !is_whole {
                cut.push(table);
            }
        }
        summary.approvals.questions = sums.questions.all().iter().map(question).collect();
        let mut longest = sums.longest.clone();
        self.facts.running(summary.last, &mut |at, fact| longest.take(at, &fact));
        summary.longest = if summary.commands > 0 { longest.executed } else { longest.typed };
        summary.failed.truncate(ROWS);
        summary
    }
}

/// The commands that ran longest.
#[derive(Clone, Debug, Default)]
struct Longest {
    executed: Vec<Ran>,
    typed: Vec<Ran>,
}

impl Longest {
    fn take(&mut self, at: Micros, fact: &Fact<'_>) {
        if let Fact::Ran { line, typed, took, end } = *fact {
            let list = if typed { &mut self.typed } else { &mut self.executed };
            rank(list, Ran { line: line.to_owned(), typed, at, took, end });
        }
    }
}

/// Puts `ran` in its place, if it has one among the longest.
fn rank(list: &mut Vec<Ran>, ran: Ran) {
    if list.len() >= LONGEST && list.last().is_some_and(|last| last.took >= ran.took) {
        return;
    }
    let place = list.partition_point(|other| other.took >= ran.took);
    list.insert(place, ran);
    list.truncate(LONGEST);
}

/// The most frequent first; says so in `cut` if these are not all.
fn ranked(heavy: &Heavy<Named>, table: &'static str, cut: &mut Vec<&'static str>) -> Vec<Named> {
    let mut all: Vec<Named> = heavy.iter().map(|(_, named)| named.clone()).collect();
    let order = |row: &Named| (Reverse(row.count), row.first);
    all.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.name.cmp(&b.name)));
    if !heavy.is_exact() || all.len() > ROWS {
        cut.push(table);
        all.truncate(ROWS);
    }
    all
}

fn question(asked: &audit::Approval) -> Question {
    Question {
        id: asked.id.clone(),
        at: asked.asked,
        question: asked.question.clone(),
        answer: asked.answer,
        by: asked.by.clone(),
        took: asked.took,
    }
}

fn count_named(heavy: &mut Heavy<Named>, name: &str, at: Micros) {
    if let Some(named) = heavy.count(name) {
        if named.count == 0 {
            named.name = clipped(name.to_owned());
            named.first = at;
        }
        named.count += 1;
        named.first = named.first.min(at);
    }
}

/// What one failed command is known by.
fn failure(line: &str, typed: bool, end: CommandEnded) -> String {
    format!("{} {} {line}", if typed { '»' } else { '$' }, end.words())
}

impl Cell {
    fn count(&mut self, at: Micros) {
        self.first = if self.calls == 0 { at } else { self.first.min(at) };
        self.calls += 1;
    }
}

impl Sums {
    fn count(&mut self, at: Micros, fact: &Fact<'_>) {
        let plain = &mut self.plain;
        match *fact {
            Fact::Call { service, access, resources } => {
                plain.calls += 1;
                plain.first_call = Some(plain.first_call.unwrap_or(at).min(at));
                plain.last_call = plain.last_call.max(Some(at));
                plain.tempo.at(at).calls += 1;
                if let Some(row) = self.services.count(service) {
                    service.clone_into(&mut row.name);
                    row.all.count(at);
                    if let Some(cell) = row.level(access) {
                        cell.count(at);
                    }
                }
                for resource in resources.iter().filter(|resource| *resource != "*") {
                    count_named(&mut self.resources, resource, at);
                }
            }
            Fact::LookUp => plain.look_ups += 1,
            Fact::Denied { service, access } => {
                plain.denied += 1;
                plain.tempo.at(at).denied += 1;
                if let Some(row) = self.services.get_mut(service) {
                    row.first_denied = if row.all.denied == 0 { at } else { row.first_denied.min(at) };
                    row.all.denied += 1;
                    if let Some(cell) = row.level(access) {
                        cell.denied += 1;
                    }
                }
            }
            Fact::Decided { effect, rule } => {
                self.decisions[effect as usize].count(at);
                if !rule.is_empty() {
                    count_named(&mut self.rules, rule, at);
                }
            }
            Fact::Ended { service, sent, received } => {
                plain.sent = plain.sent.saturating_add(sent);
                plain.received = plain.received.saturating_add(received);
                if let Some(row) = self.services.get_mut(service) {
                    row.sent = row.sent.saturating_add(sent);
                    row.received = row.received.saturating_add(received);
                }
            }
            Fact::Failed { error } => count_named(&mut self.errors, error, at),
            Fact::Masked { rule, place, times } => {
                plain.masked = plain.masked.saturating_add(times);
                if let Some((count, first, places)) = self.masks.count(rule) {
                    *first = if *count == 0 { at } else { at.min(*first) };
                    *count = count.saturating_add(times);
                    if places.len() < 8 && !places.contains(place) {
                        places.insert(clipped(place.to_owned()));
                    }
                }
            }
            Fact::Answered(answer) => plain.approvals.count(answer),
            Fact::Used => plain.approvals.used += 1,
            Fact::Executed => plain.commands += 1,
            Fact::Alert(name) => count_named(&mut self.alerts, name, at),
            Fact::Ran { .. } => self.longest.take(at, fact),
            Fact::Unsuccessful { line, typed, end } => {
                if let Some(row) = self.failed.count(&failure(line, typed, end)) {
                    let new = || Unsuccessful { line: line.to_owned(), typed, end, count: 0, first: at };
                    row.get_or_insert_with(new).count += 1;
                }
            }
            Fact::WasStep { line, end } => {
                self.failed.take_back(&failure(line, false, end), |row| {
                    row.iter_mut().for_each(|row| row.count = row.count.saturating_sub(1));
                });
            }
        }
    }
}

impl Service {
    fn level(&mut self, access: crate::types::AccessLevel) -> Option<&mut Cell> {
        let column = LEVELS.iter().position(|level| *level == access)?;
        self.levels.get_mut(column)
    }
}

impl Approvals {
    fn count(&mut self, answer: Answer) {
        match answer {
            Answer::Granted => self.granted += 1,
            Answer::Denied => self.denied += 1,
            Answer::Expired => self.expired += 1,
            Answer::Nobody => self.nobody += 1,
            Answer::Withdrawn => self.withdrawn += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Counted;
    use super::super::moments;
    use super::*;
    use crate::audit::ApprovalAnswered;
    use crate::audit::ApprovalAsked;
    use crate::audit::CallBegin;
    use crate::audit::CallEnd;
    use crate::audit::Chain;
    use crate::audit::CommandEnd;
    use crate::audit::CommandFailed;
    use crate::audit::CommandStart;
    use crate::audit::Decision;
    use crate::audit::Mask;
    use crate::audit::Outcome;
    use crate::audit::Via;
    use crate::types::AccessLevel;
    use crate::types::SessionId;

    fn begin(call: u64, action: &str, access: AccessLevel) -> CallBegin {
        let (service, operation) = action.split_once(':').unwrap();
        let mut begin = CallBegin::new(call, service, operation, action);
        begin.access = access;
        begin.resources = vec![format!("arn:aws:{service}:::x")];
        begin
    }

    fn call(call: u64, action: &str, access: AccessLevel, effect: Effect) -> [Event; 3] {
        let decision = Decision {
            call,
            effect,
            rule: Some("guarded".to_owned()),
            origin: "x:1".to_owned(),
            reason: String::new(),
        };
        let refused = effect == Effect::Deny;
        let end = CallEnd {
            call,
            outcome: if refused { Outcome::Refused } else { Outcome::Answered },
            status: Some(if refused { 403 } else { 200 }),
            error: refused.then(|| "AccessDenied".to_owned()),
            bytes_in: 10,
            bytes_out: 100,
            masks: [("aws-secret-key".to_owned(), 2)].into(),
            ..CallEnd::default()
        };
        let begin = Event::CallBegin(Box::new(begin(call, action, access)));
        [begin, Event::Decision(decision), Event::CallEnd(Box::new(end))]
    }

    fn session() -> Vec<(Micros, Event)> {
        let command = |id, line: &str, pid| {
            let argv = line.split(' ').map(str::to_owned).collect();
            Event::CommandStart(CommandStart { id, pid, argv, ..CommandStart::default() })
        };
        let over = |id, status, took| {
            let took = Micros(took);
            Event::CommandEnd(CommandEnd { id, status: Some(status), took, ..CommandEnd::default() })
        };
        let lost = |pid| {
            let argv = vec!["make".to_owned(), "all".to_owned()];
            Event::CommandFailed(CommandFailed { pid, argv, ..CommandFailed::default() })
        };
        let mut look_up = begin(9, "iam:GetRole", AccessLevel::Read);
        look_up.via = Via::Hoop;
        let id = || "q1".to_owned();
        let mut events = vec![command(1, "bash", 1), lost(2), lost(2), command(2, "make all", 2), lost(3)];
        events.extend(call(1, "s3:ListBucket", AccessLevel::List, Effect::Allow));
        events.extend(call(2, "s3:DeleteObject", AccessLevel::Write, Effect::Deny));
        events.extend(call(3, "s3:ListBucket", AccessLevel::List, Effect::Allow));
        events.extend(call(4, "kms:Decrypt", AccessLevel::Write, Effect::Ask));
        events.push(Event::CallBegin(Box::new(look_up)));
        events.push(Event::ApprovalAsked(ApprovalAsked { id: id(), call: Some(4), ..Default::default() }));
        events.push(Event::ApprovalAnswered(ApprovalAnswered {
            id: id(),
            answer: Answer::Granted,
            ..Default::default()
        }));
        events.push(Event::Mask(Mask {
            place: "terminal".to_owned(),
            rules: [("jwt".to_owned(), 3)].into(),
            call: None,
        }));
        events.push(over(2, 2, 9_000_000));
        events.into_iter().zip(1..).map(|(event, at)| (Micros(at * 1_000_000), event)).collect()
    }

    fn written() -> Vec<u8> {
        let mut chain = Chain::new(SessionId::new(1_763_700_000_000_000, 7));
        let mut log = Vec::new();
        for (at, event) in session() {
            chain.append(&event, at, &mut log).unwrap();
        }
        log
    }

    fn summed(events: &[(Micros, Event)]) -> Summary {
        let mut summing = Summing::new(Path::new("none"));
        events.iter().for_each(|(at, event)| summing.take(*at, event));
        summing.summary()
    }

    #[test]
    fn a_session_comes_down_to_its_numbers() {
        let sum = summed(&session());
        assert_eq!((sum.calls, sum.denied, sum.look_ups, sum.unfinished), (4, 1, 1, 0));
        assert_eq!((sum.sent, sum.received, sum.masked), (40, 400, 11));
        let s3 = &sum.services[0];
        assert_eq!((s3.name.as_str(), s3.all.calls, s3.all.denied), ("s3", 3, 1));
        let cell = |calls, denied, seconds: u64| Cell { calls, denied, first: Micros(seconds * 1_000_000) };
        assert_eq!(s3.levels[0], cell(2, 0, 6));
        assert_eq!(s3.levels[2], cell(1, 1, 9));
        assert_eq!((s3.sent, s3.received), (30, 300));
        let decided: Vec<_> = sum.decisions.iter().map(|row| (row.effect, row.count)).collect();
        assert_eq!(decided, [(Effect::Allow, 2), (Effect::Ask, 1), (Effect::Deny, 1)]);
        assert_eq!((sum.errors[0].name.as_str(), sum.errors[0].count), ("AccessDenied", 1));
        assert_eq!(sum.masks[0].rule, "aws-secret-key");
        assert_eq!((sum.masks[1].count, &sum.masks[1].places[..]), (3, &["terminal".to_owned()][..]));
        assert_eq!((sum.approvals.asked, sum.approvals.granted, sum.approvals.waiting()), (1, 1, 0));
        assert_eq!(sum.resources[0].count, 3);
        assert!(sum.cut.is_empty(), "{:?}", sum.cut);
        let parts: Vec<u64> = sum.tempo.parts(sum.last, 4).iter().map(|beat| beat.calls).collect();
        assert_eq!(parts.iter().sum::<u64>(), 4);
    }

    #[test]
    fn commands_are_told_by_length_and_by_failure_without_steps_of_a_search() {
        let sum = summed(&session());
        let longest: Vec<_> = sum.longest.iter().map(|ran| (ran.line.as_str(), ran.end)).collect();
        assert_eq!(longest, [("bash", CommandEnded::Unknown), ("make all", CommandEnded::Status(2))]);
        assert_eq!(sum.longest[0].took, Micros(sum.last.0 - 1_000_000), "it still runs");
        let failed: Vec<_> =
            sum.failed.iter().map(|row| (row.line.as_str(), row.end.words(), row.count)).collect();
        let wanted = [("make all", "exit 2".to_owned(), 1), ("make all", "not found".to_owned(), 1)];
        assert_eq!(failed, wanted);
    }

    #[test]
    fn each_row_leads_back_to_as_many_moments_as_it_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        std::fs::write(&path, written()).unwrap();
        let mut summing = Summing::new(&path);
        assert!(summing.read(&|| true).unwrap());
        assert!(!summing.read(&|| true).unwrap(), "nothing is counted twice");
        let sum = summing.summary();
        let found = |wanted: Counted| moments(&path, &wanted, 100, &|| true).unwrap().len() as u64;
        let calls = |access, denied| Counted::Calls { service: Some("s3".to_owned()), access, denied };
        assert_eq!(found(calls(None, false)), sum.services[0].all.calls);
        assert_eq!(found(calls(None, true)), sum.services[0].all.denied);
        assert_eq!(found(calls(Some(AccessLevel::List), false)), sum.services[0].levels[0].calls);
        assert_eq!(found(Counted::Decided(Effect::Allow)), 2);
        assert_eq!(found(Counted::Rule("guarded".to_owned())), sum.rules[0].count);
        assert_eq!(found(Counted::Mask("jwt".to_owned())), 1, "one moment, three secrets");
        assert_eq!(found(Counted::Error("AccessDenied".to_owned())), 1);
        assert_eq!(found(Counted::Resource(sum.resources[0].name.clone())), 3);
        let failed = &sum.failed[0];
        assert_eq!(found(Counted::Failed { line: failed.line.clone(), end: failed.end }), failed.count);
        assert_eq!(moments(&path, &calls(None, false), 2, &|| true).unwrap().len(), 2);
        assert!(moments(&path, &calls(None, false), 9, &|| false).unwrap().is_empty());
    }

    #[test]
    fn a_log_that_grows_is_read_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        let text = written();
        let mut summing = Summing::new(&path);
        for cut in [text.len() / 3, text.len() / 2, text.len()] {
            std::fs::write(&path, &text[..cut]).unwrap();
            summing.read(&|| true).unwrap();
        }
        let (grown, whole) = (summing.summary(), summed(&session()));
        assert_eq!(serde_json::to_value(&grown).unwrap(), serde_json::to_value(&whole).unwrap());
    }
}
