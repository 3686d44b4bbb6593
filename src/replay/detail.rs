//! All about what is chosen: laid out in rows once, so that a picture of it costs what is shown; scrolled, and searched.

use ratatui::layout::Rect;
use regex::Regex;
use regex::RegexBuilder;

use crate::replay::bodies::Part;
use crate::replay::entries::Entry;
use crate::replay::entries::Lines;
use crate::replay::facts::Fact;
use crate::replay::layout;
use crate::replay::panes::Tab;
use crate::replay::play::Play;
use crate::replay::pretty::Form;
use crate::replay::theme::Meaning;
use crate::term::clip;
use crate::term::fit;
use crate::term::safe;
use crate::term::width;

/// Columns of the names.
const NAMES: u16 = 11;
/// What stands below the commands behind a call.
const AFTER: [&str; 4] = ["region", "made as", "took", "request"];
/// Commands shown behind the chosen one, and characters of each.
const NEAR: usize = 8;
const LONGEST: usize = 240;
/// Most hits of a search.
const MAX_HITS: usize = 10_000;

/// A row: what stands at the left, the text, how it is coloured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// A name, or the margin below it.
    pub left: String,
    /// The text; nothing in it can move a cursor.
    pub text: String,
    /// How it is coloured.
    pub meaning: Meaning,
    /// What it is a piece of, where its structure can be coloured.
    pub form: Option<Form>,
}

/// What rows were made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    tab: Tab,
    chosen: usize,
    width: u16,
    version: u64,
}

/// Rows made for a width.
#[derive(Debug, Default)]
pub struct Laid {
    rows: Vec<Row>,
    key: Option<Key>,
}

impl Laid {
    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

/// A search in it.
#[derive(Debug)]
pub struct Find {
    /// What was typed.
    pub text: String,
    /// What it means.
    pub pattern: Regex,
    /// Rows with hits.
    pub hits: Vec<usize>,
    /// Which of them was gone to.
    pub at: usize,
    /// Nothing has been found yet: the first hit that comes is gone to.
    is_new: bool,
}

/// The open detail.
#[derive(Debug, Default)]
pub struct Detail {
    /// The first row shown.
    pub scroll: usize,
    /// A search in it.
    pub find: Option<Find>,
    laid: Laid,
}

impl Detail {
    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.laid.rows
    }

    /// Finds the hits anew; goes to the first one from here on if none was found before.
    fn look(&mut self) {
        let Some(find) = &mut self.find else { return };
        let rows = self.laid.rows.iter().enumerate();
        let hits =
            rows.filter(|(_, row)| find.pattern.is_match(&row.text) || find.pattern.is_match(&row.left));
        find.hits = hits.map(|(index, _)| index).take(MAX_HITS).collect();
        find.at = find.at.min(find.hits.len().saturating_sub(1));
        if find.is_new && !find.hits.is_empty() {
            find.is_new = false;
            find.at = find.hits.iter().position(|row| *row >= self.scroll).unwrap_or(0);
            self.scroll = find.hits[find.at].saturating_sub(1);
        }
    }
}

/// What was read of a call.
#[derive(Debug, Default)]
pub struct Looked {
    /// What was asked for last, and the number of the question.
    asked: Option<Lines>,
    number: u64,
    /// The answer.
    parts: Option<(Lines, Vec<Part>)>,
}

impl Looked {
    /// Whether the answer is about the call at these lines.
    fn is_of(&self, lines: Lines) -> bool {
        self.parts.as_ref().is_some_and(|(of, _)| *of == lines)
    }
}

impl Play {
    /// Begins the detail, or the list of facts, at its top: something else is chosen.
    pub fn rewind(&mut self) {
        if let Some(detail) = &mut self.detail {
            detail.scroll = 0;
        }
    }

    /// What has to be read for what is shown, if that has not been asked for yet.
    pub fn look(&mut self) -> Option<(u64, Lines)> {
        self.detail.as_ref()?;
        let lines = self.chosen()?.lines?;
        if self.looked.asked == Some(lines) {
            return None;
        }
        self.looked.number += 1;
        self.looked.asked = Some(lines);
        Some((self.looked.number, lines))
    }

    /// Takes what was read.
    pub fn take_parts(&mut self, number: u64, lines: Lines, parts: Vec<Part>) {
        if number == self.looked.number {
            self.looked.parts = Some((lines, parts));
            self.version += 1;
        }
    }

    /// Lays out what has changed, before it is drawn on `area`.
    pub fn settle(&mut self, area: Rect) {
        let places = layout::play(self, area);
        if let Some(mut detail) = self.detail.take() {
            let key = self.key(places.detail.width);
            if detail.laid.key != Some(key) && !places.detail.is_empty() {
                detail.laid = Laid { rows: self.rows(places.detail.width), key: Some(key) };
                detail.look();
            }
            let height = usize::from(places.detail.height.saturating_sub(1));
            detail.scroll = detail.scroll.min(detail.laid.rows.len().saturating_sub(height));
            self.detail = Some(detail);
        }
        if self.panes.tab == Tab::Session && !places.rows.is_empty() {
            let key = Key { chosen: 0, ..self.key(places.rows.width) };
            if self.panes.facts.key != Some(key) {
                self.panes.facts = Laid { rows: facts(&self.facts, places.rows.width), key: Some(key) };
            }
            let height = usize::from(places.rows.height);
            let most = self.panes.facts.rows.len().saturating_sub(height);
            self.panes.scroll = self.panes.scroll.min(most);
        }
    }

    fn key(&self, width: u16) -> Key {
        Key { tab: self.panes.tab, chosen: self.list_place().0, width, version: self.version }
    }

    fn rows(&self, width: u16) -> Vec<Row> {
        let Some(entry) = self.chosen() else { return Vec::new() };
        let mut rows = Vec::new();
        let relatives = relatives(self, entry);
        // Who made a call stands below what it was about and what was decided.
        let about =
            entry.detail.iter().position(|(name, _)| AFTER.contains(name)).filter(|_| entry.is_call());
        let (before, after) = entry.detail.split_at(about.unwrap_or(entry.detail.len()));
        for (name, value) in before.iter().chain(&relatives).chain(after) {
            let meaning = match *name {
                "action" | "command" | "typed" | "decision" | "status" | "answer" => entry.meaning,
                "ended" => entry.mood,
                _ => Meaning::Text,
            };
            put(&mut rows, name, value, (meaning, width));
        }
        if let Some(lines) = entry.lines {
            match &self.looked.parts {
                Some((of, parts)) if *of == lines => {
                    parts.iter().for_each(|part| put_part(&mut rows, part, width))
                }
                _ => put(&mut rows, "request", "reading …", (Meaning::Muted, width)),
            }
        }
        rows
    }

    /// Begins a search in the detail; gives a word for the person when nothing is found.
    pub fn find(&mut self, text: &str) -> Option<String> {
        let is_reading =
            self.chosen().and_then(|entry| entry.lines).is_some_and(|lines| !self.looked.is_of(lines));
        let detail = self.detail.as_mut()?;
        detail.find = None;
        let escaped = regex::escape(text.trim());
        let pattern = RegexBuilder::new(&escaped)
            .case_insensitive(true)
            .build()
            .ok()
            .filter(|_| !escaped.is_empty())?;
        detail.find =
            Some(Find { text: text.trim().to_owned(), pattern, hits: Vec::new(), at: 0, is_new: true });
        detail.look();
        let find = detail.find.as_ref().filter(|find| find.hits.is_empty() && !is_reading)?;
        let words = format!("`{}` does not stand in it", find.text);
        detail.find = None;
        Some(words)
    }

    /// Goes to the next hit in the detail, or the one before, around its ends.
    pub fn next_found(&mut self, forward: bool) {
        let Some(detail) = &mut self.detail else { return };
        let Some(find) = detail.find.as_mut().filter(|find| !find.hits.is_empty()) else { return };
        let count = find.hits.len();
        find.at = if forward { (find.at + 1) % count } else { (find.at + count - 1) % count };
        detail.scroll = find.hits[find.at].saturating_sub(1);
    }
}

/// Rows of a name and its value, which may have several lines.
fn put(rows: &mut Vec<Row>, name: &str, value: &str, (meaning, width): (Meaning, u16)) {
    let margin = NAMES + 2;
    let room = usize::from(width.saturating_sub(margin + 1));
    let mut left = format!(" {} ", fit(name, usize::from(NAMES)));
    for line in value.lines() {
        for text in crate::replay::view::wrapped(line, room) {
            rows.push(Row { left: std::mem::take(&mut left), text, meaning, form: None });
            left = " ".repeat(usize::from(margin));
        }
    }
}

fn heading(rows: &mut Vec<Row>, name: &str, note: &str, columns: u16) {
    let room = usize::from(columns.saturating_sub(1));
    let left = format!(" {name}");
    let text = fit(&safe(note), room.saturating_sub(width(&left) + 2));
    rows.push(Row { left: String::new(), text: String::new(), meaning: Meaning::Text, form: None });
    rows.push(Row { left, text: format!("  {}", text.trim_end()), meaning: Meaning::Heading, form: None });
}

/// A body takes the whole width, below its heading; its lines are broken where the pane ends, so that nothing is lost.
fn put_part(rows: &mut Vec<Row>, part: &Part, width: u16) {
    heading(rows, part.name, &part.note, width);
    if let Some(trouble) = &part.trouble {
        let text = format!("  cannot be shown: {trouble}");
        put(rows, "", text.trim(), (Meaning::Error, width));
    }
    let room = usize::from(width.saturating_sub(3)).max(2);
    for line in &part.lines {
        let mut rest = line.as_str();
        loop {
            let head = clip(rest, room);
            let head = if head.is_empty() { rest } else { head };
            let (text, after) = (head.to_owned(), &rest[head.len()..]);
            rows.push(Row { left: "  ".to_owned(), text, meaning: Meaning::Text, form: Some(part.form) });
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
    }
}

/// The facts of the session as rows.
fn facts(facts: &[Fact], width: u16) -> Vec<Row> {
    let mut rows = Vec::new();
    for fact in facts {
        if fact.name.is_empty() {
            if !rows.is_empty() {
                rows.push(Row {
                    left: String::new(),
                    text: String::new(),
                    meaning: Meaning::Text,
                    form: None,
                });
            }
            let left = format!(" {}", fact.value);
            rows.push(Row { left, text: String::new(), meaning: fact.meaning, form: None });
        } else {
            put(&mut rows, fact.name, &fact.value, (fact.meaning, width));
        }
    }
    rows
}

/// The commands behind what is chosen, up the tree, and the calls it made.
fn relatives(play: &Play, entry: &Entry) -> Vec<(&'static str, String)> {
    let moments = &play.moments;
    let title = |entry: usize| moments.entries().get(entry).map_or("", |entry| entry.title.as_str());
    let mut rows = Vec::new();
    let chosen = match play.panes.tab {
        Tab::Approvals | Tab::Alerts => {
            let call = entry.call.and_then(|call| moments.entry_of_call(call));
            rows.extend(call.map(|call| ("of call", title(call).to_owned())));
            call
        }
        _ => play.chosen_entry(),
    };
    let Some(chosen) = chosen else { return rows };
    let mut names = vec!["by"; NEAR];
    names[0] = if moments.entries()[chosen].is_call() { "made by" } else { "started by" };
    for (behind, name) in moments.behind(chosen).zip(names) {
        let number = moments.entries().get(behind).and_then(|entry| entry.node.id);
        let number = number.map(|number| format!("{number} ")).unwrap_or_default();
        rows.push((name, format!("{number}{}", clip(title(behind), LONGEST))));
    }
    if moments.entries()[chosen].is_command() {
        let (own, below) = (moments.calls_of(chosen), moments.made(chosen));
        if let Some((first, count)) = own {
            let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
            rows.push(("made", format!("{}{more}", title(first))));
        }
        if below.calls > own.map_or(0, |(_, count)| count) {
            let denied = if below.denied > 0 { format!(", {} denied", below.denied) } else { String::new() };
            rows.push(("in all", format!("{} calls{denied}, with what it started", below.calls)));
        }
    }
    if let Some(times) = play.times().filter(|times| *times > 1) {
        rows.push(("times", format!("{times}; this is the first")));
    }
    rows
}
