//! One line as it stands on the screen: letters in columns, a cursor, and what the sequences do that edit a line.
//!
//! Rows of a terminal that were filled to their last column and went on are one line here.

use unicode_width::UnicodeWidthChar;

/// The most columns a line has; beyond them it is not followed.
pub const MOST: usize = 8192;
/// Where programs break lines when nobody has told how wide the terminal is.
pub const USUAL_WIDTH: usize = 80;

/// What a sequence, or a control character, does to the line it stands on. Numbers are columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The cursor goes left.
    Left(usize),
    /// The cursor goes right.
    Right(usize),
    /// The cursor goes to a column of its row, counted from 0.
    Column(usize),
    /// The cursor goes to the row above.
    Up(usize),
    /// What is at the cursor and after it goes.
    EraseToEnd,
    /// The whole line goes; the cursor stays.
    Erase,
    /// Columns at the cursor become blank.
    Blank(usize),
    /// Columns at the cursor go; what follows moves left.
    Delete(usize),
    /// Blank columns come in at the cursor.
    Insert(usize),
}

/// A letter in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Where in the stream the letter stands.
    pub at: usize,
    /// Where the scanner that reads the line has it.
    pub read_at: usize,
    letter: [u8; 4],
    length: u8,
}

impl Cell {
    /// A column in which nothing was printed.
    const BLANK: Self = Self { at: usize::MAX, read_at: 0, letter: *b" \0\0\0", length: 1 };
    /// The second column of a wide letter, or what a tab passes over.
    const REST: Self = Self { at: usize::MAX, read_at: 0, letter: [0; 4], length: 0 };

    /// A letter of the stream, at most four bytes.
    fn new(letter: &[u8], at: usize) -> Self {
        let mut cell = Self { at, ..Self::REST };
        for (to, from) in cell.letter.iter_mut().zip(letter) {
            *to = *from;
            cell.length += 1;
        }
        cell
    }

    /// Its bytes: none in the second column of a wide letter.
    pub fn letter(&self) -> &[u8] {
        &self.letter[..usize::from(self.length)]
    }

    fn is_empty(&self) -> bool {
        self.at == usize::MAX
    }
}

/// The line.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    cells: Vec<Cell>,
    cursor: usize,
    width: Option<usize>,
    /// The cursor went to a row's first column; otherwise, at a row's end, it still stands on the last.
    is_on_next_row: bool,
}

impl Cells {
    /// An empty line on a terminal of `width` columns, if that is known.
    pub fn new(width: Option<usize>) -> Self {
        Self { width: width.filter(|width| *width > 1), ..Self::default() }
    }

    /// The columns.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The columns, to note where they were read.
    pub fn cells_mut(&mut self) -> &mut [Cell] {
        &mut self.cells
    }

    /// The column of the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether the line goes on in the next row: the cursor stands at the end of a row that is full.
    pub fn is_full(&self) -> bool {
        let width = self.width.unwrap_or(USUAL_WIDTH);
        let at_edge = self.cursor > 0 && self.cursor.is_multiple_of(width);
        at_edge && self.cursor == self.cells.len() && !self.is_on_next_row
    }

    /// Goes on in the next row.
    pub fn next_row(&mut self) {
        self.width.get_or_insert(USUAL_WIDTH);
        self.is_on_next_row = true;
    }

    /// Whether the line is too long to be followed.
    pub fn is_too_long(&self) -> bool {
        self.cells.len() > MOST
    }

    /// Where `letter` would be printed again over itself: it stands there already.
    pub fn stands(&self, letter: &[u8]) -> Option<Cell> {
        self.cells.get(self.cursor).copied().filter(|cell| !cell.is_empty() && cell.letter() == letter)
    }

    /// Goes over a letter that stands there already.
    pub fn pass(&mut self, letter: &[u8]) {
        self.cursor += columns(letter, self.column()).max(1);
        self.is_on_next_row = false;
    }

    /// Prints a letter that takes a column or more; whether another one went by that.
    pub fn print(&mut self, letter: &[u8], at: usize, read_at: usize) -> bool {
        let wide = columns(letter, self.column());
        if wide == 0 || self.cursor > MOST {
            return false;
        }
        let mut erased = false;
        let mut cell = Cell { read_at, ..Cell::new(letter, at) };
        if self.cells.len() < self.cursor {
            self.cells.resize(self.cursor, Cell::BLANK);
        }
        for column in self.cursor..self.cursor + wide {
            match self.cells.get_mut(column) {
                Some(old) => {
                    erased |= !old.is_empty() && old.letter() != b"_";
                    *old = cell;
                }
                None => self.cells.push(cell),
            }
            cell = Cell::REST;
        }
        self.cursor += wide;
        self.is_on_next_row = false;
        erased
    }

    /// Prints letters that take a column each, behind all others and no further than the row goes; how many.
    pub fn append(&mut self, letters: &[u8], at: usize, read_at: usize) -> usize {
        if self.cursor != self.cells.len() || self.is_full() || self.is_too_long() {
            return 0;
        }
        let width = self.width.unwrap_or(USUAL_WIDTH);
        let most = (width - self.cursor % width).min(MOST + 1 - self.cells.len());
        let count = letters.iter().take(most).take_while(|byte| is_plain(**byte)).count();
        let cell = |(index, letter): (usize, &u8)| Cell {
            at: at + index,
            read_at: read_at + index,
            letter: [*letter, 0, 0, 0],
            length: 1,
        };
        self.cells.extend(letters[..count].iter().enumerate().map(cell));
        self.cursor += count;
        self.is_on_next_row &= count == 0;
        count
    }

    /// Whether a letter takes a column of its own.
    pub fn takes_column(&self, letter: &[u8]) -> bool {
        columns(letter, self.column()) > 0
    }

    /// The cursor goes to the first column of its row.
    pub fn carriage_return(&mut self) {
        // A width that is not known is told by a blank that a shell prints to get to the next row.
        let edge = self.cursor.saturating_sub(1);
        if self.width.is_none() && edge >= 20 && self.cursor == self.cells.len() {
            let letters: Vec<&[u8]> = self.cells[edge - 1..].iter().map(Cell::letter).collect();
            if letters[0] != b" " && letters[1] == b" " {
                self.width = Some(edge);
            }
        }
        self.cursor = self.row_start();
    }

    /// Does what a sequence asks for; whether a letter went by that. `None` if it leads out of the line.
    pub fn edit(&mut self, edit: Edit) -> Option<bool> {
        let start = self.row_start();
        let mut erased = Vec::new();
        match edit {
            Edit::Left(count) => {
                // At the end of a full row the cursor stands on the last column.
                let from = if self.width.is_some() && self.is_full() { self.cursor - 1 } else { self.cursor };
                self.cursor = from.saturating_sub(count).max(start);
            }
            Edit::Right(count) => {
                let end = self.width.map_or(MOST, |width| start + width - 1);
                self.cursor = self.cursor.saturating_add(count).min(end).max(self.cursor);
            }
            Edit::Column(column) => {
                let most = self.width.map_or(MOST, |width| width - 1);
                self.cursor = start + column.min(most);
            }
            Edit::Up(count) => {
                self.cursor = self.cursor.checked_sub(self.width?.checked_mul(count)?)?;
            }
            Edit::EraseToEnd => erased.extend(self.cells.drain(self.cursor.min(self.cells.len())..)),
            Edit::Erase => erased.append(&mut self.cells),
            Edit::Blank(count) => {
                let from = self.cursor.min(self.cells.len());
                let to = from.saturating_add(count).min(self.cells.len());
                for cell in &mut self.cells[from..to] {
                    erased.push(std::mem::replace(cell, Cell::BLANK));
                }
            }
            Edit::Delete(count) => {
                let from = self.cursor.min(self.cells.len());
                let to = from.saturating_add(count).min(self.cells.len());
                erased.extend(self.cells.drain(from..to));
            }
            Edit::Insert(count) => {
                let from = self.cursor.min(self.cells.len());
                let count = count.min(self.width.unwrap_or(MOST));
                self.cells.splice(from..from, std::iter::repeat_n(Cell::BLANK, count));
                // What leaves the row on the right is gone.
                self.cells.truncate(MOST + 1);
            }
        }
        self.is_on_next_row &= matches!(edit, Edit::EraseToEnd | Edit::Erase);
        Some(erased.iter().any(|cell| !cell.is_empty()))
    }

    /// The column on the screen.
    fn column(&self) -> usize {
        self.width.map_or(self.cursor, |width| self.cursor % width)
    }

    fn row_start(&self) -> usize {
        let Some(width) = self.width else { return 0 };
        let on = if self.cursor > 0 && self.cursor.is_multiple_of(width) && !self.is_on_next_row {
            self.cursor - 1
        } else {
            self.cursor
        };
        on / width * width
    }
}

/// How many columns a letter takes at `column`.
fn columns(letter: &[u8], column: usize) -> usize {
    match letter {
        b"\t" => 8 - column % 8,
        [byte] => usize::from(*byte >= 0x20 && *byte != 0x7f),
        [first, _, _] if begins_wide(*first) => 2,
        [first @ 0xe0..=0xef, middle, last] => {
            columns_of_code(u32::from(first & 0x0f) << 12 | bits(*middle) << 6 | bits(*last))
        }
        _ => str::from_utf8(letter).ok().and_then(|text| text.chars().next()).map_or(1, columns_of_char),
    }
}

fn columns_of_char(letter: char) -> usize {
    letter.width().unwrap_or(0)
}

/// As [`columns`], of a letter of three bytes; what is none takes a column.
fn columns_of_code(code: u32) -> usize {
    if code < 0x800 { 1 } else { char::from_u32(code).map_or(1, columns_of_char) }
}

/// What a byte after a letter's first says.
fn bits(byte: u8) -> u32 {
    u32::from(byte & 0x3f)
}

/// How many bytes the first letter of `bytes` has; `None` if more of it may come. What is no UTF-8 counts one by one.
pub fn letter_length(bytes: &[u8]) -> Option<usize> {
    let first = bytes.first()?;
    let wanted = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Some(1),
    };
    let got = 1 + bytes[1..].iter().take(wanted - 1).take_while(|byte| (0x80..=0xbf).contains(*byte)).count();
    match got {
        _ if got == wanted => Some(wanted),
        _ if got == bytes.len() => None,
        _ => Some(1),
    }
}

/// The column after a text that begins in the column `from`; `None` if control characters are in it.
pub fn columns_of(text: &[u8], from: usize) -> Option<usize> {
    // Without a way out early, so that many bytes are looked at together.
    if text.iter().fold(true, |plain, byte| plain & is_plain(*byte)) {
        return Some(from + text.len());
    }
    let mut column = from;
    let mut at = 0;
    while let Some(first) = text.get(at).copied() {
        if is_plain(first) {
            (column, at) = (column + 1, at + 1);
        } else if begins_wide(first) && matches!(text.get(at + 1..at + 3), Some([0x80..=0xbf, 0x80..=0xbf])) {
            (column, at) = (column + 2, at + 3);
        } else if first < 0x20 && first != b'\t' {
            return None;
        } else {
            let rest = &text[at..];
            let length = letter_length(rest).unwrap_or(rest.len());
            (column, at) = (column + columns(&rest[..length], column), at + length);
        }
    }
    Some(column)
}

/// Whether a byte is a letter that takes one column.
fn is_plain(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte)
}

/// Whether all letters of three bytes that begin with `first` take two columns: most of Chinese, Japanese and Korean.
fn begins_wide(first: u8) -> bool {
    matches!(first, 0xe5..=0xe9 | 0xeb | 0xec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(cells: &mut Cells, text: &str) {
        for letter in text.split("").filter(|letter| !letter.is_empty()) {
            cells.print(letter.as_bytes(), 0, 0);
        }
    }

    fn text(cells: &Cells) -> String {
        let bytes: Vec<u8> = cells.cells().iter().flat_map(|cell| cell.letter().to_vec()).collect();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_is_edited_as_a_terminal_does() {
        let mut cells = Cells::new(Some(80));
        typed(&mut cells, "hallo world");
        cells.edit(Edit::Left(7));
        typed(&mut cells, "!");
        assert_eq!(text(&cells), "hall! world");
        cells.carriage_return();
        cells.edit(Edit::Right(1));
        cells.edit(Edit::Delete(2));
        assert_eq!(text(&cells), "hl! world");
        cells.edit(Edit::Insert(1));
        typed(&mut cells, "日");
        assert_eq!(text(&cells), "h日! world");
        cells.edit(Edit::Column(4));
        assert_eq!(cells.edit(Edit::EraseToEnd), Some(true));
        assert_eq!(text(&cells), "h日!");
        assert_eq!(cells.edit(Edit::Up(1)), None);
        assert_eq!(cells.edit(Edit::Erase), Some(true));
        assert!(cells.cells().is_empty());
    }

    #[test]
    fn a_full_row_goes_on_in_the_next() {
        let mut cells = Cells::new(Some(5));
        typed(&mut cells, "abcde");
        assert!(cells.is_full());
        cells.next_row();
        typed(&mut cells, "fg");
        assert_eq!(text(&cells), "abcdefg");
        // As a shell does it: a blank for the next row, then the letter over it.
        let mut cells = Cells::new(Some(5));
        typed(&mut cells, "abcde ");
        cells.carriage_return();
        typed(&mut cells, "f");
        assert_eq!(text(&cells), "abcdef");
        cells.edit(Edit::Left(3));
        assert_eq!(cells.cursor(), 5);
        cells.edit(Edit::Up(1));
        assert_eq!(cells.cursor(), 0);
    }

    #[test]
    fn letters_are_cut_from_bytes() {
        assert_eq!(letter_length("äb".as_bytes()), Some(2));
        assert_eq!(letter_length(&"日".as_bytes()[..2]), None);
        assert_eq!(letter_length(b"\xc3(a"), Some(1));
        assert_eq!(letter_length(b"\xff\xff"), Some(1));
        assert_eq!(columns_of("a\t日".as_bytes(), 0), Some(10));
        assert_eq!(columns_of(b"a\x08", 0), None);
    }

    #[test]
    fn what_is_said_to_be_wide_is() {
        for letter in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let mut bytes = [0; 4];
            let bytes = letter.encode_utf8(&mut bytes).as_bytes();
            if bytes.len() == 3 && begins_wide(bytes[0]) {
                assert_eq!(letter.width(), Some(2), "{letter:?}");
            }
            if bytes.len() > 1 {
                assert_eq!(columns(bytes, 0), letter.width().unwrap_or(0), "{letter:?}");
            }
        }
        assert_eq!(columns(b"\xe0\x80\x80", 0), 1);
        let text = "ab日本c\td한é";
        assert_eq!(columns_of(text.as_bytes(), 0), Some(8 + 1 + 2 + 1));
    }
}
