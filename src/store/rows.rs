//! What goes into the index and what comes out. Texts from recordings may hold control characters: escape them when
//! they are shown.

use std::ops::Range;

use super::approvals::ApprovalFilter;
use crate::query::Query;
use crate::types::Effect;
use crate::types::Micros;
use crate::types::SessionId;

/// A session that is not in the index yet.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session.
    pub id: SessionId,
    /// When it began, in microseconds since the Unix epoch.
    pub started: u64,
    /// The person.
    pub user: String,
    /// How it is known who that is: `unauthenticated`, `corp, verified`; none in older recordings.
    pub identity: Option<String>,
    /// The host.
    pub host: String,
    /// The agent.
    pub agent: Option<String>,
    /// The command, in one line.
    pub command: String,
    /// A title.
    pub title: Option<String>,
    /// Working directory.
    pub cwd: String,
    /// AWS profile.
    pub profile: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// The person's groups.
    pub groups: Vec<String>,
}

/// How far a session has been indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its row.
    pub row: i64,
    /// Bytes of the audit log that are in.
    pub audit_offset: u64,
    /// Bytes of the terminal recording that are in.
    pub cast_offset: u64,
    /// Time of the last terminal event that is in.
    pub cast_time: Micros,
    /// Bytes of screen text that are in.
    pub screen_bytes: u64,
    /// Whether nothing more will come.
    pub is_done: bool,
}

/// What a batch adds to the numbers of a session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Added {
    /// Calls.
    pub calls: u64,
    /// Denials.
    pub denied: u64,
    /// Questions.
    pub asked: u64,
    /// Those answered with yes.
    pub granted: u64,
    /// Calls and commands that an earlier yes let through.
    pub used: u64,
    /// Commands.
    pub commands: u64,
    /// Alerts.
    pub alerts: u64,
    /// Masked secrets.
    pub masks: u64,
    /// Time of the last event.
    pub last: Micros,
}

/// A call that arrived.
#[derive(Clone, Debug)]
pub struct NewCall<'a> {
    /// Its number in the session.
    pub call: u64,
    /// When.
    pub began: Micros,
    /// Service.
    pub service: &'a str,
    /// IAM action.
    pub action: &'a str,
    /// Access level.
    pub access: &'a str,
    /// Region.
    pub region: &'a str,
    /// Account.
    pub account: Option<&'a str>,
    /// The first resource.
    pub resource: &'a str,
    /// The command that made it.
    pub command: Option<u64>,
    /// Its parameters in one line; what is long is cut.
    pub params: &'a str,
}

/// What became of a command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommandKind {
    /// It ran.
    #[default]
    Ran,
    /// It could not be executed: not found, or no program.
    Failed,
    /// A rule, or a person who was asked, refused it.
    Refused,
    /// It was typed at the prompt of a shell.
    Typed,
}

impl CommandKind {
    /// The word shown to people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ran => "run",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Typed => "typed",
        }
    }

    pub(super) fn code(self) -> i64 {
        self as i64
    }

    pub(super) fn from_code(code: i64) -> Self {
        match code {
            1 => Self::Failed,
            2 => Self::Refused,
            3 => Self::Typed,
            _ => Self::Ran,
        }
    }
}

/// A command.
#[derive(Clone, Debug, Default)]
pub struct NewCommand<'a> {
    /// Its number; none for what did not run.
    pub number: Option<u64>,
    /// Where its line stands in the audit log, in bytes: the name of what has no number.
    pub place: u64,
    /// What became of it.
    pub kind: CommandKind,
    /// When it began.
    pub began: Micros,
    /// Process id.
    pub pid: Option<u32>,
    /// Process id of the parent.
    pub ppid: Option<u32>,
    /// The command that started it.
    pub parent: Option<u64>,
    /// Program and arguments in one line.
    pub line: &'a str,
    /// The program file.
    pub exe: Option<&'a str>,
    /// Working directory.
    pub cwd: Option<&'a str>,
    /// The rule that noted or refused it.
    pub rule: Option<&'a str>,
}

/// A command that is over.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommandEnded {
    /// When.
    pub ended: Micros,
    /// How long it ran.
    pub took: Micros,
    /// Exit status.
    pub status: Option<i32>,
    /// Signal that killed it.
    pub signal: Option<i32>,
    /// The command that its process went on as.
    pub replaced_by: Option<u64>,
}

/// What was decided about a call.
#[derive(Clone, Debug)]
pub struct Decided<'a> {
    /// Its number.
    pub call: u64,
    /// The decision, in one word.
    pub effect: &'a str,
    /// The rule that decided.
    pub rule: Option<&'a str>,
}

/// A call that is over.
#[derive(Clone, Debug)]
pub struct CallEnded<'a> {
    /// Its number.
    pub call: u64,
    /// HTTP status.
    pub status: Option<u16>,
    /// Error code.
    pub error: Option<&'a str>,
    /// When.
    pub ended: Micros,
    /// What the error says.
    pub message: &'a str,
}

/// How a session ended.
#[derive(Clone, Debug)]
pub struct SessionEnded<'a> {
    /// When.
    pub ended: Micros,
    /// Why, in one word.
    pub reason: &'a str,
    /// Exit status.
    pub status: Option<i32>,
    /// Signal.
    pub signal: Option<i32>,
}

/// Which sessions; every condition that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// This person.
    pub user: Option<String>,
    /// Began at or after this, in microseconds since the Unix epoch.
    pub since: Option<u64>,
    /// Began before this.
    pub until: Option<u64>,
    /// Called this service.
    pub service: Option<String>,
    /// Called this IAM action; `*` stands for anything; letters of either case.
    pub action: Option<String>,
    /// Had a call with this decision (together with `service` and `action`: of such a call).
    pub decision: Option<Effect>,
    /// Shows these words near each other on its screen, in a command, a call or an approval.
    pub text: Option<String>,
    /// Ran a command with this in its line; letters of either case.
    pub command: Option<String>,
    /// Had such a question to people.
    pub approvals: Option<ApprovalFilter>,
    /// Fits this.
    pub query: Option<Query>,
}

/// Which part of a long answer.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// At most so many.
    pub limit: u32,
    /// After passing over so many.
    pub offset: u32,
}

/// One session as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The session.
    pub id: SessionId,
    /// When it began, in microseconds since the Unix epoch.
    pub started: u64,
    /// The person.
    pub user: String,
    /// How it is known who that is: `unauthenticated`, `corp, verified`; none in older recordings.
    pub identity: Option<String>,
    /// The host.
    pub host: String,
    /// The agent.
    pub agent: Option<String>,
    /// The command, in one line.
    pub command: String,
    /// A title.
    pub title: Option<String>,
    /// AWS profile.
    pub profile: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Time of its last event: how long it took, or has taken so far.
    pub last: Micros,
    /// When it ended; none while it runs or when it was cut off.
    pub ended: Option<Micros>,
    /// Why it ended, in one word.
    pub reason: Option<String>,
    /// Exit status.
    pub status: Option<i32>,
    /// Signal that ended it.
    pub signal: Option<i32>,
    /// Who sealed it, `complete` or `interrupted`; none when it is not sealed.
    pub sealed: Option<String>,
    /// Calls.
    pub calls: u64,
    /// Denials.
    pub denied: u64,
    /// Questions.
    pub asked: u64,
    /// Those answered with yes.
    pub granted: u64,
    /// Calls and commands that an earlier yes let through.
    pub used: u64,
    /// Commands.
    pub commands: u64,
    /// Alerts.
    pub alerts: u64,
    /// Masked secrets.
    pub masks: u64,
}

/// Which commands to search for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Words that must all be in the line; `"…"` keeps words together, `*` at the end of a word stands for any end. May be
    /// empty.
    pub words: String,
    /// Only in this session.
    pub session: Option<SessionId>,
    /// Only such.
    pub commands: CommandFilter,
}

/// Which commands; every condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandFilter {
    /// How it ended.
    pub exit: Option<ExitFilter>,
    /// Ran longer than this.
    pub longer: Option<Length>,
    /// Ran shorter than this.
    pub shorter: Option<Length>,
    /// Has all of these in its line; `*` stands for anything; letters of either case.
    pub parts: Vec<String>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitFilter {
    /// With this status.
    Status(i32),
    /// Not with 0: another status or a signal.
    Failed,
}

/// A bound of a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// The length.
    pub than: Micros,
    /// Whether the length itself is meant too.
    pub or_equal: bool,
}

/// Where a text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The screen.
    Screen,
    /// A command.
    Command,
    /// An AWS call.
    Call,
    /// A question to people, or its answer.
    Approval,
    /// The session as a whole.
    Session,
}

impl Source {
    /// The word shown to people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Command => "command",
            Self::Call => "call",
            Self::Approval => "approval",
            Self::Session => "session",
        }
    }
}

/// A place where the words occur.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The session.
    pub session: SessionId,
    /// When it was to be seen, at the latest a few seconds later.
    pub at: Micros,
    /// Where.
    pub source: Source,
    /// The words with something around them, in one line.
    pub snippet: String,
    /// Where in the snippet they stand, in bytes, in order; none when they are spelt differently.
    pub found: Vec<Range<usize>>,
    /// The command, when commands were searched.
    pub command: Option<CommandHit>,
    /// The number of the call, when it is one.
    pub call: Option<u64>,
    /// The name of the question, when it is one.
    pub question: Option<String>,
}

/// A command that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandHit {
    /// Its number; none for what did not run.
    pub number: Option<u64>,
    /// What became of it.
    pub kind: CommandKind,
    /// Process id.
    pub pid: Option<u32>,
    /// How long it ran; none while it runs.
    pub took: Option<Micros>,
    /// Exit status.
    pub status: Option<i32>,
    /// Signal that killed it.
    pub signal: Option<i32>,
    /// The command that its process went on as.
    pub replaced_by: Option<u64>,
}
