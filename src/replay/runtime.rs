//! The event loop: waits for messages, lets time go by, draws, carries out effects. Files are other threads' matter.

use std::collections::VecDeque;
use std::io;
use std::io::Stdout;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::Sender;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use crossterm::execute;
use crossterm::terminal::BeginSynchronizedUpdate;
use crossterm::terminal::EndSynchronizedUpdate;
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::clock::Clock;
use crate::error::IoContext;
use crate::error::Result;
use crate::replay::deck::Deck;
use crate::replay::deck::Options;
use crate::replay::deck::Source;
use crate::replay::decode::Answer;
use crate::replay::diff;
use crate::replay::finder;
use crate::replay::finder::Wish;
use crate::replay::finder::librarian::Librarian;
use crate::replay::finder::librarian::Library;
use crate::replay::guard::Guard;
use crate::replay::guard::PanicGuard;
use crate::replay::input;
use crate::replay::keys::Keys;
use crate::replay::listen::Heard;
use crate::replay::listen::listen;
use crate::replay::look::Look;
use crate::replay::message::Message;
use crate::replay::player::Goal;
use crate::replay::state::Pacing;
use crate::replay::state::State;
use crate::replay::summary;
use crate::replay::summing::Work;
use crate::replay::update;
use crate::replay::update::Effect;
use crate::replay::view;
use crate::sys::signals;
use crate::types::Micros;

/// Longest wait while something plays: the time shown has tenths.
const PLAYING: Duration = Duration::from_millis(100);
/// Shortest wait while something plays: more than 60 pictures a second nobody sees.
const PICTURE: Duration = Duration::from_millis(16);
/// A wait that nothing but a message ends.
const IDLE: Duration = Duration::from_secs(3_600);
/// More time than this between two pictures was not spent playing: somebody stopped the process, or the machine slept.
const GAP: u64 = 1_000_000;
/// How long the first picture waits for the terminal's ground, so that it need not be drawn twice. Terminals answer within a
/// few milliseconds; one that does not is drawn on as it is.
const GROUND: Duration = Duration::from_millis(40);
/// How long an answer that is on its way is waited for at the end, so that it does not end up in the shell.
const LAST_ANSWER: Duration = Duration::from_millis(200);
/// An answer that takes longer than this does not come.
const NO_ANSWER: u64 = 1_000_000;
/// Messages taken before the next picture.
const AT_ONCE: usize = 256;

/// What is shown first.
pub enum Start {
    /// The list of sessions, with this query.
    List(String),
    /// One recording.
    Recording {
        /// Where it is.
        source: Source,
        /// What to call it; empty: as its header says.
        title: String,
        /// How long it is, if that is known.
        expected: Option<Micros>,
    },
    /// Two sessions beside each other.
    Diff {
        /// Where they are: each with its audit log.
        sources: [Source; 2],
        /// What to call them.
        titles: [String; 2],
        /// Whether times, random names and numbers count.
        exact: bool,
    },
}

/// All that the viewer needs from outside.
pub struct Setup {
    /// How it looks.
    pub look: Look,
    /// The keys in force.
    pub keys: Keys,
    /// The person's time zone.
    pub zone: TimeZone,
    /// How recordings are played.
    pub pacing: Pacing,
    /// The time.
    pub clock: Clock,
    /// The store; none: there is only the recording to show.
    pub library: Option<Library>,
    /// The folder where indexes of recordings are kept; none: they are made anew each time, in memory.
    pub cache: Option<PathBuf>,
    /// What is shown first.
    pub start: Start,
}

/// Shows the viewer on the terminal until the person leaves. Standard input and output must be a terminal.
///
/// Fails when the terminal cannot be entered, or stops taking what is drawn.
pub fn run(setup: Setup) -> Result<()> {
    let Setup { look, keys, zone, pacing, clock, library, cache, start } = setup;
    let mut state = State::new(look.theme().clone(), zone, pacing);
    let follows = look.wanted.follows();
    (state.look, state.keys) = (look, keys);
    state.time = clock.unix_micros();
    state.has_list = matches!(start, Start::List(_));
    let first = match start {
        Start::List(query) => finder::begin(&mut state, &query),
        Start::Recording { source, title, expected } => update::open(&mut state, source, title, expected),
        Start::Diff { sources, titles, exact } => diff::open(&mut state, sources, titles, exact),
    };
    let (sender, messages) = mpsc::channel();
    let terminal =
        Terminal::new(CrosstermBackend::new(io::stdout())).context(|| "cannot use the terminal")?;
    let _hook = PanicGuard::set();
    let guard = Guard::enter()?;
    let heard = sender.clone();
    listen(move |what| {
        let message = match what {
            Heard::Terminal(event) => Message::Terminal(event),
            Heard::Answer(answer) => Message::Answer(answer),
            Heard::Lost(error) => Message::TerminalLost(error),
            Heard::Leave => Message::Leave,
            Heard::Stop => Message::Stop,
            Heard::Continue => Message::Continue,
        };
        heard.send(message).is_ok()
    })?;
    let librarian =
        library.map(|library| Librarian::start(library, clock.clone(), state.zone.clone(), sender.clone()));
    let mut runtime = Runtime {
        state,
        terminal: ManuallyDrop::new(terminal),
        guard: Some(guard),
        clock,
        librarian,
        cache,
        sender,
        deck: None,
        summing: None,
        comparing: None,
        keeping: None,
        left: None,
        asked: None,
        early: VecDeque::new(),
    };
    if follows {
        runtime.ask_ground()?;
    }
    runtime.perform(first)?;
    runtime.wait_for_answer(&messages, GROUND, |answer| !matches!(answer, Answer::Ground(_)));
    let done = runtime.draw().and_then(|()| runtime.turn(&messages));
    if runtime.is_asked() {
        runtime.wait_for_answer(&messages, LAST_ANSWER, |answer| *answer == Answer::Attributes);
    }
    // What was to be kept is written before the program ends.
    let _ = runtime.keeping.take().map(JoinHandle::join);
    done
}

struct Runtime {
    state: State,
    /// Never dropped: it would show the cursor, which the guard does, and panic on a terminal that is gone.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    guard: Option<Guard>,
    clock: Clock,
    librarian: Option<Librarian>,
    cache: Option<PathBuf>,
    sender: Sender<Message>,
    deck: Option<Deck>,
    summing: Option<Work>,
    comparing: Option<Work>,
    /// Writes which theme is to be kept.
    keeping: Option<JoinHandle<()>>,
    /// Why it ends, once it does.
    left: Option<Result<()>>,
    /// When the terminal was asked for its ground, as long as an answer is to come.
    asked: Option<Micros>,
    /// Messages that came while an answer was waited for.
    early: VecDeque<Message>,
}

impl Runtime {
    fn turn(&mut self, messages: &Receiver<Message>) -> Result<()> {
        let mut before = self.clock.elapsed();
        loop {
            let mut effects = Vec::new();
            let early = std::mem::take(&mut self.early);
            let patience = if early.is_empty() { self.patience() } else { Duration::ZERO };
            let first = messages.recv_timeout(patience);
            self.state.time = self.clock.unix_micros();
            for message in early.into_iter().chain(first).chain(messages.try_iter().take(AT_ONCE)) {
                match message {
                    Message::TerminalLost(error) => {
                        self.left = Some(Err(error));
                        continue;
                    }
                    Message::Answer(Answer::Attributes) => self.asked = None,
                    _ => {}
                }
                effects.extend(input::receive(&mut self.state, message));
            }
            let now = self.clock.elapsed();
            if let Some(play) = &mut self.state.play {
                let passed = now.0.saturating_sub(before.0).min(GAP);
                effects.extend(play.tick(Micros(passed)).map(Effect::Goto));
                effects.extend(play.look().map(|(number, lines)| Effect::Look(number, lines)));
            }
            if self.state.play.is_none() {
                effects.extend(self.state.sessions.refresh(now).map(Effect::Library));
            }
            before = now;
            if !summary::is_open(&self.state) {
                // A running session is summed up for as long as somebody looks.
                self.summing = None;
            }
            if self.state.diff.is_none() {
                self.comparing = None;
            }
            if self.perform(effects)? {
                // Time spent stopped is not time played.
                before = self.clock.elapsed();
            }
            if let Some(left) = self.left.take() {
                return left;
            }
            self.draw()?;
        }
    }

    fn ask_ground(&mut self) -> Result<()> {
        if let Some(guard) = self.guard.as_ref().filter(|_| self.state.look.asks) {
            guard.ask()?;
            self.asked = Some(self.clock.elapsed());
        }
        Ok(())
    }

    /// Whether an answer of the terminal may still come.
    fn is_asked(&self) -> bool {
        self.asked.is_some_and(|at| self.clock.elapsed().0.saturating_sub(at.0) < NO_ANSWER)
    }

    /// Waits until an answer is the one; what else comes meanwhile is kept for later.
    fn wait_for_answer(
        &mut self,
        messages: &Receiver<Message>,
        most: Duration,
        is_it: impl Fn(&Answer) -> bool,
    ) {
        let end = self.clock.elapsed().0.saturating_add(Micros::from(most).0);
        while self.is_asked() {
            let left = Duration::from_micros(end.saturating_sub(self.clock.elapsed().0));
            let Ok(message) = messages.recv_timeout(left) else { return };
            let Message::Answer(answer) = message else {
                self.early.push_back(message);
                continue;
            };
            if answer == Answer::Attributes {
                self.asked = None;
            }
            let is_it = is_it(&answer);
            input::receive(&mut self.state, Message::Answer(answer));
            if is_it {
                return;
            }
        }
    }

    /// How long nothing changes by itself.
    fn patience(&self) -> Duration {
        let Some(play) = &self.state.play else {
            return self.state.sessions.due(self.clock.elapsed()).map_or(IDLE, Duration::from).max(PICTURE);
        };
        if !play.playing {
            return IDLE;
        }
        let due = play.due().map_or(PLAYING, Duration::from);
        due.clamp(PICTURE, PLAYING)
    }

    fn draw(&mut self) -> Result<()> {
        let state = &mut self.state;
        let drawn = execute!(io::stdout(), BeginSynchronizedUpdate).and_then(|()| {
            self.terminal.draw(|frame| {
                let area = frame.area();
                state.size = (area.width, area.height);
                view::draw(state, area, frame.buffer_mut());
            })?;
            execute!(io::stdout(), EndSynchronizedUpdate)
        });
        drawn.context(|| "cannot write to the terminal")
    }

    /// Carries out effects; says whether the program was stopped meanwhile.
    fn perform(&mut self, effects: Vec<Effect>) -> Result<bool> {
        let mut stopped = false;
        for effect in effects {
            match effect {
                Effect::Open(source, ticket) => {
                    let follows = self.state.play.as_ref().is_some_and(|play| play.grows);
                    let options = Options { cache: self.cache.clone(), clock: self.clock.clone(), follows };
                    self.deck = Some(Deck::open(source, ticket, self.sender.clone(), options));
                }
                Effect::Close => self.deck = None,
                Effect::Goto(at) => self.deck.iter().for_each(|deck| deck.goto(Goal::Time(at))),
                Effect::Step(step) => self.deck.iter().for_each(|deck| deck.goto(Goal::Step(step))),
                Effect::Search(number, pattern) => {
                    if let Some(deck) = &self.deck {
                        deck.search(number, pattern);
                    }
                }
                Effect::FindMoments(number, wanted) => {
                    self.deck.iter().for_each(|deck| deck.find_moments(number, wanted.clone()));
                }
                Effect::Summarise(audit, ticket) => {
                    self.summing = Some(Work::summarise(audit, ticket, self.sender.clone()));
                }
                Effect::Compare(audits, exact, ticket) => {
                    self.comparing = Some(Work::compare(audits, exact, ticket, self.sender.clone()));
                }
                Effect::Look(number, lines) => self.deck.iter().for_each(|deck| deck.inspect(number, lines)),
                Effect::Land(number, pattern, at) => {
                    self.deck.iter().for_each(|deck| deck.land(number, pattern.clone(), at));
                }
                Effect::Library(wish) => self.ask(wish),
                Effect::Rewind(number, steps) => {
                    self.deck.iter().for_each(|deck| deck.rewind(number, steps));
                }
                Effect::StopRewind(number) => self.deck.iter().for_each(|deck| deck.stop_rewind(number)),
                Effect::Suspend => {
                    self.suspend()?;
                    stopped = true;
                }
                Effect::Redraw => {
                    self.come_back()?;
                    stopped = true;
                }
                Effect::ListThemes => self.list_themes(),
                Effect::KeepTheme(name) => self.keep_theme(name),
                Effect::AskGround if self.asked.is_none() => self.ask_ground()?,
                Effect::AskGround => {}
                Effect::Quit => self.left = Some(Ok(())),
            }
        }
        Ok(stopped)
    }

    fn ask(&self, wish: Wish) {
        let Some(librarian) = &self.librarian else { return };
        match wish {
            Wish::Find(ask) => librarian.ask(ask),
            Wish::Values(ask) => librarian.ask_values(ask),
            Wish::Keep(change) => librarian.keep(change),
            Wish::CatchUp => librarian.catch_up(),
        }
    }

    fn list_themes(&self) {
        let (shelf, sender) = (self.state.look.shelf.clone(), self.sender.clone());
        thread::spawn(move || {
            let _ = sender.send(Message::Themes(shelf.offers()));
        });
    }

    /// One after the other, so that the last one chosen is the one that is kept.
    fn keep_theme(&mut self, name: String) {
        let (keeps, sender) = (self.state.look.keeps.clone(), self.sender.clone());
        let before = self.keeping.take();
        self.keeping = Some(thread::spawn(move || {
            let _ = before.map(JoinHandle::join);
            let done = keeps.keep(&name);
            let _ = sender.send(Message::ThemeKept(name, done));
        }));
    }

    /// Stops the whole job, as Ctrl-Z does to programs that leave the key to the terminal.
    fn suspend(&mut self) -> Result<()> {
        self.guard = None;
        signals::stop_job();
        self.guard = Some(Guard::enter()?);
        self.come_back()
    }

    /// Enters the terminal anew and draws everything: whoever had it meanwhile has changed both.
    fn come_back(&mut self) -> Result<()> {
        if let Some(guard) = &self.guard {
            guard.again()?;
        }
        // It may have been turned from dark to light as well.
        if self.state.look.wanted.follows() {
            self.ask_ground()?;
        }
        // Not `clear`: that asks the terminal for its cursor.
        let size = self.terminal.size().context(|| "cannot ask the terminal for its size")?;
        self.terminal.resize(size.into()).context(|| "cannot write to the terminal")
    }
}
