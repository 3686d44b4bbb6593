//! A recording as a list of screens: what pages and moving pictures play, without an emulator of their own.

use std::collections::HashMap;
use std::rc::Rc;

use crate::cast::Event;
use crate::cast::Header;
use crate::cast::Kind;
use crate::export::Cleaner;
use crate::export::Pace;
use crate::term::Cell;
use crate::term::Screen;
use crate::types::Micros;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most screens.
    pub frames: usize,
    /// Most cells of all rows that differ.
    pub cells: usize,
    /// Most rows of all screens together.
    pub rows: usize,
    /// Most cells of rows that are not as on the screen before, of all screens together: what a picture that moves is made of.
    pub changes: usize,
    /// The least time between two screens, as long as there is room.
    pub gap: Micros,
}

/// One screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When it is shown.
    pub at: Micros,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Column and row of the cursor; none when it is hidden.
    pub cursor: Option<(u16, u16)>,
    /// Its rows, by their place in [`Frames::rows`].
    pub rows: Rc<[u32]>,
}

/// Screens over time. Equal rows are kept once, so what scrolls costs little.
#[derive(Debug)]
pub struct Frames {
    /// All rows that differ, without the empty cells at their ends.
    pub rows: Vec<Rc<[Cell]>>,
    /// The screens in order; at least one, the first at 0.
    pub frames: Vec<Frame>,
    /// The largest number of columns, and of rows.
    pub size: (u16, u16),
    /// How long it takes.
    pub length: Micros,
    /// What was left out for room: the time between two screens is at least this.
    pub gap: Micros,
    known: HashMap<Rc<[Cell]>, u32>,
    cells: usize,
    /// Rows of all screens together.
    used: usize,
    /// Cells of rows that are not as on the screen before.
    changed: usize,
}

impl Frames {
    /// Plays a recording. When there are too many screens, every other one goes and from then on half as many are taken.
    #[must_use]
    pub fn play(
        header: &Header,
        events: impl Iterator<Item = Event>,
        mut pace: Pace,
        cleaner: Option<&Cleaner>,
        bounds: Bounds,
    ) -> Self {
        let mut screen = Screen::new(header.cols, header.rows);
        let mut frames = Self {
            rows: Vec::new(),
            frames: Vec::new(),
            size: (0, 0),
            length: Micros(0),
            gap: bounds.gap,
            known: HashMap::new(),
            cells: 0,
            used: 0,
            changed: 0,
        };
        let mut changed = Some(Micros(0));
        for event in events {
            let at = pace.shown(event.time);
            frames.length = frames.length.max(at);
            let size = event.size();
            if event.kind != Kind::Output && size.is_none() {
                continue;
            }
            if let Some(since) = changed
                && at.0 >= since.0.saturating_add(frames.gap.0)
            {
                frames.add(since, &screen, cleaner);
                frames.make_room(bounds);
                changed = None;
            }
            match size {
                Some((cols, rows)) => screen.resize(cols, rows),
                None => screen.feed(&event.data),
            }
            changed.get_or_insert(at);
        }
        if let Some(since) = changed {
            frames.add(since, &screen, cleaner);
        }
        frames.known = HashMap::new();
        frames
    }

    fn add(&mut self, at: Micros, screen: &Screen, cleaner: Option<&Cleaner>) {
        let mut shot = screen.snapshot();
        if let Some(cleaner) = cleaner {
            cleaner.screen(&mut shot);
        }
        let rows: Rc<[u32]> = (0..shot.rows).map(|row| self.row(shot.row(row))).collect();
        let (size, cursor) = ((shot.cols, shot.rows), shot.cursor);
        self.size = (self.size.0.max(size.0), self.size.1.max(size.1));
        let is_same = |last: &Frame| last.rows == rows && last.cursor == cursor && last.size == size;
        if !self.frames.last().is_some_and(is_same) {
            self.used += rows.len();
            let frame = Frame { at, size, cursor, rows };
            self.changed += changed(self.frames.last(), &frame);
            self.frames.push(frame);
        }
    }

    fn row(&mut self, cells: &[Cell]) -> u32 {
        let used = cells.iter().rposition(|cell| !is_blank(cell)).map_or(0, |at| at + 1);
        let cells = &cells[..used];
        if let Some(known) = self.known.get(cells) {
            return *known;
        }
        let number = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let row: Rc<[Cell]> = cells.into();
        self.cells += row.len();
        self.rows.push(Rc::clone(&row));
        self.known.insert(row, number);
        number
    }

    /// Takes every other screen out as long as there are too many.
    fn make_room(&mut self, bounds: Bounds) {
        let has_too_many = |frames: &Self| {
            frames.frames.len() > bounds.frames
                || frames.cells > bounds.cells
                || frames.used > bounds.rows
                || frames.changed > bounds.changes
        };
        while self.frames.len() > 2 && has_too_many(self) {
            let mut number = 0;
            self.frames.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.used = self.frames.iter().map(|frame| frame.rows.len()).sum();
            let before = std::iter::once(None).chain(self.frames.iter().map(Some));
            self.changed = before.zip(&self.frames).map(|(before, frame)| changed(before, frame)).sum();
            self.gap = Micros(self.gap.0.saturating_mul(2));
            self.forget_rows();
        }
    }

    /// Takes the rows out that no screen has any more.
    fn forget_rows(&mut self) {
        let mut places: Vec<Option<u32>> = vec![None; self.rows.len()];
        let mut kept: Vec<Rc<[Cell]>> = Vec::new();
        for frame in &mut self.frames {
            let rows = frame.rows.iter().map(|row| {
                let row = *row as usize;
                *places[row].get_or_insert_with(|| {
                    kept.push(Rc::clone(&self.rows[row]));
                    u32::try_from(kept.len() - 1).unwrap_or(u32::MAX)
                })
            });
            frame.rows = rows.collect();
        }
        self.cells = kept.iter().map(|row| row.len()).sum();
        self.known = kept.iter().zip(0..).map(|(row, number)| (Rc::clone(row), number)).collect();
        self.rows = kept;
    }
}

/// Cells of the rows of a screen that are not as on the one before.
fn changed(before: Option<&Frame>, frame: &Frame) -> usize {
    let row = |frame: &Frame, at: usize| frame.rows.get(at).copied();
    let differs = |at: &usize| before.and_then(|before| row(before, *at)) != row(frame, *at);
    (0..frame.rows.len()).filter(differs).count() * usize::from(frame.size.0)
}

/// Whether nothing is drawn there.
fn is_blank(cell: &Cell) -> bool {
    cell.character == ' '
        && cell.columns == 1
        && cell.background.is_none()
        && cell.attributes == Default::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(outputs: usize, bounds: Bounds) -> Frames {
        let header = Header { cols: 20, rows: 3, ..Header::default() };
        let events = (0..outputs).map(|n| Event {
            time: Micros(n as u64 * 100_000),
            kind: Kind::Output,
            data: format!("line {n}\r\n"),
        });
        Frames::play(&header, events, Pace::new(None, 1.0), None, bounds)
    }

    #[test]
    fn every_screen_is_there_and_rows_are_kept_once() {
        let frames = played(
            10,
            Bounds { frames: 100, cells: 10_000, rows: 100_000, changes: usize::MAX, gap: Micros(1_000) },
        );
        assert_eq!((frames.frames.len(), frames.size), (10, (20, 3)));
        assert_eq!(frames.rows.len(), 11, "ten lines and the empty one");
        let text = |frame: &Frame| -> String {
            frame
                .rows
                .iter()
                .map(|row| {
                    frames.rows[*row as usize].iter().map(|cell| cell.character).collect::<String>() + "|"
                })
                .collect()
        };
        assert_eq!(text(&frames.frames[9]), "line 8|line 9||");
        assert_eq!(frames.frames[9].at, Micros(900_000));
    }

    #[test]
    fn a_long_recording_has_fewer_screens() {
        let bounds =
            Bounds { frames: 50, cells: 10_000, rows: 100_000, changes: usize::MAX, gap: Micros(1_000) };
        let frames = played(5_000, bounds);
        assert!(frames.frames.len() <= 52 && frames.frames.len() > 20, "{}", frames.frames.len());
        assert!(frames.rows.len() < 4 * 52);
        let few = played(5_000, Bounds { cells: 300, frames: 5_000, ..bounds });
        assert!(few.rows.iter().map(|row| row.len()).sum::<usize>() < 700);
        assert_eq!(few.frames[0].at, Micros(0));
        let few = played(5_000, Bounds { rows: 60, frames: 5_000, ..bounds });
        assert!(few.frames.len() < 30, "{}", few.frames.len());
        // Three rows of twenty cells change with each line that scrolls.
        let few = played(5_000, Bounds { changes: 1_800, frames: 5_000, ..bounds });
        assert!(few.changed <= 1_860 && few.frames.len() > 15, "{} {}", few.changed, few.frames.len());
    }
}
