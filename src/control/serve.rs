//! The session's side: listens, looks at who connects, tells what waits and takes answers.

use std::future::Future;
use std::os::unix::net::UnixListener as StdListener;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixListener;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::approval::Answered;
use crate::approval::Card;
use crate::approval::QuestionId;
use crate::control::Setup;
use crate::control::approver;
use crate::control::peer::Rules;
use crate::control::wire;
use crate::control::wire::Failure;
use crate::control::wire::Given;
use crate::control::wire::REQUEST_BYTES;
use crate::control::wire::Reply;
use crate::control::wire::Request;
use crate::error::Error;
use crate::sys::peer;
use crate::sys::peer::Peer;

/// Approvers that are connected at once.
const MOST_CONNECTIONS: usize = 64;
/// How long an approver may take for a whole request, and to take an answer.
const WITHIN: Duration = Duration::from_secs(10);
/// How long one that is turned away is listened to.
const PARTING: Duration = Duration::from_secs(1);
/// Changes that follow each other closer than this are told together.
const SETTLE: Duration = Duration::from_millis(20);
/// Processes from inside that are told of: more would flood the terminal.
const MOST_TOLD: usize = 3;
/// Those that are recorded: more would flood the record.
const MOST_RECORDED: usize = 50;

/// What every connection needs.
pub(super) struct Serving {
    setup: Setup,
    rules: Rules,
    changes: watch::Receiver<u64>,
    room: Semaphore,
    /// How many were refused for what they are.
    told: AtomicUsize,
}

/// An approver that is connected.
struct Approving {
    serving: Arc<Serving>,
    peer: Peer,
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    /// What was read beyond the last line.
    rest: Zeroizing<Vec<u8>>,
}

impl Serving {
    pub(super) fn new(setup: Setup, changes: watch::Receiver<u64>) -> Self {
        Self {
            setup,
            rules: Rules::of_this_process(),
            changes,
            room: Semaphore::new(MOST_CONNECTIONS),
            told: AtomicUsize::new(0),
        }
    }

    /// Somebody who must not answer has tried to.
    fn tell_of(&self, peer: &Peer, error: &Error) {
        let count = self.told.fetch_add(1, Ordering::Relaxed);
        if count >= MOST_RECORDED {
            return;
        }
        let name = peer::descent(peer.pid).map(|descent| format!(" ({})", descent.name)).unwrap_or_default();
        let why = error.causes().join(": ");
        let line = format!("process {}{name} tried to reach the approvals, and was refused: {why}", peer.pid);
        let line = self.setup.masks.text(&line);
        self.setup.broker.intruded(&line);
        if count < MOST_TOLD {
            (self.setup.tell)(&format!("hoop-run: {line}"));
        }
    }
}

/// Serves whoever connects to `listener`, for as long as it is awaited.
///
/// # Errors
/// When it cannot be listened to.
pub(super) fn serve(
    serving: Arc<Serving>,
    listener: StdListener,
) -> std::io::Result<impl Future<Output = ()>> {
    let listener = UnixListener::from_std(listener)?;
    Ok(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(meet(Arc::clone(&serving), stream));
                }
                // Too many open files, or a client that is gone again: others come.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    })
}

/// Says at a session without a prompt what waits and how it is answered, once for each question.
pub(super) async fn announce(setup: Setup, mut changes: watch::Receiver<u64>) {
    let mut last = QuestionId(0);
    loop {
        changes.mark_unchanged();
        let told = last;
        for card in setup.broker.cards().into_iter().filter(|card| card.id > told) {
            last = last.max(card.id);
            let (name, line) = (card.name(), card.question.line());
            (setup.tell)(&format!(
                "hoop-run: held for approval: {line}; answer: hoopctl approvals allow {name}"
            ));
        }
        if changes.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(SETTLE).await;
    }
}

/// One approver from the first word to the last.
async fn meet(serving: Arc<Serving>, stream: UnixStream) {
    let Ok(peer) = peer::of(&stream) else { return };
    let (reader, writer) = stream.into_split();
    if let Err(error) = serving.rules.check(&peer) {
        serving.tell_of(&peer, &error);
        return turn_away(reader, writer, Failure::of(&error)).await;
    }
    let Ok(_room) = serving.room.try_acquire() else {
        let what = format!("{MOST_CONNECTIONS} approvers are connected already");
        let failure = Failure { what, fix: Some("try again later".to_owned()) };
        return turn_away(reader, writer, failure).await;
    };
    let approving =
        Approving { serving: Arc::clone(&serving), peer, reader, writer, rest: Zeroizing::default() };
    approving.attend().await;
}

impl Approving {
    /// Does what is asked, until the approver hangs up, says nothing for too long, or something that cannot be read.
    async fn attend(mut self) {
        while let Ok(Some(line)) = timeout(WITHIN, self.line()).await {
            let request = match Request::read(&line) {
                Ok(request) => request,
                Err(failure) => {
                    say(&mut self.writer, &Reply::Failed(failure)).await;
                    return;
                }
            };
            drop(line);
            let went = match request {
                Request::List => {
                    let cards = self.cards().await;
                    say(&mut self.writer, &Reply::Cards(cards)).await
                }
                Request::Watch => return self.watch().await,
                Request::Answer(given) => {
                    let reply = self.answer(given).await;
                    say(&mut self.writer, &reply).await
                }
            };
            if !went {
                return;
            }
        }
    }

    /// The next line; `None`: there is none, or it is too long.
    async fn line(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        let mut line = Zeroizing::new(Vec::with_capacity(REQUEST_BYTES));
        line.append(&mut self.rest);
        let mut seen = 0;
        let mut chunk = Zeroizing::new([0; 4096]);
        loop {
            if let Some(end) = line.iter().skip(seen).position(|byte| *byte == b'\n') {
                self.rest = Zeroizing::new(line.split_off(seen + end + 1));
                return Some(line);
            }
            seen = line.len();
            let count = self.reader.read(chunk.as_mut()).await.ok().filter(|count| *count > 0)?;
            if line.len() + count > REQUEST_BYTES {
                return None;
            }
            line.extend(chunk.iter().take(count));
        }
    }

    /// What waits and concerns this approver. That they see it is written down.
    async fn cards(&self) -> Vec<Card> {
        let setup = &self.serving.setup;
        let mut cards = setup.broker.cards();
        let Some(person) = approver::local(setup, &self.peer).await else { return Vec::new() };
        if !person.is_owner {
            // Others are shown what they may answer, and nothing else.
            cards.retain(|card| {
                card.question.needs.iter().any(|need| need.admit(&person.name, &person.groups))
            });
        }
        for card in &cards {
            setup.broker.shown(card.id, &person.name, person.via.as_str(), None);
        }
        cards
    }

    /// Tells what waits after each change.
    async fn watch(mut self) {
        let mut changes = self.serving.changes.clone();
        loop {
            changes.mark_unchanged();
            let cards = self.cards().await;
            if !say(&mut self.writer, &Reply::Cards(cards)).await {
                return;
            }
            let mut byte = [0];
            tokio::select! {
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
                // A watcher has nothing more to say: this is its end.
                _ = self.reader.read(&mut byte) => return,
            }
            tokio::time::sleep(SETTLE).await;
        }
    }

    async fn answer(&self, given: Given) -> Reply {
        let setup = &self.serving.setup;
        let person = match approver::person(setup, &self.peer, &given).await {
            Ok(person) => person,
            Err(error) => return Reply::Failed(Failure::of(&error)),
        };
        // Once more: to ask a provider takes its time.
        if let Err(error) = self.serving.rules.check(&self.peer) {
            return Reply::Failed(Failure::of(&error));
        }
        // What people type may hold a secret, and the agent reads it.
        let reason = setup.masks.text(&given.reason).into_owned();
        let answered: Answered =
            setup.broker.answer(given.id, Given { reason, ..given.clone() }.answer(), &person);
        Reply::Answered(answered)
    }
}

/// Says why nobody listens here to this one. What it was about to ask is read and thrown away: a socket that closes on
/// unread bytes takes the reason back.
async fn turn_away(mut reader: OwnedReadHalf, mut writer: OwnedWriteHalf, failure: Failure) {
    if !say(&mut writer, &Reply::Failed(failure)).await || writer.shutdown().await.is_err() {
        return;
    }
    let mut rest = Zeroizing::new([0; 4096]);
    let read = async {
        let mut left = REQUEST_BYTES;
        while let Ok(count @ 1..) = reader.read(rest.as_mut()).await {
            left = left.saturating_sub(count);
            if left == 0 {
                return;
            }
        }
    };
    let _ = timeout(PARTING, read).await;
}

/// Sends a reply; whether it got there in time.
async fn say(writer: &mut OwnedWriteHalf, reply: &Reply) -> bool {
    matches!(timeout(WITHIN, writer.write_all(&wire::line(reply))).await, Ok(Ok(())))
}
