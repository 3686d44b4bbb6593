//! Which rows of a screen belong together: the texts that a person would read.
//!
//! Rows are joined where something shows that the line goes on: the terminal wrapped it; it reaches the last column; it
//! reaches the border of its pane; the next row has an empty gutter where others have a line number; the next row
//! begins below the value that the row before broke off. Joining rows that do not belong together would glue one
//! line's end to the next one's name, and hide what is no secret.

use super::rows::Row;
use super::rows::is_border;
use super::rows::is_drawing;

/// Widest gutter of line numbers.
const GUTTER: usize = 12;
/// Least length of a word that may have been broken at its pane's edge.
const BROKEN_WORD: usize = 12;
/// Widest padding inside a frame.
const PADDING: usize = 3;

/// A text of the screen.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// Its bytes before the mask.
    pub bytes: Vec<u8>,
    /// What drew each of them.
    pub numbers: Vec<Option<usize>>,
    /// Where a line is cut off at the edge of what is shown: it may go on unseen.
    pub cuts: Vec<usize>,
}

impl Text {
    fn push(&mut self, row: &Row, from: usize, to: usize) {
        for place in row.places.iter().take(to).skip(from) {
            self.bytes.extend_from_slice(place.raw());
            self.numbers.resize(self.bytes.len(), place.number);
        }
    }

    fn space(&mut self) {
        self.bytes.push(b' ');
        self.numbers.push(None);
    }

    fn end_line(&mut self) {
        self.bytes.push(b'\n');
        self.numbers.push(None);
    }
}

/// All texts of a screen: as it stands, without line numbers, and each pane for itself.
pub fn texts(rows: &[Row], cols: usize) -> Vec<Text> {
    let whole = Pane { first: 0, last: rows.len(), left: 0, right: cols, framed: (false, false) };
    let panes = panes(rows, cols);
    let mut texts = vec![plain(rows, cols, &panes)];
    texts.extend(whole.without_gutter(rows));
    for pane in panes {
        texts.push(pane.text(rows));
        texts.extend(pane.without_gutter(rows));
    }
    texts.extend(whole.hanging(rows));
    texts
}

/// The rows as they stand, joined where they reach the last column.
fn plain(rows: &[Row], cols: usize, panes: &[Pane]) -> Text {
    let mut text = Text::default();
    for (index, row) in rows.iter().enumerate() {
        let end = row.end(0, cols);
        let next = rows.get(index + 1);
        let wraps = row.wrapped && next.is_some();
        let to = if wraps { cols } else { end };
        let mut from = 0;
        // A value ends at the border of its pane.
        for border in borders(row, index, panes).filter(|col| *col < to) {
            text.push(row, from, border);
            text.space();
            text.push(row, border, border + 1);
            text.space();
            from = border + 1;
        }
        text.push(row, from, to);
        if wraps {
            continue;
        }
        let full = end == cols && cols > 1 && !is_drawing(row.shown(cols - 1));
        let begins = next.is_some_and(|next| next.start(0, cols) == Some(0) && !is_drawing(next.shown(0)));
        if full && begins {
            continue;
        }
        if full {
            text.cuts.push(text.bytes.len());
        }
        text.end_line();
    }
    text
}

/// The columns of `row` in which panes have drawn borders; the bars of plain tables are left as they are.
fn borders<'r>(row: &'r Row, index: usize, panes: &'r [Pane]) -> impl Iterator<Item = usize> + 'r {
    (0..row.places.len()).filter(move |col| {
        let c = row.shown(*col);
        c != '|' && is_border(c) && panes.iter().any(|pane| pane.has_border(index, *col))
    })
}

/// A rectangle of the screen with text of its own.
#[derive(Clone, Copy, Debug)]
struct Pane {
    first: usize,
    /// The row after the last.
    last: usize,
    left: usize,
    /// The column after the last.
    right: usize,
    /// Whether there is a border on its left and on its right.
    framed: (bool, bool),
}

/// The panes that borders make, each at least two rows high.
fn panes(rows: &[Row], cols: usize) -> Vec<Pane> {
    let mut open: Vec<Pane> = Vec::new();
    let mut done = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let mut next = Vec::new();
        let mut left = 0;
        let mut bordered = false;
        for col in 0..=cols {
            let border = col < cols && is_border(row.shown(col));
            if !border && col < cols {
                continue;
            }
            if col > left && (border || bordered) {
                let framed = (bordered, border);
                let same = |pane: &&Pane| (pane.left, pane.right, pane.framed) == (left, col, framed);
                let first = open.iter().find(same).map_or(index, |pane| pane.first);
                next.push(Pane { first, last: index + 1, left, right: col, framed });
            }
            left = col + 1;
            bordered = border;
        }
        let goes_on = |pane: &Pane| {
            next.iter().any(|new| (new.first, new.left, new.right) == (pane.first, pane.left, pane.right))
        };
        done.extend(open.iter().filter(|pane| !goes_on(pane)).copied());
        open = next;
    }
    done.append(&mut open);
    done.retain(|pane| pane.last - pane.first >= 2 && pane.right - pane.left >= 4);
    done
}

impl Pane {
    fn has_border(&self, row: usize, col: usize) -> bool {
        let beside = self.framed.0 && col + 1 == self.left || self.framed.1 && col == self.right;
        beside && (self.first..self.last).contains(&row)
    }

    fn rows<'r>(&self, rows: &'r [Row]) -> &'r [Row] {
        &rows[self.first..self.last]
    }

    fn start(&self, row: &Row) -> Option<usize> {
        row.start(self.left, self.right)
    }

    fn end(&self, row: &Row) -> usize {
        row.end(self.left, self.right)
    }

    /// The lines of the pane, joined where they reach its border, or the padding inside it.
    fn text(&self, rows: &[Row]) -> Text {
        let rows = self.rows(rows);
        let starts = rows.iter().filter_map(|row| self.start(row));
        let padding = starts.min().map_or(0, |start| start - self.left);
        let padding = if self.framed == (true, true) && padding <= PADDING { padding } else { 0 };
        let (from, edge) = (self.left + padding, self.right - padding.min(self.right - self.left));
        // With text beyond the padding it is none.
        let within = rows.iter().all(|row| self.end(row) <= edge);
        let edge = if within { edge } else { self.right };
        let mut text = Text::default();
        for (index, row) in rows.iter().enumerate() {
            let end = self.end(row);
            text.push(row, from, end.max(from));
            let next = rows.get(index + 1);
            let begins = next.is_some_and(|next| self.start(next) == Some(from));
            if end == edge && begins {
                continue;
            }
            if end == edge {
                text.cuts.push(text.bytes.len());
            }
            text.end_line();
        }
        text
    }

    /// The width of the line number in front of `row`, with what separates it.
    fn gutter(&self, row: &Row) -> Option<usize> {
        let start = self.start(row)?;
        let mut col = start;
        while col < self.right && row.shown(col).is_ascii_digit() {
            col += 1;
        }
        if col == start || col - self.left > GUTTER {
            return None;
        }
        let after = row.shown(col);
        if !(after == ' ' || after == ':' || is_border(after)) {
            return None;
        }
        let mut width = col + 1 - self.left;
        if is_border(row.shown(col + 1)) {
            width += 1;
        }
        if width > 1 && row.shown(self.left + width) == ' ' && is_border(row.shown(self.left + width - 1)) {
            width += 1;
        }
        Some(width)
    }

    /// The text behind line numbers; a row with an empty gutter goes on with the line above, if that reaches as far as
    /// any row does.
    fn without_gutter(&self, rows: &[Row]) -> Option<Text> {
        let rows = self.rows(rows);
        let widths: Vec<Option<usize>> = rows.iter().map(|row| self.gutter(row)).collect();
        let numbered = widths.iter().flatten().count();
        let width = widths
            .iter()
            .flatten()
            .copied()
            .max_by_key(|width| widths.iter().filter(|one| **one == Some(*width)).count())?;
        let body = self.left + width;
        let goes_on = |row: &Row| {
            let marks = |col: usize| {
                matches!(row.shown(col), ' ' | '\u{21aa}' | '\u{2026}' | '+' | '>' | '\\' | '~')
                    || is_border(row.shown(col))
            };
            (self.left..body).all(marks) && row.start(body, self.right) == Some(body)
        };
        let edge = rows.iter().map(|row| self.end(row)).max().unwrap_or_default();
        let continued = rows.windows(2).any(|pair| goes_on(&pair[1]) && self.end(&pair[0]) == edge);
        if !continued && numbered < 3 {
            return None;
        }
        let mut text = Text::default();
        for (index, row) in rows.iter().enumerate() {
            let from = if widths[index] == Some(width) || goes_on(row) { body } else { self.left };
            let end = self.end(row);
            text.push(row, from, end.max(from));
            let joins = end == edge && rows.get(index + 1).is_some_and(goes_on);
            if !joins {
                if end == self.right {
                    text.cuts.push(text.bytes.len());
                }
                text.end_line();
            }
        }
        Some(text)
    }

    /// Lines whose value goes on below where it began: only if there is one.
    fn hanging(&self, rows: &[Row]) -> Option<Text> {
        let rows = self.rows(rows);
        let edge = rows.iter().map(|row| self.end(row)).max().unwrap_or_default();
        let mut text = Text::default();
        let mut value = None;
        let mut any = false;
        for (index, row) in rows.iter().enumerate() {
            let end = self.end(row);
            let from = value.unwrap_or(self.left);
            text.push(row, from, end.max(from));
            // Where the last word began, which is broken if it reaches the edge.
            let word = (from..end).rev().find(|col| row.places[*col].is_blank()).map_or(from, |col| col + 1);
            let begins = value.unwrap_or(word);
            let next = rows.get(index + 1);
            let goes_on = end == edge
                && begins > self.left
                && end - begins.min(end) >= BROKEN_WORD
                && next
                    .is_some_and(|next| self.start(next) == Some(begins) && !next.places[begins].is_blank());
            value = goes_on.then_some(begins);
            any |= goes_on;
            if !goes_on {
                text.end_line();
            }
        }
        any.then_some(text)
    }
}
