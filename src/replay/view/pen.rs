//! Writing text into cells: made safe, cut to its place, in the look of its meaning.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::replay::keymap::Context;
use crate::replay::keys::Keys;
use crate::replay::keys::Line;
use crate::replay::theme::Meaning;
use crate::replay::theme::Theme;
use crate::term::clip;
use crate::term::fit;
use crate::term::safe;
use crate::term::width;

/// Columns that a title's command is worth, at least.
const LEAST_TITLE: usize = 12;

/// Draws on a buffer with a theme.
pub struct Pen<'a> {
    /// Where it draws.
    pub buffer: &'a mut Buffer,
    /// How it looks.
    pub theme: &'a Theme,
    /// The keys that hints name.
    pub keys: &'a Keys,
    /// Whether arrows are written out, because only ASCII is shown.
    pub ascii: bool,
}

impl<'a> Pen<'a> {
    /// A pen that knows the built-in keys.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme) -> Self {
        Self { buffer, theme, keys: Keys::usual(), ascii: false }
    }

    /// The same with these keys.
    #[must_use]
    pub fn with_keys(self, keys: &'a Keys, ascii: bool) -> Self {
        Self { keys, ascii, ..self }
    }

    /// Empties `area` in the look of `meaning`.
    pub fn fill(&mut self, area: Rect, meaning: Meaning) {
        let area = area.intersection(self.buffer.area);
        let style = self.theme.style(meaning);
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
                cell.set_style(style);
            }
        }
    }

    /// Writes one line at the left of `area`'s first row; gives the columns used.
    pub fn text(&mut self, area: Rect, text: &str, meaning: Meaning) -> u16 {
        self.styled(area, text, self.theme.style(meaning))
    }

    fn styled(&mut self, area: Rect, text: &str, style: Style) -> u16 {
        let area = area.intersection(self.buffer.area);
        if area.is_empty() {
            return 0;
        }
        let text = safe(text);
        let shown = clip(&text, usize::from(area.width));
        self.buffer.set_stringn(area.x, area.y, shown, usize::from(area.width), style);
        u16::try_from(width(shown)).unwrap_or(area.width).min(area.width)
    }

    /// Writes pieces one after another on a row filled with `ground`; a piece keeps the ground's look where its own
    /// meaning has none.
    pub fn row(&mut self, area: Rect, ground: Meaning, pieces: &[(&str, Meaning)]) {
        self.fill(Rect { height: 1.min(area.height), ..area }, ground);
        let mut rest = area;
        for (text, meaning) in pieces {
            let style = match *meaning {
                own if own == ground => self.theme.style(ground),
                other => self.theme.style(ground).patch(self.theme.style(other)),
            };
            let used = self.styled(rest, text, style);
            rest.x += used;
            rest.width -= used;
        }
    }

    /// The bottom line: hints for `context` from the keys in force, as many as there is room for; the way to help always.
    pub fn hints(&mut self, area: Rect, context: Context) {
        // A letter is text in the query line; the last key of a line is none.
        let is_text = context == Context::Query;
        let lines = self.keys.lines(context, self.ascii);
        let hints = |everywhere: bool| {
            lines.iter().filter_map(move |line| match line {
                Line::Keys { shown, hint, is_everywhere, .. }
                    if *is_everywhere == everywhere && !hint.is_empty() && !shown.is_empty() =>
                {
                    let key = if is_text { shown.rsplit("  ").next() } else { shown.split("  ").next() };
                    Some((key.unwrap_or(shown), *hint))
                }
                _ => None,
            })
        };
        let columns = |(key, hint): &(&str, &str)| width(key) + width(hint) + 3;
        let always: usize = hints(true).map(|hint| columns(&hint)).sum();
        let mut room = usize::from(area.width).saturating_sub(always);
        let fitting = hints(false).take_while(|hint| {
            let fits = columns(hint) <= room;
            room = room.saturating_sub(columns(hint));
            fits
        });
        let shown: Vec<_> = fitting.collect();
        let texts: Vec<(String, String)> = shown
            .into_iter()
            .chain(hints(true))
            .map(|(key, hint)| (format!(" {key}"), format!(" {hint} ")))
            .collect();
        let pieces: Vec<(&str, Meaning)> = texts
            .iter()
            .flat_map(|(key, hint)| [(key.as_str(), Meaning::Key), (hint.as_str(), Meaning::Bar)])
            .collect();
        self.row(area, Meaning::Bar, &pieces);
    }

    /// A box around `place`.
    pub fn frame(&mut self, place: Rect) {
        let line = "─".repeat(usize::from(place.width.saturating_sub(2)));
        let last = place.y + place.height.saturating_sub(1);
        self.text(place, &format!("╭{line}╮"), Meaning::Border);
        self.text(Rect { y: last, height: 1, ..place }, &format!("╰{line}╯"), Meaning::Border);
        for y in place.y + 1..last {
            self.text(Rect { y, height: 1, ..place }, "│", Meaning::Border);
            let right = Rect { x: place.x + place.width.saturating_sub(1), y, width: 1, height: 1 };
            self.text(right, "│", Meaning::Border);
        }
    }

    /// Several lines, wrapped, one column in from the edges.
    pub fn paragraph(&mut self, area: Rect, text: &str, meaning: Meaning) {
        let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let lines = text.lines().flat_map(|line| wrapped(line, usize::from(inner.width)));
        for (y, line) in (inner.y..inner.y + inner.height).zip(lines) {
            self.text(Rect { y, height: 1, ..inner }, &line, meaning);
        }
    }
}

/// The title of a recording, made safe, in exactly `columns`: of one that is too long the command is cut, so that it is
/// still told whose session it was.
pub fn titled(title: &str, columns: usize) -> String {
    let title = safe(title);
    let cut = title.rsplit_once("  ").filter(|_| width(&title) > columns).and_then(|(command, who)| {
        let room = columns.checked_sub(width(who) + 2).filter(|room| *room >= LEAST_TITLE)?;
        Some(format!("{}  {who}", fit(command, room)))
    });
    cut.unwrap_or_else(|| fit(&title, columns))
}

/// `line`, made safe, in pieces of at most `columns`; broken at a space where there is one after the first third.
pub fn wrapped(line: &str, columns: usize) -> Vec<String> {
    let line = safe(line);
    let mut rest: &str = &line;
    let mut rows = Vec::new();
    while columns > 1 && width(rest) > columns {
        let head = clip(rest, columns);
        let cut = head.rfind(' ').filter(|at| *at > head.len() / 3).map_or(head.len(), |at| at + 1);
        let (row, after) = rest.split_at(cut);
        rows.push(row.trim_end().to_owned());
        rest = after;
    }
    rows.push(rest.to_owned());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_that_is_too_long_keeps_whose_session_it_was() {
        let title = "claude 'aws s3 ls' 'rm -r  /tmp/x'  ana@build-7 (corp)";
        assert_eq!(titled(title, 40), "claude 'aws s3 ls' …  ana@build-7 (corp)");
        assert_eq!(titled("make  ana@build-7", 20), "make  ana@build-7   ");
        assert_eq!(titled(title, 20), fit(title, 20), "there is no room for both");
        assert_eq!(titled("世界世界世界世界世界  ana", 18), "世界世界世界…  ana");
        assert_eq!(titled("no person \u{1b}[2J", 12), "no person \\…");
    }
}
