//! The live list: all questions of all sessions, as they come and go.

mod draw;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use crossterm::execute;
use crossterm::terminal::BeginSynchronizedUpdate;
use crossterm::terminal::EndSynchronizedUpdate;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::Console;
use super::Found;
use super::answering;
use super::answering::Told;
use super::object;
use super::signed_in::Person;
use crate::approval::Card;
use crate::approval::Via;
use crate::cli::looking;
use crate::clock::Clock;
use crate::control::board::Board;
use crate::control::board::News;
use crate::control::client::Session;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Result;
use crate::replay;
use crate::replay::Guard;
use crate::replay::Heard;
use crate::replay::PanicGuard;
use crate::replay::listen;
use crate::sys::signals;
use crate::types::SessionId;
use state::Effect;
use state::Key;
use state::State;

/// Longest wait: the time left is shown in seconds.
const TICK: Duration = Duration::from_millis(250);
/// Messages taken before the next picture.
const AT_ONCE: usize = 256;

/// What arrives.
enum Message {
    Heard(Heard),
    Board(News),
    Answered(Key, Result<Told>),
}

/// All that waits, by session.
#[derive(Default)]
struct Waiting(BTreeMap<SessionId, (Session, Vec<Card>)>);

impl Waiting {
    /// Takes news; what is to be told of trouble.
    fn take(&mut self, news: News) -> Option<Error> {
        match news {
            News::Cards(session, cards) => {
                self.0.insert(session.id, (session, cards));
                None
            }
            News::Ended(session) => {
                self.0.remove(&session);
                None
            }
            News::Trouble(session, error) => {
                self.0.remove(&session.id);
                Some(error)
            }
        }
    }

    /// Oldest first.
    fn all(&self) -> Vec<Found> {
        let cards = self.0.values().flat_map(|(session, cards)| {
            cards.iter().map(|card| Found { session: session.clone(), card: card.clone() })
        });
        let mut all: Vec<Found> = cards.collect();
        all.sort_by_key(|found| (found.card.asked, found.card.session, found.card.id));
        all
    }
}

/// Shows the list until the person leaves.
///
/// # Errors
/// When the terminal cannot be used any more.
pub(super) fn run(person: &Person, clock: &Clock) -> Result<u8> {
    let mut look = looking::look(None, false, &person.config)?;
    let (sender, messages) = mpsc::channel();
    let _board = open(person, &sender)?;
    // Never dropped: it would show the cursor, which the guard does, and panic on a terminal that is gone.
    let mut terminal = ManuallyDrop::new(
        Terminal::new(CrosstermBackend::new(io::stdout())).context(|| "cannot use the terminal")?,
    );
    let _hook = PanicGuard::set();
    let mut guard = Some(Guard::enter()?);
    let heard = sender.clone();
    listen(move |what| heard.send(Message::Heard(what)).is_ok())?;
    if let Some(guard) = guard.as_ref().filter(|_| look.asks && look.wanted.follows()) {
        guard.ask()?;
    }
    let (mut state, mut waiting) = (State::default(), Waiting::default());
    loop {
        let (now, unix) = (clock.elapsed(), clock.unix_micros());
        let drawn = execute!(io::stdout(), BeginSynchronizedUpdate).and_then(|()| {
            terminal.draw(|frame| {
                let area = frame.area();
                draw::draw(&mut state, look.theme(), (now, unix), area, frame.buffer_mut());
                if look.ascii {
                    replay::draw_in_ascii(frame.buffer_mut(), area);
                }
            })?;
            execute!(io::stdout(), EndSynchronizedUpdate)
        });
        drawn.context(|| "cannot write to the terminal")?;
        let first = match messages.recv_timeout(TICK) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(0),
        };
        let now = clock.elapsed();
        for message in first.into_iter().chain(messages.try_iter().take(AT_ONCE)) {
            let effect = match message {
                Message::Heard(Heard::Terminal(event)) => state.terminal(&event, now),
                Message::Heard(Heard::Answer(answer)) => {
                    look.answered(answer);
                    None
                }
                Message::Heard(Heard::Lost(error)) => return Err(error),
                Message::Heard(Heard::Leave) => return Ok(0),
                Message::Heard(Heard::Stop) => {
                    drop(guard.take());
                    signals::stop_job();
                    guard = Some(Guard::enter()?);
                    None
                }
                Message::Heard(Heard::Continue) => {
                    if let Some(guard) = &guard {
                        guard.again()?;
                    }
                    let size = terminal.size().context(|| "cannot ask the terminal for its size")?;
                    terminal.resize(size.into()).context(|| "cannot write to the terminal")?;
                    None
                }
                Message::Board(news) => {
                    if let Some(error) = waiting.take(news) {
                        state.trouble(&error);
                    }
                    state.update(waiting.all(), now);
                    None
                }
                Message::Answered(key, told) => {
                    state.answered(key, told);
                    None
                }
            };
            match effect {
                Some(Effect::Quit) => return Ok(0),
                Some(Effect::Answer(found, asked)) => {
                    let (person, sender) = (person.clone(), sender.clone());
                    // A provider may have to be asked: the list goes on meanwhile.
                    thread::spawn(move || {
                        let key = (found.card.session, found.card.id);
                        let told = answering::answer(&person, &found, asked, Via::Hoopctl);
                        let _ = sender.send(Message::Answered(key, told));
                    });
                }
                None => {}
            }
        }
    }
}

/// Tells what waits, one JSON object a line: once for each question, until nobody reads it any more.
///
/// # Errors
/// When the output cannot be written.
pub(super) fn watch(person: &Person, console: &mut Console<'_>) -> Result<u8> {
    let (sender, news) = mpsc::channel();
    let config = &person.config;
    let shared = config.approval_shared_dir().map(Path::new);
    let _board = Board::open(&config.state_dir(), shared, move |news| {
        let _ = sender.send(news);
    })?;
    let mut told: BTreeMap<SessionId, Vec<Card>> = BTreeMap::new();
    for news in news {
        match news {
            News::Cards(session, cards) => {
                let before = told.insert(session.id, cards.clone()).unwrap_or_default();
                for card in cards.into_iter().filter(|card| before.iter().all(|known| known.id != card.id)) {
                    console.json(&object(&Found { session: session.clone(), card }))?;
                }
                console.out.flush().context(|| "cannot write the output")?;
            }
            News::Ended(session) => drop(told.remove(&session)),
            News::Trouble(session, error) => {
                told.remove(&session.id);
                console.notice(&format!("{}: {}", error.what(), error.causes().join(": ")));
            }
        }
    }
    Ok(0)
}

fn open(person: &Person, sender: &Sender<Message>) -> Result<Board> {
    let sender = sender.clone();
    let config = &person.config;
    let shared = config.approval_shared_dir().map(Path::new);
    Board::open(&config.state_dir(), shared, move |news| {
        let _ = sender.send(Message::Board(news));
    })
}
