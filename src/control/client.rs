//! The approver's side: finds sessions, sees what waits in them and answers. Nothing here waits without end.

use std::collections::BTreeSet;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::ErrorKind;
use std::io::Read;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::approval::Answered;
use crate::approval::Card;
use crate::control::place;
use crate::control::wire;
use crate::control::wire::Failure;
use crate::control::wire::Given;
use crate::control::wire::REPLY_BYTES;
use crate::control::wire::Reply;
use crate::control::wire::Request;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::sys::peer;
use crate::sys::user;
use crate::types::SessionId;

/// How long a session may take for one answer: it may have to ask an identity provider.
const WITHIN: Duration = Duration::from_secs(30);

/// A session that can be asked what waits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Its socket.
    path: PathBuf,
    /// The user that its hoop-run runs as: never sent a token if it is not ours.
    pub uid: u32,
}

/// What waits in a session, again after each change.
#[derive(Debug)]
pub struct Watch {
    session: SessionId,
    reader: BufReader<UnixStream>,
    line: Vec<u8>,
}

/// What a watch saw.
#[derive(Debug)]
pub enum Seen {
    /// What waits now.
    Cards(Vec<Card>),
    /// Nothing new within the time.
    Nothing,
    /// The session has ended.
    Ended,
}

/// The sessions that have asked something, oldest first: one's own below `state`, and those in the folder that a team
/// shares. Sockets that nobody listens at are passed over, and one's own removed.
#[must_use]
pub fn sessions(state: &Path, shared: Option<&Path>) -> Vec<Session> {
    sessions_but(state, shared, &BTreeSet::new())
}

/// As [`sessions`], without those that are `known`.
pub(super) fn sessions_but(state: &Path, shared: Option<&Path>, known: &BTreeSet<SessionId>) -> Vec<Session> {
    let own = user::uid();
    let mut found: Vec<Session> = Vec::new();
    let folders = [Some(place::folder(state)), shared.map(Path::to_owned)];
    for (id, path, owner) in folders.into_iter().flatten().flat_map(|folder| place::sockets(&folder)) {
        let session = Session { id, path, uid: owner };
        if known.contains(&id) {
            continue;
        }
        match session.connect() {
            // Reached by both folders, the closed one counts.
            Ok(_) if found.iter().all(|known| known.id != id) => found.push(session),
            Err(cause) if cause.kind() == ErrorKind::ConnectionRefused && owner == own => {
                let _ = std::fs::remove_file(&session.path);
            }
            _ => {}
        }
    }
    found.sort();
    found
}

impl Session {
    /// A session that nobody listens for: for tests of what shows them.
    #[cfg(test)]
    #[must_use]
    pub fn at(id: SessionId, uid: u32) -> Self {
        Self { id, path: PathBuf::new(), uid }
    }

    /// Whether its hoop-run runs as the user that we are.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.uid == user::uid()
    }

    /// What waits, oldest first.
    ///
    /// # Errors
    /// The session has ended, does not answer in time, or refuses us.
    pub fn cards(&self) -> Result<Vec<Card>> {
        match self.ask(&Request::List)? {
            Reply::Cards(cards) => self.checked(cards),
            other => Err(self.refused(other)),
        }
    }

    /// What waits, and again after each change.
    ///
    /// # Errors
    /// The session has ended, or does not answer.
    pub fn watch(&self) -> Result<Watch> {
        let stream = self.send(&Request::Watch)?;
        Ok(Watch { session: self.id, reader: BufReader::new(stream), line: Vec::new() })
    }

    /// Answers a question.
    ///
    /// # Errors
    /// The session has ended, does not answer in time, or refuses us.
    pub fn answer(&self, given: Given) -> Result<Answered> {
        if given.login.is_some() && !self.is_own() {
            return Err(Error::new(Kind::System, "a login is shown to nobody but its owner's own sessions"));
        }
        match self.ask(&Request::Answer(given))? {
            Reply::Answered(answered) => Ok(answered),
            other => Err(self.refused(other)),
        }
    }

    /// Connects, and sees that it is the one whose file it is: whoever else listens there is not asked.
    fn connect(&self) -> io::Result<UnixStream> {
        let stream = place::connect(&self.path)?;
        let listener = peer::of(&stream)?;
        if listener.uid != self.uid {
            return Err(io::Error::other(format!(
                "user {} listens at the socket of user {}",
                listener.uid, self.uid
            )));
        }
        stream.set_read_timeout(Some(WITHIN))?;
        stream.set_write_timeout(Some(WITHIN))?;
        Ok(stream)
    }

    fn send(&self, request: &Request) -> Result<UnixStream> {
        let sent = self.connect().and_then(|mut stream| {
            // One that refuses us says why before it hangs up.
            match stream.write_all(&wire::line(request)) {
                Err(cause) if cause.kind() != ErrorKind::BrokenPipe => Err(cause),
                _ => Ok(stream),
            }
        });
        sent.map_err(|cause| self.gone(&cause))
    }

    fn ask(&self, request: &Request) -> Result<Reply> {
        let mut reader = BufReader::new(self.send(request)?);
        let mut line = Vec::new();
        let limit = REPLY_BYTES as u64;
        reader.by_ref().take(limit).read_until(b'\n', &mut line).map_err(|cause| self.gone(&cause))?;
        read(&line).ok_or_else(|| self.gone(&io::Error::from(ErrorKind::UnexpectedEof)))
    }

    /// What a session says of others is not believed.
    fn checked(&self, cards: Vec<Card>) -> Result<Vec<Card>> {
        match cards.iter().all(|card| card.session == self.id) {
            true => Ok(cards),
            false => {
                Err(Error::new(Kind::Upstream, format!("{} speaks of other sessions", self.path.display())))
            }
        }
    }

    fn gone(&self, cause: &io::Error) -> Error {
        let error = Error::new(Kind::Upstream, format!("session {} does not answer", self.id));
        match cause.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::UnexpectedEof => {
                error.why("it has ended, or ends now")
            }
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                error.why(format!("it said nothing for {} s", WITHIN.as_secs()))
            }
            _ => error.why(crate::error::plain(cause)),
        }
    }

    fn refused(&self, reply: Reply) -> Error {
        match reply {
            Reply::Failed(failure) => failure.into_error(),
            _ => Error::new(
                Kind::Upstream,
                format!("session {} answers something else than was asked", self.id),
            ),
        }
    }
}

impl Watch {
    /// What waits, once that changes, or after `timeout`.
    ///
    /// # Errors
    /// The session refuses us, or speaks another language.
    pub fn next(&mut self, timeout: Duration) -> Result<Seen> {
        let broken = |cause: &io::Error| Error::io("cannot watch a session", cause);
        // Zero would mean for ever.
        let timeout = timeout.max(Duration::from_millis(1));
        self.reader.get_ref().set_read_timeout(Some(timeout)).map_err(|cause| broken(&cause))?;
        let room = REPLY_BYTES.saturating_sub(self.line.len()) as u64;
        match self.reader.by_ref().take(room).read_until(b'\n', &mut self.line) {
            Ok(_) if self.line.ends_with(b"\n") => {}
            Ok(_) if self.line.len() >= REPLY_BYTES => {
                return Err(Error::new(Kind::Upstream, "a session sends a line without an end"));
            }
            Ok(_) => return Ok(Seen::Ended),
            Err(cause) if matches!(cause.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(Seen::Nothing);
            }
            Err(cause) if cause.kind() == ErrorKind::ConnectionReset => return Ok(Seen::Ended),
            Err(cause) => return Err(broken(&cause)),
        }
        let reply = read(&std::mem::take(&mut self.line));
        match reply {
            Some(Reply::Cards(cards)) if cards.iter().all(|card| card.session == self.session) => {
                Ok(Seen::Cards(cards))
            }
            Some(Reply::Failed(failure)) => Err(failure.into_error()),
            _ => Err(Failure { what: "it answers something else than was asked".to_owned(), fix: None }
                .into_error()),
        }
    }
}

fn read(line: &[u8]) -> Option<Reply> {
    serde_json::from_slice(line).ok()
}
