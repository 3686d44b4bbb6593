//! `hoop-replay export`.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;

use super::export_args::Export;
use super::export_args::Format;
use super::export_job::Job;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::export::Failure;

/// Does it.
pub fn run(wish: &Export) -> Result<()> {
    let job = Job::new(wish, format(wish)?)?;
    let unread = match &wish.output {
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            match job.write(&mut out) {
                // Whoever read our output may have gone away (`| head`).
                Err(Failure::Output(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                other => other.map_err(|failure| explained(failure, "standard output"))?,
            }
        }
        Some(path) => {
            let mut out = BufWriter::new(create(path, wish.overwrite)?);
            job.write(&mut out).map_err(|failure| {
                // Half a file would look like a whole one.
                let _ = fs::remove_file(path);
                explained(failure, &path.display().to_string())
            })?
        }
    };
    if unread > 0 {
        let lines = if unread == 1 { "line" } else { "lines" };
        let _ = writeln!(
            io::stderr(),
            "hoop-replay: {unread} {lines} of the recording could not be read and are left out\n  \
             fix: see what is wrong: hoopctl verify"
        );
    }
    Ok(())
}

fn format(wish: &Export) -> Result<Format> {
    let by_name = || Format::of_extension(wish.output.as_ref()?.extension()?.to_str()?);
    wish.format.or_else(by_name).ok_or_else(|| {
        Error::new(Kind::Usage, "it is not said what to write")
            .fix("give a --format (hoop-replay export --help lists them), or an output file with such a name: -o demo.cast")
    })
}

fn create(path: &Path, overwrite: bool) -> Result<File> {
    let made = if overwrite { File::create(path) } else { File::create_new(path) };
    match made {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
            Err(Error::new(Kind::Usage, format!("`{}` exists already", path.display()))
                .fix("give --overwrite to replace it, or another name"))
        }
        made => made
            .context(|| format!("cannot write {}", path.display()))
            .map_err(|error| error.fix("choose a file in a folder that exists and that you may write to")),
    }
}

fn explained(failure: Failure, output: &str) -> Error {
    match failure {
        Failure::Recording(error) => error,
        Failure::Output(cause) => Error::io(format!("cannot write {output}"), &cause),
    }
}
