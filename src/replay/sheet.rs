//! Where the lines of a summary stand: in one column, or in two or three where there is room.

use ratatui::layout::Rect;

use crate::replay::layout;
use crate::replay::summary::Line;
use crate::replay::summary::Sheet;

/// Columns from which the tables stand in two columns, and in three.
const TWO: u16 = 130;
const THREE: u16 = 230;
/// Columns between them.
const GAP: u16 = 2;

/// The summary: title, lines, footer.
#[derive(Clone, Debug)]
pub struct Placed<'a> {
    /// Title bar.
    pub title: Rect,
    /// The lines that are seen.
    pub lines: Vec<PlacedLine<'a>>,
    /// Where they stand.
    pub body: Rect,
    /// Hints.
    pub footer: Rect,
    /// How many lines of each column are above those that are seen, and below.
    pub hidden: (usize, usize),
}

/// A line that is seen.
#[derive(Clone, Copy, Debug)]
pub struct PlacedLine<'a> {
    /// Where.
    pub area: Rect,
    /// What.
    pub line: &'a Line,
    /// Its number among those that can be chosen.
    pub number: Option<usize>,
}

/// Puts the lines of `sheet` in their places on `area`.
#[must_use]
pub fn place(sheet: &Sheet, area: Rect) -> Placed<'_> {
    let title = Rect { height: 1.min(area.height), ..area };
    let footer = Rect { y: area.y + area.height.saturating_sub(1), height: 1.min(area.height), ..area };
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    let count = match area.width {
        0..TWO => 1,
        TWO..THREE => 2,
        THREE.. => 3,
    };
    let mut placed = Placed { title, lines: Vec::new(), body, footer, hidden: (0, 0) };
    let (width, height) = ((body.width - GAP * (count - 1)) / count, usize::from(body.height));
    for (x, column) in (0..count).zip(columns(sheet, usize::from(count))) {
        let chosen = column.iter().position(|line| line.is_some_and(|(_, number)| is_chosen(sheet, number)));
        let first = chosen.map_or(0, |chosen| layout::top(chosen, column.len(), height));
        placed.hidden.0 += first;
        placed.hidden.1 += column.len().saturating_sub(first + height);
        for (y, line) in (body.y..).zip(column.into_iter().skip(first).take(height)) {
            let area = Rect { x: body.x + x * (width + GAP), y, width, height: 1 };
            if let Some((line, number)) = line {
                placed.lines.push(PlacedLine { area, line, number });
            }
        }
    }
    placed
}

fn is_chosen(sheet: &Sheet, number: Option<usize>) -> bool {
    number.is_some() && number == sheet.chosen
}

/// A line and its number among those that can be chosen; none: an empty one.
type Numbered<'a> = Option<(&'a Line, Option<usize>)>;

/// The tables in so many columns of about the same height, with an empty line between two tables.
fn columns(sheet: &Sheet, count: usize) -> Vec<Vec<Numbered<'_>>> {
    let all: usize = sheet.tables.iter().map(|table| table.lines.len() + 1).sum();
    let fair = all.div_ceil(count);
    let mut columns: Vec<Vec<Numbered<'_>>> = vec![Vec::new()];
    let mut numbers = 0..;
    for table in &sheet.tables {
        let last = columns.len();
        // Rather a little higher than the others than half empty.
        let is_full = columns.last().is_some_and(|column| {
            !column.is_empty() && column.len() + table.lines.len() / 2 > fair && last < count
        });
        if is_full {
            columns.push(Vec::new());
        }
        let Some(column) = columns.last_mut() else { continue };
        if !column.is_empty() {
            column.push(None);
        }
        for line in &table.lines {
            let number = if line.goals.is_empty() { None } else { numbers.next() };
            column.push(Some((line, number)));
        }
    }
    columns
}
