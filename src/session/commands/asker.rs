//! Asks a person about commands, while their processes wait and all others go on.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TrySendError;
use std::time::Duration;

use sha2::Digest;
use sha2::Sha256;

use super::Shared;
use super::lines;
use super::supervisor::Settled;
use super::supervisor::Stop;
use super::words::Words;
use crate::approval::Fact as Line;
use crate::approval::Outcome;
use crate::approval::Pending;
use crate::approval::Question;
use crate::approval::Subject;
use crate::policy::CommandVerdict;
use crate::record::command_line;
use crate::sandbox::notify::Execute;
use crate::sandbox::notify::Listener;
use crate::term::shortened;

/// Commands that may wait for a person.
const MOST_WAITING: usize = 256;
/// How often is looked whether a question is settled, or its process has gone.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Characters of the command line that is asked about: whoever says yes has seen it whole, but for the longest.
const MOST_SHOWN: usize = 4_000;
/// Characters of a command line above it.
const SHOWN: usize = 400;

/// A command that waits for a person.
pub(super) struct Held {
    /// The notification.
    pub(super) id: u64,
    pub(super) thread: i32,
    pub(super) execute: Execute,
    pub(super) words: Arc<Words>,
    pub(super) verdict: CommandVerdict,
    /// The command that wants it.
    pub(super) from: Option<u64>,
}

/// Where commands are handed in.
pub(super) struct Desk(SyncSender<Box<Held>>);

impl Desk {
    /// Asks; gives it back if there is no room.
    pub(super) fn ask(&self, held: Box<Held>) -> Result<(), Box<Held>> {
        self.0.try_send(held).map_err(|error| match error {
            TrySendError::Full(held) | TrySendError::Disconnected(held) => held,
        })
    }
}

/// The thread that asks.
pub(super) struct Asker {
    shared: Arc<Shared>,
    listener: Listener,
    desk: SyncSender<Box<Held>>,
    handed_in: Receiver<Box<Held>>,
}

/// A question that was put.
struct Asked {
    held: Box<Held>,
    pending: Pending,
}

/// Refusals that are remembered.
const MOST_REFUSED: usize = 64;

/// What was refused to a process. A shell that is refused a program goes on with the next folder of PATH: that is no other
/// question.
struct Refused {
    thread: i32,
    argv: Vec<Vec<u8>>,
    why: String,
}

impl Refused {
    fn is_of(&self, held: &Held) -> bool {
        self.thread == held.thread && self.argv == held.words.argv
    }
}

impl Asker {
    /// For what waits at `listener`.
    pub(super) fn new(shared: Arc<Shared>, listener: &Listener) -> std::io::Result<Self> {
        let listener = Listener::new(listener.as_fd().try_clone_to_owned()?)?;
        let (desk, handed_in) = mpsc::sync_channel(MOST_WAITING);
        Ok(Self { shared, listener, desk, handed_in })
    }

    pub(super) fn desk(&self) -> Desk {
        Desk(self.desk.clone())
    }

    /// Asks until the supervisor has gone; what still waits then is withdrawn.
    pub(super) fn run(self, stop: &Stop) {
        let Self { shared, listener, desk, handed_in } = self;
        // The supervisor's is the only one left.
        drop(desk);
        let mut waiting: Vec<Asked> = Vec::new();
        let mut refused: VecDeque<Refused> = VecDeque::new();
        loop {
            let held = match waiting.is_empty() {
                true => handed_in.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => handed_in.recv_timeout(LOOK_EVERY),
            };
            match held {
                Ok(held) => match refused.iter().find(|refused| refused.is_of(&held)) {
                    Some(refused) => {
                        let why = refused.why.clone();
                        stop.settle(Settled { held, refused: Some(why) });
                    }
                    None => {
                        let pending = shared.setup.broker.ask(question(&shared, &held));
                        waiting.push(Asked { held, pending });
                    }
                },
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let mut still = Vec::with_capacity(waiting.len());
            for mut asked in waiting {
                match asked.pending.try_answer() {
                    Some(outcome) => {
                        let refused_now = match &outcome {
                            Outcome::Allowed { .. } => None,
                            Outcome::Denied(refusal) => Some(refusal.to_string()),
                        };
                        if let Some(why) = &refused_now {
                            refused.truncate(MOST_REFUSED - 1);
                            let (thread, argv) = (asked.held.thread, asked.held.words.argv.clone());
                            refused.push_front(Refused { thread, argv, why: why.clone() });
                        }
                        stop.settle(Settled { held: asked.held, refused: refused_now });
                    }
                    // Its process was killed: nobody needs an answer.
                    None if !listener.still_waits(asked.held.id) => asked.pending.withdraw(),
                    None => still.push(asked),
                }
            }
            waiting = still;
        }
        waiting.into_iter().for_each(|asked| asked.pending.withdraw());
    }
}

fn question(shared: &Shared, held: &Held) -> Question {
    let setup = &shared.setup;
    let masked = |text: String| setup.masks.text(&text).into_owned();
    let line = |words: &Words| {
        let line = command_line(&setup.masks.argv(&words.argv_text()));
        shortened(&line, MOST_SHOWN)
    };
    let words = &held.words;
    let mut parameters = Vec::new();
    for (name, value) in [("program", words.exe_text()), ("in", words.cwd_text())] {
        if let Some(value) = value {
            parameters.push(Line { name: name.to_owned(), value: masked(value) });
        }
    }
    let mut lines = held.from.map(|command| lines(shared, command)).unwrap_or_default().into_iter();
    let mut next = || lines.next().map(|line| shortened(&line, SHOWN));
    Question {
        subject: Subject::Command,
        action: "command".to_owned(),
        resources: vec![line(words)],
        who: setup.who.clone(),
        agent: setup.agent.clone(),
        repository: setup.repository.clone(),
        command: next(),
        above: std::iter::from_fn(next).collect(),
        rule: held.verdict.rule(),
        reason: held.verdict.reason.clone().map(masked).unwrap_or_default(),
        parameters,
        fingerprint: fingerprint(words),
        ttl: setup.approval_ttl,
        ..Question::default()
    }
}

/// The same for a retry, different for anything else.
fn fingerprint(words: &Words) -> String {
    let mut hash = Sha256::new();
    let paths = [&words.exe, &words.cwd]
        .map(|path| path.as_ref().map_or(&b""[..], |path| path.as_os_str().as_encoded_bytes()));
    for part in paths.into_iter().chain(words.argv.iter().map(Vec::as_slice)) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    format!("command {}", hex::encode(hash.finalize()))
}
