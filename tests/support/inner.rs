//! A session of the library's own, without hoop-run's composition: for a test program that starts itself again.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use hoop::approval::Broker;
use hoop::approval::Ways;
use hoop::audit::Start;
use hoop::clock::Clock;
use hoop::config::HotKey;
use hoop::error::Result;
use hoop::mask::Engine;
use hoop::record::Recorder;
use hoop::sandbox::launcher::Launcher;
use hoop::sandbox::plan::Place;
use hoop::sandbox::plan::Plan;
use hoop::session::Asks;
use hoop::session::Ended;
use hoop::session::Sandbox;
use hoop::session::Spec;
use hoop::session::Surroundings;
use hoop::sys::wake;
use hoop::types::SessionId;

use crate::broker::broker;

/// Runs `sh -c script` on our terminal, recorded below `state` of the working directory, without gateway or command log.
/// `prepare` is called before, and its result when the program has started.
pub fn run<Started>(
    script: OsString,
    ways: Ways,
    prepare: impl FnOnce(&Broker, &Recorder) -> Started,
) -> (Ended, Recorder)
where
    Started: FnOnce() -> Result<()> + 'static,
{
    let clock = Clock::system();
    let (waker, wakeups) = wake::channel().unwrap();
    let surroundings = Surroundings::look(false).unwrap();
    let size = surroundings.size((None, None));
    let plan = Plan {
        isolation: None,
        is_watched: false,
        place: Place::Terminal,
        terminal: surroundings.terminal(size),
        hardened: None,
    };
    let mut launcher = Launcher::fork(&plan).unwrap().unwrap();
    let ready = launcher.ready(&plan).unwrap();
    let now = clock.unix_micros();
    let start = Start::new(SessionId::new(now, 1), now, vec!["sh".to_owned()]);
    let state = Path::new("state");
    let recorder =
        Recorder::create(&std::env::current_dir().unwrap().join(state), &start, clock.clone()).unwrap();
    let broker = broker(&clock, &recorder, ways);
    let both = waker.clone();
    broker.on_change(move || both.wake());
    recorder.on_failure(move |_| waker.wake());
    let started = prepare(&broker, &recorder);
    let ended = hoop::session::run(Spec {
        program: "/bin/sh".into(),
        argv: vec!["sh".into(), "-c".into(), script],
        env: std::env::vars_os().collect(),
        directory: None,
        surroundings,
        size,
        fixed_size: false,
        record_input: false,
        typed: None,
        clock,
        recorder: recorder.clone(),
        masks: Arc::new(Engine::builtin()),
        asks: Asks {
            at_once: std::env::var_os("AT_ONCE").is_some(),
            key: HotKey::default(),
            colour: true,
            title: true,
            row: true,
        },
        broker,
        wakeups,
        started: Box::new(started),
        sandbox: Sandbox {
            launcher,
            pid: ready.pid,
            master: ready.master,
            listener: ready.listener,
            binds: Vec::new(),
            is_own_session: true,
        },
        commands: None,
    });
    (ended, recorder)
}
