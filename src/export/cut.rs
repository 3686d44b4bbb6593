//! The events of a part of a recording, so that they play by themselves.

use std::collections::VecDeque;

use crate::cast::Event;
use crate::cast::Header;
use crate::cast::Kind;
use crate::error::Result;
use crate::export::Span;
use crate::export::Unread;
use crate::term::Screen;
use crate::types::Micros;

/// Events of a part, with times from its beginning. What stood on the screen before comes as its first output.
///
/// Lines that cannot be read are counted and passed over.
pub struct Cut<I> {
    events: I,
    span: Span,
    ready: VecDeque<Event>,
    unread: Unread,
    done: bool,
    /// The last time before the part, if nothing comes after that.
    over: Option<Micros>,
}

impl<I: Iterator<Item = Result<Event>>> Cut<I> {
    /// Plays `events` up to the beginning of `span`; also gives the header of the part.
    pub fn new(header: &Header, events: I, span: Span) -> (Header, Self) {
        let mut cut =
            Self { events, span, ready: VecDeque::new(), unread: Unread::default(), done: false, over: None };
        let mut header = header.clone();
        if span.from > Micros(0) {
            cut.begin(&mut header);
        }
        (header, cut)
    }

    /// What could not be read; known after the last event.
    pub fn unread(&self) -> Unread {
        self.unread.clone()
    }

    /// When the recording ended, if that was before the part.
    pub fn over(&self) -> Option<Micros> {
        self.over
    }

    fn begin(&mut self, header: &mut Header) {
        let mut screen = Screen::new(header.cols, header.rows);
        let (mut has_shown, mut last) = (false, Micros(0));
        let next = loop {
            match self.read() {
                // The exact bytes of an output before are of no use without it.
                Some(event) if event.time < self.span.from || !has_reached(&event, self.span) => {
                    last = last.max(event.time);
                    match event.kind {
                        Kind::Output => {
                            screen.feed(&event.data);
                            has_shown = true;
                        }
                        Kind::Resize => {
                            if let Some((cols, rows)) = event.size() {
                                screen.resize(cols, rows);
                            }
                        }
                        _ => {}
                    }
                }
                other => break other,
            }
        };
        self.over = (next.is_none() && last < self.span.from).then_some(last);
        (header.cols, header.rows) = screen.size();
        header.timestamp = header.timestamp.map(|at| at.saturating_add(self.span.from.0 / 1_000_000));
        if has_shown {
            let data = screen.keyframe().drawing;
            self.ready.push_back(Event { time: self.span.from, kind: Kind::Output, data });
        }
        self.ready.extend(next);
    }

    fn read(&mut self) -> Option<Event> {
        loop {
            match self.events.next()? {
                Ok(event) => return Some(event),
                Err(error) => self.unread.add(&error),
            }
        }
    }
}

/// Exact bytes stand at the time of their output, which may have been passed already.
fn has_reached(event: &Event, span: Span) -> bool {
    event.time >= span.from && event.kind != Kind::Raw
}

impl<I: Iterator<Item = Result<Event>>> Iterator for Cut<I> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if self.done {
            return None;
        }
        let next = self.ready.pop_front().or_else(|| self.read());
        let Some(event) = next.filter(|event| event.time <= self.span.to) else {
            self.done = true;
            return None;
        };
        Some(Event { time: Micros(event.time.0.saturating_sub(self.span.from.0)), ..event })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<Result<Event>> {
        let event = |time, kind, data: &str| Ok(Event { time: Micros(time), kind, data: data.to_owned() });
        vec![
            event(1, Kind::Output, "first\r\n"),
            event(2, Kind::Resize, "30x6"),
            event(3, Kind::Output, "second\r\n"),
            event(3, Kind::Raw, "AA=="),
            event(5, Kind::Output, "third\r\n"),
            event(9, Kind::Output, "fourth"),
        ]
    }

    #[test]
    fn a_part_begins_with_the_screen_before_it() {
        let header = Header { cols: 20, rows: 4, timestamp: Some(100), ..Header::default() };
        let span = Span { from: Micros(5), to: Micros(8) };
        let (header, cut) = Cut::new(&header, events().into_iter(), span);
        assert_eq!((header.cols, header.rows, cut.over()), (30, 6, None));
        let part: Vec<Event> = cut.collect();
        assert_eq!(part.iter().map(|event| event.time.0).collect::<Vec<_>>(), [0, 0]);
        let mut screen = Screen::new(header.cols, header.rows);
        part.iter().for_each(|event| screen.feed(&event.data));
        assert_eq!(screen.text(), "first\nsecond\nthird");
    }

    #[test]
    fn a_part_behind_the_end_is_known() {
        let header = Header { cols: 20, rows: 4, ..Header::default() };
        let over = |from| {
            let span = Span { from: Micros(from), to: Micros(20) };
            Cut::new(&header, events().into_iter(), span).1.over()
        };
        assert_eq!((over(9), over(10)), (None, Some(Micros(9))));
    }

    #[test]
    fn everything_is_as_it_was() {
        let header = Header { cols: 20, rows: 4, ..Header::default() };
        let (same, cut) = Cut::new(&header, events().into_iter(), Span::ALL);
        assert_eq!(same, header);
        assert_eq!(cut.collect::<Vec<_>>(), events().into_iter().map(Result::unwrap).collect::<Vec<_>>());
    }
}
