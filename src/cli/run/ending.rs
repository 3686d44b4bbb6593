//! The end of a session: its recording is finished, what went wrong is told, and hoop-run ends as the program did.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::audit::End;
use crate::audit::EndReason;
use crate::cli::run::OURS;
use crate::cli::run::args::Args;
use crate::cli::run::notes;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::record::Recorder;
use crate::session::Ended;
use crate::session::Exit;
use crate::sys::exec::Trouble;
use crate::sys::signals::Signal;

/// How hoop-run itself ends.
pub(super) enum Status {
    /// With this status.
    Code(u8),
    /// By this signal.
    Signal(Signal),
}

/// Finishes the recording and tells what went wrong.
pub(super) fn conclude(ended: &Ended, recorder: &Recorder, args: &Args) -> Status {
    let mut trouble = ended.trouble.clone();
    let failed = recorder.failure().is_some();
    let broken = recorder.broken();
    if let Some(error) = broken.clone().filter(|_| !matches!(ended.exit, Exit::Stopped)) {
        // It happened at the very end.
        trouble.push(error);
    }
    let mut end = end_of(ended);
    if broken.is_some() {
        end.reason = EndReason::Interrupted;
    }
    if !failed && let Err(error) = recorder.finish(&end) {
        trouble.push(error);
    } else if let (false, Some(file)) = (failed, &args.output)
        && let Err(error) = copy(&recorder.folder().join("terminal.cast"), file, args.overwrite)
    {
        trouble.push(error);
    }
    trouble.iter().for_each(notes::complain);
    match &ended.exit {
        Exit::NotStarted(unstartable) => {
            notes::complain(&unstartable.error);
            Status::Code(code_of(unstartable.trouble))
        }
        Exit::Stopped => Status::Code(OURS),
        Exit::Dismissed(why) => {
            notes::say(&format!("hoop-run: the session is over: {why}"));
            Status::Code(OURS)
        }
        Exit::Status(_) | Exit::Signal(_) if broken.is_some() => Status::Code(OURS),
        Exit::Status(_) | Exit::Signal(_) if trouble.iter().any(|error| error.kind() == Kind::Record) => {
            Status::Code(OURS)
        }
        Exit::Status(status) => Status::Code(*status),
        Exit::Signal(signal) => Status::Signal(*signal),
    }
}

fn end_of(ended: &Ended) -> End {
    let message = ended.trouble.first().map(ToString::to_string);
    match &ended.exit {
        Exit::Status(status) => {
            End { reason: EndReason::Exited, status: Some(i32::from(*status)), signal: None, message }
        }
        Exit::Signal(signal) => {
            End { reason: EndReason::Killed, status: None, signal: Some(*signal as i32), message }
        }
        Exit::NotStarted(unstartable) => End {
            reason: EndReason::NotStarted,
            status: Some(i32::from(code_of(unstartable.trouble))),
            signal: None,
            message: Some(unstartable.error.to_string()),
        },
        Exit::Stopped => End { reason: EndReason::Stopped, status: None, signal: None, message },
        Exit::Dismissed(why) => {
            End { reason: EndReason::Stopped, status: None, signal: None, message: Some(why.clone()) }
        }
    }
}

/// The status that a shell gives for it.
pub(super) fn code_of(trouble: Trouble) -> u8 {
    match trouble {
        Trouble::NotFound => 127,
        Trouble::NotExecutable => 126,
        Trouble::Ours => OURS,
    }
}

/// Copies the finished recording; the copy is as private as the original.
fn copy(from: &Path, to: &Path, replace: bool) -> Result<()> {
    let what = || format!("cannot copy the recording to `{}`", to.display());
    let mut source = std::fs::File::open(from).context(what)?;
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    let options = if replace { options.create(true).truncate(true) } else { options.create_new(true) };
    let mut target = options.open(to).context(what)?;
    std::io::copy(&mut source, &mut target).map(drop).context(what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Start;
    use crate::clock::Clock;
    use crate::record::State;
    use crate::record::verify;
    use crate::types::SessionId;
    use clap::Parser;

    #[test]
    fn a_session_that_lost_a_part_ends_as_interrupted_with_our_status() {
        for exit in [Exit::Stopped, Exit::Status(0)] {
            let state = tempfile::tempdir().unwrap();
            let start = Start::new(SessionId::new(1_763_700_000_000_000, 7), 1, vec!["sh".to_owned()]);
            let recorder = Recorder::create(state.path(), &start, Clock::system()).unwrap();
            recorder.watch("the gateway").died("for the test");
            let ended = Ended { exit, trouble: Vec::new() };
            let status = conclude(&ended, &recorder, &Args::parse_from(["hoop-run", "true"]));
            assert!(matches!(status, Status::Code(OURS)));
            let events = std::fs::read_to_string(recorder.folder().join("audit.jsonl")).unwrap();
            assert!(events.contains(r#""reason":"interrupted""#), "{events}");
            assert_eq!(verify(recorder.folder()).unwrap().state, State::Interrupted);
        }
    }
}
