//! The second mask, at export: everything that leaves goes through stricter rules once more.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::audit;
use crate::audit::Start;
use crate::cast::Event;
use crate::cast::Header;
use crate::cast::Kind;
use crate::error::Error;
use crate::error::Kind as Trouble;
use crate::error::Result;
use crate::mask::Engine;
use crate::mask::Grid;
use crate::mask::Hidden;
use crate::mask::Masks;
use crate::mask::Stream;
use crate::mask::starred;
use crate::term::MAX_COLS;
use crate::term::MAX_ROWS;
use crate::term::Snapshot;

/// Most bytes of output that wait for the end of what may be a secret; then their times are no longer exact.
const MOST_HELD: usize = 4 << 20;

/// Most characters of which it is remembered that they are to be hidden.
const MOST_HIDDEN: usize = 1 << 20;

/// Masks all that an export shows: output, titles, markers, commands, parameters, environment. What it finds in one place it
/// looks for in all others from then on, so a recording that is passed through twice is masked evenly.
pub struct Cleaner {
    engine: Arc<Engine>,
    masks: RefCell<Masks>,
    /// Characters of the output that only the screen gave away, by position: a later pass hides them where they were drawn.
    hidden: RefCell<BTreeMap<u64, Hidden>>,
}

impl Cleaner {
    /// A second mask with these rules.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self { engine: Arc::new(engine), masks: RefCell::default(), hidden: RefCell::default() }
    }

    /// How often each rule hit since the last call.
    pub fn take_counts(&self) -> BTreeMap<String, u64> {
        let masks = std::mem::take(&mut *self.masks.borrow_mut());
        masks.iter().map(|hit| (hit.rule.to_string(), hit.count)).collect()
    }

    /// Counts these too.
    pub(super) fn add_counts<const N: usize>(&self, counts: [&BTreeMap<String, u64>; N]) {
        let mut masks = self.masks.borrow_mut();
        counts
            .iter()
            .flat_map(|rules| rules.iter())
            .for_each(|(rule, count)| masks.add(rule.as_str().into(), *count));
    }

    /// A text.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        for found in self.engine.find(text.as_bytes()) {
            if let Some(secret) = text.get(found.range) {
                self.engine.learn(&found.kind, secret);
            }
        }
        self.engine.text_counted(text, &mut self.masks.borrow_mut())
    }

    /// The header of a terminal recording, its environment included.
    #[must_use]
    pub fn header(&self, header: &Header) -> Header {
        let text = |text: &Option<String>| text.as_ref().map(|text| self.text(text).into_owned());
        let mut env = serde_json::json!(header.env);
        self.masks.borrow_mut().merge(self.engine.json_value(&mut env, &[]));
        self.texts(&mut env);
        Header {
            command: text(&header.command),
            title: text(&header.title),
            term_type: text(&header.term_type),
            env: serde_json::from_value(env).unwrap_or_default(),
            // Colours only: three texts that nothing has checked.
            theme: None,
            ..header.clone()
        }
    }

    /// An event of the audit log.
    ///
    /// # Errors
    /// When it has something to mask and would not be such an event without it.
    pub fn event(&self, mut event: audit::Event) -> Result<audit::Event> {
        match &mut event {
            audit::Event::CommandStart(start) => start.argv = self.engine.argv(&start.argv),
            audit::Event::CommandFailed(failed) => failed.argv = self.engine.argv(&failed.argv),
            audit::Event::SessionStart(start) => start.command = self.engine.argv(&start.command),
            _ => {}
        }
        self.value(event)
    }

    /// The beginning of a session.
    ///
    /// # Errors
    /// As [`Cleaner::event`].
    pub fn start(&self, start: Start) -> Result<Start> {
        match self.event(audit::Event::SessionStart(Box::new(start)))? {
            audit::Event::SessionStart(start) => Ok(*start),
            _ => Err(cannot("the beginning of the session")),
        }
    }

    /// Anything that can be written as JSON and read again.
    ///
    /// # Errors
    /// When it has something to mask and cannot be read without it.
    pub fn value<T: Serialize + DeserializeOwned>(&self, value: T) -> Result<T> {
        let mut json = serde_json::to_value(&value).map_err(|error| cannot(&error.to_string()))?;
        if !self.texts(&mut json) {
            return Ok(value);
        }
        serde_json::from_value(json).map_err(|error| cannot(&error.to_string()))
    }

    /// Masks every text, and of parameters the names too; whether there was one to mask.
    fn texts(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => match self.text(text) {
                Cow::Borrowed(_) => false,
                Cow::Owned(masked) => {
                    *text = masked;
                    true
                }
            },
            Value::Array(items) => items.iter_mut().fold(false, |any, item| self.texts(item) | any),
            Value::Object(members) => {
                let mut any = false;
                for (name, member) in members.iter_mut() {
                    if name == "params" {
                        any |= self.parameters(member);
                    }
                    any |= self.texts(member);
                }
                any
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn parameters(&self, params: &mut Value) -> bool {
        let found = self.engine.json_value(params, &[]);
        let any = !found.is_empty();
        self.masks.borrow_mut().merge(found);
        self.names(params) | any
    }

    fn names(&self, value: &mut Value) -> bool {
        match value {
            Value::Array(items) => items.iter_mut().fold(false, |any, item| self.names(item) | any),
            Value::Object(members) => {
                let mut any = members.values_mut().fold(false, |any, member| self.names(member) | any);
                if members.keys().any(|name| matches!(self.text(name), Cow::Owned(_))) {
                    let old = std::mem::take(members);
                    members.extend(
                        old.into_iter().map(|(name, member)| (self.text(&name).into_owned(), member)),
                    );
                    any = true;
                }
                any
            }
            _ => false,
        }
    }

    /// What a screen shows, as whole lines: what the stream of output did not show as one piece is found here.
    pub fn screen(&self, screen: &mut Snapshot) {
        let (cols, rows) = (usize::from(screen.cols), screen.rows);
        let mut first = 0;
        while first < rows {
            let joined = |row: &u16| screen.wrapped.get(usize::from(*row)).copied().unwrap_or(false);
            let last = (first..rows).find(|row| !joined(row)).unwrap_or(rows - 1);
            let range = usize::from(first) * cols..(usize::from(last) + 1) * cols;
            let Some(cells) = screen.cells.get_mut(range) else { return };
            let (mut text, mut places) = (String::new(), Vec::new());
            for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.columns > 0) {
                places.push((text.len(), at));
                text.push(cell.character);
            }
            for found in self.engine.find(text.as_bytes()) {
                let hit = places.iter().filter(|(byte, _)| found.range.contains(byte));
                hit.for_each(|(_, at)| cells[*at].character = '*');
                let mut masks = Masks::default();
                masks.add(found.rule, 1);
                self.masks.borrow_mut().merge(masks);
            }
            first = last + 1;
        }
    }

    /// The events of a terminal recording. Typed input, exact bytes and unknown kinds are left out: what they hold cannot be
    /// masked as it would have been seen.
    pub fn events<'c, I>(&'c self, header: &Header, events: I) -> Cleaned<'c, I>
    where
        I: Iterator<Item = Result<Event>>,
    {
        let mut stream = self.engine.stream();
        stream.resize(header.cols);
        Cleaned {
            cleaner: self,
            events,
            stream,
            grid: Grid::new(
                Arc::clone(&self.engine),
                header.cols.clamp(1, MAX_COLS),
                header.rows.clamp(1, MAX_ROWS),
            ),
            position: 0,
            held: VecDeque::new(),
            raw: Vec::new(),
            out: Vec::new(),
            ready: VecDeque::new(),
            done: false,
        }
    }
}

fn cannot(why: &str) -> Error {
    Error::new(Trouble::Record, "a part of the recording cannot be masked again")
        .why(why)
        .fix("export a part without it (--from, --to), or without --mask")
}

/// See [`Cleaner::events`].
pub struct Cleaned<'c, I> {
    cleaner: &'c Cleaner,
    events: I,
    stream: Stream,
    /// What the screen gives away that the running text does not.
    grid: Grid,
    /// Bytes of output that have been given.
    position: u64,
    raw: Vec<u8>,
    /// Events that wait for the mask to be sure, with the length of their output as it came.
    held: VecDeque<(Event, usize)>,
    out: Vec<u8>,
    ready: VecDeque<Result<Event>>,
    done: bool,
}

impl<I> Cleaned<'_, I> {
    /// Looks at the screen as it is after this output.
    fn look(&mut self) {
        let raw = std::mem::take(&mut self.raw);
        // The mask keeps lengths; where it could not, nothing could be said of positions.
        if raw.len() != self.out.len() {
            return;
        }
        self.grid.feed(&self.out, &raw, self.position);
        self.grid.look(true);
        self.cleaner.masks.borrow_mut().merge(self.grid.take_masks());
        let mut hidden = self.cleaner.hidden.borrow_mut();
        for hit in self.grid.take_hits() {
            if hidden.len() < MOST_HIDDEN {
                hidden.insert(hit.at, hit);
            }
        }
    }

    /// A piece of output at our position, with stars for what the screen gave away.
    fn starred(&self, own: &str) -> String {
        let end = self.position + own.len() as u64;
        let hidden: Vec<Hidden> =
            self.cleaner.hidden.borrow().range(self.position..end).map(|(_, hit)| *hit).collect();
        match hidden.is_empty() {
            true => own.to_owned(),
            false => String::from_utf8_lossy(&starred(own.as_bytes(), self.position, hidden)).into_owned(),
        }
    }

    fn take(&mut self, event: Event) {
        match event.kind {
            Kind::Output => {
                self.stream.push(event.data.as_bytes(), &mut self.out);
                self.raw.extend_from_slice(event.data.as_bytes());
                let length = event.data.len();
                self.held.push_back((Event { data: String::new(), ..event }, length));
            }
            Kind::Resize => {
                if let Some((cols, rows)) = event.size() {
                    self.stream.resize(cols);
                    self.grid.resize(cols.clamp(1, MAX_COLS), rows.clamp(1, MAX_ROWS));
                    self.held.push_back((event, 0));
                }
            }
            Kind::Marker => {
                let data = self.cleaner.text(&event.data).into_owned();
                self.held.push_back((Event { data, ..event }, 0));
            }
            Kind::Exit if event.data.parse::<i32>().is_ok() => self.held.push_back((event, 0)),
            Kind::Exit | Kind::Input | Kind::Raw | Kind::Other(_) => {}
        }
        if !self.held.is_empty() && (!self.stream.is_holding() || self.out.len() > MOST_HELD) {
            self.release();
        }
    }

    /// Gives what was held the masked output: each event as much as it had, the last one what is left.
    fn release(&mut self) {
        let masks = self.stream.take_masks();
        self.cleaner.masks.borrow_mut().merge(masks);
        self.look();
        let text = String::from_utf8_lossy(&std::mem::take(&mut self.out)).into_owned();
        let last = self.held.iter().rposition(|(event, _)| event.kind == Kind::Output);
        let mut rest = text.as_str();
        for (at, (mut event, length)) in std::mem::take(&mut self.held).into_iter().enumerate() {
            if event.kind == Kind::Output {
                let end = if Some(at) == last { rest.len() } else { rest.floor_char_boundary(length) };
                let (own, others) = rest.split_at(end);
                event.data = self.starred(own);
                self.position += own.len() as u64;
                rest = others;
                if event.data.is_empty() {
                    continue;
                }
            }
            self.ready.push_back(Ok(event));
        }
    }
}

impl<I: Iterator<Item = Result<Event>>> Iterator for Cleaned<'_, I> {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.done {
                return None;
            }
            match self.events.next() {
                Some(Ok(event)) => self.take(event),
                Some(Err(error)) => return Some(Err(error)),
                None => {
                    self.stream.finish(&mut self.out);
                    self.release();
                    self.done = true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Selection;
    use crate::term::Screen;
    use crate::types::Micros;

    fn cleaner() -> Cleaner {
        let packs = vec!["default".to_owned(), "pii".to_owned()];
        Cleaner::new(Engine::with_selection(&Selection { packs, without: Vec::new() }, &[]).unwrap())
    }

    fn played(outputs: &[&str]) -> Vec<(u64, String)> {
        let cleaner = cleaner();
        let header = Header { cols: 80, rows: 4, ..Header::default() };
        let events = outputs
            .iter()
            .zip(1..)
            .map(|(data, at)| Ok(Event { time: Micros(at), kind: Kind::Output, data: (*data).to_owned() }));
        cleaner
            .events(&header, events)
            .map(|event| event.unwrap())
            .map(|event| (event.time.0, event.data))
            .collect()
    }

    #[test]
    fn output_is_masked_and_keeps_its_times() {
        let pieces = ["mail ana.li", "ma7@exam", "ple.com now\r\n", "世界 plain\r\n", "$ "];
        let shown = played(&pieces);
        let text: String = shown.iter().map(|(_, data)| data.as_str()).collect();
        assert!(
            !text.contains("lima7") && !text.contains("example") && text.contains("now\r\n世界 plain"),
            "{text}"
        );
        assert_eq!(text.len(), pieces.concat().len());
        assert_eq!(
            shown.iter().map(|(at, data)| (*at, data.len())).collect::<Vec<_>>(),
            [(1, 11), (2, 8), (3, 13), (4, 14), (5, 2)]
        );
    }

    #[test]
    fn a_screen_that_was_drawn_in_pieces_is_masked_as_it_is_seen() {
        let mut screen = Screen::new(40, 3);
        screen.feed("\x1b[2;9H@example.com\x1b[2;1Hana.lima");
        let mut shot = screen.snapshot();
        assert!(shot.row_text(1).contains("ana.lima@example.com"));
        let cleaner = cleaner();
        cleaner.screen(&mut shot);
        assert!(
            !shot.row_text(1).contains("lima") && !shot.row_text(1).contains("example"),
            "{}",
            shot.row_text(1)
        );
        assert_eq!(cleaner.take_counts().get("email"), Some(&1));
    }

    #[test]
    fn a_header_and_its_environment_are_masked() {
        let header = Header {
            title: Some("for ana.lima7@example.com".to_owned()),
            command: Some("mail ana.lima7@example.com".to_owned()),
            env: [("OWNER", "ana.lima7@example.com"), ("API_TOKEN", "Falcon2019xyz!")]
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .into(),
            ..Header::default()
        };
        let shown = format!("{:?}", cleaner().header(&header));
        assert!(!shown.contains("lima7") && !shown.contains("Falcon2019"), "{shown}");
    }
}
