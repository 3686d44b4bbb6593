//! The loop that answers notifications: as short as can be, for a program waits meanwhile.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Shared;
use super::asker::Desk;
use super::asker::Held;
use super::exec;
use super::exec::Program;
use super::identity::Family;
use super::identity::Identities;
use super::lock;
use super::table::Gone;
use super::table::Process;
use super::words::Words;
use super::writer::Fact;
use super::writer::Failed;
use super::writer::Started;
use crate::audit::CommandFailure;
use crate::audit::Event;
use crate::audit::Lost;
use crate::error::IoContext;
use crate::error::Result;
use crate::policy::CommandEffect;
use crate::policy::CommandVerdict;
use crate::sandbox::notify::Answer;
use crate::sandbox::notify::Call;
use crate::sandbox::notify::Epoll;
use crate::sandbox::notify::Execute;
use crate::sandbox::notify::Listener;
use crate::sandbox::notify::Notification;
use crate::sandbox::notify::Ready;
use crate::sandbox::notify::Want;
use crate::sandbox::notify::errno;
use crate::sandbox::process;
use crate::sandbox::process::Identity;
use crate::sandbox::process::Memory;
use crate::sandbox::process::PidNamespace;
use crate::sandbox::process::Pidfd;
use crate::sys::wake;
use crate::sys::wake::Waker;
use crate::sys::wake::Wakeups;
use crate::types::Micros;

/// Names of the two descriptors that are no processes: no process has number 0.
const LISTENER: u64 = 0;
const WAKEUPS: u64 = 1 << 32;

/// A question that is settled.
pub(super) struct Settled {
    pub(super) held: Box<Held>,
    /// Why not; none: it may run.
    pub(super) refused: Option<String>,
}

/// Reaches the supervisor from other threads.
#[derive(Clone)]
pub(super) struct Stop {
    waker: Waker,
    stop: Arc<AtomicBool>,
    settled: Arc<Mutex<Vec<Settled>>>,
}

impl Stop {
    /// Ends the loop when everything that is there has been seen to.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.waker.wake();
    }

    pub(super) fn settle(&self, settled: Settled) {
        lock(&self.settled).push(settled);
        self.waker.wake();
    }
}

/// The thread that answers.
pub(super) struct Supervisor {
    shared: Arc<Shared>,
    listener: Listener,
    epoll: Epoll,
    wakeups: Wakeups,
    stop: Stop,
    desk: Desk,
    memory: Memory,
    identities: Option<Identities>,
    has_rules: bool,
    /// The kernel tells by descriptor who a process is (Linux 6.13).
    pidfds_identify: bool,
    /// Exits are trapped: the kernel does not tell afterwards how a process ended.
    exits_are_trapped: bool,
}

/// A program that is about to run.
struct Run {
    thread: i32,
    execute: Execute,
    words: Words,
    rule: Option<String>,
}

impl Supervisor {
    pub(super) fn new(shared: Arc<Shared>, listener: Listener, desk: Desk) -> Result<(Self, Stop)> {
        let what = || "cannot watch commands";
        let (waker, wakeups) = wake::channel()?;
        let epoll = Epoll::new().context(what)?;
        epoll.add(listener.as_fd(), LISTENER, Want::Readable).context(what)?;
        epoll.add(wakeups.as_fd(), WAKEUPS, Want::Readable).context(what)?;
        let stop = Stop { waker, stop: Arc::default(), settled: Arc::default() };
        let supervisor = Self {
            identities: shared.setup.key_id.as_deref().and_then(Identities::new),
            has_rules: shared.setup.policies.has_commands(),
            shared,
            listener,
            epoll,
            wakeups,
            stop: stop.clone(),
            desk,
            memory: Memory::default(),
            pidfds_identify: i32::try_from(std::process::id())
                .is_ok_and(|own| Pidfd::open(own).is_ok_and(|pidfd| pidfd.identity().is_some())),
            exits_are_trapped: false,
        };
        Ok((supervisor, stop))
    }

    /// Answers until nobody is left who could ask, or it is told to stop.
    pub(super) fn run(mut self) {
        let mut ready = Vec::new();
        loop {
            let stopping = self.stop.stop.load(Ordering::Acquire);
            let now = self.shared.setup.clock.elapsed();
            let due = self.identities.as_ref().and_then(|identities| identities.due(now));
            let timeout = if stopping { Some(Duration::ZERO) } else { due };
            if let Err(cause) = self.epoll.wait(timeout, &mut ready) {
                self.give_up(&cause);
                break;
            }
            if stopping && ready.is_empty() {
                break;
            }
            let mut notified = false;
            let mut nobody_left = false;
            for ready in &ready {
                match ready.token {
                    LISTENER => {
                        notified |= ready.readable;
                        nobody_left |= ready.gone && !ready.readable;
                    }
                    WAKEUPS => self.on_wakeup(),
                    // Ends before beginnings: a number may have been given to a new process already.
                    token => self.on_process(token, ready.gone),
                }
            }
            if notified {
                match self.listener.receive() {
                    Ok(Some(notification)) => self.on_notification(notification),
                    Ok(None) => {}
                    Err(cause) => {
                        self.give_up(&cause);
                        break;
                    }
                }
            } else if nobody_left && self.no_process_left() {
                break;
            } else if nobody_left {
                // The last ones are on their way out; their descriptors will say so.
                self.wait_for_ends(&mut ready);
                break;
            }
            if let Some(identities) = &mut self.identities {
                identities.put_back(self.shared.setup.clock.elapsed());
            }
        }
        self.end_all();
    }

    fn no_process_left(&self) -> bool {
        lock(&self.shared.table).pids().is_empty()
    }

    /// The filter has no task left, so every process is dead; some may wait for their parents to take note.
    fn wait_for_ends(&mut self, ready: &mut Vec<Ready>) {
        // The listener would be ready for ever.
        let Ok(epoll) = Epoll::new() else { return };
        self.epoll = epoll;
        if self.epoll.add(self.wakeups.as_fd(), WAKEUPS, Want::Readable).is_err() {
            return;
        }
        let table = lock(&self.shared.table);
        for process in table.pids().into_iter().filter_map(|pid| table.get(pid)) {
            if let Some(pidfd) = &process.pidfd {
                let _ = self.epoll.add(pidfd.as_fd(), process.token, Want::Changes);
            }
        }
        drop(table);
        while !self.no_process_left() {
            let stopping = self.stop.stop.load(Ordering::Acquire);
            let timeout = stopping.then_some(Duration::ZERO);
            if self.epoll.wait(timeout, ready).is_err() || stopping && ready.is_empty() {
                return;
            }
            for ready in ready.iter() {
                match ready.token {
                    WAKEUPS => self.on_wakeup(),
                    token => self.on_process(token, ready.gone),
                }
            }
        }
    }

    fn give_up(&self, cause: &std::io::Error) {
        let reason = crate::error::plain(cause);
        self.shared.setup.recorder.watch("the command log").died(&reason);
        self.tell(Fact::Event(Box::new(Event::Lost(Lost { what: "commands".to_owned(), bytes: 0, reason }))));
    }

    fn tell(&self, fact: Fact) {
        let bytes = fact.bytes();
        self.shared.queue.push(fact, bytes);
    }

    fn on_wakeup(&mut self) {
        self.wakeups.clear();
        let settled = std::mem::take(&mut *lock(&self.stop.settled));
        for settled in settled {
            self.on_settled(settled);
        }
    }

    fn on_process(&mut self, token: u64, gone: bool) {
        let now = self.shared.setup.clock.elapsed();
        let mut table = lock(&self.shared.table);
        let Some((pid, process)) = table.of_token(token) else { return };
        process.ended.get_or_insert(now);
        if !gone && !self.exits_are_trapped {
            return;
        }
        let ended = table.end(pid, now);
        drop(table);
        if let Some(ended) = ended {
            self.tell(Fact::Ended {
                command: ended.command,
                exit: ended.exit,
                replaced_by: None,
                took: ended.took,
            });
        }
    }

    fn on_notification(&mut self, notification: Notification) {
        let Notification { id, thread, call } = notification;
        match call {
            Call::Execute(execute) => self.on_execute(id, thread, execute),
            Call::Exit { whole, status } => {
                self.exits_are_trapped = true;
                self.on_exit(thread, whole, status);
                self.listener.answer(id, Answer::Continue);
            }
            Call::Other => {
                self.listener.answer(id, Answer::Continue);
            }
        }
    }

    fn on_exit(&mut self, thread: i32, whole: bool, status: u8) {
        let known = lock(&self.shared.table).get(thread).is_some();
        let pid = match known || !whole {
            true => thread,
            // A thread that ends its process.
            false => Identity::of(thread).map_or(thread, |identity| identity.process),
        };
        if let Some(process) = lock(&self.shared.table).get_mut(pid) {
            process.trapped = Some(status);
        }
    }

    fn on_execute(&mut self, id: u64, thread: i32, execute: Execute) {
        let path = match exec::look(&mut self.memory, thread, &execute) {
            Program::There(path) => Some(path),
            Program::Unreadable => None,
            Program::Fails(path, errno) => {
                let words = exec::words(&mut self.memory, thread, &execute, Some(&path));
                let why = match errno {
                    errno::EACCES => CommandFailure::NotExecutable,
                    _ => CommandFailure::NotFound,
                };
                self.refuse(id, thread, errno, Refused { words, why, rule: None, told: None });
                return;
            }
        };
        let words = exec::words(&mut self.memory, thread, &execute, path.as_deref());
        let verdict = if self.has_rules { self.decide(&words) } else { None };
        let rule = verdict.as_ref().map(CommandVerdict::rule);
        match verdict.as_ref().map(|verdict| verdict.effect) {
            None | Some(CommandEffect::Note) => self.run_it(id, Run { thread, execute, words, rule }),
            Some(CommandEffect::Deny) => {
                let told = verdict.and_then(|verdict| verdict.reason).or_else(|| Some(String::new()));
                let why = CommandFailure::Refused;
                self.refuse(id, thread, errno::EACCES, Refused { words, why, rule, told });
            }
            Some(CommandEffect::Ask) => {
                let Some(verdict) = verdict else { return };
                let from = self.identity(thread).and_then(|it| exec::nearest_command(&self.shared, it));
                let held = Box::new(Held { id, thread, execute, words: Arc::new(words), verdict, from });
                if let Err(held) = self.desk.ask(held) {
                    let why = "too many questions wait already".to_owned();
                    self.on_settled(Settled { held, refused: Some(why) });
                }
            }
        }
    }

    fn decide(&self, words: &Words) -> Option<CommandVerdict> {
        let exe = words.exe_text();
        self.shared.setup.policies.command(&words.argv_text(), exe.as_deref())
    }

    /// A person has answered, or there is none.
    fn on_settled(&mut self, settled: Settled) {
        let Settled { held, refused } = settled;
        let Held { id, thread, execute, words, verdict, .. } = *held;
        // Its memory means nothing any more.
        if !self.listener.still_waits(id) {
            return;
        }
        let rule = Some(verdict.rule());
        let mut told = refused;
        let mut now = None;
        if told.is_none() {
            if let Program::There(path) = exec::look(&mut self.memory, thread, &execute) {
                now = Some(exec::words(&mut self.memory, thread, &execute, Some(&path)));
            }
            if now.as_ref() != Some(&*words) {
                told = Some("the command line changed while a person was asked".to_owned());
            }
        }
        match (told, now) {
            (None, Some(words)) => self.run_it(id, Run { thread, execute, words, rule }),
            (told, _) => {
                let words = Arc::unwrap_or_clone(words);
                let why = CommandFailure::Refused;
                self.refuse(id, thread, errno::EACCES, Refused { words, why, rule, told });
            }
        }
    }

    /// Fails the call, and tells.
    fn refuse(&mut self, id: u64, thread: i32, errno: i32, refused: Refused) {
        // Who it is can be seen only while it waits.
        let identity = self.identity(thread);
        if !self.listener.answer(id, Answer::Fail(errno)) {
            return;
        }
        let Refused { words, why, rule, told } = refused;
        let parent = identity.and_then(|identity| exec::nearest_command(&self.shared, identity));
        let pid = identity.map_or(0, |identity| self.inside(identity.process));
        self.tell(Fact::Failed(Box::new(Failed { pid, parent, words: Arc::new(words), why, rule, told })));
    }

    fn identity(&mut self, thread: i32) -> Option<Identity> {
        self.identify(thread).map(|(identity, _)| identity)
    }

    /// Which process a thread belongs to, and its descriptor where there is one to be had.
    fn identify(&mut self, thread: i32) -> Option<(Identity, Option<Arc<Pidfd>>)> {
        let known =
            lock(&self.shared.table).get(thread).map(|process| (process.token, process.pidfd.clone()));
        if let Some((token, Some(pidfd))) = known {
            match pidfd.identity() {
                Some(identity) => return Some((identity, Some(pidfd))),
                // The one we knew is gone, and its number was given to another.
                None if self.pidfds_identify => self.on_process(token, true),
                None => return Identity::of(thread).map(|identity| (identity, Some(pidfd))),
            }
        }
        let pidfd = Pidfd::open(thread).ok().map(Arc::new);
        let told = pidfd.as_ref().and_then(|pidfd| pidfd.identity());
        let identity = told.or_else(|| Identity::of(thread))?;
        Some((identity, pidfd))
    }

    fn inside(&self, pid: i32) -> u32 {
        if self.shared.namespace.get().is_none()
            && let Some(namespace) = PidNamespace::of(pid)
        {
            // Nobody else sets it.
            let _ = self.shared.namespace.set(namespace);
        }
        match self.shared.namespace.get() {
            Some(namespace) => namespace.inside(pid),
            None => process::innermost(pid),
        }
    }

    /// Lets the program run, as the next command.
    fn run_it(&mut self, id: u64, run: Run) {
        let Run { thread, execute, words, rule } = run;
        let Some((identity, pidfd)) = self.identify(thread) else {
            // Killed meanwhile. If not: what cannot be followed does not run.
            self.listener.answer(id, Answer::Fail(errno::EACCES));
            return;
        };
        let now = self.shared.setup.clock.elapsed();
        let words = Arc::new(words);
        let is_known = lock(&self.shared.table).get(identity.process).is_some();
        let nearest = if is_known { None } else { exec::nearest_command(&self.shared, identity) };
        let pid = self.inside(identity.process);
        let ppid = self.inside(identity.parent);
        let mut table = lock(&self.shared.table);
        let command = table.next();
        let before = table.take(identity.process);
        let (parent, pidfd, token) = match &before {
            // It has executed something already: what that was ends with this.
            Some(before) => (before.parent, before.pidfd.clone().or(pidfd), before.token),
            None => (nearest, pidfd, table.new_token(identity.process)),
        };
        let remembered = if words.is_small() { Arc::clone(&words) } else { Arc::new(words.shortened()) };
        let process = Process {
            command,
            inside: pid,
            parent,
            started: now,
            ended: None,
            trapped: None,
            words: remembered,
            pidfd: pidfd.clone(),
            token,
        };
        table.begin(identity.process, process);
        drop(table);
        if let (None, Some(pidfd)) = (&before, &pidfd) {
            // At the limit of the system, its end will not be known.
            let _ = self.epoll.add(pidfd.as_fd(), token, Want::Changes);
        }
        if let Some(identities) = &mut self.identities {
            let own = identities.find(&mut self.memory, &execute);
            identities.give(own, Family { child: thread, parent: identity.parent }, command, now);
        }
        if !self.listener.answer(id, Answer::Continue) {
            // Killed, or a signal came first and it will begin anew: it was no command.
            lock(&self.shared.table).undo(identity.process, before);
            return;
        }
        let replaces = before.as_ref().map(|before| before.command);
        let started = Started { command, pid, ppid: Some(ppid), parent, replaces, words, rule };
        self.tell(Fact::Started(Box::new(started)));
        if let Some(before) = before {
            self.tell(Fact::Ended {
                command: before.command,
                exit: None,
                replaced_by: Some(command),
                took: Micros(now.0.saturating_sub(before.started.0)),
            });
            lock(&self.shared.table).remember(before.command, before.words);
        }
    }

    /// What still runs, or is not known to have ended, ends with the log.
    fn end_all(&mut self) {
        let now = self.shared.setup.clock.elapsed();
        let mut ended: Vec<Gone> = {
            let mut table = lock(&self.shared.table);
            table.pids().into_iter().filter_map(|pid| table.end(pid, now)).collect()
        };
        ended.sort_unstable_by_key(|gone| gone.command);
        for Gone { command, exit, took } in ended {
            self.tell(Fact::Ended { command, exit, replaced_by: None, took });
        }
    }
}

/// What is told of a program that does not run.
struct Refused {
    words: Words,
    why: CommandFailure,
    rule: Option<String>,
    /// Why, where a rule or a person refused it; may be empty.
    told: Option<String>,
}
