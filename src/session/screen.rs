//! What a prompt needs to know of the program's screen, to draw over it and put it back.
//!
//! On the main screen the terminal itself keeps everything: the prompt goes to the alternate screen and back. A
//! program that is on the alternate screen itself is painted again from what it wrote there; only then an emulator
//! runs, never on the way of the output.

use crate::session::modes::Modes;
use crate::session::ribbon::Ribbon;
use crate::session::tail::Tail;
use crate::sys::tty::Size;

/// Bytes written to the alternate screen that are kept for painting it again; an editor's whole session, mostly.
/// Emulating them takes 0.1 s at worst, after a prompt that a person has answered.
const TAIL_BYTES: usize = 4 << 20;

/// Bytes written to the main screen that are kept, for the row that a line of our own stands on: a screenful and more.
const MAIN_BYTES: usize = 128 << 10;

/// Follows what is shown.
#[derive(Debug)]
pub struct Screen {
    modes: Modes,
    size: Size,
    /// What was written since the program went to the alternate screen.
    tail: Tail,
    /// What was written to the main screen.
    main: Tail,
    ribbon: Ribbon,
    /// A prompt covers everything.
    is_covered: bool,
}

/// How the screen comes back after a prompt.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    /// What to write.
    pub bytes: Vec<u8>,
    /// It may not be exact: the program should be asked to paint its screen again.
    pub needs_repaint: bool,
}

impl Screen {
    /// A screen of `size` on which nothing was written.
    #[must_use]
    pub fn new(size: Size) -> Self {
        Self {
            modes: Modes::default(),
            size,
            tail: Tail::new(size),
            main: Tail::new(size),
            ribbon: Ribbon::default(),
            is_covered: false,
        }
    }

    /// Follows `bytes`, which are about to be shown.
    pub fn feed(&mut self, bytes: &[u8]) {
        let was = self.modes.is_alternate();
        let switched = self.modes.feed(bytes);
        let is = self.modes.is_alternate();
        match switched.entered {
            Some(offset) => {
                self.tail = Tail::new(self.size);
                self.tail.push(&bytes[offset..], TAIL_BYTES);
            }
            None if was => self.tail.push(bytes, TAIL_BYTES),
            None => {}
        }
        if !is && !self.tail.is_empty() {
            self.tail = Tail::new(self.size);
        }
        if !was || !is || switched.entered.is_some() {
            self.main.push(bytes, MAIN_BYTES);
        }
        self.ribbon.follow(bytes, was, &self.modes);
    }

    /// The terminal has another size now.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
        if self.modes.is_alternate() {
            self.tail.resize(size);
        }
        self.main.resize(size);
        self.ribbon.resize(size, self.modes.is_alternate());
    }

    /// Has a line of hoop's own say `text` on the last row, or none: what to write for it. `text` is safe, and narrower than
    /// the screen.
    pub fn ribbon(&mut self, text: Option<String>) -> Vec<u8> {
        let mut out = self.before();
        self.ribbon.say(text);
        out.extend(self.after());
        out
    }

    /// Whether the line stands on the terminal.
    #[must_use]
    pub fn has_ribbon(&self) -> bool {
        self.ribbon.is_drawn()
    }

    /// Whether the line cannot be drawn because nobody knows what it would cover.
    #[must_use]
    pub fn cannot_have_ribbon(&self) -> bool {
        self.ribbon.is_hopeless() || self.modes.is_alternate() && self.tail.is_cut()
    }

    /// What to write to ask the terminal for its cursor, if its answer is needed and has not been asked for.
    pub fn ask_position(&mut self) -> Option<&'static [u8]> {
        let alternate = self.modes.is_alternate();
        let tail = if alternate { &self.tail } else { &self.main };
        if self.is_covered || !self.ribbon.wants_position(tail, &self.modes) {
            return None;
        }
        self.ribbon.ask(tail, alternate);
        (!self.ribbon.is_hopeless()).then_some(b"\x1b[6n")
    }

    /// The terminal has told row and column of its cursor, from 1: what to write now.
    pub fn position(&mut self, at: (u16, u16)) -> Vec<u8> {
        let tail = if self.modes.is_alternate() { &mut self.tail } else { &mut self.main };
        let mut out = self.ribbon.place(at, tail, &self.modes);
        out.extend(self.after());
        out
    }

    /// What to write before the program's next bytes: the row that a line of ours stands on.
    pub fn before(&mut self) -> Vec<u8> {
        self.ribbon.lift(&self.modes)
    }

    /// What to write after them: the line.
    pub fn after(&mut self) -> Vec<u8> {
        if self.is_covered || !self.ribbon.is_on() {
            return Vec::new();
        }
        if self.modes.is_alternate() {
            self.ribbon.know_alternate(&self.tail);
        }
        self.ribbon.draw(&self.modes)
    }

    /// A prompt covers the screen now, or does no more. The line is to be lifted before, and drawn after.
    pub fn cover(&mut self, is_covered: bool) {
        self.is_covered = is_covered;
    }

    /// The window's title as the program has set it last, as it came, and how often it has set one.
    #[must_use]
    pub fn title(&self) -> (&[u8], u64) {
        self.modes.title_set()
    }

    /// The size of the terminal.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// Whether the output stands between sequences, so that a prompt can be drawn.
    #[must_use]
    pub fn is_between_sequences(&self) -> bool {
        self.modes.is_between_sequences()
    }

    /// Whether lines can be added: the output stands between sequences, on the main screen.
    #[must_use]
    pub fn takes_lines(&self) -> bool {
        self.is_between_sequences() && !self.modes.is_alternate()
    }

    /// What to write before a prompt is drawn: its own screen, in plain modes, pastes marked.
    #[must_use]
    pub fn make_room(&self) -> Vec<u8> {
        let go = if self.modes.is_alternate() { "" } else { "\x1b[?1049h" };
        // CAN ends a sequence that the program left half written.
        let cancel = if self.modes.is_between_sequences() { "" } else { "\x18" };
        // The cursor is saved (1049) before the modes change: some of them move it.
        format!("{cancel}{go}{}\x1b[?7l\x1b[?25l\x1b[?2004h\x1b[2J\x1b[H", self.modes.set_aside())
            .into_bytes()
    }

    /// What to write when the prompt is done.
    #[must_use]
    pub fn put_back(&self) -> Restored {
        let mut text = String::from("\x1b[?2004l\x1b[0m\x1b[2J\x1b[H\x1b[?7h\x1b[?25h");
        if !self.modes.is_alternate() {
            text.push_str(&self.modes.give_back());
            // Last, because it brings the cursor back, which margins and origin mode have moved.
            text.push_str("\x1b[?1049l");
            return Restored { bytes: text.into_bytes(), needs_repaint: false };
        }
        // The picture ends with cursor, pen and margins; what is given back after it moves nothing.
        let picture = paint(&self.tail, self.size);
        let exact = picture.is_some() && !self.tail.is_cut();
        text.push_str(&picture.unwrap_or_default());
        text.push_str(&self.modes.give_back_unseen());
        Restored { bytes: text.into_bytes(), needs_repaint: !exact }
    }

    /// What a program that was killed should have written before its end.
    #[must_use]
    pub fn clean_up(&self) -> Vec<u8> {
        self.modes.clean_up().into_bytes()
    }
}

/// The alternate screen as it is now, as sequences for an empty one with usual modes.
fn paint(tail: &Tail, size: Size) -> Option<String> {
    let first = tail.first_size()?;
    let mut terminal = avt::Terminal::new(usize::from(first.cols), usize::from(first.rows)).ok()?;
    let (row, col) = tail.begin().unwrap_or_default();
    terminal.feed(format!("\x1b[?1049h\x1b[{};{}H", row + 1, col + 1).as_str());
    for (piece, size) in tail.pieces(0, tail.len()) {
        terminal.resize(usize::from(size.cols), usize::from(size.rows));
        terminal.feed(decode(piece).as_str());
    }
    terminal.resize(usize::from(size.cols), usize::from(size.rows));
    if terminal.active_screen_kind() != avt::ScreenKind::Alternate {
        return None;
    }
    // The dump first builds the main screen, which the terminal still has; then it switches and paints.
    let dump = terminal.dump();
    let (_, alternate) = dump.rsplit_once("\x1b[?1047h")?;
    Some(alternate.to_owned())
}

/// Bytes as text for the emulator; what is no UTF-8 is shown as terminals show it.
fn decode(bytes: &[u8]) -> String {
    bytes.utf8_chunks().fold(String::with_capacity(bytes.len()), |mut text, chunk| {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { cols: 60, rows: 12, pixels: (0, 0) };

    /// A terminal that was shown `bytes`.
    fn shown(pieces: &[&[u8]]) -> avt::Terminal {
        let mut terminal = avt::Terminal::new(60, 12).unwrap();
        pieces.iter().for_each(|bytes| terminal.feed(decode(bytes).as_str()));
        terminal
    }

    fn lines(terminal: &avt::Terminal) -> Vec<String> {
        terminal.screen().visible_lines().map(avt::Line::text).collect()
    }

    fn assert_comes_back(program: &[u8]) {
        let mut screen = Screen::new(SIZE);
        program.chunks(7).for_each(|chunk| screen.feed(chunk));
        let before = shown(&[program]);
        let over = shown(&[program, &screen.make_room(), b"\x1b[1;31mALLOW? a d"]);
        assert!(lines(&over)[0].starts_with("ALLOW? a d"), "{:?}", lines(&over));
        let back = screen.put_back();
        assert!(!back.needs_repaint);
        let after = shown(&[program, &screen.make_room(), b"\x1b[1;31mALLOW? a d", &back.bytes]);
        assert_eq!(lines(&after), lines(&before));
        assert_eq!(after.cursor(), before.cursor());
        // What the program writes next lands where it would have, in its colours and margins.
        let next: &[u8] = b"next\r\nline\x1b8saved";
        let (mut after, mut before) = (after, before);
        after.feed(decode(next).as_str());
        before.feed(decode(next).as_str());
        assert_eq!(after.dump(), before.dump());
    }

    #[test]
    fn an_editor_on_the_alternate_screen_comes_back_as_it_was() {
        assert_comes_back(
            "$ vim\r\n\x1b[?1049h\x1b[?1h\x1b=\x1b[?2004h\x1b[2J\x1b[H\x1b[44mtitle\x1b[K\x1b[0m\r\nwörld 日本\x1b[3;8r\x1b[8;1H\
             scrolled\n\n\x1b[2;4H\x1b7\x1b[38;5;208mx\x1b[?25l"
                .as_bytes(),
        );
    }

    #[test]
    fn a_shell_on_the_main_screen_comes_back_as_it_was() {
        assert_comes_back(
            b"$ ls\r\nfile1 \x1b[1;34mdirectory\x1b[0m\r\n\x1b[?2004h\x1b7\x1b[32m$ \x1b[0mhal\x1b7",
        );
    }

    #[test]
    fn margins_on_the_main_screen_come_back() {
        assert_comes_back(b"one\r\ntwo\x1b[2;5r\x1b[3;3Hthree\x1b7");
    }

    #[test]
    fn a_tail_that_was_cut_asks_for_a_repaint() {
        let mut screen = Screen::new(SIZE);
        screen.feed(b"\x1b[?1049h");
        for _ in 0..TAIL_BYTES / 1024 + 2 {
            screen.feed(&[b'x'; 1024]);
        }
        assert!(screen.put_back().needs_repaint);
        assert!(screen.tail.len() <= TAIL_BYTES);
        screen.feed(b"\x1b[?1049l");
        assert!(screen.tail.is_empty());
    }
}
