//! A line of text with a cursor, edited as shells edit theirs.

use std::ops::Range;

use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyModifiers;

/// Longest line, in characters.
const MAX_CHARACTERS: usize = 1_000;

/// One line of text and where the next character goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    text: String,
    /// In bytes, between two characters.
    cursor: usize,
}

/// What a key did to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Its text is another one.
    Changed,
    /// Only the cursor moved, or could not.
    Moved,
    /// The key means nothing here.
    Nothing,
}

/// Pasted text as it goes into a line: its lines, tabs and blanks one blank each, no other control characters, and no
/// more than a line holds.
#[must_use]
pub fn pasted(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace()).filter(|word| !word.is_empty()).collect();
    Line::new(&words.join(" ")).text
}

impl Line {
    /// A line with the cursor at its end; control characters are left out, and what is too long.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text: String = text.chars().filter(|c| !c.is_control()).take(MAX_CHARACTERS).collect();
        Self { cursor: text.len(), text }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor is, in bytes.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether there is nothing in it but spaces.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Whether the cursor is behind the last character.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.cursor == self.text.len()
    }

    /// Puts `new` in the place of `range`, which is brought onto whole characters first, and the cursor behind it.
    pub fn replace(&mut self, range: Range<usize>, new: &str) {
        let end = self.text.floor_char_boundary(range.end);
        let start = self.text.floor_char_boundary(range.start.min(end));
        let whole = format!("{}{new}{}", &self.text[..start], &self.text[end..]);
        self.cursor = start + new.len();
        self.text = Self::new(&whole).text;
        self.cursor = self.text.floor_char_boundary(self.cursor);
    }

    /// Puts `new` before the cursor, as if it had been typed.
    pub fn paste(&mut self, new: &str) {
        self.replace(self.cursor..self.cursor, new);
    }

    /// Puts the cursor behind the first `columns` columns of the text, as far as there is any.
    pub fn point(&mut self, columns: usize) {
        self.cursor = crate::term::clip(&self.text, columns).len();
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Edit {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let (cursor, end) = (self.cursor, self.text.len());
        match key.code {
            KeyCode::Char('a') if control => self.go(0),
            KeyCode::Char('e') if control => self.go(end),
            KeyCode::Char('u') if control => self.cut(0..cursor),
            KeyCode::Char('k') if control => self.cut(cursor..end),
            KeyCode::Char('w') if control => self.cut(self.word_before()..cursor),
            KeyCode::Char('d') if control => self.cut(cursor..self.after()),
            KeyCode::Char('h') if control => self.cut(self.before()..cursor),
            KeyCode::Char('b') if alt => self.go(self.word_before()),
            KeyCode::Char('f') if alt => self.go(self.word_after()),
            KeyCode::Char('d') if alt => self.cut(cursor..self.word_after()),
            KeyCode::Char(c) if !control && !alt => self.insert(c),
            KeyCode::Backspace if alt || control => self.cut(self.word_before()..cursor),
            KeyCode::Backspace => self.cut(self.before()..cursor),
            KeyCode::Delete => self.cut(cursor..self.after()),
            KeyCode::Left if control || alt => self.go(self.word_before()),
            KeyCode::Right if control || alt => self.go(self.word_after()),
            KeyCode::Left => self.go(self.before()),
            KeyCode::Right => self.go(self.after()),
            KeyCode::Home => self.go(0),
            KeyCode::End => self.go(end),
            _ => Edit::Nothing,
        }
    }

    fn insert(&mut self, c: char) -> Edit {
        if c.is_control() || self.text.chars().count() >= MAX_CHARACTERS {
            return Edit::Moved;
        }
        self.text.insert(self.cursor, c);
        self.cursor += c.len_utf8();
        Edit::Changed
    }

    fn cut(&mut self, range: Range<usize>) -> Edit {
        if range.is_empty() {
            return Edit::Moved;
        }
        self.cursor = range.start;
        self.text.replace_range(range, "");
        Edit::Changed
    }

    fn go(&mut self, to: usize) -> Edit {
        self.cursor = to;
        Edit::Moved
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].char_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.text[self.cursor..].chars().next().map_or(self.cursor, |c| self.cursor + c.len_utf8())
    }

    /// The beginning of the word before the cursor: blanks are passed over first.
    fn word_before(&self) -> usize {
        let head = self.text[..self.cursor].trim_end();
        head.rfind(char::is_whitespace)
            .map_or(0, |at| at + head[at..].chars().next().map_or(0, char::len_utf8))
    }

    fn word_after(&self) -> usize {
        let rest = &self.text[self.cursor..];
        let blank = rest.len() - rest.trim_start().len();
        let word = rest[blank..].find(char::is_whitespace).unwrap_or(rest.len() - blank);
        self.cursor + blank + word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(line: &mut Line, code: KeyCode, modifiers: KeyModifiers) -> Edit {
        line.key(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn keys_edit_as_in_a_shell() {
        let (none, control, alt) = (KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::ALT);
        let mut line = Line::new("user:ana 世界 make");
        assert_eq!(press(&mut line, KeyCode::Char('w'), control), Edit::Changed);
        assert_eq!(line.text(), "user:ana 世界 ");
        press(&mut line, KeyCode::Backspace, none);
        press(&mut line, KeyCode::Backspace, none);
        assert_eq!(line.text(), "user:ana 世");
        assert_eq!(press(&mut line, KeyCode::Char('b'), alt), Edit::Moved);
        assert_eq!(line.cursor(), "user:ana ".len());
        press(&mut line, KeyCode::Right, none);
        assert!(line.is_at_end());
        press(&mut line, KeyCode::Home, none);
        press(&mut line, KeyCode::Char('-'), none);
        assert_eq!(line.text(), "-user:ana 世");
        press(&mut line, KeyCode::Char('f'), alt);
        press(&mut line, KeyCode::Char('k'), control);
        assert_eq!(line.text(), "-user:ana");
        press(&mut line, KeyCode::Char('u'), control);
        assert!(line.is_blank());
        assert_eq!(press(&mut line, KeyCode::Backspace, none), Edit::Moved);
        assert_eq!(press(&mut line, KeyCode::Tab, none), Edit::Nothing);
    }

    #[test]
    fn pasted_lines_stay_apart() {
        assert_eq!(pasted("user:ana\r\n\tdecision:deny\u{1b} \n"), "user:ana decision:deny");
        assert_eq!(pasted(&"x\n".repeat(1 << 19)).chars().count(), MAX_CHARACTERS);
        let mut line = Line::new("a c");
        line.key(KeyEvent::from(KeyCode::Left));
        line.paste("b ");
        assert_eq!((line.text(), line.cursor()), ("a b c", 4));
    }

    #[test]
    fn what_is_put_in_stands_on_whole_characters_and_has_no_controls() {
        let mut line = Line::new("a\u{1b}[2Jé:x");
        assert_eq!(line.text(), "a[2Jé:x");
        line.replace(5..99, "\n世 ");
        assert_eq!(line.text(), "a[2J世 ");
        let mut line = Line::new(&"é".repeat(5_000));
        assert_eq!(press(&mut line, KeyCode::Char('x'), KeyModifiers::NONE), Edit::Moved);
        assert_eq!(line.text().chars().count(), MAX_CHARACTERS);
        line.replace(0..0, "more");
        assert_eq!(line.text().chars().count(), MAX_CHARACTERS);
    }
}
