//! A recording as one page: a player, a line of what happened when, and tables; no network, no framework.
//!
//! What was recorded stands in the page as packed base64 and is shown as text nodes only, so nothing in it can become markup
//! or script; the page's policy lets nothing run or load but its own script and style, by their hashes.

use std::io;
use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use super::svg::hex;
use super::svg::runs;
use crate::export::Frames;
use crate::term::Attributes;
use crate::term::Palette;
use crate::term::is_unsafe;
use crate::term::safe;
use crate::types::Micros;

const SCRIPT: &str = include_str!("page/player.js");
const STYLE: &str = include_str!("page/player.css");
const BODY: &str = include_str!("page/player.html");

/// What a page shows.
pub struct Page<'a> {
    /// Its title.
    pub title: &'a str,
    /// Who, where, when: a phrase each.
    pub facts: &'a [String],
    /// What was masked.
    pub statement: &'a str,
    /// The screens.
    pub frames: &'a Frames,
    /// Their colours.
    pub palette: &'a Palette,
    /// What happened: see [`super::Happened`].
    pub happened: &'a super::Happened,
    /// The longest pause while it plays; none: pauses are kept until the reader says otherwise.
    pub pause: Option<Micros>,
    /// How many times as fast it begins to play; the times themselves stay as they were.
    pub speed: f64,
}

/// Writes the page.
///
/// # Errors
/// When it cannot be written.
pub fn write_page(page: &Page<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    serde_json::to_writer(&mut packer, &data(page))?;
    let data = STANDARD.encode(packer.finish()?);
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-{}'; \
         style-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">",
        hash(SCRIPT),
        hash(STYLE)
    )?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<meta name=\"generator\" content=\"hoop {}\">", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "<meta name=\"description\" content=\"{}\">", attribute(page.statement))?;
    writeln!(out, "<meta name=\"referrer\" content=\"no-referrer\">\n<title>hoop recording</title>")?;
    writeln!(out, "<style>{STYLE}</style>\n</head>\n<body>\n{BODY}")?;
    writeln!(
        out,
        "<script type=\"text/plain\" id=\"data\">{data}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>"
    )
}

fn data(page: &Page<'_>) -> Value {
    let palette = page.palette;
    let mut styles: Vec<Value> = Vec::new();
    let rows: Vec<Value> = page.frames.rows.iter().map(|row| json_row(row, palette, &mut styles)).collect();
    let frames: Vec<Value> = page
        .frames
        .frames
        .iter()
        .map(|frame| {
            let (col, row) = frame.cursor.map_or((-1, -1), |(col, row)| (i32::from(col), i32::from(row)));
            json!([millis(frame.at.0), frame.size.0, frame.size.1, col, row, &*frame.rows])
        })
        .collect();
    json!({
        "title": safe(page.title),
        "facts": page.facts.iter().map(|fact| safe(fact)).collect::<Vec<_>>(),
        "statement": safe(page.statement),
        "length": millis(page.frames.length.0.max(page.happened.last.0)),
        "colours": {"fg": hex(palette.foreground), "bg": hex(palette.background)},
        "styles": styles,
        "rows": rows,
        "frames": frames,
        "events": page.happened.events,
        "tables": page.happened.tables(),
        "pause": page.pause.map(|pause| millis(pause.0)),
        "speed": page.speed,
    })
}

/// Milliseconds, as the player counts.
pub(super) fn millis(micros: u64) -> u64 {
    micros / 1_000
}

fn json_row(row: &[crate::term::Cell], palette: &Palette, styles: &mut Vec<Value>) -> Value {
    let runs = runs(row);
    let runs = runs.iter().map(|run| {
        let look = run.look;
        let colour = |colour: Option<crate::term::Colour>| colour.map(|colour| hex(palette.resolve(colour)));
        let flags: u32 = [
            (Attributes::BOLD, 1),
            (Attributes::FAINT, 2),
            (Attributes::ITALIC, 4),
            (Attributes::UNDERLINE, 8),
            (Attributes::STRUCK, 16),
            (Attributes::INVERSE, 64),
        ]
        .into_iter()
        .filter(|(attribute, _)| look.attributes.has(*attribute))
        .map(|(_, bit)| bit)
        .sum();
        let style = json!([colour(look.foreground), colour(look.background), flags]);
        let number = styles.iter().position(|known| *known == style).unwrap_or_else(|| {
            styles.push(style);
            styles.len() - 1
        });
        let text: String =
            run.text.chars().map(|letter| if is_unsafe(letter) { '\u{fffd}' } else { letter }).collect();
        json!([number, text, run.columns])
    });
    runs.collect()
}

fn attribute(text: &str) -> String {
    super::svg::escaped(&safe(text))
}
