//! The values that the configuration names as secrets: in files, and printed by a program.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Child;
use std::process::ChildStdout;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::config::load::Config;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::mask::Engine;
use crate::mask::Unlisted;
use crate::sys::fd;
use crate::sys::fd::Moved;
use crate::sys::poll::PollSet;
use crate::sys::poll::Want;
use crate::sys::user;
use crate::types::Micros;

/// As long as a list may be.
const MOST_BYTES: usize = 1 << 20;
/// How long the program may take: a person may have to unlock a password store for it.
const MOST_TIME: Duration = Duration::from_secs(60);
/// Between two looks whether it has ended, once its output is closed.
const PAUSE: Duration = Duration::from_millis(5);

/// Has `engine` mask the values of the files that `mask.values` names; gives what is to be said of lines that are no good.
///
/// # Errors
/// A file that cannot be read, or that others can read.
pub fn learn_files(
    engine: &Engine,
    config: &Config,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>> {
    let mut remarks = Vec::new();
    for file in config.mask_values() {
        let list = read_private(Path::new(&file))?;
        remarks.extend(told(&file, &engine.learn_list(&list, &variable)));
    }
    Ok(remarks)
}

fn told(origin: &str, unlisted: &[Unlisted]) -> Vec<String> {
    let tell = |one: &Unlisted| {
        format!("{}:{}: this value is not masked: {}", origin.escape_debug(), one.line, one.why)
    };
    unlisted.iter().map(tell).collect()
}

/// The text of a file of at most 1 MiB that only its owner can read.
fn read_private(path: &Path) -> Result<Zeroizing<String>> {
    let shown = path.display().to_string().escape_debug().to_string();
    let what = || format!("cannot take values from {shown}");
    let wrong = |why: &str| Error::new(Kind::Config, what()).why(why);
    let io = |cause: &std::io::Error| {
        let error = Error::io(what(), cause);
        if cause.kind() == std::io::ErrorKind::NotFound { error.fix("check `mask.values`") } else { error }
    };
    // Looked at first: opening a FIFO would wait for ever.
    if !std::fs::metadata(path).map_err(|cause| io(&cause))?.is_file() {
        return Err(wrong("it is not a file"));
    }
    let mut file = File::open(path).map_err(|cause| io(&cause))?;
    // Of what was opened, whatever has happened to the name since.
    let about = file.metadata().map_err(|cause| io(&cause))?;
    if about.mode() & 0o077 != 0 {
        return Err(wrong(&format!("others can read or change it (mode {:03o})", about.mode() & 0o777))
            .fix(format!("chmod 600 {}", crate::record::command_line(&[path.display().to_string()]))));
    }
    if about.uid() != user::current().uid && about.uid() != 0 {
        return Err(wrong("it is somebody else's").fix("take a copy of your own"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(about.len()).map_or(0, |length| {
        // All at once: what grows leaves pieces of itself behind in memory.
        length.min(MOST_BYTES) + 1
    })));
    let most = MOST_BYTES as u64 + 1;
    Read::by_ref(&mut file).take(most).read_to_end(&mut bytes).map_err(|cause| io(&cause))?;
    if bytes.len() > MOST_BYTES {
        return Err(wrong("it is larger than 1 MiB"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong("it is not UTF-8 text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The program of `mask.values_command` while it runs.
pub struct Fetching {
    child: Child,
    output: ChildStdout,
    name: String,
    clock: Clock,
    began: Micros,
}

/// Starts the program of `mask.values_command`, where there is one; it runs beside all else that a start has to do.
/// What it says on standard error is shown: it may ask to be unlocked.
///
/// # Errors
/// When it cannot be started.
pub fn fetch(config: &Config, clock: &Clock) -> Result<Option<Fetching>> {
    let Some((program, arguments)) = config.mask_values_command().split_first() else { return Ok(None) };
    let name = program.escape_debug().to_string();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let started = command.spawn().map_err(|cause| failed(&name).why(crate::error::plain(&cause)));
    let mut child = started.map_err(advised)?;
    let Some(output) = child.stdout.take() else {
        return Err(advised(failed(&name).why("it has no output")));
    };
    fd::set_nonblocking(&output)?;
    Ok(Some(Fetching { child, output, name, began: clock.elapsed(), clock: clock.clone() }))
}

impl Fetching {
    /// Waits for the program to end, and has `engine` mask what it printed; gives what is to be said of lines that are
    /// no good.
    ///
    /// # Errors
    /// When it failed, took longer than a minute, or printed more than 1 MiB, nothing, or what is no text: then the session
    /// must not begin.
    pub fn finish(
        mut self,
        engine: &Engine,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<String>> {
        let printed = self.read().map_err(advised)?;
        let status = self.wait().map_err(advised)?;
        let failed = |why: String| Err(advised(failed(&self.name).why(why)));
        if !status.success() {
            return failed(format!("it ended with {status}"));
        }
        let Ok(list) = std::str::from_utf8(&printed) else {
            return failed("it did not print text".to_owned());
        };
        if list.trim().is_empty() {
            return failed("it printed nothing".to_owned());
        }
        Ok(told(&format!("output of {}", self.name), &engine.learn_list(list, variable)))
    }

    fn read(&mut self) -> Result<Zeroizing<Vec<u8>>> {
        let mut printed = Zeroizing::new(Vec::with_capacity(64 << 10));
        let mut buffer = Zeroizing::new([0; 4096]);
        loop {
            let left = self.left()?;
            match fd::read(&self.output, &mut *buffer) {
                Ok(Moved::Bytes(count)) => printed.extend_from_slice(&buffer[..count]),
                Ok(Moved::Closed) => return Ok(printed),
                Ok(Moved::Later) => {
                    let mut set = PollSet::new();
                    set.add(std::os::fd::AsFd::as_fd(&self.output), Want::Read);
                    set.wait(Some(left))?;
                }
                Err(cause) => return Err(failed(&self.name).why(crate::error::plain(&cause))),
            }
            if printed.len() > MOST_BYTES {
                return Err(failed(&self.name).why("it printed more than 1 MiB"));
            }
        }
    }
}

impl Fetching {
    /// One that has closed its output may run on.
    fn wait(&mut self) -> Result<ExitStatus> {
        loop {
            let status = self.child.try_wait();
            if let Some(status) =
                status.map_err(|cause| failed(&self.name).why(crate::error::plain(&cause)))?
            {
                return Ok(status);
            }
            PollSet::new().wait(Some(self.left()?.min(PAUSE)))?;
        }
    }

    /// How long it may still take.
    fn left(&self) -> Result<Duration> {
        let took = Micros(self.clock.elapsed().0.saturating_sub(self.began.0));
        let left = MOST_TIME.saturating_sub(took.into());
        match left.is_zero() {
            true => Err(failed(&self.name).why(format!("it took longer than {} s", MOST_TIME.as_secs()))),
            false => Ok(left),
        }
    }
}

impl Drop for Fetching {
    /// Nobody waits for its values any more.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn failed(name: &str) -> Error {
    Error::new(Kind::Config, format!("cannot take values to be masked from `{name}`"))
}

fn advised(error: Error) -> Error {
    error.fix("run it yourself to see why, or take it out of `mask.values_command`")
}
