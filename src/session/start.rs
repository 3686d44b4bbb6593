//! Everything that can fail, in order; raw mode comes last.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;

use crate::audit::CommandStart;
use crate::audit::Event;
use crate::error::Error;
use crate::error::Result;
use crate::session::Spec;
use crate::session::bridge::Bridge;
use crate::session::bridge::Terminal;
use crate::session::ending::Ending;
use crate::session::job::Foreground;
use crate::session::keys::Keys;
use crate::session::lane::Lane;
use crate::session::lane::Sink;
use crate::session::lane::Source;
use crate::session::screen::Screen;
use crate::session::surroundings::Face;
use crate::sys::exec;
use crate::sys::exec::Place;
use crate::sys::exec::Start;
use crate::sys::exec::Trouble;
use crate::sys::exec::Unstartable;
use crate::sys::fd;
use crate::sys::outlet::Outlet;
use crate::sys::pty;
use crate::sys::pty::Master;
use crate::sys::pty::Slave;
use crate::sys::signals::Signal;
use crate::sys::signals::Signals;
use crate::sys::tty;
use crate::types::Micros;

/// Pipes from the program hold this many bytes, so that it is not woken for every 64 KiB.
const PIPE_BYTES: i32 = 256 << 10;

/// Signals that are watched whatever we were started on.
const WATCHED: [Signal; 8] = [
    Signal::SIGCHLD,
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
    slave: Option<Slave>,
    stdio: [Option<OwnedFd>; 3],
    lanes: Vec<Lane>,
    outlet: Option<Rc<Outlet>>,
}

/// The number of the program among the session's commands: the first.
pub(super) const COMMAND: u64 = 1;

fn command(spec: &Spec, pid: u32) -> CommandStart {
    let argv: Vec<String> =
        spec.argv.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let directory = spec.directory.clone().map_or_else(std::env::current_dir, std::path::absolute);
    let masked = |path: &Path| spec.masks.text(&path.to_string_lossy()).into_owned();
    CommandStart {
        id: COMMAND,
        pid,
        parent: None,
        argv: spec.masks.argv(&argv),
        exe: Some(masked(&spec.program)),
        cwd: directory.ok().map(|directory| masked(&directory)),
        ..CommandStart::default()
    }
}

/// Starts the program and takes the terminal.
pub(super) fn start(spec: Spec) -> Result<Bridge, Unstartable> {
    let mut wiring = wire(&spec).map_err(ours)?;
    let signals = watch(wiring.outlet.is_some()).map_err(ours)?;
    let place = match &wiring.slave {
        Some(slave) => Place::Terminal(slave),
        None if tty::has_controlling_terminal() => Place::OurGroup,
        None => Place::OwnGroup,
    };
    let child = exec::start(Start {
        program: &spec.program,
        argv: &spec.argv,
        env: &spec.env,
        directory: spec.directory.as_deref(),
        stdio: wiring.stdio,
        place,
        dispositions: signals.dispositions(),
        hardened: spec.hardened,
    })?;
    let started = spec.clock.elapsed();
    // A recorder that fails says so by itself: the loop then stops the session at once.
    drop(spec.recorder.event(&Event::CommandStart(command(&spec, child.pid().unsigned_abs()))));
    // Ours would keep the terminal open after the program has gone.
    drop(wiring.slave.take());
    let terminal = wiring.outlet.map(|outlet| Terminal {
        foreground: Foreground::new(&outlet),
        outlet,
        fixed_size: spec.fixed_size,
        prompt: None,
        questions: true,
    });
    if let (Some(lane), Some(_)) = (wiring.lanes.first_mut(), &wiring.master) {
        lane.typed = spec.typed;
    }
    let keys = Keys::new(spec.record_input.then(|| spec.masks.stream()));
    let mut bridge = Bridge {
        buffer: vec![0; crate::session::lane::CHUNK_BYTES],
        signals,
        child,
        ending: Ending::default(),
        master: wiring.master,
        lanes: wiring.lanes,
        terminal,
        keys,
        person: spec.person,
        clock: spec.clock,
        recorder: spec.recorder,
        broker: spec.broker,
        wakeups: spec.wakeups,
        masks_told: Micros::default(),
        started,
    };
    if let Err(error) = (spec.started)() {
        bridge.stop(error);
    }
    bridge.take_terminal();
    Ok(bridge)
}

fn watch(on_terminal: bool) -> Result<Signals> {
    let mut watched = WATCHED.to_vec();
    if on_terminal {
        // Without a terminal of our own, Ctrl-Z stops us and the program alike, as it should.
        watched.extend([Signal::SIGWINCH, Signal::SIGTSTP]);
    }
    // Rust's runtime ignores SIGPIPE, and std gives the program the usual one back.
    Signals::watch(&watched)
}

fn wire(spec: &Spec) -> Result<Wiring> {
    match &spec.surroundings.face {
        Face::Pipes => wire_pipes(spec),
        Face::Headless => wire_terminal(spec, None),
        Face::Terminal(outlet) => wire_terminal(spec, Some(Rc::clone(outlet))),
    }
}

fn wire_terminal(spec: &Spec, outlet: Option<Rc<Outlet>>) -> Result<Wiring> {
    // In the background the modes are those of the shell's line editor, which no program expects.
    let ours = outlet.as_ref().filter(|outlet| tty::is_foreground(outlet.as_fd()));
    let like = ours.and_then(|outlet| tty::Modes::of(outlet.as_fd()));
    let (master, slave) = pty::open(spec.size, like.as_ref())?;
    let master = Rc::new(master);
    let seen = outlet.as_ref().map_or(Sink::Nobody, |outlet| Sink::Open(Rc::clone(outlet)));
    let mut lane = Lane::new(Source::Terminal(Rc::clone(&master)), spec.masks.stream(), seen);
    lane.screen = outlet.is_some().then(|| Screen::new(spec.size));
    let mut lanes = vec![lane];
    let unseen = outlet.is_none();
    let stdin = (spec.surroundings.types_into_terminal || unseen).then(|| own(&slave)).transpose()?;
    let stderr = if spec.surroundings.error_is_terminal || unseen {
        own(&slave)?
    } else {
        let (lane, writer) = pipe_lane(spec, io::stderr().as_fd())?;
        lanes.push(lane);
        writer
    };
    let stdio = [stdin, Some(own(&slave)?), Some(stderr)];
    Ok(Wiring { master: Some(master), slave: Some(slave), stdio, lanes, outlet })
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
    Ok(Wiring {
        master: None,
        slave: None,
        stdio: [None, Some(writer), Some(error_writer)],
        lanes,
        outlet: None,
    })
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

fn own(slave: &Slave) -> Result<OwnedFd> {
    slave
        .as_fd()
        .try_clone_to_owned()
        .map_err(|cause| Error::io("cannot duplicate the pseudo-terminal", &cause))
}

fn ours(error: Error) -> Unstartable {
    Unstartable { trouble: Trouble::Ours, error }
}
