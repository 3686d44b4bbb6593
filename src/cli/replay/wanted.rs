//! What the viewer is to show: one recording, or the list with a query.

use std::path::Path;

use super::args::Cli;
use super::place;
use super::place::Found;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::replay;

/// Fewest letters of a session id that are taken for one and not for a word.
const ID: usize = 4;

/// What is to be shown.
pub enum Wanted {
    /// One recording.
    Recording {
        /// What it was called.
        name: String,
        /// Its files.
        found: Box<Found>,
    },
    /// The list of sessions with a query; empty: all of them.
    List(String),
}

/// What the command line asks for; saved queries are below `state`.
///
/// Fails when it names a recording that is not there, or a query that was not saved.
pub fn wanted(cli: &Cli, state: &Path) -> Result<Wanted> {
    if let Some(query) = &cli.query {
        return list(cli, query, state);
    }
    let Some(name) = &cli.recording else { return Ok(Wanted::List(String::new())) };
    if !cli.words.is_empty() {
        return list(cli, &format!("{name} {}", cli.words.join(" ")), state);
    }
    if name.starts_with('@') && !Path::new(name).exists() {
        return list(cli, name, state);
    }
    match place::find(name) {
        Ok(found) => Ok(Wanted::Recording { name: name.clone(), found: Box::new(found) }),
        Err(error) if error.kind() == Kind::NotFound && !names_recording(name) => list(cli, name, state),
        Err(error) => Err(error),
    }
}

fn list(cli: &Cli, query: &str, state: &Path) -> Result<Wanted> {
    if cli.follow || !cli.at.is_empty() {
        return Err(Error::new(Kind::Usage, "--at and --follow go with one recording")
            .why(format!("there is no recording `{}`, so it was taken for a query", query.escape_debug()))
            .fix("name a session, or `last`: hoop-replay --at 1:02 last"));
    }
    match query.trim().strip_prefix('@') {
        Some(name) => replay::saved_query(state, name).map(Wanted::List),
        None => Ok(Wanted::List(query.to_owned())),
    }
}

/// Whether a person who types `name` means a recording, also when it is not there.
fn names_recording(name: &str) -> bool {
    let is_id = name.len() >= ID
        && name.starts_with("01")
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && name.chars().any(|c| c.is_ascii_digit());
    let is_file = [".cast", ".cast.zst", ".json"].iter().any(|end| name.ends_with(end));
    let is_path = name.starts_with('/') || name.starts_with("./") || name.starts_with("../");
    name == "last" || name.is_empty() || is_id || is_file || is_path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_from_recordings() {
        for name in ["last", "01KAHX3V", "./x", "/tmp/demo", "demo.cast", "demo.cast.zst", ""] {
            assert!(names_recording(name), "{name}");
        }
        for query in ["deploy", "user:ana", "action:s3:Delete*", "01", "0x1", "resource:a/b", "0123 456"] {
            assert!(!names_recording(query), "{query}");
        }
    }
}
