//! A recording as one page: a player, a line of what happened when, and tables; no network, no framework.
//!
//! What was recorded stands in the page as packed base64 and is shown as text nodes only, so nothing in it can become markup
//! or script; the page's policy lets nothing run or load but its own script and style, by their hashes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::io::Write;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap as _;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use super::svg::hex;
use super::svg::runs;
use crate::export::Frames;
use crate::export::frames::Frame;
use crate::term::Attributes;
use crate::term::Cell;
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
    write_data(page, &mut packer)?;
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

/// Rows and frames one after the other: all of them as a tree of values would be many times as large as the recording.
fn write_data(page: &Page<'_>, out: &mut impl Write) -> serde_json::Result<()> {
    let palette = page.palette;
    let mut serializer = serde_json::Serializer::new(out);
    let mut data = serializer.serialize_map(None)?;
    let styles = RefCell::new(Styles::default());
    let row = |row: &Rc<[Cell]>| json_row(row, palette, &mut styles.borrow_mut());
    data.serialize_entry("rows", &Each(page.frames.rows.iter(), row))?;
    data.serialize_entry("styles", &styles.borrow().list)?;
    let frame = |frame: &Frame| {
        let (col, row) = frame.cursor.map_or((-1, -1), |(col, row)| (i32::from(col), i32::from(row)));
        json!([millis(frame.at.0), frame.size.0, frame.size.1, col, row, &*frame.rows])
    };
    data.serialize_entry("frames", &Each(page.frames.frames.iter(), frame))?;
    data.serialize_entry("title", &safe(page.title))?;
    data.serialize_entry("facts", &page.facts.iter().map(|fact| safe(fact)).collect::<Vec<_>>())?;
    data.serialize_entry("statement", &safe(page.statement))?;
    data.serialize_entry("length", &millis(page.frames.length.0.max(page.happened.last.0)))?;
    let colours = json!({"fg": hex(palette.foreground), "bg": hex(palette.background)});
    data.serialize_entry("colours", &colours)?;
    data.serialize_entry("events", &page.happened.events)?;
    data.serialize_entry("tables", &page.happened.tables())?;
    data.serialize_entry("pause", &page.pause.map(|pause| millis(pause.0)))?;
    data.serialize_entry("speed", &page.speed)?;
    data.end()
}

/// A list of which each value is made when it is written.
struct Each<I, F>(I, F);

impl<I: Iterator + Clone, F: Fn(I::Item) -> Value> Serialize for Each<I, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone().map(&self.1))
    }
}

/// Milliseconds, as the player counts.
pub(super) fn millis(micros: u64) -> u64 {
    micros / 1_000
}

/// Foreground, background and attributes of texts, each once. There may be as many as cells.
#[derive(Default)]
struct Styles {
    numbers: HashMap<(Option<String>, Option<String>, u32), usize>,
    list: Vec<Value>,
}

impl Styles {
    fn number(&mut self, foreground: Option<String>, background: Option<String>, flags: u32) -> usize {
        *self.numbers.entry((foreground, background, flags)).or_insert_with_key(|style| {
            self.list.push(json!(style));
            self.list.len() - 1
        })
    }
}

fn json_row(row: &[Cell], palette: &Palette, styles: &mut Styles) -> Value {
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
        let number = styles.number(colour(look.foreground), colour(look.background), flags);
        let text: String =
            run.text.chars().map(|letter| if is_unsafe(letter) { '\u{fffd}' } else { letter }).collect();
        json!([number, text, run.columns])
    });
    runs.collect()
}

fn attribute(text: &str) -> String {
    super::svg::escaped(&safe(text))
}
