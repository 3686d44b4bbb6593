//! Everything that can fail, in order; raw mode comes last.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use crate::audit::CommandStart;
use crate::audit::Event;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::sandbox::plan::Program;
use crate::sandbox::plan::Stdio;
use crate::session::Spec;
use crate::session::announcing::Announced;
use crate::session::asked::Asked;
use crate::session::bridge::Bridge;
use crate::session::bridge::Terminal;
use crate::session::ending::Ending;
use crate::session::hotkey::Watch;
use crate::session::job::Foreground;
use crate::session::keys::Keys;
use crate::session::lane::Lane;
use crate::session::lane::Sink;
use crate::session::lane::Source;
use crate::session::screen::Screen;
use crate::session::surroundings::Face;
use crate::session::veil::Veil;
use crate::sys::exec::Trouble;
use crate::sys::exec::Unstartable;
use crate::sys::fd;
use crate::sys::outlet::Outlet;
use crate::sys::pty::Master;
use crate::sys::signals::Signal;
use crate::sys::signals::Signals;
use crate::types::Micros;

/// Pipes from the program hold this many bytes, so that it is not woken for every 64 KiB.
const PIPE_BYTES: i32 = 256 << 10;

/// Signals that are watched whatever we were started on.
const WATCHED: [Signal; 7] = [
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGCONT,
];

/// What the program is connected to, and our ends of it.
struct Wiring {
    master: Option<Rc<Master>>,
    stdio: [Stdio; 3],
    lanes: Vec<Lane>,
    outlet: Option<Rc<Outlet>>,
}

/// The number of the program among the session's commands: the first.
pub(super) const COMMAND: u64 = 1;

fn command(spec: &Spec) -> CommandStart {
    let argv: Vec<String> =
        spec.argv.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let directory = spec.directory.clone().map_or_else(std::env::current_dir, std::path::absolute);
    let masked = |path: &Path| spec.masks.text(&path.to_string_lossy()).into_owned();
    CommandStart {
        id: COMMAND,
        pid: spec.sandbox.pid,
        argv: spec.masks.argv(&argv),
        exe: Some(masked(&spec.program)),
        cwd: directory.ok().map(|directory| masked(&directory)),
        ..CommandStart::default()
    }
}

/// Starts the program and takes the terminal.
pub(super) fn start(mut spec: Spec) -> Result<Bridge, Unstartable> {
    if let Some(directory) = &spec.directory
        && let Err(cause) = std::fs::read_dir(directory).map(drop)
    {
        let error = Error::io(format!("cannot start in `{}`", directory.display()), &cause);
        return Err(ours(error.fix("give a directory that exists with --cwd")));
    }
    let mut wiring = wire(&mut spec).map_err(ours)?;
    let signals = watch(wiring.outlet.is_some() || spec.sandbox.is_own_session).map_err(ours)?;
    let command = command(&spec);
    let program = Program {
        // A relative name means the file that was found, wherever the program is going to run.
        program: std::path::absolute(&spec.program).unwrap_or(spec.program),
        argv: spec.argv,
        env: spec.env,
        directory: spec.directory,
        stdio: wiring.stdio,
    };
    let starting = spec.sandbox.launcher.go(program, &spec.sandbox.binds)?;
    let watched = match (spec.sandbox.listener.take(), &spec.commands) {
        (Some(listener), Some(commands)) => commands.watch(listener).map(|()| true).map_err(ours)?,
        _ => false,
    };
    starting.started()?;
    let started = spec.clock.elapsed();
    if !watched {
        // A recorder that fails says so by itself: the loop then stops the session at once.
        drop(spec.recorder.event(&Event::CommandStart(command)));
    }
    let terminal = wiring.outlet.map(|outlet| Terminal {
        foreground: Foreground::new(&outlet),
        outlet,
        fixed_size: spec.fixed_size,
        prompt: None,
        questions: true,
        asks: spec.asks,
        watch: Watch::new(spec.asks.key),
        announced: Announced::default(),
    });
    if let (Some(lane), Some(_)) = (wiring.lanes.first_mut(), &wiring.master) {
        lane.typed = spec.typed;
        lane.asked = spec.record_input.then(Asked::default);
    }
    let keys = Keys::new(spec.record_input.then(|| spec.masks.stream()));
    let mut bridge = Bridge {
        buffer: vec![0; crate::session::lane::CHUNK_BYTES],
        signals,
        launcher: spec.sandbox.launcher,
        is_own_session: spec.sandbox.is_own_session,
        ending: Ending::default(),
        master: wiring.master,
        lanes: wiring.lanes,
        terminal,
        keys,
        clock: spec.clock,
        recorder: spec.recorder,
        broker: spec.broker,
        masks: spec.masks,
        wakeups: spec.wakeups,
        notices: spec.commands.map(|commands| commands.notices().clone()),
        watched,
        masks_told: Micros::default(),
        started,
    };
    if let Err(error) = (spec.started)() {
        bridge.stop(error);
    }
    bridge.take_terminal();
    Ok(bridge)
}

fn watch(stops_with_program: bool) -> Result<Signals> {
    let mut watched = WATCHED.to_vec();
    if stops_with_program {
        // Otherwise the program is in our group, and Ctrl-Z stops both of us alike, as it should.
        watched.extend([Signal::SIGWINCH, Signal::SIGTSTP]);
    }
    // Rust's runtime ignores SIGPIPE, and the launcher gives the program the usual one back.
    Signals::watch(&watched)
}

fn wire(spec: &mut Spec) -> Result<Wiring> {
    let outlet = match &spec.surroundings.face {
        Face::Pipes => return wire_pipes(spec),
        Face::Headless => None,
        Face::Terminal(outlet) => Some(Rc::clone(outlet)),
    };
    let Some(master) = spec.sandbox.master.take() else {
        return Err(Error::new(Kind::System, "the launcher has made no pseudo-terminal"));
    };
    wire_terminal(spec, Rc::new(master), outlet)
}

fn wire_terminal(spec: &Spec, master: Rc<Master>, outlet: Option<Rc<Outlet>>) -> Result<Wiring> {
    let seen = outlet.as_ref().map_or(Sink::Nobody, |outlet| Sink::Open(Rc::clone(outlet)));
    let mut stream = spec.masks.stream();
    stream.resize(spec.size.cols);
    let mut lane = Lane::new(Source::Terminal(Rc::clone(&master)), stream, seen);
    lane.screen = outlet.is_some().then(|| Screen::new(spec.size));
    lane.veil = Some(Veil::new(Arc::clone(&spec.masks), spec.size));
    let mut lanes = vec![lane];
    let unseen = outlet.is_none();
    let stdin = if spec.surroundings.types_into_terminal || unseen { Stdio::Terminal } else { Stdio::Ours };
    let stderr = if spec.surroundings.error_is_terminal || unseen {
        Stdio::Terminal
    } else {
        let (lane, writer) = pipe_lane(spec, io::stderr().as_fd())?;
        lanes.push(lane);
        Stdio::Fd(writer)
    };
    Ok(Wiring { master: Some(master), stdio: [stdin, Stdio::Terminal, stderr], lanes, outlet })
}

fn wire_pipes(spec: &Spec) -> Result<Wiring> {
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let (lane, writer) = pipe_lane(spec, stdout.as_fd())?;
    let mut lanes = vec![lane];
    // `2>&1`: one pipe for both, or the order of what is written would be lost.
    let error_writer = if fd::same(stdout.as_fd(), stderr.as_fd()) {
        writer.try_clone().map_err(|cause| Error::io("cannot duplicate a pipe", &cause))?
    } else {
        let (lane, writer) = pipe_lane(spec, stderr.as_fd())?;
        lanes.push(lane);
        writer
    };
    let stdio = [Stdio::Ours, Stdio::Fd(writer), Stdio::Fd(error_writer)];
    Ok(Wiring { master: None, stdio, lanes, outlet: None })
}

/// A pipe from the program to one of our outputs: its lane, and the program's end.
fn pipe_lane(spec: &Spec, output: std::os::fd::BorrowedFd<'_>) -> Result<(Lane, OwnedFd)> {
    let (reader, writer) = fd::pipe()?;
    fd::set_nonblocking(&reader)?;
    fd::widen_pipe(&writer, PIPE_BYTES);
    // An output that we were started without stays closed for the program: it learns it by writing.
    let sink = Outlet::to(output).map_or(Sink::Nobody, |outlet| Sink::Open(Rc::new(outlet)));
    Ok((Lane::new(Source::Pipe(reader), spec.masks.stream(), sink), writer))
}

fn ours(error: Error) -> Unstartable {
    Unstartable { trouble: Trouble::Ours, error }
}
