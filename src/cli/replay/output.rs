//! Where an export goes: standard output, a device or pipe, or a file that is there whole or not at all.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::IsTerminal as _;
use std::io::Write;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

use super::export_args::Format;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::export::Failure;
use crate::export::Unread;
use crate::sys::draft::Draft;

/// What is written to.
pub type Output<'o> = BufWriter<Box<dyn Write + 'o>>;

/// A place to write to, looked at before anything is read.
pub enum Destination {
    /// Standard output.
    Standard,
    /// What is there and keeps nothing: a device, a pipe.
    Stream(PathBuf),
    /// A file, and whether one that is there is replaced.
    File(PathBuf, bool),
}

impl Destination {
    /// The place that `path` names; none and `-` are standard output.
    ///
    /// # Errors
    /// When a file is there that may not be replaced, or a terminal would get dots.
    pub fn of(path: Option<&Path>, overwrite: bool, format: Format) -> Result<Self> {
        let is_standard = |path: &&Path| *path == Path::new("-") || *path == Path::new("/dev/stdout");
        let Some(path) = path.filter(|path| !is_standard(path)) else {
            return match format.is_drawn() && io::stdout().is_terminal() {
                true => Err(Error::new(Kind::Usage, "a picture in dots is nothing for a terminal")
                    .fix("give a file: --output picture.png   or send it on: | …")),
                false => Ok(Self::Standard),
            };
        };
        // A link may lead to a file that is not there yet.
        let Ok(own) = fs::symlink_metadata(path) else { return Ok(Self::File(path.to_owned(), false)) };
        let about = fs::metadata(path).unwrap_or(own);
        if about.is_dir() {
            return Err(Error::new(Kind::Usage, format!("{} is a folder", shown(path)))
                .fix("give the name of a file in it"));
        }
        if !about.is_file() && !about.is_symlink() {
            return Ok(Self::Stream(path.to_owned()));
        }
        match overwrite {
            true => Ok(Self::File(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()), true)),
            false => Err(exists(path)),
        }
    }

    /// Refuses to replace one of these files, or one below this folder.
    ///
    /// # Errors
    /// When that would happen.
    pub fn spare(&self, files: &[&Path], folder: Option<&Path>) -> Result<()> {
        let Self::File(path, true) = self else { return Ok(()) };
        let id = |path: &Path| fs::metadata(path).ok().map(|about| (about.dev(), about.ino()));
        let own = id(path);
        let is_one = own.is_some() && files.iter().any(|file| id(file) == own);
        let is_inside = folder
            .and_then(|folder| fs::canonicalize(folder).ok())
            .is_some_and(|folder| path.starts_with(folder));
        match is_one || is_inside {
            true => Err(Error::new(Kind::Usage, format!("{} would be lost", shown(path)))
                .why("it is a recording, or a part of one")
                .fix("give another --output")),
            false => Ok(()),
        }
    }

    /// Writes there; gives what `write` gives.
    ///
    /// # Errors
    /// What `write` says, or that it cannot be written. Then no file is made, and one that was there stays.
    pub fn write(&self, write: impl FnOnce(&mut Output<'_>) -> Result<Unread, Failure>) -> Result<Unread> {
        match self {
            Self::Standard => onward(Box::new(io::stdout().lock()), write, "standard output"),
            Self::Stream(path) => {
                let file = File::options().write(true).open(path).context(|| cannot(path))?;
                onward(Box::new(file), write, &shown(path))
            }
            Self::File(path, replace) => {
                let draft = Draft::begin(path).context(|| cannot(path)).map_err(|error| {
                    error.fix("choose a file in a folder that exists and that you may write to")
                })?;
                let mut out = BufWriter::new(Box::new(draft.file()) as Box<dyn Write>);
                let unread = flushed(&mut out, write).map_err(|failure| explained(failure, &shown(path)))?;
                drop(out);
                match draft.finish(*replace) {
                    Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
                    done => done.context(|| cannot(path)).map(|()| unread),
                }
            }
        }
    }
}

/// To somebody who may have gone away (`| head`).
fn onward<'o>(
    to: Box<dyn Write + 'o>,
    write: impl FnOnce(&mut Output<'o>) -> Result<Unread, Failure>,
    name: &str,
) -> Result<Unread> {
    match flushed(&mut BufWriter::new(to), write) {
        Err(Failure::Output(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(Unread::default()),
        other => other.map_err(|failure| explained(failure, name)),
    }
}

fn flushed<'o>(
    out: &mut Output<'o>,
    write: impl FnOnce(&mut Output<'o>) -> Result<Unread, Failure>,
) -> Result<Unread, Failure> {
    let unread = write(out)?;
    out.flush()?;
    Ok(unread)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn cannot(path: &Path) -> String {
    format!("cannot write {}", shown(path))
}

fn exists(path: &Path) -> Error {
    Error::new(Kind::Usage, format!("`{}` exists already", shown(path)))
        .fix("give --overwrite to replace it, or another name")
}

fn explained(failure: Failure, output: &str) -> Error {
    match failure {
        Failure::Recording(error) => error,
        Failure::Output(cause) => Error::io(format!("cannot write {output}"), &cause),
    }
}
