//! The second mask, at export: everything that leaves goes through stricter rules once more.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
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

/// Bytes of the shortest and the longest text of the output that is looked for in all other places.
const SHORTEST_TEXT: usize = 8;
const LONGEST_TEXT: usize = 64 << 10;

const ESCAPE: u8 = 0x1b;

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
        self.learn(text);
        // Paths and addresses of requests: what is known is hidden in this form too.
        if text.contains('%') {
            self.learn(&percent_decode_str(text).decode_utf8_lossy());
        }
        self.engine.text_counted(text, &mut self.masks.borrow_mut())
    }

    /// Remembers what is to be hidden in a text, so that it is hidden wherever else it stands.
    fn learn(&self, text: &str) {
        for found in self.engine.find(text.as_bytes()) {
            if let Some(secret) = text.get(found.range) {
                self.engine.learn(&found.kind, secret);
            }
        }
    }

    /// Remembers what the mask has hidden of output.
    fn learn_output(&self, raw: &[u8], masked: &[u8]) {
        for secret in hidden_texts(raw, masked) {
            let kind = self.engine.find(secret.as_bytes()).first().map(|found| found.kind.to_string());
            self.engine.learn(kind.as_deref().unwrap_or("secret"), &secret);
        }
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
        let argv = match &mut event {
            audit::Event::CommandStart(start) => Some(&mut start.argv),
            audit::Event::CommandFailed(failed) => Some(&mut failed.argv),
            audit::Event::SessionStart(start) => Some(&mut start.command),
            _ => None,
        };
        if let Some(argv) = argv {
            // An argument may be one only beside the one before it.
            self.learn(&argv.join(" "));
            *argv = self.engine.argv(argv);
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
        self.names_and_numbers(params) | any
    }

    fn names_and_numbers(&self, value: &mut Value) -> bool {
        match value {
            Value::Number(number) => match self.text(&number.to_string()) {
                Cow::Borrowed(_) => false,
                Cow::Owned(masked) => {
                    *value = Value::String(masked);
                    true
                }
            },
            Value::Array(items) => {
                items.iter_mut().fold(false, |any, item| self.names_and_numbers(item) | any)
            }
            Value::Object(members) => {
                let mut any =
                    members.values_mut().fold(false, |any, member| self.names_and_numbers(member) | any);
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

/// The texts that the mask made stars of, without the colours within them.
fn hidden_texts(raw: &[u8], masked: &[u8]) -> Vec<String> {
    let (mut texts, mut text, mut is_escape) = (Vec::new(), Vec::new(), false);
    for (was, is) in raw.iter().zip(masked) {
        let mut is_over = false;
        match (was == is, is_escape, *was) {
            (false, ..) => {
                text.push(*was);
                is_escape = false;
                is_over = text.len() == LONGEST_TEXT;
            }
            (true, true, b'm') => is_escape = false,
            (true, true, byte) if !byte.is_ascii_alphabetic() => {}
            (true, _, ESCAPE) => is_escape = true,
            (true, ..) => (is_escape, is_over) = (false, true),
        }
        if is_over && !text.is_empty() {
            texts.push(std::mem::take(&mut text));
        }
    }
    texts.push(text);
    texts.retain(|text| text.len() >= SHORTEST_TEXT);
    texts.into_iter().filter_map(|text| String::from_utf8(text).ok()).collect()
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
        self.cleaner.learn_output(&raw, &self.out);
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
    use crate::audit::CallBegin;
    use crate::mask::Selection;
    use crate::term::Screen;
    use crate::types::Micros;
    use crate::types::SessionId;

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
    fn texts_that_became_stars_are_found_whole() {
        let raw = b"to \x1b[1mana.\x1b[31;1mlima\x1b[m now mail bob.lima7 short \x1b]0;x\x07carol.l7";
        let masked = b"to \x1b[1m****\x1b[31;1m****\x1b[m now mail ********* *h*r* \x1b]0;x\x07********";
        assert_eq!(hidden_texts(raw, masked), ["ana.lima", "bob.lima7", "carol.l7"]);
    }

    #[test]
    fn what_one_place_gives_away_is_hidden_in_all_others() {
        let cleaner = cleaner();
        // Beside these signs no rule would find them.
        let hidden =
            ["x219-09-9999y", "id-4111111111111111-x", "user%20ana.lima8%40example.com", "+14155550134x"];
        let pass = || -> Vec<String> {
            let command = ["call", "--to", "+14155550134"].map(str::to_owned).to_vec();
            let start = Start::new(SessionId::new(1, 1), 1, command);
            drop(cleaner.start(start).unwrap());
            let output = "ssn=219-09-9999 card=41111111\x1b[1m11111111\x1b[m.\r\n";
            let output = Event { time: Micros(1), kind: Kind::Output, data: output.to_owned() };
            let header = Header { cols: 80, rows: 4, ..Header::default() };
            cleaner.events(&header, std::iter::once(Ok(output))).for_each(drop);
            hidden.iter().map(|text| cleaner.text(text).into_owned()).collect()
        };
        pass();
        for (text, shown) in hidden.iter().zip(pass()) {
            assert!(shown.contains("hoopmask:") && shown != *text, "{text}: {shown}");
        }
    }

    #[test]
    fn a_parameter_that_is_a_telephone_number_is_masked() {
        let mut call = CallBegin::new(1, "sns", "Publish", "sns:Publish");
        call.params = serde_json::json!({"PhoneNumber": "+14155550134", "n": 4_111_111_111_111_111_u64, "a": ["5555555555554444"]});
        let shown = format!("{:?}", cleaner().value(call).unwrap().params);
        assert!(
            !shown.contains("4155550134") && !shown.contains("4111111") && !shown.contains("5555555"),
            "{shown}"
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
