//! A picture of one moment: the cells of a screen as SVG, with a theme's colours.

use std::io;
use std::io::Write;

use crate::term::Attributes;
use crate::term::Cell;
use crate::term::Palette;
use crate::term::Rgb;
use crate::term::Snapshot;
use crate::term::clip;
use crate::term::is_unsafe;
use crate::term::safe;

/// Font size, and a cell's width and height, in pixels. 0.6 em is the width of nearly all monospaced fonts.
pub(super) const FONT: f64 = 14.0;
pub(super) const CELL_WIDTH: f64 = 8.4;
pub(super) const CELL_HEIGHT: f64 = 18.0;
pub(super) const MARGIN: f64 = 14.0;
pub(super) const TITLE_HEIGHT: f64 = 30.0;

/// How far letters reach above their line, in nearly all monospaced fonts, as a part of their size; and what makes boxes, which are
/// 1.164 of it high, as high as a row.
const ASCENT: f64 = 0.928;
const STRETCH: f64 = 1.105;

/// What the picture shows.
pub struct Still<'a> {
    /// The screen.
    pub screen: &'a Snapshot,
    /// Its colours.
    pub palette: &'a Palette,
    /// The text above it; none leaves the bar out.
    pub title: Option<&'a str>,
    /// What the file says about itself, unseen.
    pub note: Option<&'a str>,
}

/// Writes the picture. All text is escaped; the file holds no script, link or font.
pub fn write_svg(still: &Still<'_>, out: &mut impl Write) -> io::Result<()> {
    let Still { screen, palette, title, note } = still;
    let top = MARGIN + if title.is_some() { TITLE_HEIGHT } else { 0.0 };
    let width = f64::from(screen.cols) * CELL_WIDTH + 2.0 * MARGIN;
    let height = f64::from(screen.rows) * CELL_HEIGHT + top + MARGIN;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.1} {height:.1}\" font-size=\"{FONT}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, 'Liberation Mono', monospace\">"
    )?;
    if let Some(note) = note {
        writeln!(out, "<desc>{}</desc>", escaped(&safe(note)))?;
    }
    writeln!(out, "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>", hex(palette.background))?;
    if let Some(title) = title {
        write_title(title, width, palette, out)?;
    }
    for row in 0..screen.rows {
        write_row(screen.row(row), f64::from(row).mul_add(CELL_HEIGHT, top), palette, out)?;
    }
    if let Some((col, row)) = screen.cursor {
        let (x, y) = (f64::from(col).mul_add(CELL_WIDTH, MARGIN), f64::from(row).mul_add(CELL_HEIGHT, top));
        writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{CELL_WIDTH}\" height=\"{CELL_HEIGHT}\" fill=\"{}\" \
             fill-opacity=\"0.5\"/>",
            hex(palette.foreground)
        )?;
    }
    writeln!(out, "</svg>")
}

pub(super) fn write_title(
    title: &str,
    width: f64,
    palette: &Palette,
    out: &mut impl Write,
) -> io::Result<()> {
    for (index, colour) in [(0_u8, 1), (1, 3), (2, 2)] {
        let x = f64::from(index).mul_add(18.0, MARGIN + 6.0);
        writeln!(out, "<circle cx=\"{x:.1}\" cy=\"20\" r=\"5.5\" fill=\"{}\"/>", hex(palette.basic[colour]))?;
    }
    let text = safe(title);
    let shown = clip(&text, title_columns(width));
    let more = if shown.len() < text.len() { "…" } else { "" };
    writeln!(
        out,
        "<text x=\"{:.1}\" y=\"25\" text-anchor=\"middle\" fill=\"{}\" fill-opacity=\"0.7\">{}{more}</text>",
        width / 2.0,
        hex(palette.foreground),
        escaped(shown)
    )
}

/// Columns of a title between the three circles and as much room on the other side.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand; saturates at 0")]
fn title_columns(width: f64) -> usize {
    ((width - 2.0 * (MARGIN + 54.0)) / CELL_WIDTH) as usize
}

/// A row of cells, its upper edge at `y`.
pub(super) fn write_row(cells: &[Cell], y: f64, palette: &Palette, out: &mut impl Write) -> io::Result<()> {
    let runs = runs(cells);
    write_grounds(&runs, y, palette, out)?;
    runs.iter().try_for_each(|run| write_run(run, y, palette, out))
}

/// The ground of a row, each stretch of one colour as a whole: where two rectangles meet between dots, a line would show.
fn write_grounds(runs: &[Run], y: f64, palette: &Palette, out: &mut impl Write) -> io::Result<()> {
    let mut stretches: Vec<(usize, usize, Rgb)> = Vec::new();
    for run in runs {
        let (_, ground) = inks(&run.look, palette);
        let end = run.col + run.columns;
        match stretches.last_mut() {
            Some((_, last, colour)) if *last == run.col && *colour == ground => *last = end,
            _ => stretches.push((run.col, end, ground)),
        }
    }
    for (from, to, ground) in stretches.into_iter().filter(|(.., ground)| *ground != palette.background) {
        let (x, wide) = (MARGIN + columns(from), columns(to - from));
        writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{CELL_HEIGHT}\" fill=\"{}\"/>",
            // A hair wider, so that no line shows between neighbours.
            wide + 0.3,
            hex(ground)
        )?;
    }
    Ok(())
}

/// The colours of letter and ground.
fn inks(look: &Cell, palette: &Palette) -> (Rgb, Rgb) {
    let ink = look.foreground.map_or(palette.foreground, |colour| palette.resolve(colour));
    let ground = look.background.map_or(palette.background, |colour| palette.resolve(colour));
    if look.attributes.has(Attributes::INVERSE) { (ground, ink) } else { (ink, ground) }
}

#[expect(clippy::cast_precision_loss, reason = "at most a thousand columns")]
fn columns(count: usize) -> f64 {
    count as f64 * CELL_WIDTH
}

/// Neighbouring cells that look alike.
pub(super) struct Run {
    pub(super) col: usize,
    pub(super) columns: usize,
    pub(super) text: String,
    pub(super) look: Cell,
}

pub(super) fn runs(cells: &[Cell]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (col, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.columns > 0) {
        let columns = usize::from(cell.columns);
        // Only ASCII is sure to be one cell wide in every font: other characters get a place of their own.
        let simple = cell.character.is_ascii();
        match runs.last_mut() {
            Some(run) if simple && run.text.is_ascii() && alike(&run.look, cell) => {
                run.text.push(cell.character);
                run.columns += columns;
            }
            _ => runs.push(Run { col, columns, text: cell.character.to_string(), look: *cell }),
        }
    }
    runs
}

fn alike(a: &Cell, b: &Cell) -> bool {
    (a.foreground, a.background, a.attributes) == (b.foreground, b.background, b.attributes)
}

fn write_run(run: &Run, y: f64, palette: &Palette, out: &mut impl Write) -> io::Result<()> {
    let has = |attribute| run.look.attributes.has(attribute);
    let (ink, _) = inks(&run.look, palette);
    let x = MARGIN + columns(run.col);
    let lined = has(Attributes::UNDERLINE) || has(Attributes::STRUCK);
    let text = if lined { run.text.as_str() } else { run.text.trim_end() };
    if text.is_empty() {
        return Ok(());
    }
    if text.chars().all(|letter| ('\u{2500}'..='\u{259f}').contains(&letter)) {
        // As high as the row, so that lines meet from row to row.
        let baseline = (FONT * ASCENT).mul_add(STRETCH, y);
        write!(out, "<text transform=\"matrix(1 0 0 {STRETCH} {x:.1} {baseline:.2})\"")?;
    } else {
        write!(out, "<text x=\"{x:.1}\" y=\"{:.1}\"", y + 13.5)?;
    }
    write!(out, " fill=\"{}\" xml:space=\"preserve\"", hex(ink))?;
    if text.len() > 1 && text.is_ascii() {
        write!(out, " textLength=\"{:.1}\"", columns(text.len()))?;
    }
    if has(Attributes::BOLD) {
        write!(out, " font-weight=\"bold\"")?;
    }
    if has(Attributes::ITALIC) {
        write!(out, " font-style=\"italic\"")?;
    }
    if has(Attributes::FAINT) {
        write!(out, " fill-opacity=\"0.6\"")?;
    }
    if lined {
        let under = if has(Attributes::UNDERLINE) { "underline " } else { "" };
        let through = if has(Attributes::STRUCK) { "line-through" } else { "" };
        write!(out, " text-decoration=\"{}\"", format!("{under}{through}").trim())?;
    }
    writeln!(out, ">{}</text>", escaped(text))
}

pub(super) fn hex(Rgb(r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if is_unsafe(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Screen;

    #[test]
    fn a_long_title_stays_between_its_neighbours() {
        let basic = [Rgb(9, 9, 9); 16];
        let palette = Palette { foreground: Rgb(255, 255, 255), background: Rgb(0, 0, 0), basic };
        let of = |title: &str, width: f64| {
            let mut out = Vec::new();
            write_title(title, width, &palette, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert!(of("a title", 700.0).contains(">a title</text>"));
        assert!(of(&"界".repeat(300), 700.0).contains(&format!(">{}…</text>", "界".repeat(33))));
        assert!(of("a title", 36.0).contains(">…</text>"));
    }

    #[test]
    fn a_picture_is_well_formed_whatever_the_screen_holds() {
        let mut screen = Screen::new(30, 3);
        screen.feed("<script>&\"x\" \x1b[1;4;7;31m]]>\x1b[m 世界 \u{202e}e\u{301}");
        let basic = [Rgb(9, 9, 9); 16];
        let palette = Palette { foreground: Rgb(255, 255, 255), background: Rgb(0, 0, 0), basic };
        let mut out = Vec::new();
        let still = Still {
            screen: &screen.snapshot(),
            palette: &palette,
            title: Some("<&\u{7}>"),
            note: Some("a <b>"),
        };
        write_svg(&still, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("&lt;script&gt;&amp;&quot;x&quot;"));
        let mut reader = quick_xml::Reader::from_str(&text);
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Eof => break,
                event => drop(event),
            }
        }
    }
}
