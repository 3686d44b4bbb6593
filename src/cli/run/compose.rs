//! Puts the parts together, runs the session and sees it to its end.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::OnceLock;

use crate::approval::Requester;
use crate::audit::End;
use crate::audit::EndReason;
use crate::cli::beside::Beside;
use crate::cli::known_values;
use crate::cli::known_values::Fetching;
use crate::cli::run::OURS;
use crate::cli::run::approvals::Answering;
use crate::cli::run::approvals::Reaching;
use crate::cli::run::args::Args;
use crate::cli::run::asks;
use crate::cli::run::beginning::Beginning;
use crate::cli::run::beginning::announce;
use crate::cli::run::beginning::principal;
use crate::cli::run::ending::Status;
use crate::cli::run::ending::code_of;
use crate::cli::run::ending::conclude;
use crate::cli::run::gateway;
use crate::cli::run::gateway::Gateway;
use crate::cli::run::gateway::Setup;
use crate::cli::run::identity::Asking;
use crate::cli::run::notes;
use crate::cli::run::notifying;
use crate::cli::run::recovery::tell_recovered;
use crate::cli::run::sandbox;
use crate::cli::run::sandbox::Begun;
use crate::cli::run::sandbox::Purpose;
use crate::cli::run::settings;
use crate::cli::run::settings::Settings;
use crate::cli::run::summary;
use crate::cli::saying;
use crate::clock::Clock;
use crate::error::Error;
use crate::error::Result;
use crate::gateway::Tell;
use crate::gateway::Upstreams;
use crate::mask::FOR_AGENTS;
use crate::record;
use crate::record::Recorder;
use crate::session;
use crate::session::Face;
use crate::session::Spec;
use crate::session::Surroundings;
use crate::session::commands;
use crate::session::commands::Commands;
use crate::session::environment::Environment;
use crate::session::notices::Notices;
use crate::session::typed;
use crate::session::typed::Launch;
use crate::session::typed::Typed;
use crate::sys::exec;
use crate::sys::exec::Trouble;
use crate::sys::exec::Unstartable;
use crate::sys::harden;
use crate::sys::harden::Hardened;
use crate::sys::tty::Size;
use crate::sys::user;
use crate::sys::wake;

/// The session's way to AWS and to a person, and what tells them apart in the record.
struct Parts {
    settings: Settings,
    environment: Environment,
    program: PathBuf,
    surroundings: Surroundings,
    size: Size,
    clock: Clock,
    sandbox: Begun,
    /// Fetches values to be masked.
    fetching: Option<Fetching>,
}

/// Runs one session.
pub(super) fn run(args: Args) -> Status {
    let environment = Environment::new(std::env::vars_os());
    if sandbox::is_nested(&environment) {
        let unstartable = run_nested(&args, environment);
        notes::complain(&unstartable.error);
        return Status::Code(code_of(unstartable.trouble));
    }
    let hardened = harden::harden();
    // The launcher does the same; should the program kill that, nothing of it passes for somebody outside.
    harden::adopt_orphans();
    match prepare(&args, environment, hardened).and_then(|parts| run_session(&args, parts)) {
        Ok(status) => status,
        Err(unstartable) => {
            notes::complain(&unstartable.error);
            Status::Code(code_of(unstartable.trouble))
        }
    }
}

/// Inside another's sandbox there is nothing left to do: becomes the program. Returns only if that does not work.
fn run_nested(args: &Args, mut environment: Environment) -> Unstartable {
    if !args.quiet {
        let session =
            environment.get("HOOP_SESSION").unwrap_or_default().to_string_lossy().escape_debug().to_string();
        notes::say(&format!("hoop-run: already inside session {session}, which gates and records this too"));
    }
    for (name, value) in &args.env {
        environment.set(name, value);
    }
    let argv = settings::argv(args, &environment);
    let name = argv.first().map_or(OsStr::new(""), OsString::as_os_str);
    let program = match exec::find(name, environment.get("PATH")) {
        Ok(program) => std::path::absolute(&program).unwrap_or(program),
        Err(unstartable) => return unstartable,
    };
    if let Some(directory) = &args.cwd
        && let Err(cause) = std::env::set_current_dir(directory)
    {
        return ours(Error::io(format!("cannot start in `{}`", directory.display()), &cause));
    }
    exec::replace(&program, &argv, &environment.into_vec())
}

/// Everything that needs no recording yet: a mistyped program makes none.
fn prepare(args: &Args, mut environment: Environment, hardened: Hardened) -> Result<Parts, Unstartable> {
    let clock = Clock::system();
    let directory = std::env::current_dir().unwrap_or_default();
    let config = Settings::configure(args, &environment, &directory).map_err(ours)?;
    let surroundings = Surroundings::look(args.headless).map_err(ours)?;
    let size = surroundings.size(args.wanted_size());
    // As early as can be: before there are secrets in memory, and so that it is made beside all the rest.
    let sandbox = Begun::new(&Purpose {
        config: &config,
        environment: &environment,
        surroundings: &surroundings,
        size,
        hardened,
        is_ungated: args.no_gateway,
        allowed: &args.allow,
        connects: &args.connect,
    })
    .map_err(ours)?;
    let mut settings = Settings::settle(args, &environment, config).map_err(ours)?;
    for (name, value) in &args.env {
        environment.set(name, value);
    }
    let given = args.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let unfit = settings.masks.learn_environment(given);
    settings.unmasked.extend(unfit.into_iter().map(str::to_owned));
    let name = settings.argv.first().map_or(OsStr::new(""), OsString::as_os_str);
    let program = exec::find(name, environment.get("PATH"))?;
    let fetching = known_values::fetch(&settings.config, &clock).map_err(ours)?;
    Ok(Parts { settings, environment, program, surroundings, size, clock, sandbox, fetching })
}

fn run_session(args: &Args, parts: Parts) -> Result<Status, Unstartable> {
    let Parts { mut settings, mut environment, program, surroundings, size, clock, sandbox, fetching } =
        parts;
    let masks = Arc::clone(&settings.masks);
    saying::use_masks(&masks);
    let talks = surroundings.can_ask() && !settings.config.quiet();
    let state = settings.config.state_dir();
    let (waker, wakeups) = wake::channel().map_err(ours)?;
    let mut sandbox = sandbox.finish().map_err(ours)?;
    sandbox.check_forwards(args).map_err(ours)?;
    if let Some(fetching) = fetching {
        // The last moment: the command and the title that are recorded now may hold such a value.
        let remarks = fetching.finish(&masks, |name| environment.text(name)).map_err(ours)?;
        settings.remarks.extend(remarks);
    }
    let config = &settings.config;
    let variables = gateway::variables(&environment);
    let local = user::current();
    let asking = Asking {
        args,
        config,
        policies: &settings.policy,
        environment: &variables,
        clock: &clock,
        local: &local,
    };
    let who = asking.find().map_err(ours)?;
    let beginning = Beginning {
        args,
        settings: &settings,
        environment: &environment,
        clock: &clock,
        program: &program,
        who: &who,
        local: &local,
        sandbox: &sandbox,
        surroundings: &surroundings,
        size,
    };
    let (start, repository) = beginning.recorded().map_err(ours)?;
    let principal = principal(&start, &who, repository);
    let upstreams = match args.no_gateway {
        true => Upstreams::default(),
        false => asking.upstreams(&who, &principal, surroundings.can_ask()).map_err(ours)?,
    };
    let has_code = upstreams.code.is_some();
    let id = start.id;
    let answering = Answering::settle(config, &environment, surroundings.can_ask()).map_err(ours)?;
    let recorder = Recorder::masked(&state, &start, clock.clone(), &masks).map_err(ours)?;
    let requester = Requester { name: start.user.clone(), keys: who.keys(&local) };
    let broker = answering.broker(&start, requester, &clock, Arc::new(recorder.clone()));
    broker.on_change({
        let waker = waker.clone();
        move || waker.wake()
    });
    let notices = Notices::new(waker.clone());
    recorder.on_failure(move |_| waker.wake());
    let known_commands = Arc::new(OnceLock::new());
    let tell: Tell = Arc::new({
        let (notices, is_quiet) = (notices.clone(), config.quiet());
        move |text| {
            if !is_quiet {
                notices.tell(text);
            }
        }
    });
    let control = answering.reach(Reaching {
        config,
        broker: &broker,
        masks: &masks,
        environment: &environment,
        clock: &clock,
        local: &local,
        tell: Arc::clone(&tell),
    });
    let setup = Setup {
        config,
        policies: settings.policy.clone(),
        principal: principal.clone(),
        masks: &masks,
        recorder: &recorder,
        broker: &broker,
        clock: &clock,
        environment: &environment,
        program: settings.program(),
        upstreams: Upstreams { tell: Some(tell), ..upstreams },
        network: sandbox.network.take(),
        publish: args.publish.clone(),
        connect: args.connect.clone(),
        commands: Arc::clone(&known_commands),
    };
    if !args.no_gateway && !config.quiet() && args.role.is_none() {
        let remark = gateway::remark_on_role(config, &settings.policy, &environment);
        remark.iter().for_each(|line| notes::say(line));
    }
    let gateway = match args.no_gateway {
        true => Gateway::none(),
        false => Gateway::bind(setup).map_err(|error| not_started(&recorder, error))?,
    };
    if has_code {
        gateway.use_code().map_err(|error| not_started(&recorder, error))?;
    }
    let commands = Commands::new(commands::Setup {
        recorder: recorder.clone(),
        masks: Arc::clone(&masks),
        policies: settings.policy.clone(),
        clock: clock.clone(),
        broker: broker.clone(),
        who: principal.user,
        agent: principal.agent,
        repository: principal.repository,
        approval_ttl: config.approval_ttl(),
        key_id: gateway.key_id(),
        notices: notices.clone(),
    });
    // Nobody asks for it before the program runs.
    let _ = known_commands.set(commands.clone());
    sandbox.scrub(&mut environment, &args.env);
    environment.set("HOOP_SESSION", id.to_string());
    environment.set("HOOP_MASK_HINT", FOR_AGENTS);
    notifying::conceal(&mut environment);
    match args.no_gateway {
        true => choose_upstream(args, &mut environment),
        false => sandbox::hide_tokens(config, &args.env, &mut environment),
    }
    gateway.equip(&mut environment);
    let typed = integrate(&mut settings, &mut environment, &program, &surroundings);
    announce(id, &settings, &who, (&gateway, &sandbox), talks);
    let config = &settings.config;
    let asks = asks::of(config, &environment);
    let binds = gateway.binds().map_err(|error| not_started(&recorder, error))?;
    let (beside, packs) = (Rc::new(RefCell::new(None)), config.record_pack());
    let questions = broker.clone();
    let ended = session::run(Spec {
        program,
        argv: settings.argv,
        env: environment.into_vec(),
        directory: args.cwd.clone(),
        surroundings,
        size,
        fixed_size: args.wanted_size() != (None, None),
        record_input: config.record_input(),
        asks,
        typed,
        clock: clock.clone(),
        recorder: recorder.clone(),
        masks,
        broker,
        wakeups,
        started: Box::new({
            let (gateway, beside) = (gateway.clone(), Rc::clone(&beside));
            let (state, clock) = (state.clone(), clock.clone());
            move || {
                *beside.borrow_mut() = Some(Beside::begin(&state, &clock, packs));
                gateway.serve()
            }
        }),
        sandbox: session::Sandbox {
            launcher: sandbox.launcher,
            pid: sandbox.ready.pid,
            master: sandbox.ready.master,
            listener: sandbox.ready.listener,
            binds,
            is_own_session: sandbox.is_own_session,
        },
        commands: Some(commands.clone()),
    });
    // What the program leaves behind signs nothing more.
    gateway.close();
    commands.finish();
    gateway.stop();
    control.stop();
    while let Some(notice) = notices.next() {
        notes::say(&notice);
    }
    let status = conclude(&ended, &recorder, args);
    if packs {
        record::pack_later(&state, id);
    }
    let (is_quiet, is_strict) = (config.quiet(), !args.approve_via.is_empty());
    let manner = summary::Manner { id, talks, is_quiet, is_strict };
    let (lines, status) = summary::of(&questions.tally(), manner, status);
    lines.iter().for_each(|line| notes::say(line));
    if talks {
        let took = clock.elapsed().into();
        notes::say(&notes::End { id, took, counts: recorder.counts() }.line());
    }
    if let Some(beside) = beside.take() {
        tell_recovered(&beside.end());
    }
    Ok(status)
}

/// Makes a shell tell what is typed at its prompt, where that is wanted and somebody can type.
fn integrate(
    settings: &mut Settings,
    environment: &mut Environment,
    program: &Path,
    surroundings: &Surroundings,
) -> Option<Typed> {
    let is_headless = matches!(surroundings.face, Face::Headless);
    let on_terminal = is_headless || surroundings.can_ask() && surroundings.types_into_terminal;
    if !settings.config.record_typed() || !on_terminal {
        return None;
    }
    // Never in XDG_RUNTIME_DIR: the program must see it in a sandbox, too.
    let parent = gateway::runtime_parent(None);
    let launch = Launch { program, argv: &mut settings.argv, environment, parent: &parent };
    typed::integrate(launch, &settings.masks).unwrap_or_else(|error| {
        notes::say(&format!("hoop-run: lines typed at the prompt are not recorded: {error}"));
        None
    })
}

/// Without a gateway, the program itself goes to the profile and region that were asked for.
fn choose_upstream(args: &Args, environment: &mut Environment) {
    if let Some(profile) = &args.profile {
        environment.set("AWS_PROFILE", profile);
    }
    if let Some(region) = &args.region {
        environment.set("AWS_REGION", region);
        environment.set("AWS_DEFAULT_REGION", region);
    }
}

/// The session ends before it begins; what is recorded says so.
fn not_started(recorder: &Recorder, error: Error) -> Unstartable {
    let end = End {
        reason: EndReason::NotStarted,
        status: Some(i32::from(OURS)),
        signal: None,
        message: Some(error.to_string()),
    };
    // If that fails too, the next start seals what there is.
    drop(recorder.finish(&end));
    ours(error)
}

fn ours(error: Error) -> Unstartable {
    Unstartable { trouble: Trouble::Ours, error }
}
