//! Lines typed at the prompt of the shell that hoop-run started, as the shell itself tells them.
//!
//! The shell is started with a few lines of its own language ([`integrate`]) that write a mark when a line begins and
//! when it is done; the marks are taken out of the output before it is masked, recorded and shown. Each carries a
//! random number of the session that only the shell knows: it is not in its environment nor in its arguments, and the
//! file it comes in is gone when the shell has read it. So no program forges a mark by what it prints. It is no wall,
//! though: what may read the shell's memory, or is asked by the shell itself (`set`), learns the number.

mod marks;
mod shell;

use std::sync::Arc;
use std::time::Duration;

use crate::audit::CommandTyped;
use crate::audit::Event;
use crate::mask::Engine;
use crate::net::RuntimeDir;
use crate::types::Micros;
use marks::Mark;
use marks::Marks;
use marks::Why;

pub use shell::Launch;
pub use shell::integrate;

/// Silence after which what may be the beginning of a mark is shown: the rest of a write comes at once.
const QUIET: Duration = Duration::from_millis(10);
/// The same for what certainly is one; a shell that is stopped in the middle of writing it is rare.
const QUIET_IN_MARK: Duration = Duration::from_secs(1);

/// What a shell's marks have told, and what has still to be recorded.
#[derive(Debug)]
pub struct Typed {
    marks: Marks,
    lines: Lines,
    let_go_at: Option<Micros>,
}

/// The lines.
#[derive(Debug)]
struct Lines {
    masks: Arc<Engine>,
    /// Removed as soon as the shell has read it.
    files: Option<RuntimeDir>,
    /// The line that runs, and when it began.
    open: Option<(CommandTyped, Micros)>,
    /// The number of the last line in the shell's history, at the last prompt.
    number: Option<u64>,
    keys: Keys,
    events: Vec<Event>,
}

impl Typed {
    fn new(nonce: &str, files: RuntimeDir, masks: Arc<Engine>) -> Self {
        let lines = Lines {
            masks,
            files: Some(files),
            open: None,
            number: None,
            keys: Keys::default(),
            events: Vec::new(),
        };
        Self { marks: Marks::new(nonce), lines, let_go_at: None }
    }

    /// Takes what the shell and its programs wrote; what is no mark of the shell goes to `pass`.
    pub fn take(&mut self, input: &[u8], now: Micros, pass: impl FnMut(&[u8])) {
        let Self { marks, lines, let_go_at } = self;
        marks.take(input, pass, |mark| lines.mark(mark, now));
        *let_go_at = marks.is_holding().then(|| {
            let wait = if marks.is_in_mark() { QUIET_IN_MARK } else { QUIET };
            Micros(now.0.saturating_add(Micros::from(wait).0))
        });
    }

    /// When held bytes must be let go.
    #[must_use]
    pub fn let_go_at(&self) -> Option<Micros> {
        self.let_go_at
    }

    /// Lets held bytes go if nothing has come for long enough.
    pub fn let_go(&mut self, now: Micros, pass: impl FnMut(&[u8])) {
        if self.let_go_at.is_some_and(|at| now >= at) {
            self.let_go_at = None;
            self.marks.let_go(pass);
        }
    }

    /// Nothing more will come; a line that still runs (`exit`, say) is recorded without a status.
    pub fn end(&mut self, pass: impl FnMut(&[u8])) {
        self.let_go_at = None;
        self.marks.let_go(pass);
        self.lines.close(None, None);
    }

    /// Follows the person's keys, of which nothing is kept but whether a line can have begun with a space.
    pub fn keys(&mut self, keys: &[u8]) {
        self.lines.keys.follow(keys);
    }

    /// What is to be recorded since the last call.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.lines.events)
    }
}

impl Lines {
    fn mark(&mut self, mark: Mark, now: Micros) {
        match mark {
            Mark::Ready => self.files = None,
            Mark::Typed { number, why, cwd, line } => {
                // A shell that replaces its hooks tells of no end any more.
                self.close(None, None);
                let is_known = match (number, self.number) {
                    (Some(number), Some(before)) if number <= before => match why {
                        Why::Unknown => false,
                        Why::Repeat => true,
                        Why::RepeatOrSpace => !self.keys.may_begin_with_space,
                    },
                    _ => true,
                };
                self.keys = Keys::default();
                let line = if is_known { self.masks.line(&line) } else { String::new() };
                let cwd = Some(self.masks.text(&cwd).into_owned()).filter(|cwd| !cwd.is_empty());
                self.open = Some((CommandTyped { line, cwd, ..CommandTyped::default() }, now));
            }
            Mark::Done { status, number } => {
                self.number = number;
                self.close(status, Some(now));
            }
        }
    }

    fn close(&mut self, status: Option<i32>, now: Option<Micros>) {
        let Some((line, began)) = self.open.take() else { return };
        let took = now.map_or_else(Micros::default, |now| Micros(now.0.saturating_sub(began.0)));
        self.events.push(Event::CommandTyped(CommandTyped { status, took, ..line }));
    }
}

/// Whether the keys since the last line can have made one that begins with a space. A shell that keeps neither such
/// lines nor repeated ones (`HISTCONTROL=ignoreboth`) does not tell which of the two it was.
#[derive(Debug, Default)]
struct Keys {
    cursor: Cursor,
    may_begin_with_space: bool,
}

/// Where the next letter lands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Cursor {
    #[default]
    Beginning,
    Behind,
    /// Something moved it, or took letters away.
    Anywhere,
}

impl Keys {
    fn follow(&mut self, keys: &[u8]) {
        for key in keys {
            self.may_begin_with_space |= *key == b' ' && self.cursor != Cursor::Behind;
            self.cursor = match (key, self.cursor) {
                (b'\r' | b'\n', _) => Cursor::Beginning,
                (0x20..=0x7e | 0x80.., Cursor::Beginning | Cursor::Behind) => Cursor::Behind,
                _ => Cursor::Anywhere,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Lines {
        let masks = Arc::new(Engine::builtin());
        Lines { masks, files: None, open: None, number: None, keys: Keys::default(), events: Vec::new() }
    }

    fn typed(number: Option<u64>, why: Why, line: &str) -> Mark {
        Mark::Typed { number, why, cwd: "/tmp".to_owned(), line: line.to_owned() }
    }

    fn told(lines: &mut Lines) -> Vec<(String, Option<i32>, u64)> {
        let one = |event| match event {
            Event::CommandTyped(typed) => (typed.line, typed.status, typed.took.0),
            other => panic!("{other:?}"),
        };
        std::mem::take(&mut lines.events).into_iter().map(one).collect()
    }

    #[test]
    fn a_line_lasts_from_its_beginning_to_the_next_prompt() {
        let mut lines = lines();
        let done = |status| Mark::Done { status: Some(status), number: None };
        lines.mark(done(1), Micros(5));
        assert!(lines.events.is_empty(), "nothing had begun");
        lines.mark(typed(None, Why::Unknown, "false"), Micros(10));
        lines.mark(done(1), Micros(30));
        lines.mark(done(130), Micros(40));
        lines.mark(typed(None, Why::Unknown, "exec zsh"), Micros(50));
        lines.mark(typed(None, Why::Unknown, "exit"), Micros(60));
        lines.close(None, None);
        let expected = [("false", Some(1), 20), ("exec zsh", None, 0), ("exit", None, 0)];
        assert_eq!(told(&mut lines), expected.map(|(line, status, took)| (line.to_owned(), status, took)));
    }

    #[test]
    fn a_line_that_the_history_does_not_have_is_not_taken_for_the_one_before() {
        let mut lines = lines();
        let mut line = |number, why, keys: &[u8]| {
            lines.mark(Mark::Done { status: Some(0), number: Some(4) }, Micros(0));
            lines.keys.follow(keys);
            lines.mark(typed(Some(number), why, "make"), Micros(0));
            lines.mark(Mark::Done { status: Some(0), number: Some(4) }, Micros(0));
            told(&mut lines).remove(0).0
        };
        assert_eq!(line(5, Why::Unknown, b" x\r"), "make");
        assert_eq!(line(4, Why::Unknown, b"make\r"), "");
        assert_eq!(line(4, Why::Repeat, b" \r"), "make");
        for keys in [b"make\r".as_slice(), b"\x1b[A\r", b"make -j 2\r", b"mkae\x7f\x7f\x7fake\r"] {
            assert_eq!(line(4, Why::RepeatOrSpace, keys), "make", "{keys:?}");
        }
        for keys in [b" ls\r".as_slice(), b"ls\x01 \r", b"ls\r pwd\r", b"\x1b[200~ ls\x1b[201~\r"] {
            assert_eq!(line(4, Why::RepeatOrSpace, keys), "", "{keys:?}");
        }
    }

    #[test]
    fn a_secret_in_a_line_is_masked() {
        let mut lines = lines();
        lines.mark(typed(None, Why::Unknown, "export AWS_ACCESS_KEY_ID=AKIAQYLPMN5HFIQR7XYZ"), Micros(0));
        lines.close(Some(0), Some(Micros(1)));
        let (line, ..) = told(&mut lines).remove(0);
        assert!(
            line.starts_with("export AWS_ACCESS_KEY_ID=") && !line.contains("QYLPMN5HFIQR7XYZ"),
            "{line}"
        );
    }
}
