//! One export: the parts that are joined for it, and the passes over the recording.

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;

use super::args::Pause;
use super::export_args::Export;
use super::export_args::Format;
use super::export_calls::fits;
use super::export_calls::stand_in;
use super::export_events::Whole;
use super::export_mask::cleaner;
use super::place;
use super::place::Found;
use crate::audit;
use crate::audit::Event as Told;
use crate::audit::Start;
use crate::cast::Event;
use crate::cast::Form;
use crate::cast::Header;
use crate::cast::Kind as EventKind;
use crate::cast::Reader;
use crate::cli::looking;
use crate::cli::surroundings;
use crate::config::load::Config;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::export;
use crate::export::Bounds;
use crate::export::Cleaner;
use crate::export::Cut;
use crate::export::Edge;
use crate::export::Failure;
use crate::export::Files;
use crate::export::Font;
use crate::export::Fonts;
use crate::export::Frames;
use crate::export::Happened;
use crate::export::Pace;
use crate::export::Page;
use crate::export::Session;
use crate::export::Span;
use crate::export::Spot;
use crate::export::Statement;
use crate::export::Still;
use crate::export::Unread;
use crate::query::Query;
use crate::replay::Theme;
use crate::term::Screen;
use crate::term::Snapshot;
use crate::types::Micros;

/// What a picture without a title says.
const NO_TITLE: &str = "none";

/// The longest pause of a moving picture or a page where nobody says otherwise.
const USUAL_PAUSE: Micros = Micros(2_000_000);
/// What a moving picture holds at most: five minutes at ten screens a second, longer ones fewer.
const MOVING: Bounds =
    Bounds { frames: 3_000, cells: 1_000_000, rows: 200_000, changes: 600_000, gap: Micros(66_000) };
/// The same of one in SVG, of which each letter outside of ASCII is an element.
const MOVIE: Bounds =
    Bounds { frames: 1_500, cells: 300_000, rows: 60_000, changes: usize::MAX, gap: Micros(66_000) };
/// What a page holds at most: ten minutes at twenty screens a second, longer ones fewer.
const PAGE: Bounds =
    Bounds { frames: 12_000, cells: 3_000_000, rows: 1_000_000, changes: usize::MAX, gap: Micros(33_000) };

/// An export that can begin.
pub struct Job<'w> {
    wish: &'w Export,
    format: Format,
    found: Found,
    theme: Theme,
    span: Span,
    cleaner: Option<Cleaner>,
    start: Option<Start>,
    statement: Statement,
    query: Option<Query>,
    /// Of the audit log, where it is not read again for what is written.
    unread: Unread,
}

type Events<'j> = Box<dyn Iterator<Item = Result<Event>> + 'j>;

impl<'w> Job<'w> {
    /// Finds the recording and the moments that are meant, and looks through it for what is to be masked.
    pub fn new(wish: &'w Export, format: Format, recording: &str, query: Option<Query>) -> Result<Self> {
        let found = place::find(recording)?;
        let config = Config::load(&surroundings::sources())?;
        let theme = looking::theme_of_pictures(wish.theme.as_deref(), &config)?;
        let cleaner = wish.mask.as_deref().map(|packs| cleaner(&config, packs)).transpose()?;
        let mut job = Self {
            wish,
            format,
            span: Span::ALL,
            theme,
            start: None,
            statement: Statement::default(),
            cleaner: None,
            found,
            query,
            unread: Unread::default(),
        };
        job.span = job.span()?;
        job.start = job.start()?;
        job.statement.recorded = job.recorded();
        if let Some((cleaner, packs)) = cleaner {
            job.cleaner = Some(cleaner);
            job.statement.packs = packs;
            job.look_through()?;
        }
        Ok(job)
    }

    /// Writes it; gives what of the recording could not be read.
    pub fn write(&self, out: &mut impl Write) -> Result<Unread, Failure> {
        let mut unread = match self.format {
            Format::Cast | Format::Cast2 => self.cast(out)?,
            Format::Txt => {
                let (header, mut events) = self.events()?;
                export::write_text(&header, events.by_ref(), self.note().as_deref(), out)?;
                events.unread()
            }
            Format::Screen | Format::Svg | Format::Png => self.still(out)?,
            Format::Html => self.page(out)?,
            Format::Gif | Format::Movie => self.moving(out)?,
            Format::Jsonl | Format::Csv | Format::Ocsf | Format::Cloudtrail => self.calls(out)?,
        };
        out.flush()?;
        if self.format != Format::Html && !self.format.is_of_calls() {
            unread.join(self.unread.clone());
        }
        Ok(unread)
    }

    /// Passes that write nothing: the first learns what is to be masked, the second counts what is.
    fn look_through(&mut self) -> Result<()> {
        let (mut rules, as_recorded) = (BTreeMap::new(), self.start.clone());
        // What is drawn takes long, and one pass finds nearly all.
        for _ in 0..if self.format.is_drawn() { 1 } else { 2 } {
            if let Some(cleaner) = &self.cleaner {
                let start = as_recorded.clone().map(|start| cleaner.start(start)).transpose()?;
                self.write(&mut io::sink()).map_err(|failure| match failure {
                    Failure::Recording(error) => error,
                    Failure::Output(cause) => Error::io("cannot look through the recording", &cause),
                })?;
                rules = cleaner.take_counts();
                self.start = start;
            }
        }
        self.statement.rules = rules;
        Ok(())
    }

    /// The files that are read.
    pub fn recording(&self) -> Vec<&Path> {
        let source = &self.found.source;
        [Some(source.cast.as_path()), source.audit.as_deref()].into_iter().flatten().collect()
    }

    fn files(&self) -> Files<'_> {
        Files { cast: &self.found.source.cast, audit: self.found.source.audit.as_deref() }
    }

    /// One moment or a part, whichever the format shows: what is asked for and not done would be taken for done.
    fn check_moments(&self) -> Result<()> {
        let wish = self.wish;
        let error = || Error::new(Kind::Usage, "that part of the recording cannot be written so");
        match self.format.is_still() {
            true if wish.from.is_some() || wish.to.is_some() => {
                Err(error().why("a picture shows one moment").fix("give --at instead of --from and --to"))
            }
            false if wish.at.is_some() => Err(error()
                .why("--at is the moment of a picture (screen, svg, png)")
                .fix("give --from and --to, or such a format")),
            _ => Ok(()),
        }
    }

    fn span(&self) -> Result<Span> {
        self.check_moments()?;
        let files = self.files();
        let explained = |error| place::explained(error, files.cast);
        let mut span = Span::ALL;
        if let Some(from) = &self.wish.from {
            span.from = from.resolve(Edge::Begin, files).map_err(explained)?;
        }
        let end = if self.format.is_still() { &self.wish.at } else { &self.wish.to };
        if let Some(to) = end {
            span.to = to.resolve(Edge::End, files).map_err(explained)?;
        }
        if span.from > span.to {
            return Err(Error::new(Kind::Usage, "nothing lies in that part of the recording")
                .why("--from is later than --to")
                .fix("swap them"));
        }
        Ok(span)
    }

    /// The first line of the audit log; none where it is damaged.
    fn start(&mut self) -> Result<Option<Start>> {
        let Some(audit) = &self.found.source.audit else { return Ok(None) };
        match audit::Reader::open(audit)?.next() {
            Some(Ok(audit::Line { event: Told::SessionStart(start), .. })) => return Ok(Some(*start)),
            Some(Err(error)) => self.unread.add(&error),
            _ => {
                self.unread.add(&Error::new(Kind::Record, "the audit log has no first line `session.start`"))
            }
        }
        Ok(None)
    }

    /// What was masked when the session was recorded, as its audit log says.
    fn recorded(&self) -> BTreeMap<String, u64> {
        let mut rules = BTreeMap::new();
        let lines = self.found.source.audit.as_deref().and_then(|audit| audit::Reader::open(audit).ok());
        for line in lines.into_iter().flatten().filter_map(Result::ok).filter(|line| self.span.has(line.t)) {
            let counts = match line.event {
                Told::CallEnd(end) => end.masks,
                // Those of calls stand at their ends.
                Told::Mask(mask) if mask.call.is_none() => mask.rules,
                _ => continue,
            };
            counts.into_iter().for_each(|(rule, count)| *rules.entry(rule).or_default() += count);
        }
        rules
    }

    /// The terminal recording as it is exported: masked, cut.
    fn events(&self) -> Result<(Header, Cut<Events<'_>>)> {
        let cast = &self.found.source.cast;
        let reader = Reader::open(cast).map_err(|error| place::explained(error, cast))?;
        let header = reader.header().clone();
        let reader = Whole::new(reader);
        let (mut header, events): (Header, Events<'_>) = match &self.cleaner {
            Some(cleaner) => (cleaner.header(&header), Box::new(cleaner.events(&header, reader))),
            None => (header, Box::new(reader)),
        };
        match self.wish.title.as_deref() {
            Some(NO_TITLE | "") => header.title = None,
            Some(title) => header.title = Some(self.text(title)),
            None => {}
        }
        let (header, cut) = Cut::new(&header, events, self.span);
        match (&self.wish.from, cut.over()) {
            (Some(Spot::Time(_)), Some(end)) => self.check_end(end).map(|()| (header, cut)),
            _ => Ok((header, cut)),
        }
    }

    /// Whether anything happened in the part, of which the terminal recording, which ends at `end`, has nothing.
    fn check_end(&self, end: Micros) -> Result<()> {
        let lines = self.found.source.audit.as_deref().map(audit::Reader::open).transpose()?;
        let end =
            lines.into_iter().flatten().filter_map(Result::ok).map(|line| line.t).fold(end, Micros::max);
        match end < self.span.from {
            true => Err(Error::new(Kind::Usage, "nothing lies in that part of the recording")
                .why(format!("it ends at {}", export::clock(end)))
                .fix("give an earlier --from")),
            false => Ok(()),
        }
    }

    /// A text of ours, masked where everything is.
    fn text(&self, text: &str) -> String {
        self.cleaner.as_ref().map_or_else(|| text.to_owned(), |cleaner| cleaner.text(text).into_owned())
    }

    /// What text and pictures say of a second mask; without one they are as they always were.
    fn note(&self) -> Option<String> {
        self.statement.is_second_pass().then(|| self.statement.sentence())
    }

    fn pace(&self) -> Pace {
        let limit = self.wish.pacing.idle_limit.and_then(Pause::limit);
        Pace::new(limit, self.wish.pacing.speed.unwrap_or(1.0))
    }

    fn cast(&self, out: &mut impl Write) -> Result<Unread, Failure> {
        let form = if self.format == Format::Cast { Form::V3 } else { Form::V2 };
        let (header, mut events) = self.events()?;
        let mut about = json!({"version": env!("CARGO_PKG_VERSION"), "mask": self.statement.json()});
        if let Some(start) = &self.start {
            about["session"] = json!(start.id.to_string());
        }
        export::write_cast(&header, events.by_ref(), (form, self.pace()), &about, out)?;
        Ok(events.unread())
    }

    /// The screen at the end of the part, and the title that stands above it.
    fn shot(&self) -> Result<(Snapshot, Option<String>, Unread)> {
        let (header, mut events) = self.events()?;
        let mut screen = Screen::new(header.cols, header.rows);
        for event in events.by_ref() {
            match (event.kind, event.size()) {
                (EventKind::Output, _) => screen.feed(&event.data),
                (EventKind::Resize, Some((cols, rows))) => screen.resize(cols, rows),
                _ => {}
            }
        }
        let mut shot = screen.snapshot();
        if let Some(cleaner) = &self.cleaner {
            cleaner.screen(&mut shot);
        }
        Ok((shot, self.title(&header), events.unread()))
    }

    /// The title of a picture or a page.
    fn title(&self, header: &Header) -> Option<String> {
        let title = match self.wish.title.as_deref() {
            Some(title) => self.text(title),
            None => {
                let own = self.text(&self.found.title());
                let of_header =
                    || header.title.clone().or_else(|| header.command.clone()).unwrap_or_default();
                if own.is_empty() { of_header() } else { own }
            }
        };
        Some(title).filter(|title| title != NO_TITLE && !title.is_empty())
    }

    fn still(&self, out: &mut impl Write) -> Result<Unread, Failure> {
        let (screen, title, unread) = self.shot()?;
        let note = self.note();
        let palette = self.theme.palette();
        let still = Still { screen: &screen, palette, title: title.as_deref(), note: note.as_deref() };
        match self.format {
            Format::Screen => export::write_screen(&screen, note.as_deref(), out)?,
            Format::Png => {
                let (fonts, size) = self.fonts(28)?;
                export::write_png(&still, fonts, size, out)?;
            }
            _ => export::write_svg(&still, out)?,
        }
        Ok(unread)
    }

    /// The fonts of dots and the height of letters; read here, when they are needed.
    fn fonts(&self, usual: u8) -> Result<(Fonts, f32)> {
        let first = self.wish.font.as_deref().map(Font::read).transpose()?;
        let home = env::var_os("HOME").map(PathBuf::from);
        let fonts = Fonts::new(first, export::system_folders(home.as_deref()))?;
        Ok((fonts, f32::from(self.wish.font_size.unwrap_or(usual))))
    }

    fn moving(&self, out: &mut impl Write) -> Result<Unread, Failure> {
        let (header, mut events) = self.events()?;
        let limit = self.wish.pacing.idle_limit.map_or(Some(USUAL_PAUSE), Pause::limit);
        let pace = Pace::new(limit, self.wish.pacing.speed.unwrap_or(1.0));
        let bounds = if self.format == Format::Gif { MOVING } else { MOVIE };
        let frames = Frames::play(&header, events.by_ref(), pace, self.cleaner.as_ref(), bounds);
        let (palette, note) = (self.theme.palette(), self.note());
        if self.format == Format::Gif {
            export::write_gif(&frames, palette, self.fonts(16)?, note.as_deref(), out)?;
        } else {
            let title = self.title(&header);
            export::write_movie(&frames, palette, title.as_deref(), note.as_deref(), out)?;
        }
        Ok(events.unread())
    }

    fn page(&self, out: &mut impl Write) -> Result<Unread, Failure> {
        let (header, mut events) = self.events()?;
        let (mut happened, is_ours) = (Happened::new(self.span), self.start.is_some());
        let mut of_calls = Unread::default();
        let marked = events.by_ref().inspect(|event| {
            if event.kind == EventKind::Marker {
                happened.marker(event.time, &event.data, is_ours);
            }
        });
        let frames = Frames::play(&header, marked, Pace::new(None, 1.0), self.cleaner.as_ref(), PAGE);
        if let Some(audit) = &self.found.source.audit {
            let mut calls = export::Calls::new(audit::Reader::open(audit)?, self.span, self.cleaner.as_ref());
            for told in calls.by_ref() {
                happened.call(&told?);
            }
            of_calls = calls.unread();
            for line in audit::Reader::open(audit)?.filter_map(Result::ok) {
                happened.line(line, self.cleaner.as_ref())?;
            }
        }
        happened.sort();
        let title = self.title(&header).unwrap_or_else(|| "recording".to_owned());
        let facts = self.facts(&header);
        let statement = self.statement.sentence();
        let page = Page {
            title: &title,
            facts: &facts,
            statement: &statement,
            frames: &frames,
            palette: self.theme.palette(),
            happened: &happened,
            pause: self.wish.pacing.idle_limit.map_or(Some(USUAL_PAUSE), Pause::limit),
            speed: self.wish.pacing.speed.unwrap_or(1.0),
        };
        export::write_page(&page, out)?;
        let mut unread = events.unread();
        unread.join(of_calls);
        Ok(unread)
    }

    /// Who, where, when: what stands below the title of a page.
    fn facts(&self, header: &Header) -> Vec<String> {
        let mut facts = Vec::new();
        if let Some(start) = &self.start {
            let identity = start
                .identity
                .as_ref()
                .map(|identity| format!(" ({})", identity.label()))
                .unwrap_or_default();
            facts.push(format!("{}@{}{identity}", start.user, start.host));
            facts.push(format!("session {}", start.id));
            facts.extend(start.agent.as_ref().map(|agent| format!("agent {agent}")));
            facts.extend(start.profile.as_ref().map(|profile| format!("profile {profile}")));
            facts.push(format!(
                "sandbox {}",
                if start.sandbox.is_empty() { "unknown" } else { &start.sandbox }
            ));
        }
        let began = header.timestamp.and_then(|at| Timestamp::from_second(i64::try_from(at).ok()?).ok());
        facts.extend(began.map(|at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()));
        facts.push(format!("{} × {}", header.cols, header.rows));
        facts
    }

    fn calls(&self, out: &mut impl Write) -> Result<Unread, Failure> {
        let start = self.start.clone().or_else(|| stand_in(self.found.source.audit.as_deref()?));
        let (Some(audit), Some(start)) = (self.found.source.audit.as_deref(), &start) else {
            let cast = &self.found.source.cast;
            return Err(Error::new(Kind::NotFound, format!("{} has no calls", cast.display()))
                .why("calls are recorded in sessions of hoop-run; this is a terminal recording alone")
                .fix("name a session: hoop-replay list")
                .into());
        };
        let session = Session { start, statement: &self.statement };
        let mut calls = export::Calls::new(audit::Reader::open(audit)?, self.span, self.cleaner.as_ref());
        let wanted = calls.by_ref().filter(|told| match (told, &self.query) {
            (Ok(told), Some(query)) => fits(query, &told.call),
            _ => true,
        });
        match self.format {
            Format::Csv => export::write_csv(session, wanted, out)?,
            Format::Ocsf => export::write_ocsf(session, wanted, out)?,
            Format::Cloudtrail => export::write_cloudtrail(session, wanted, out)?,
            _ => export::write_jsonl(session, wanted, out)?,
        }
        Ok(calls.unread())
    }
}
