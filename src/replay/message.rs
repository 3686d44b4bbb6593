//! What worker threads and the keyboard tell the viewer.

use crossterm::event::Event as TerminalEvent;
use serde::Deserialize;
use serde::Serialize;

use crate::cast::Header;
use crate::error::Error;
use crate::error::Result;
use crate::record::compare::Comparison;
use crate::record::summary::Summary;
use crate::replay::bodies::Part;
use crate::replay::decode::Answer;
use crate::replay::entries;
use crate::replay::entries::Entry;
use crate::replay::entries::Lines;
use crate::replay::facts::Facts;
use crate::replay::finder;
use crate::replay::moments::Moments;
use crate::replay::player::Goal;
use crate::replay::questions::Asked;
use crate::replay::rewind::Stretch;
use crate::replay::theme::Offer;
use crate::term::Snapshot;
use crate::types::Micros;

/// Which opening of a recording a message belongs to; older ones are ignored.
pub type Ticket = u64;

/// News for the event loop.
pub enum Message {
    /// A key, the mouse, a new size.
    Terminal(TerminalEvent),
    /// The terminal cannot be read any more.
    TerminalLost(Error),
    /// A signal asks to leave.
    Leave,
    /// A signal asks to stop as a shell job.
    Stop,
    /// Stopped before, going on now.
    Continue,
    /// The terminal told something about itself.
    Answer(Answer),
    /// All themes.
    Themes(Vec<Offer>),
    /// The theme of that name is kept for good, or why it is not.
    ThemeKept(String, Result<()>),
    /// News for the list of sessions.
    Library(finder::librarian::News),
    /// The summary of that ticket, so far or as a whole.
    Summary(Ticket, Result<Box<Summary>>, bool),
    /// The comparison of that ticket.
    Compared(Ticket, Result<Box<Comparison>>),
    /// News of the recording opened under this ticket.
    Recording(Ticket, News),
}

/// News of an open recording.
pub enum News {
    /// It is open.
    Opened(Box<Header>),
    /// It cannot be opened or read.
    Failed(Error),
    /// A screen that was asked for.
    Frame(Frame),
    /// It has been read through once.
    Overview(Overview),
    /// A word for the person.
    Notice(String),
    /// A recording that was followed has ended.
    Ended,
    /// What its audit log tells.
    Told(Box<Told>),
    /// What the call at these lines sent and got, as an answer to the question of that number.
    Parts(u64, Lines, Vec<Part>),
    /// Lines that had left the screen, for the look of that number.
    LookedBack(u64, Stretch),
    /// Search hits, in the order of time.
    Hits(u64, Vec<Hit>),
    /// The search of that number is through.
    SearchDone(u64),
    /// When what a hit of the index shows appears, for the search of that number; none: it does not.
    Landed(u64, Option<Micros>),
}

/// What an audit log tells, in order.
pub struct Told {
    /// Its calls and commands.
    pub moments: Moments,
    /// The questions to people.
    pub asked: Vec<Asked>,
    /// Alerts, trouble, masked secrets.
    pub alerts: Vec<Entry>,
    /// The session as a whole.
    pub facts: Facts,
}

impl From<entries::Told> for Told {
    fn from(read: entries::Told) -> Self {
        let entries::Told { entries, asked, alerts, facts } = read;
        Self { moments: Moments::new(entries), asked, alerts, facts }
    }
}

/// The screen at a moment.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What was asked for.
    pub goal: Goal,
    /// Whether it was reached; else this is a picture on the way there, or as far as it came before a newer question.
    pub reached: bool,
    /// The moment that was asked for, or how far it came.
    pub at: Micros,
    /// Time of the last event in it.
    pub last: Micros,
    /// How many events have changed the screen until then.
    pub step: u64,
    /// Time of the next event; none at the end.
    pub next: Option<Micros>,
    /// The cells.
    pub screen: Snapshot,
}

/// What one pass over a recording tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// Time of the last event.
    pub duration: Micros,
    /// Events of all kinds.
    pub events: u64,
    /// Named places.
    pub markers: Vec<(Micros, String)>,
    /// Lines that could not be read, and the first one's trouble.
    pub unread: u64,
    /// What was wrong with the first of them.
    pub first_fault: Option<String>,
    /// Whether it breaks off in the middle of an event.
    pub truncated: bool,
    /// Whether it says that its program has ended.
    pub exited: bool,
}

/// A moment at which searched text appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// When.
    pub at: Micros,
}
