//! The index of all recordings: one SQLite file that can be thrown away and made again from the folders.
//!
//! It knows nothing of the files it indexes; `record::index` fills it. Sessions that run never touch it: whoever wants to
//! read brings it up to date first. Many processes may read and write at once (WAL; writers take turns).

use std::cell::Cell;
use std::cell::RefCell;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::Transaction;
use rusqlite::TransactionBehavior;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

mod approvals;
mod condition;
mod count;
mod descent;
mod find;
mod hits;
mod look;
mod packing;
mod query;
mod rows;
mod screens;
mod terms;
mod texts;
mod values;
mod walk;
mod words;
mod write;

pub use approvals::Answered;
pub use approvals::ApprovalFilter;
pub use approvals::ApprovalRow;
pub use approvals::ApprovalSearch;
pub use approvals::Asked;
pub use approvals::Became;
pub use find::Found;
pub use find::Interrupter;
pub use look::Looked;
pub use look::look;
pub use rows::Added;
pub use rows::CallEnded;
pub use rows::CommandEnded;
pub use rows::CommandFilter;
pub use rows::CommandHit;
pub use rows::CommandKind;
pub use rows::Decided;
pub use rows::ExitFilter;
pub use rows::Filter;
pub use rows::Hit;
pub use rows::Length;
pub use rows::NewCall;
pub use rows::NewCommand;
pub use rows::NewSession;
pub use rows::Page;
pub use rows::Progress;
pub use rows::Search;
pub use rows::SessionEnded;
pub use rows::SessionRow;
pub use rows::Source;
pub use screens::Piece;
pub use write::Batch;

/// Version of the tables; another version is made anew.
const SCHEMA: i32 = 7;
/// How long a writer waits for another one. A batch takes well under a second.
const BUSY: Duration = Duration::from_secs(10);
/// How long between two tries where SQLite does not wait itself.
const BETWEEN: Duration = Duration::from_millis(10);

/// An open index.
#[derive(Debug)]
pub struct Index {
    connection: Connection,
    path: PathBuf,
    health: Cell<Health>,
    packing: Box<RefCell<packing::Packing>>,
    /// Somebody no longer wants the answer; see [`Interrupter`].
    is_stopped: Arc<AtomicBool>,
}

/// What is known of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Health {
    Fine,
    Failed,
    Damaged,
}

/// What opening an index gave.
#[derive(Debug)]
pub enum Opened {
    /// It can be used.
    Ready(Index),
    /// It cannot: damaged, or made by another version. Remove it and open it again; here is why.
    Unusable(String),
}

impl Index {
    /// Opens the index at `path`, and makes its tables if it is empty.
    ///
    /// Fails when the file cannot be opened or is locked for too long.
    pub fn open(path: &Path) -> Result<Opened> {
        let opened = Connection::open(path).and_then(|connection| {
            connection.busy_timeout(BUSY)?;
            use_log(&connection)?;
            connection.execute_batch(
                "PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;",
            )?;
            connection.set_prepared_statement_cache_capacity(64);
            let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok((connection, version))
        });
        let (connection, version) = match opened {
            Ok(opened) => opened,
            Err(cause) if is_damage(&cause) => return Ok(Opened::Unusable(cause.to_string())),
            Err(cause) => return Err(cannot("open", path, &cause)),
        };
        let index = Self {
            connection,
            path: path.to_owned(),
            health: Cell::new(Health::Fine),
            packing: Box::default(),
            is_stopped: Arc::default(),
        };
        match version {
            SCHEMA => Ok(Opened::Ready(index)),
            0 => match index.make_tables() {
                Ok(()) => Ok(Opened::Ready(index)),
                Err(_) if index.is_damaged() => Ok(Opened::Unusable("it is damaged".to_owned())),
                Err(error) => Err(error),
            },
            other => {
                Ok(Opened::Unusable(format!("its tables have version {other}, this hoop uses {SCHEMA}")))
            }
        }
    }

    /// Whether something in the file turned out to be damaged since it was opened.
    pub fn is_damaged(&self) -> bool {
        self.health.get() == Health::Damaged
    }

    /// Whether the index itself has failed since it was opened, damaged or not: an error was its own.
    pub fn has_failed(&self) -> bool {
        self.health.get() != Health::Fine
    }

    /// A number that becomes another one when somebody else has changed the index. It means nothing beside one of another opening.
    pub fn state(&self) -> Result<i64> {
        self.get(|sql| sql.pragma_query_value(None, "data_version", |row| row.get(0)))
    }

    /// Does `work` as one: all of it is kept, or nothing. Waits for other writers first, so that what `work` reads is
    /// what they left.
    /// Batches do not nest: one inside another fails.
    pub fn batch<T>(&self, work: impl FnOnce(&Batch<'_>) -> Result<T>) -> Result<T> {
        let begun = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate);
        let (path, health) = (&self.path, &self.health);
        let fail = |cause: &rusqlite::Error| failed(path, health, cause);
        let transaction = begun.map_err(|cause| fail(&cause))?;
        let batch = Batch {
            transaction,
            fail: &fail,
            parts: RefCell::default(),
            packing: &self.packing,
            has_packed: Cell::new(false),
        };
        let done = work(&batch)?;
        batch.add_parts()?;
        if batch.has_packed.get() {
            batch.renew_dictionary()?;
        }
        batch.transaction.commit().map_err(|cause| fail(&cause))?;
        Ok(done)
    }

    fn make_tables(&self) -> Result<()> {
        self.batch(|batch| {
            // Another process may have been faster.
            let version: i32 =
                batch.get(|sql| sql.pragma_query_value(None, "user_version", |row| row.get(0)))?;
            match version {
                0 => batch.get(|sql| sql.execute_batch(include_str!("schema.sql"))),
                _ => Ok(()),
            }
        })
    }

    fn get<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        read(&self.connection).map_err(|cause| failed(&self.path, &self.health, &cause))
    }
}

/// Switches a new file to a write-ahead log; one that has it stays as it is.
///
/// Of several that meet at a new file SQLite turns all but one away at once, whatever the time-out.
fn use_log(connection: &Connection) -> rusqlite::Result<()> {
    let mut tries = BUSY.as_millis() / BETWEEN.as_millis();
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL") {
            Err(cause) if tries > 0 && cause.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                tries -= 1;
                std::thread::sleep(BETWEEN);
            }
            done => return done,
        }
    }
}

fn failed(path: &Path, health: &Cell<Health>, cause: &rusqlite::Error) -> Error {
    if cause.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) {
        return find::given_up();
    }
    health.set(match is_damage(cause) {
        true => Health::Damaged,
        false => health.get().max(Health::Failed),
    });
    cannot("use", path, cause)
}

fn cannot(verb: &str, path: &Path, cause: &rusqlite::Error) -> Error {
    let error = Error::new(Kind::Record, format!("cannot {verb} the index {}", path.display()))
        .why(cause.to_string());
    match cause.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            error.fix("another hoop is filling it; try again")
        }
        Some(ErrorCode::DiskFull) => error.fix("make room on that file system"),
        _ => error.fix("make it anew: hoopctl index rebuild"),
    }
}

fn is_damage(cause: &rusqlite::Error) -> bool {
    matches!(cause.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || matches!(cause, rusqlite::Error::SqliteFailure(_, Some(text)) if text.starts_with("no such table"))
}
