//! Which recording is meant.

use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;

use crate::audit;
use crate::cast;
use crate::cli::surroundings;
use crate::config::load::Config;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::record;
use crate::record::Place;
use crate::replay::Source;

/// A recording that was found.
pub struct Found {
    /// Its files.
    pub source: Source,
}

impl Found {
    /// What to call it: command, person and host, as far as its audit log tells; else its header says.
    pub fn title(&self) -> String {
        // Only the first line: a long session's audit log takes seconds to read.
        let lines = self.source.audit.as_deref().map(audit::Reader::open);
        let first = lines.and_then(Result::ok).and_then(|mut lines| lines.next());
        let Some(Ok(audit::Line { event: audit::Event::SessionStart(start), .. })) = first else {
            return String::new();
        };
        let start = *start;
        let command = start.title.unwrap_or_else(|| record::command_line(&start.command));
        let identity = start.identity.map(|identity| format!(" ({})", identity.label())).unwrap_or_default();
        format!("{command}  {}@{}{identity}", start.user, start.host)
    }
}

/// The audit log of the session that `name` means.
///
/// Fails when there is no such session, or when it is a recording of another program, which has none.
pub fn audit_log(name: &str) -> Result<PathBuf> {
    find(name)?.source.audit.ok_or_else(|| {
        Error::new(Kind::Usage, format!("`{}` is no session of hoop's", name.escape_debug()))
            .why("it is a terminal recording alone: nobody wrote down its calls and commands")
            .fix("name a session: hoop-replay list")
    })
}

/// Where recordings are kept, as the configuration says.
pub fn state() -> Result<PathBuf> {
    Ok(Config::load(&surroundings::sources())?.state_dir())
}

/// The recording that `name` means: a file, a folder, `last`, a session id or its beginning.
pub fn find(name: &str) -> Result<Found> {
    let path = Path::new(name);
    let present = cast::present(path);
    if present.is_file() {
        // A recording of ours named by its file keeps its audit log.
        let beside = path.with_file_name("audit.jsonl");
        let is_ours = |file: &OsStr| file == "terminal.cast" || file == "terminal.cast.zst";
        let ours = path.file_name().is_some_and(is_ours) && beside.is_file();
        return Ok(Found { source: Source { cast: present, audit: ours.then_some(beside) } });
    }
    if name.contains('/') && !path.exists() || name.ends_with(".cast") {
        return Err(Error::new(Kind::NotFound, format!("there is no file {}", name.escape_debug()))
            .fix("check the path, or name a session: hoop-replay list"));
    }
    let place = Place::new(&state()?);
    let folder = if name == "last" {
        place.find(name)?
    } else {
        place.find(name).map_err(|error| {
            let again = error
                .causes()
                .iter()
                .fold(Error::new(error.kind(), error.what()), |again, cause| again.why(cause));
            again.fix("list the sessions: hoop-replay list   or give a file: hoop-replay ./demo.cast")
        })?
    };
    let cast = cast::present(&folder.join("terminal.cast"));
    let source = Source { cast, audit: Some(folder.join("audit.jsonl")) };
    Ok(Found { source })
}

/// Says what to do about a recording of ours that cannot be opened.
pub fn explained(error: Error, cast: &Path) -> Error {
    if error.advice().is_some() {
        return error;
    }
    let ours = cast.with_file_name("audit.jsonl").is_file();
    match ours {
        true => error.fix("what is left of the session can be seen with: hoopctl verify, hoop-replay export … --format jsonl"),
        false => error.fix("give an asciinema recording of version 1, 2 or 3, or a session: hoop-replay list"),
    }
}
