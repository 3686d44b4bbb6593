//! The summary of a session on a screen of its own: what was counted, as lines, some of which lead into the recording.

use ratatui::layout::Position;
use ratatui::layout::Rect;

use crate::error::Error;
use crate::record::summary::CommandEnded;
use crate::record::summary::Counted;
use crate::record::summary::LEVELS;
use crate::record::summary::Named;
use crate::record::summary::Summary;
use crate::replay::action::Action;
use crate::replay::deck::Source;
use crate::replay::message::Ticket;
use crate::replay::sheet;
use crate::replay::state::State;
use crate::replay::theme::Meaning;
use crate::replay::update;
use crate::replay::update::Effect;
use crate::types::Effect as Verdict;
use crate::types::Micros;

/// Rows of a table shown before it is opened out.
const FEW: usize = 8;

/// The screen.
pub struct Sheet {
    /// Where the recording is.
    pub source: Source,
    /// What to call the session.
    pub title: String,
    /// How long it is, if that is known.
    pub expected: Option<Micros>,
    /// Its ticket: news of others are ignored.
    pub ticket: Ticket,
    /// Whether it is shown; else it waits to be shown again.
    pub is_open: bool,
    /// What was counted; none before there is anything.
    pub found: Option<Result<Box<Summary>, Error>>,
    /// Whether nothing more comes.
    pub is_done: bool,
    /// The tables as lines.
    pub tables: Vec<Table>,
    /// The chosen line, counted over all that can be chosen; none: the top is shown.
    pub chosen: Option<usize>,
    /// The chosen cell of that line, if it has several.
    pub cell: usize,
    opened_out: Vec<&'static str>,
}

/// A table, or the facts at the top.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Its name; empty for the facts.
    pub name: &'static str,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A line of the summary.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it shows.
    pub shows: Shows,
    /// Where it leads: one for each of its cells; none: it cannot be chosen.
    pub goals: Vec<Goal>,
}

/// What a line shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Shows {
    /// A name and what is to be said.
    Fact(&'static str, String, Meaning),
    /// The calls over time, drawn from the summary.
    Spark,
    /// Where some of them were denied.
    Denials,
    /// The times below them.
    Axis,
    /// The name of a table and of its columns.
    Heading(&'static str),
    /// The headings of the table of services.
    ServiceHeadings,
    /// That row of the table of services.
    Service(usize),
    /// A row of another table.
    Row {
        /// How many; none: there is no number.
        count: Option<u64>,
        /// When the first was.
        at: Micros,
        /// How long it took, or how it ended, in few words.
        aside: Option<String>,
        /// What.
        text: String,
        /// How that is coloured.
        meaning: Meaning,
    },
    /// So many rows are not shown.
    More(usize),
}

/// Where a line leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// To the first of these moments.
    Moments {
        /// What they have in common; none: it is one alone.
        wanted: Option<Counted>,
        /// The first.
        at: Micros,
        /// What to call them.
        name: String,
    },
    /// There are none.
    Nothing,
    /// The table of that name shows all its rows.
    OpenOut(&'static str),
}

impl Sheet {
    fn new(source: Source, title: String, expected: Option<Micros>, ticket: Ticket) -> Self {
        Self {
            source,
            title,
            expected,
            ticket,
            is_open: true,
            found: None,
            is_done: false,
            tables: Vec::new(),
            chosen: None,
            cell: 0,
            opened_out: Vec::new(),
        }
    }

    /// What was counted, if it could be.
    #[must_use]
    pub fn sum(&self) -> Option<&Summary> {
        self.found.as_ref()?.as_ref().ok().map(|sum| &**sum)
    }

    /// Takes what was counted so far.
    pub fn receive(&mut self, found: Result<Box<Summary>, Error>, is_done: bool) {
        self.found = Some(found);
        self.is_done = is_done;
        self.arrange();
    }

    fn arrange(&mut self) {
        self.tables = self.sum().map(|sum| tables(sum, &self.opened_out)).unwrap_or_default();
        let last = self.count().checked_sub(1);
        self.chosen = self.chosen.and_then(|chosen| last.map(|last| chosen.min(last)));
    }

    /// How many lines can be chosen.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lines().count()
    }

    fn lines(&self) -> impl Iterator<Item = &Line> {
        self.tables.iter().flat_map(|table| &table.lines).filter(|line| !line.goals.is_empty())
    }

    fn goal(&self) -> Option<Goal> {
        let line = self.lines().nth(self.chosen?)?;
        line.goals.get(self.cell.min(line.goals.len() - 1)).cloned()
    }
}

/// Whether it covers everything else now.
#[must_use]
pub fn is_open(state: &State) -> bool {
    state.summary.as_ref().is_some_and(|sheet| sheet.is_open)
}

/// Shows the summary of the open recording, or of the session chosen in the list.
pub fn open(state: &mut State) -> Vec<Effect> {
    let (source, title, expected) = match &state.play {
        Some(play) => (play.source.clone(), play.title.clone(), play.expected),
        None => {
            let Some(session) = state.sessions.chosen() else { return Vec::new() };
            let title = format!("{}  {}@{}", session.command, session.user, session.host);
            (session.source(), title, session.length)
        }
    };
    let Some(audit) = source.audit.clone() else {
        state.notice = Some("nobody wrote down the calls and commands of this recording".to_owned());
        return Vec::new();
    };
    state.tickets += 1;
    match &mut state.summary {
        // The same once more: what was chosen stays so, and what came since is added.
        Some(sheet) if sheet.source == source => (sheet.is_open, sheet.ticket) = (true, state.tickets),
        _ => state.summary = Some(Sheet::new(source, title, expected, state.tickets)),
    }
    vec![Effect::Summarise(audit, state.tickets)]
}

/// Takes news of it.
pub fn told(state: &mut State, ticket: Ticket, found: Result<Box<Summary>, Error>, is_done: bool) {
    if let Some(sheet) = state.summary.as_mut().filter(|sheet| sheet.ticket == ticket) {
        sheet.receive(found, is_done);
    }
}

/// Does what was wished while it is shown.
pub fn update(state: &mut State, action: Action) -> Vec<Effect> {
    let page = usize::from(state.size.1.saturating_sub(4)).max(1);
    let Some(sheet) = &mut state.summary else { return Vec::new() };
    let last = sheet.count().checked_sub(1);
    let down = |by: usize| last.map(|last| sheet.chosen.map_or(0, |at| at + by).min(last));
    match action {
        Action::Down => sheet.chosen = down(1),
        Action::PageDown => sheet.chosen = down(page),
        // Above the first line stands what cannot be chosen.
        Action::Up => sheet.chosen = sheet.chosen.and_then(|at| at.checked_sub(1)),
        Action::PageUp => sheet.chosen = sheet.chosen.and_then(|at| at.checked_sub(page)),
        Action::First => sheet.chosen = None,
        Action::Last => sheet.chosen = last,
        Action::Left => sheet.cell = sheet.cell.saturating_sub(1),
        Action::Right => {
            let cells = sheet.chosen.and_then(|at| sheet.lines().nth(at)).map_or(1, |line| line.goals.len());
            sheet.cell = (sheet.cell + 1).min(cells - 1);
        }
        Action::Back | Action::Summary => sheet.is_open = false,
        Action::Open => match sheet.goal() {
            Some(Goal::OpenOut(table)) => {
                sheet.opened_out.push(table);
                sheet.arrange();
            }
            Some(Goal::Moments { wanted, at, name }) => return land(state, wanted, at, name),
            Some(Goal::Nothing) => state.notice = Some("there is no such call".to_owned()),
            None => state.notice = Some("choose a line first: ↓".to_owned()),
        },
        _ => {}
    }
    Vec::new()
}

/// Goes to the first of some moments of the recording, and marks all of them.
fn land(state: &mut State, wanted: Option<Counted>, at: Micros, name: String) -> Vec<Effect> {
    let Some(sheet) = &mut state.summary else { return Vec::new() };
    sheet.is_open = false;
    let (source, title, expected) = (sheet.source.clone(), sheet.title.clone(), sheet.expected);
    let mut effects = Vec::new();
    if state.play.as_ref().is_none_or(|play| play.source != source) {
        effects = update::open(state, source, title, expected);
    }
    effects.extend(update::hold_at(state, at));
    let Some(play) = &mut state.play else { return effects };
    let Some(wanted) = wanted else { return effects };
    let number = play.search.number + 1;
    (play.search.number, play.search.text, play.search.pattern) = (number, name, None);
    (play.search.done, play.search.jump) = (false, false);
    (play.search.landing, play.search.is_of_list) = (None, false);
    play.search.hits.clear();
    effects.push(Effect::FindMoments(number, wanted));
    effects
}

/// A press of the button: chooses a line; one that is chosen leads where it leads.
pub fn click(state: &mut State, at: Position, pressed: bool) -> Vec<Effect> {
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    let Some(sheet) = state.summary.as_mut().filter(|_| pressed) else { return Vec::new() };
    let placed = sheet::place(sheet, area);
    let found = placed.lines.iter().find(|line| line.area.contains(at)).and_then(|line| line.number);
    match found {
        Some(number) if sheet.chosen == Some(number) => update(state, Action::Open),
        Some(number) => {
            sheet.chosen = Some(number);
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// All that was counted, as lines.
fn tables(sum: &Summary, opened_out: &[&'static str]) -> Vec<Table> {
    let mut tables = vec![Table { name: "", lines: facts(sum) }];
    if sum.calls > 0 {
        let mut lines = [Shows::Heading("calls over time"), Shows::Spark, Shows::Axis].map(plain).to_vec();
        if sum.denied > 0 {
            lines.insert(2, plain(Shows::Denials));
        }
        tables.push(Table { name: "time", lines });
    }
    let mut add = |name: &'static str, heading: Shows, mut rows: Vec<Line>| {
        if rows.is_empty() {
            return;
        }
        let more = rows.len().saturating_sub(FEW);
        // One row more takes no more room than the line that says so.
        if more > 1 && !opened_out.contains(&name) {
            rows.truncate(FEW);
            rows.push(Line { shows: Shows::More(more), goals: vec![Goal::OpenOut(name)] });
        }
        rows.insert(0, plain(heading));
        tables.push(Table { name, lines: rows });
    };
    add("services", Shows::ServiceHeadings, services(sum));
    let alerts = named(&sum.alerts, Meaning::Error, Counted::Alert);
    add("alerts", Shows::Heading("alerts"), alerts);
    add("decisions", Shows::Heading("decisions"), decisions(sum));
    add("approvals", Shows::Heading("asked and answered"), questions(sum));
    add("masks", Shows::Heading("secrets masked"), masks(sum));
    add("errors", Shows::Heading("calls that failed"), named(&sum.errors, Meaning::Error, Counted::Error));
    add("longest", Shows::Heading("longest commands"), longest(sum));
    add("failed", Shows::Heading("commands that failed"), failed(sum));
    let resources = named(&sum.resources, Meaning::Text, Counted::Resource);
    add("resources", Shows::Heading("most used resources"), resources);
    add("rules", Shows::Heading("rules that decided"), named(&sum.rules, Meaning::Text, Counted::Rule));
    tables
}

fn plain(shows: Shows) -> Line {
    Line { shows, goals: Vec::new() }
}

fn row(count: Option<u64>, at: Micros, aside: Option<String>, text: &str, meaning: Meaning) -> Shows {
    Shows::Row { count, at, aside, text: text.to_owned(), meaning }
}

fn goal(wanted: Counted, at: Micros, name: &str) -> Vec<Goal> {
    vec![Goal::Moments { wanted: Some(wanted), at, name: name.to_owned() }]
}

fn named(all: &[Named], meaning: Meaning, wanted: fn(String) -> Counted) -> Vec<Line> {
    let line = |named: &Named| Line {
        shows: row(Some(named.count), named.first, None, &named.name, meaning),
        goals: goal(wanted(named.name.clone()), named.first, &named.name),
    };
    all.iter().map(line).collect()
}

fn facts(sum: &Summary) -> Vec<Line> {
    let fact = |name, text: String, meaning| plain(Shows::Fact(name, text, meaning));
    let with = |count: u64, words: &str| if count > 0 { format!(", {count} {words}") } else { String::new() };
    let mut lines = Vec::new();
    let calls =
        format!("{}{}{}", sum.calls, with(sum.denied, "denied"), with(sum.unfinished, "without an end"));
    lines.push(fact("calls", calls, if sum.denied > 0 { Meaning::Deny } else { Meaning::Text }));
    let traffic = format!("{} sent, {} received", bytes(sum.sent), bytes(sum.received));
    lines.push(fact("bytes", traffic, Meaning::Text));
    let failed: u64 = sum.failed.iter().map(|failed| failed.count).sum();
    lines.push(fact("commands", format!("{}{}", sum.commands, with(failed, "failed")), Meaning::Text));
    let asked = &sum.approvals;
    let refused = asked.denied + asked.expired + asked.nobody + asked.withdrawn;
    let answers = format!(
        "{} asked{}{}{}{}",
        asked.asked,
        with(asked.granted, "granted"),
        with(refused, "not granted"),
        with(asked.waiting(), "waiting"),
        with(asked.used, "let through by an earlier yes")
    );
    lines.push(fact("approvals", answers, if refused > 0 { Meaning::Deny } else { Meaning::Text }));
    let secrets = if sum.masked == 1 { "secret" } else { "secrets" };
    lines.push(fact("masked", format!("{} {secrets}", sum.masked), Meaning::Text));
    let damage = [
        (sum.lost, "lost", "times something could not be recorded"),
        (sum.unreadable, "damaged", "lines of the audit log cannot be read"),
    ];
    for (count, name, words) in damage.into_iter().filter(|(count, ..)| *count > 0) {
        lines.push(fact(name, format!("{count} {words}"), Meaning::Error));
    }
    if !sum.cut.is_empty() {
        let words = format!("only the most frequent of: {}", sum.cut.join(", "));
        lines.push(fact("not all", words, Meaning::Muted));
    }
    lines
}

/// A cell for all calls, one for each access level that is used, one for what was denied.
fn services(sum: &Summary) -> Vec<Line> {
    let levels = sum.levels();
    let cell = |service: &str, access, denied: bool, calls: u64, at, name: String| match calls {
        0 => Goal::Nothing,
        _ => Goal::Moments {
            wanted: Some(Counted::Calls { service: Some(service.to_owned()), access, denied }),
            at,
            name,
        },
    };
    let line = |(index, service): (usize, &crate::record::summary::Service)| {
        let name = &service.name;
        let mut goals = vec![cell(name, None, false, service.all.calls, service.all.first, name.clone())];
        for level in &levels {
            let (level, calls) = (LEVELS[*level], service.levels[*level]);
            goals.push(cell(name, Some(level), false, calls.calls, calls.first, format!("{name} {level}")));
        }
        let denied = service.all.denied;
        goals.push(cell(name, None, true, denied, service.first_denied, format!("{name} denied")));
        Line { shows: Shows::Service(index), goals }
    };
    sum.services.iter().enumerate().map(|(index, service)| line((index, service))).collect()
}

fn decisions(sum: &Summary) -> Vec<Line> {
    let line = |decided: &crate::record::summary::Decided| {
        let meaning = match decided.effect {
            Verdict::Allow => Meaning::Allow,
            Verdict::Ask => Meaning::Ask,
            Verdict::Deny => Meaning::Deny,
        };
        let name = decided.effect.as_str();
        Line {
            shows: row(Some(decided.count), decided.first, None, name, meaning),
            goals: goal(Counted::Decided(decided.effect), decided.first, name),
        }
    };
    sum.decisions.iter().map(line).collect()
}

fn questions(sum: &Summary) -> Vec<Line> {
    let line = |asked: &crate::record::summary::Question| {
        let (word, meaning) = match asked.answer {
            None => ("waiting", Meaning::Ask),
            Some(crate::audit::Answer::Granted) => ("granted", Meaning::Allow),
            Some(other) => (other.as_str(), Meaning::Deny),
        };
        let by = asked.by.as_ref().map(|by| format!("  {by}")).unwrap_or_default();
        let text = format!("{}{by}", asked.question);
        Line {
            shows: row(None, asked.at, Some(word.to_owned()), &text, meaning),
            goals: vec![Goal::Moments { wanted: None, at: asked.at, name: asked.question.clone() }],
        }
    };
    sum.approvals.questions.iter().map(line).collect()
}

fn masks(sum: &Summary) -> Vec<Line> {
    let line = |masked: &crate::record::summary::Masked| Line {
        shows: row(
            Some(masked.count),
            masked.first,
            Some(masked.places.join(", ")),
            &masked.rule,
            Meaning::Text,
        ),
        goals: goal(Counted::Mask(masked.rule.clone()), masked.first, &masked.rule),
    };
    sum.masks.iter().map(line).collect()
}

fn longest(sum: &Summary) -> Vec<Line> {
    let line = |ran: &crate::record::summary::Ran| Line {
        shows: row(
            None,
            ran.at,
            Some(super::commands::short(ran.took)),
            &shown_line(ran.typed, &ran.line),
            mood(ran.end),
        ),
        goals: vec![Goal::Moments { wanted: None, at: ran.at, name: ran.line.clone() }],
    };
    sum.longest.iter().map(line).collect()
}

fn failed(sum: &Summary) -> Vec<Line> {
    let line = |failed: &crate::record::summary::Unsuccessful| {
        let wanted = Counted::Failed { line: failed.line.clone(), end: failed.end };
        let text = shown_line(failed.typed, &failed.line);
        Line {
            shows: row(Some(failed.count), failed.first, Some(failed.end.words()), &text, mood(failed.end)),
            goals: goal(wanted, failed.first, &failed.line),
        }
    };
    sum.failed.iter().map(line).collect()
}

fn shown_line(typed: bool, line: &str) -> String {
    if typed { format!("» {line}") } else { line.to_owned() }
}

fn mood(end: CommandEnded) -> Meaning {
    match end {
        CommandEnded::Not(crate::audit::CommandFailure::Refused) => Meaning::Deny,
        end if end.is_failure() => Meaning::Error,
        _ => Meaning::Command,
    }
}

/// `512 B`, `1.5 KiB`, `3.2 GiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut unit = 0;
    let mut tenths = u128::from(bytes) * 10 / 1_024;
    while tenths >= 10_240 && unit + 1 < units.len() {
        (tenths, unit) = (tenths / 1_024, unit + 1);
    }
    match bytes {
        0..1_024 => format!("{bytes} B"),
        _ => format!("{}.{} {}", tenths / 10, tenths % 10, units[unit]),
    }
}
