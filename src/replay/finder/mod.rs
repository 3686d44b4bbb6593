//! The list of sessions and the query line above it: what is typed, what was found, what is chosen.
//!
//! Every change of the line asks the index at once; the answer comes as news from the threads of [`librarian`]. Only rows
//! around the chosen one are held.

mod landing;
pub mod librarian;
pub mod line;
mod marks;
mod parts;
pub mod places;
mod pointer;
pub mod popup;
pub mod queries;
pub mod rows;
mod suggestions;
mod wishes;

use crate::error::Error;
use crate::query;
use crate::query::Now;
use crate::query::Sort;
use crate::query::Trouble;
use crate::query::Want;
use crate::replay::sessions::Session;
use crate::store::Hit;
use crate::types::Micros;
use librarian::Ask;
use librarian::AskValues;
use librarian::News;
use line::Line;
use popup::Popup;
use queries::Change;
use queries::Queries;
use rows::PAGE;
use rows::Row;
use rows::Rows;

pub use pointer::click;
pub use pointer::scroll;
pub use wishes::begin;
pub use wishes::key;
pub use wishes::paste;
pub use wishes::told;
pub use wishes::update;

/// Rows asked for again at once when the index has changed.
const MOST_AGAIN: usize = 500;

/// How often the recordings are read again while a session that is shown runs.
const REFRESH: Micros = Micros(2_000_000);

/// What is to be asked outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Sessions.
    Find(Ask),
    /// Values of a field.
    Values(AskValues),
    /// A query is to be kept, or no longer.
    Keep(Change),
    /// The index is to be brought up to date.
    CatchUp,
}

/// What an answer that is on its way is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Another query.
    Fresh,
    /// The rest of an answer whose first rows are there.
    Rest,
    /// More rows of the same.
    More,
    /// The same rows, as they are now.
    Again,
}

/// The list.
#[derive(Default)]
pub struct Finder {
    /// The query line.
    pub line: Line,
    /// Whether keys go into it.
    pub typing: bool,
    /// What is wrong with it, if anything.
    pub wrong: Option<Trouble>,
    /// The box below it.
    pub popup: Option<Popup>,
    /// The name being typed for the query that is to be saved.
    pub naming: Option<Line>,
    /// The rows held.
    pub rows: Rows,
    /// Number of the chosen row.
    pub selected: usize,
    /// The chosen hit of that row; none: the session itself.
    pub hit: Option<usize>,
    /// The query that the rows answer; none before the first answer.
    pub answered: Option<String>,
    /// Why there is no answer.
    pub error: Option<Error>,
    /// How many sessions the answer has, once it is known.
    pub count: Option<u64>,
    /// How many sessions the index has.
    pub total: Option<u64>,
    /// How many sessions of how many have been looked at, while the index is brought up to date.
    pub reading: Option<(u64, u64)>,
    /// Whether the index has been brought up to date once.
    pub caught_up: bool,
    /// Queries asked before, and saved ones.
    pub queries: Queries,
    /// Sessions that are marked to be compared, at most two.
    marked: Vec<Session>,
    /// Values of a field that came last.
    known: Option<(AskValues, Vec<(String, u64)>)>,
    /// The line as it was before a list of queries was shown.
    kept: Line,
    /// Whether the person has chosen a row.
    touched: bool,
    asked: Option<(Ask, Purpose)>,
    number: u64,
    /// The number of the answer that came last as a whole.
    shown: Option<u64>,
    /// Whether a session runs, as far as the list has shown.
    runs: bool,
    /// When the recordings were last read because of that.
    refreshed: Micros,
}

impl Finder {
    /// The list as it opens: with `query` in the line, and the cursor behind it.
    #[must_use]
    pub fn new(query: &str) -> Self {
        Self { line: Line::new(query), typing: true, ..Self::default() }
    }

    /// The chosen session.
    #[must_use]
    pub fn chosen(&self) -> Option<&Session> {
        self.row().map(|row| &row.session)
    }

    /// The chosen row.
    #[must_use]
    pub fn row(&self) -> Option<&Row> {
        self.rows.get(self.selected)
    }

    /// The hit that Enter leads to: the chosen one, else the first.
    #[must_use]
    pub fn target(&self) -> Option<&Hit> {
        self.row()?.hits.get(self.hit.unwrap_or(0))
    }

    /// How many rows there are, as far as is known.
    #[must_use]
    pub fn length(&self) -> usize {
        let counted = self.count.filter(|_| !self.rows.ended()).and_then(|count| usize::try_from(count).ok());
        counted.unwrap_or(0).max(self.rows.end())
    }

    /// The number of the last question.
    #[cfg(test)]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What is wrong with the line, as far as it is to be told: not while what is being typed can be completed.
    #[must_use]
    pub fn trouble(&self) -> Option<&Trouble> {
        self.wrong.as_ref().filter(|_| self.popup.is_none())
    }

    /// Whether the rows do not answer what is in the line yet, or not all of it.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        let is_new = |purpose: &Purpose| matches!(purpose, Purpose::Fresh | Purpose::Rest);
        self.asked.as_ref().is_some_and(|(_, purpose)| is_new(purpose))
    }

    /// How long until running sessions are to be looked at again; none while nothing runs, or an answer is on its way.
    #[must_use]
    pub fn due(&self, now: Micros) -> Option<Micros> {
        let is_busy = self.asked.is_some() || self.count.is_none() || self.reading.is_some();
        let due = Micros(self.refreshed.0.saturating_add(REFRESH.0).saturating_sub(now.0));
        (!is_busy && self.caught_up && self.runs).then_some(due)
    }

    /// Reads the recordings again when that is due.
    pub fn refresh(&mut self, now: Micros) -> Option<Wish> {
        (self.due(now)? == Micros(0)).then(|| {
            self.refreshed = now;
            Wish::CatchUp
        })
    }

    /// Asks what is in the line, for the first time; for all sessions when it makes no sense, so that there is something
    /// to look at while it is put right.
    pub fn begin(&mut self, now: &Now) -> Vec<Wish> {
        let mut wishes = self.ask_line(now);
        if wishes.is_empty() {
            wishes.push(self.ask(String::new(), 0, PAGE, Purpose::Fresh));
        }
        wishes.push(Wish::CatchUp);
        wishes
    }

    /// Asks what is in the line now; where it cannot be understood, or its last word has but one letter yet, what it would
    /// be without the part at the cursor, which is still being typed. The rows stay as they are when that makes no sense either.
    fn ask_line(&mut self, now: &Now) -> Vec<Wish> {
        let line = self.line.text().trim().to_owned();
        let is_query = query::parse(&line, now).is_ok();
        self.wrong = if is_query { None } else { query::parse(self.line.text(), now).err() };
        let text = match is_query && !self.is_one_letter() {
            true => self.open_ended(now).unwrap_or(line),
            false => self.without_part(),
        };
        if query::parse(&text, now).is_err() {
            return Vec::new();
        }
        let (asked, answered) = (self.asked.as_ref(), self.answered.as_ref());
        let newest = asked.filter(|(_, purpose)| *purpose == Purpose::Fresh);
        if newest.map_or(answered, |(ask, _)| Some(&ask.text)) == Some(&text) {
            return Vec::new();
        }
        vec![self.ask(text, 0, PAGE, Purpose::Fresh)]
    }

    /// The query without the word, or the field with its value, at the cursor.
    fn without_part(&self) -> String {
        let text = self.line.text();
        let part = query::typing(text, self.line.cursor()).range;
        let head = text[..part.start].trim_end_matches(|c: char| !c.is_whitespace() && c != '(');
        format!("{head}{}", &text[part.end..]).trim().to_owned()
    }

    /// Whether a word has just begun: one letter says nothing yet, and hardly any text has it as a word.
    fn is_one_letter(&self) -> bool {
        let word = query::typing(self.line.text(), self.line.cursor());
        let is_letter = word.prefix.len() == 1 && self.line.text().ends_with(char::is_alphanumeric);
        self.typing && self.line.is_at_end() && is_letter && matches!(word.want, Want::Name)
    }

    /// The query with the word that is still being typed standing for all words that begin so.
    fn open_ended(&self, now: &Now) -> Option<String> {
        let text = self.line.text();
        let word = query::typing(text, self.line.cursor());
        let is_open = self.typing && self.line.is_at_end() && word.prefix.chars().count() > 1;
        let is_word = text.ends_with(char::is_alphanumeric);
        let has_ends = match word.want {
            Want::Name => !["and", "or", "not"].contains(&word.prefix.to_lowercase().as_str()),
            Want::Value(field) => field.info().sort == Sort::Name,
        };
        let starred = format!("{}*", text.trim());
        (is_open && is_word && has_ends && query::parse(&starred, now).is_ok()).then_some(starred)
    }

    fn ask(&mut self, text: String, offset: usize, limit: usize, purpose: Purpose) -> Wish {
        self.number += 1;
        let shown = self.shown.filter(|_| purpose == Purpose::Again);
        let ask = Ask { number: self.number, text, offset, limit, shown };
        self.asked = Some((ask.clone(), purpose));
        Wish::Find(ask)
    }

    /// Asks for the rows around the chosen one that are missing.
    fn ask_more(&mut self) -> Vec<Wish> {
        if self.asked.as_ref().is_some_and(|(_, purpose)| *purpose != Purpose::More) {
            return Vec::new();
        }
        let (Some(text), Some(offset)) = (self.answered.clone(), self.rows.missing(self.selected)) else {
            return Vec::new();
        };
        if self.asked.as_ref().is_some_and(|(ask, _)| ask.offset == offset) {
            return Vec::new();
        }
        let limit = match offset < self.rows.first() {
            true => PAGE.min(self.rows.first() - offset),
            false => PAGE,
        };
        vec![self.ask(text, offset, limit, Purpose::More)]
    }

    /// Asks for the rows that are held once more, because the index has changed.
    fn ask_again(&mut self) -> Vec<Wish> {
        if let Some((ask, Purpose::Fresh)) = self.asked.clone() {
            return vec![self.ask(ask.text, 0, PAGE, Purpose::Fresh)];
        }
        let Some(text) = self.answered.clone() else { return Vec::new() };
        let offset = self.rows.first();
        let limit = (self.rows.end() - offset).clamp(PAGE, MOST_AGAIN);
        vec![self.ask(text, offset, limit, Purpose::Again)]
    }

    /// Takes news; a word for the person comes back with what is to be asked next.
    pub fn receive(&mut self, news: News) -> (Vec<Wish>, Option<String>) {
        match news {
            News::Page { number, offset, rows, ended } => {
                return (self.take(number, offset, rows, ended), None);
            }
            News::Part { number, offset, rows } => self.take_part(number, offset, rows),
            News::Same(number) => {
                if self.asked.take_if(|(ask, _)| ask.number == number).is_some() {
                    self.error = None;
                    return (self.ask_more(), None);
                }
            }
            News::Failed(number, error) => {
                if self.asked.take_if(|(ask, _)| ask.number == number).is_some() {
                    self.error = Some(error);
                }
            }
            News::Count(number, count) => {
                if number == self.number
                    || self.asked.as_ref().is_none_or(|(_, purpose)| *purpose != Purpose::Fresh)
                {
                    self.count = Some(count);
                }
            }
            News::Total(total) => self.total = Some(total),
            News::Damaged => return (vec![Wish::CatchUp], None),
            News::Values(ask, values) => {
                self.known = Some((ask, values));
                self.suggest();
            }
            News::Reading(looked, of) => {
                self.reading = Some((looked, of));
                return (self.ask_again(), None);
            }
            News::CaughtUp(done) => {
                self.reading = None;
                self.caught_up = true;
                let word = match done {
                    Ok(notices) => notices.into_iter().next(),
                    Err(error) => {
                        let word = error.to_string();
                        self.error = self.error.take().or(Some(error)).filter(|_| self.rows.end() == 0);
                        Some(word)
                    }
                };
                return (self.ask_again(), word);
            }
            News::Queries(Ok(queries), saved) => {
                self.queries = queries;
                self.relist();
                return (Vec::new(), saved.map(|name| format!("saved: hoop-replay @{name} opens with it")));
            }
            News::Queries(Err(error), _) => return (Vec::new(), Some(words(&error))),
        }
        (Vec::new(), None)
    }

    fn take(&mut self, number: u64, offset: usize, rows: Vec<Row>, ended: bool) -> Vec<Wish> {
        let Some((ask, purpose)) = self.asked.take_if(|(ask, _)| ask.number == number) else {
            return Vec::new();
        };
        (self.error, self.shown) = (None, Some(number));
        let (chosen, hit) = (self.chosen().map(|session| session.id.clone()), self.hit.take());
        match purpose {
            Purpose::Fresh => {
                self.rows.set(offset, rows, ended);
                (self.answered, self.count) = (Some(ask.text), None);
                (self.selected, self.touched) = (0, false);
            }
            Purpose::Rest | Purpose::More => {
                self.rows.take(offset, rows, ended);
                self.hit = hit;
            }
            Purpose::Again => {
                self.rows.set(offset, rows, ended);
                if let Some(again) = chosen.filter(|_| self.touched).and_then(|id| self.rows.position(&id)) {
                    self.selected = again;
                    self.hit = hit.filter(|hit| self.row().is_some_and(|row| *hit < row.hits.len()));
                }
            }
        }
        let is_all = self.answered.as_deref().is_none_or(str::is_empty);
        self.runs = self.rows.any_running() || self.runs && !is_all;
        if self.rows.ended() {
            self.count = Some(self.rows.end() as u64);
            self.selected = self.selected.min(self.rows.end().saturating_sub(1));
        }
        self.ask_more()
    }

    /// Takes the first rows of an answer, or those after them. What is only asked for again comes as a whole.
    fn take_part(&mut self, number: u64, offset: usize, rows: Vec<Row>) {
        match &mut self.asked {
            Some((ask, purpose @ Purpose::Fresh)) if ask.number == number => {
                *purpose = Purpose::Rest;
                (self.answered, self.count, self.error) = (Some(ask.text.clone()), None, None);
                self.rows.set(offset, rows, false);
                (self.selected, self.touched, self.hit) = (0, false, None);
            }
            Some((ask, Purpose::Rest)) if ask.number == number => self.rows.take(offset, rows, false),
            _ => {}
        }
    }

    /// Chooses row `index`, and asks for rows that are missing there.
    pub fn select(&mut self, index: usize) -> Vec<Wish> {
        let last = self.length().saturating_sub(1);
        (self.selected, self.hit, self.touched) = (index.min(last), None, true);
        self.ask_more()
    }
}

/// What went wrong and why, in one line.
fn words(error: &Error) -> String {
    let why = error.causes().first().map(|why| format!(": {why}")).unwrap_or_default();
    format!("{}{why}", error.what())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::fixture;

    fn questions(wishes: &[Wish]) -> Vec<&Ask> {
        wishes.iter().filter_map(|wish| if let Wish::Find(ask) = wish { Some(ask) } else { None }).collect()
    }

    #[test]
    fn a_list_that_has_not_changed_stays_as_it_is_and_is_looked_at_again() {
        let mut state = fixture::list();
        let now = state.now();
        let finder = &mut state.sessions;
        finder.select(2);
        let due = |finder: &Finder| finder.due(Micros(5_000_000)).is_some();
        assert!(due(finder), "one of them runs");
        let (wishes, _) = finder.receive(News::CaughtUp(Ok(Vec::new())));
        let [ask] = questions(&wishes)[..] else { panic!("{wishes:?}") };
        assert!(ask.shown.is_some_and(|shown| shown < ask.number) && !due(finder), "{ask:?}");
        let number = ask.number;
        finder.receive(News::Same(number - 1));
        assert!(!due(finder), "that was another question");
        let (wishes, word) = finder.receive(News::Same(number));
        assert!(wishes.is_empty() && word.is_none() && due(finder));
        assert_eq!((finder.selected, finder.rows.end(), finder.count), (2, 4, Some(4)));
        finder.line = Line::new("make");
        let wishes = finder.edited(&now);
        assert!(questions(&wishes)[0].shown.is_none(), "another query: nothing of it is shown");
    }
}
