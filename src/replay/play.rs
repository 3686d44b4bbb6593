//! The state of an open recording, and how it moves on.

use crate::cast::Header;
use crate::error::Error;
use crate::replay::back::Back;
use crate::replay::deck::Source;
use crate::replay::detail::Detail;
use crate::replay::detail::Looked;
use crate::replay::entries::Entry;
use crate::replay::facts::Fact;
use crate::replay::going::Place;
use crate::replay::links::Choice;
use crate::replay::message::Frame;
use crate::replay::message::Hit;
use crate::replay::message::Overview;
use crate::replay::message::Ticket;
use crate::replay::moments::Moments;
use crate::replay::panes::Panes;
use crate::replay::player::Goal;
use crate::replay::questions::Questions;
use crate::replay::search::Pattern;
use crate::types::Micros;

/// How far the shown time may run ahead of a screen that is still being made.
const AHEAD: u64 = 300_000;
/// How long a picture is, when a recording is walked through picture by picture.
const PICTURE: u64 = 33_333;

/// Speeds in halves: 1 is 0.5×, 2 is 1×, 32 is 16×.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed(u8);

impl Default for Speed {
    fn default() -> Self {
        Self(2)
    }
}

impl Speed {
    /// The nearest speed to `factor`, within 0.5 and 16.
    #[must_use]
    pub fn new(factor: f64) -> Self {
        let steps = [1_u8, 2, 4, 8, 16, 32];
        let distance = |half: u8| (f64::from(half) / 2.0 / factor.max(0.01)).log2().abs();
        Self(steps.into_iter().min_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap_or(2))
    }

    /// Twice as fast, at most 16×.
    #[must_use]
    pub fn faster(self) -> Self {
        Self(self.0.saturating_mul(2).min(32))
    }

    /// Half as fast, at least 0.5×.
    #[must_use]
    pub fn slower(self) -> Self {
        Self((self.0 / 2).max(1))
    }

    fn scale(self, time: Micros) -> Micros {
        Micros(time.0.saturating_mul(u64::from(self.0)) / 2)
    }

    /// `time` of the recording as it takes to be shown.
    #[must_use]
    pub fn real(self, time: Micros) -> Micros {
        Micros(time.0.saturating_mul(2) / u64::from(self.0))
    }

    /// `0.5×`, `2×`.
    #[must_use]
    pub fn words(self) -> String {
        if self.0 == 1 { "0.5×".to_owned() } else { format!("{}×", self.0 / 2) }
    }
}

/// A search on its way.
#[derive(Debug, Default)]
pub struct Search {
    /// Number of the search, to know its hits by.
    pub number: u64,
    /// What was typed.
    pub text: String,
    /// What it means; none when there is no search.
    pub pattern: Option<Pattern>,
    /// Hits so far, by time.
    pub hits: Vec<Hit>,
    /// Whether the whole recording has been searched.
    pub done: bool,
    /// Whether to jump to the first hit from here on as soon as it is known.
    pub jump: bool,
    /// Whether it is for the hit that the list was left with: the way back leads there at once.
    pub is_of_list: bool,
    /// The moment of the index's hit that was gone to, until it is known when exactly it appears.
    pub landing: Option<Micros>,
    /// Whether the screen asked for is that of a hit.
    show: bool,
    /// Where the newest occurrence stands on the screen of a hit: what a cut screen's window shows.
    pub place: Option<(u16, u16)>,
}

impl Search {
    /// Whether there is something to be shown as found.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.pattern.is_some() || !self.hits.is_empty()
    }
}

/// An open recording.
pub struct Play {
    /// Its ticket.
    pub ticket: Ticket,
    /// Where it is.
    pub source: Source,
    /// What it is called in the title bar.
    pub title: String,
    /// Its header, once it is open.
    pub header: Option<Header>,
    /// Trouble with it, if any.
    pub error: Option<Error>,
    /// What one pass over it told.
    pub overview: Option<Overview>,
    /// Length known in advance.
    pub expected: Option<Micros>,
    /// Calls, commands and markers, by time.
    pub moments: Moments,
    /// Whether the audit log has been read.
    pub has_audit: bool,
    /// The moment shown.
    pub position: Micros,
    /// Whether it goes on by itself.
    pub playing: bool,
    /// How fast.
    pub speed: Speed,
    /// Pauses longer than this are shortened to it.
    pub idle_limit: Micros,
    /// Whether pauses are shortened.
    pub short_pauses: bool,
    /// The last screen that came.
    pub frame: Option<Frame>,
    /// The moment whose screen has been asked for.
    pub wanted: Option<Micros>,
    /// The event whose screen has been asked for instead.
    pub stepping: Option<u64>,
    /// Where to go as soon as its length is known.
    pub later: Option<Place>,
    /// Whether somebody has gone to a moment since it was opened: where it was to begin counts no more then.
    pub sought: bool,
    /// Whether it is still being written, as far as is known.
    pub grows: bool,
    /// Whether the newest screen is shown as it comes.
    pub live: bool,
    /// From when a pause counts: the last event or the last seek.
    pause_from: Micros,
    /// Whether the list of calls is shown; none: as there is room.
    pub list: Option<bool>,
    /// The chosen row of the tree of everything.
    pub selected: usize,
    /// Questions to people, and their list.
    pub questions: Questions,
    /// Whether the choice follows what is played.
    pub follows: bool,
    /// All about what is chosen; none: not shown.
    pub detail: Option<Detail>,
    /// What was read for it.
    pub looked: Looked,
    /// Goes up when lists or details must be laid out anew.
    pub version: u64,
    /// The list beside the screen.
    pub panes: Panes,
    /// Alerts, trouble and masked secrets, by time.
    pub alerts: Vec<Entry>,
    /// The facts of the session.
    pub facts: Vec<Fact>,
    /// The column of the timeline that the mouse is on.
    pub hover: Option<u16>,
    /// The recorded screen alone.
    pub zoom: bool,
    /// The corner of a cut screen's window; none: it follows the cursor.
    pub pan: Option<(u16, u16)>,
    /// The search.
    pub search: Search,
    /// The lines that have left the screen, while they are looked at.
    pub back: Option<Back>,
    /// The link of the screen that is looked at.
    pub link: Option<Choice>,
    /// Whether the timeline is held with the mouse.
    pub is_dragged: bool,
    /// How often somebody began or ended looking at them.
    pub looks: u64,
}

impl Play {
    /// A recording that is about to be opened; it plays as soon as it is.
    #[must_use]
    pub fn new(ticket: Ticket, source: Source, title: String) -> Self {
        Self {
            ticket,
            source,
            title,
            header: None,
            error: None,
            overview: None,
            expected: None,
            moments: Moments::default(),
            has_audit: false,
            position: Micros(0),
            playing: true,
            speed: Speed(2),
            idle_limit: Micros(2_000_000),
            short_pauses: true,
            frame: None,
            wanted: Some(Micros(0)),
            stepping: None,
            later: None,
            sought: false,
            grows: false,
            live: false,
            pause_from: Micros(0),
            list: None,
            selected: 0,
            questions: Questions::default(),
            follows: true,
            detail: None,
            looked: Looked::default(),
            version: 0,
            panes: Panes::default(),
            alerts: Vec::new(),
            facts: Vec::new(),
            hover: None,
            zoom: false,
            pan: None,
            search: Search::default(),
            back: None,
            link: None,
            is_dragged: false,
            looks: 0,
        }
    }

    /// Whether [`Play::duration`] is that of the whole recording, as far as it is written.
    pub fn knows_length(&self) -> bool {
        self.overview.is_some() || self.expected.is_some()
    }

    /// How long it is, as far as is known.
    #[must_use]
    pub fn duration(&self) -> Micros {
        if let Some(overview) = &self.overview {
            return overview.duration;
        }
        let seen = self.frame.as_ref().map_or(Micros(0), |frame| frame.next.unwrap_or(frame.last));
        self.expected.unwrap_or_default().max(seen).max(self.position)
    }

    /// Lets `passed` of real time go by. Gives the moment whose screen is needed now.
    pub fn tick(&mut self, passed: Micros) -> Option<Micros> {
        let frame = self.frame.as_ref()?;
        if !self.playing || self.live {
            return None;
        }
        self.search.place = None;
        let (last, next, made) = (frame.last, frame.next, frame.at);
        self.position.0 = self.position.0.saturating_add(self.speed.scale(passed).0);
        if self.wanted.is_some() {
            let limit = made.max(self.pause_from).0.saturating_add(self.speed.scale(Micros(AHEAD)).0);
            self.position.0 = self.position.0.min(limit.max(self.wanted.unwrap_or_default().0));
            return None;
        }
        let Some(next) = next else {
            self.position = self.duration().max(last);
            if self.grows {
                // Caught up with what is written.
                self.live = true;
                return Some(self.want(self.position));
            }
            self.playing = false;
            self.follow();
            return None;
        };
        let from = last.max(self.pause_from);
        let waited = self.position.0.saturating_sub(from.0);
        if self.short_pauses
            && next.0.saturating_sub(from.0) > self.idle_limit.0
            && waited >= self.idle_limit.0
        {
            self.position = next;
        }
        self.follow();
        (self.position >= next).then(|| self.want(self.position))
    }

    /// Goes to `at`, within the recording as far as its length is known. Gives the moment whose screen is needed.
    pub fn seek(&mut self, at: Micros) -> Micros {
        self.later = None;
        self.sought = true;
        let at = if self.knows_length() { at.min(self.duration()) } else { at };
        self.position = at;
        self.pause_from = at;
        self.follows = true;
        self.follow();
        self.search.show = false;
        self.search.place = None;
        self.live = false;
        self.want(at)
    }

    /// Goes to `place` as soon as the length is known.
    pub fn seek_later(&mut self, place: Place) {
        self.later = Some(place);
        self.sought = true;
    }

    /// Takes what one pass over the recording told; says whether it is the first time.
    pub fn set_overview(&mut self, overview: Overview) -> bool {
        self.position = self.position.min(overview.duration);
        self.overview.replace(overview).is_none()
    }

    /// Goes `by` events on, or back, and holds there. Gives the number of the event whose screen is needed.
    pub fn step(&mut self, by: i64) -> u64 {
        let from = self.stepping.or(self.frame.as_ref().map(|frame| frame.step)).unwrap_or(0);
        let step = from.saturating_add_signed(by);
        self.seek(self.position);
        self.playing = false;
        self.stepping = Some(step);
        step
    }

    /// The end of the picture, a thirtieth of a second, that comes after or before the one shown.
    #[must_use]
    pub fn picture(&self, forward: bool) -> Option<Micros> {
        let frame = self.frame.as_ref()?;
        let begin = |at: Micros| at.0 / PICTURE * PICTURE;
        match forward {
            true => Some(Micros(begin(frame.next?).saturating_add(PICTURE - 1))),
            false => Some(Micros(begin(frame.last).saturating_sub(1))),
        }
    }

    /// Shows the newest screen, from now on as it comes.
    pub fn go_live(&mut self) -> Micros {
        let at = self.seek(self.duration());
        (self.live, self.playing) = (true, true);
        at
    }

    /// Goes to a search hit and holds there; a cut screen's window goes where the hit is.
    pub fn seek_hit(&mut self, at: Micros) -> Micros {
        self.playing = false;
        self.pan = None;
        let at = self.seek(at);
        self.search.show = true;
        at
    }

    /// A hit of the index appears at `at`: goes there, unless the person has gone elsewhere meanwhile.
    pub fn landed(&mut self, at: Micros) -> Option<Micros> {
        let landing = self.search.landing.take()?;
        (!self.playing && self.position == landing && self.stepping.is_none()).then(|| self.seek_hit(at))
    }

    fn want(&mut self, at: Micros) -> Micros {
        self.stepping = None;
        self.wanted = Some(at);
        at
    }

    /// Takes a screen that came.
    pub fn receive(&mut self, frame: Frame) {
        let is_answer = match frame.goal {
            Goal::Time(at) => self.stepping.is_none() && self.wanted.is_some_and(|wanted| at >= wanted),
            Goal::Step(step) => self.stepping == Some(step),
        };
        if is_answer && frame.reached {
            if self.stepping.take().is_some() {
                self.position = frame.last;
                self.pause_from = frame.last;
                self.follow();
            }
            self.wanted = None;
            if self.search.show {
                let pattern = self.search.pattern.as_ref();
                self.search.place = pattern.and_then(|pattern| pattern.find_on(&frame.screen).pop());
            }
        }
        self.frame = Some(frame);
    }

    /// Whether the screen shown is far from the moment, because a better one is still being made.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        let Some((frame, _)) = self.frame.as_ref().zip(self.wanted) else { return false };
        self.position < frame.at || self.position.0 - frame.at.0 > 1_000_000
    }

    /// How long until something changes by itself, in real time; none: never.
    #[must_use]
    pub fn due(&self) -> Option<Micros> {
        let frame = self.frame.as_ref().filter(|_| self.playing && self.wanted.is_none())?;
        let next = frame.next?.0.saturating_sub(self.position.0);
        Some(self.speed.real(Micros(next)))
    }

    /// The hit after (`forward`) or before the moment shown, around the ends.
    #[must_use]
    pub fn hit(&self, forward: bool) -> Option<Micros> {
        let hits = &self.search.hits;
        let after = hits.partition_point(|hit| hit.at <= self.position);
        let before = hits.partition_point(|hit| hit.at < self.position);
        let found = if forward {
            hits.get(after).or_else(|| hits.first())
        } else {
            before.checked_sub(1).and_then(|index| hits.get(index)).or_else(|| hits.last())
        };
        found.map(|hit| hit.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Screen;

    fn frame(at: u64, last: u64, next: Option<u64>) -> Frame {
        let screen = Screen::new(4, 2).snapshot();
        let (goal, at) = (Goal::Time(Micros(at)), Micros(at));
        Frame { goal, reached: true, at, last: Micros(last), step: last, next: next.map(Micros), screen }
    }

    fn playing() -> Play {
        let source = Source { cast: "x.cast".into(), audit: None };
        let mut play = Play::new(1, source, "x".to_owned());
        play.overview = Some(Overview { duration: Micros(100_000_000), ..Overview::default() });
        play.receive(frame(0, 0, Some(1_000_000)));
        play
    }

    #[test]
    fn time_goes_by_at_the_speed_and_screens_are_asked_for_when_due() {
        let mut play = playing();
        play.speed = Speed::new(2.0);
        assert_eq!(play.tick(Micros(400_000)), None);
        assert_eq!(play.position, Micros(800_000));
        assert_eq!(play.due(), Some(Micros(100_000)));
        assert_eq!(play.tick(Micros(100_000)), Some(Micros(1_000_000)));
        assert_eq!(play.tick(Micros(10_000)), None, "one question at a time");
    }

    #[test]
    fn a_long_pause_is_cut_to_the_limit_or_played_in_full() {
        let mut play = playing();
        play.receive(frame(0, 0, Some(60_000_000)));
        assert_eq!(play.tick(Micros(1_900_000)), None);
        assert_eq!(play.tick(Micros(200_000)), Some(Micros(60_000_000)));
        let mut play = playing();
        play.short_pauses = false;
        play.receive(frame(0, 0, Some(60_000_000)));
        assert_eq!(play.tick(Micros(3_000_000)), None);
        assert_eq!(play.position, Micros(3_000_000));
    }

    #[test]
    fn the_end_stops_it() {
        let mut play = playing();
        play.receive(frame(99_000_000, 99_000_000, None));
        play.tick(Micros(1_000));
        assert!(!play.playing);
        assert_eq!(play.position, Micros(100_000_000));
    }

    #[test]
    fn steps_go_by_events_and_hold_where_they_lead() {
        let mut play = playing();
        assert_eq!((play.step(1), play.step(1), play.step(-1)), (1, 2, 1));
        assert!(!play.playing);
        // An answer to an older question is shown, but is not the answer.
        play.receive(frame(0, 0, Some(1_000_000)));
        assert_eq!(play.stepping, Some(1));
        play.receive(Frame { goal: Goal::Step(1), ..frame(7, 7, None) });
        assert_eq!((play.stepping, play.position), (None, Micros(7)));
        assert_eq!(play.step(-99), 0);
    }

    #[test]
    fn pictures_are_a_thirtieth_of_a_second() {
        let mut play = playing();
        play.receive(frame(50_000, 40_000, Some(70_000)));
        assert_eq!((play.picture(true), play.picture(false)), (Some(Micros(99_998)), Some(Micros(33_332))));
        play.receive(frame(50_000, 40_000, None));
        assert_eq!(play.picture(true), None);
    }

    #[test]
    fn what_grows_is_caught_up_with() {
        let mut play = playing();
        play.grows = true;
        play.receive(frame(99_000_000, 99_000_000, None));
        assert_eq!(play.tick(Micros(1_000)), Some(Micros(100_000_000)));
        assert!(play.live && play.playing);
        play.seek(Micros(5));
        assert!(!play.live, "whoever looks at an earlier moment stays there");
        assert_eq!(play.go_live(), Micros(100_000_000));
    }

    #[test]
    fn hits_go_around() {
        let mut play = playing();
        play.search.hits = [10, 20, 30].map(|at| Hit { at: Micros(at) }).to_vec();
        play.position = Micros(20);
        assert_eq!((play.hit(true), play.hit(false)), (Some(Micros(30)), Some(Micros(10))));
        play.position = Micros(30);
        assert_eq!(play.hit(true), Some(Micros(10)));
        play.position = Micros(5);
        assert_eq!(play.hit(false), Some(Micros(30)));
    }

    #[test]
    fn speeds_stay_in_their_range() {
        assert_eq!(Speed::new(100.0).words(), "16×");
        assert_eq!(Speed::new(0.0).slower().words(), "0.5×");
        assert_eq!(Speed::new(1.0).faster().words(), "2×");
    }
}
