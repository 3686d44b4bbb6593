//! A recording as a moving picture: SVG, played by styles alone, so that it also plays where a page shows it as an image.

use std::fmt::Write as _;
use std::io;
use std::io::Write;

use super::svg::CELL_HEIGHT;
use super::svg::CELL_WIDTH;
use super::svg::FONT;
use super::svg::MARGIN;
use super::svg::TITLE_HEIGHT;
use super::svg::escaped;
use super::svg::hex;
use super::svg::write_row;
use super::svg::write_title;
use crate::export::Frames;
use crate::term::Palette;
use crate::term::safe;

/// How long the last screen stays, in seconds.
const LAST: f64 = 3.0;

/// Writes the picture: rows once, screens that use them side by side, and a style that shows one after the other. No script.
///
/// # Errors
/// When it cannot be written.
pub fn write_movie(
    frames: &Frames,
    palette: &Palette,
    title: Option<&str>,
    note: Option<&str>,
    out: &mut impl Write,
) -> io::Result<()> {
    let top = MARGIN + if title.is_some() { TITLE_HEIGHT } else { 0.0 };
    let (wide, high) = (f64::from(frames.size.0) * CELL_WIDTH, f64::from(frames.size.1) * CELL_HEIGHT);
    let (width, height) = (wide + 2.0 * MARGIN, high + top + MARGIN);
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{width:.0}\" \
         height=\"{height:.0}\" viewBox=\"0 0 {width:.1} {height:.1}\" font-size=\"{FONT}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, 'Liberation Mono', monospace\">"
    )?;
    if let Some(note) = note {
        writeln!(out, "<desc>{}</desc>", escaped(&safe(note)))?;
    }
    writeln!(out, "<style>{}</style>", styles(frames, wide))?;
    writeln!(out, "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>", hex(palette.background))?;
    if let Some(title) = title {
        write_title(title, width, palette, out)?;
    }
    writeln!(out, "<defs>")?;
    for (number, row) in frames.rows.iter().enumerate() {
        write!(out, "<g id=\"r{number}\">")?;
        // Rows begin at the margin; screens are moved back by it.
        write_row(row, 0.0, palette, out)?;
        writeln!(out, "</g>")?;
    }
    writeln!(out, "</defs>")?;
    writeln!(
        out,
        "<svg x=\"{MARGIN}\" y=\"{top}\" width=\"{wide:.1}\" height=\"{high:.1}\"><g class=\"m\">"
    )?;
    for (number, frame) in frames.frames.iter().enumerate() {
        let left = at(number, wide);
        writeln!(out, "<svg x=\"{left:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\" overflow=\"hidden\">")?;
        for (row, used) in frame.rows.iter().enumerate().filter(|(_, used)| !is_empty(frames, **used)) {
            let y = at(row, CELL_HEIGHT);
            writeln!(out, "<use xlink:href=\"#r{used}\" x=\"-{MARGIN}\" y=\"{y:.1}\"/>")?;
        }
        if let Some((col, row)) = frame.cursor {
            let (x, y) = (f64::from(col) * CELL_WIDTH, f64::from(row) * CELL_HEIGHT);
            writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{CELL_WIDTH}\" height=\"{CELL_HEIGHT}\" fill=\"{}\" \
                 fill-opacity=\"0.5\"/>",
                hex(palette.foreground)
            )?;
        }
        writeln!(out, "</svg>")?;
    }
    writeln!(out, "</g></svg>\n</svg>")
}

fn is_empty(frames: &Frames, row: u32) -> bool {
    frames.rows.get(row as usize).is_none_or(|row| row.is_empty())
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn at(number: usize, step: f64) -> f64 {
    number as f64 * step
}

#[expect(clippy::cast_precision_loss, reason = "exact to a microsecond for 285 years")]
fn styles(frames: &Frames, wide: f64) -> String {
    let seconds = |micros: u64| micros as f64 / 1e6;
    let last = frames.frames.last().map_or(0, |frame| frame.at.0);
    let length = seconds(last.max(frames.length.0)) + LAST;
    let mut text = format!(".m{{animation:m {length:.3}s step-end infinite}}@keyframes m{{");
    for (number, frame) in frames.frames.iter().enumerate() {
        let part = seconds(frame.at.0) / length * 100.0;
        let _ = write!(text, "{part:.4}%{{transform:translateX(-{:.1}px)}}", at(number, wide));
    }
    text.push('}');
    text
}
