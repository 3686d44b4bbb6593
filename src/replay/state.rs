//! All that the viewer knows; everything drawn is drawn from this.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use crate::query::Now;
use crate::replay::diff::Diff;
use crate::replay::finder::Finder;
use crate::replay::going::Place;
use crate::replay::play::Play;
use crate::replay::play::Speed;
use crate::replay::summary::Sheet;
use crate::replay::theme::Theme;
use crate::types::Micros;

/// Smallest terminal that everything fits on.
pub const SMALLEST: (u16, u16) = (40, 12);

/// How recordings are played when they are opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pacing {
    /// How fast.
    pub speed: Speed,
    /// Pauses longer than this are shortened to it; none: played in full.
    pub idle_limit: Option<Micros>,
    /// Whether they are watched while they are written, from their end on.
    pub follows: bool,
    /// Where they begin; none: at their start.
    pub from: Option<Place>,
}

/// What a text is typed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    /// To search the screen's text.
    Search,
    /// To go to a moment.
    Moment,
    /// To narrow the list.
    Filter,
    /// To search the detail.
    Find,
}

/// The viewer.
pub struct State {
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// How things look.
    pub theme: Theme,
    /// The person's time zone.
    pub zone: TimeZone,
    /// The time, in microseconds since the Unix epoch.
    pub time: u64,
    /// How recordings are played.
    pub pacing: Pacing,
    /// The list.
    pub sessions: Finder,
    /// The open recording.
    pub play: Option<Play>,
    /// The summary of a session, shown or kept.
    pub summary: Option<Sheet>,
    /// Two sessions that are compared; what is opened from there comes back to it.
    pub diff: Option<Diff>,
    /// Whether there is a list to go back to.
    pub has_list: bool,
    /// How far the help is scrolled; none: not shown.
    pub help: Option<u16>,
    /// What is being typed.
    pub typed: Option<String>,
    /// What it is typed for.
    pub typing: Typing,
    /// A word about what just happened; gone with the next key.
    pub notice: Option<String>,
    /// Tickets given so far.
    pub tickets: u64,
}

impl State {
    /// A viewer that shows nothing yet.
    #[must_use]
    pub fn new(theme: Theme, zone: TimeZone, pacing: Pacing) -> Self {
        Self {
            size: (80, 24),
            theme,
            zone,
            pacing,
            sessions: Finder::default(),
            time: 0,
            play: None,
            summary: None,
            diff: None,
            has_list: true,
            help: None,
            typed: None,
            typing: Typing::Search,
            notice: None,
            tickets: 0,
        }
    }

    /// What relative times in a query count from.
    #[must_use]
    pub fn now(&self) -> Now {
        Now { unix_micros: self.time, zone: self.zone.clone() }
    }

    /// The whole terminal.
    #[must_use]
    pub fn area(&self) -> Rect {
        Rect::new(0, 0, self.size.0, self.size.1)
    }

    /// Whether the terminal is too small for anything.
    #[must_use]
    pub fn is_too_small(&self) -> bool {
        self.size.0 < SMALLEST.0 || self.size.1 < SMALLEST.1
    }
}

/// `2025-11-21 03:18` in `zone`.
#[must_use]
pub fn moment(unix_micros: u64, zone: &TimeZone) -> String {
    let micros = i64::try_from(unix_micros).unwrap_or(i64::MAX);
    match Timestamp::from_microsecond(micros) {
        Ok(time) => time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => "unknown".to_owned(),
    }
}
