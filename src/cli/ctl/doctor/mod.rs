//! `hoopctl doctor`: what works here, what does not, and the command that mends it.
//!
//! One file for each subject. A check is given what it looks at as values, changes nothing, and gives findings; one that fails
//! or takes too long is a finding itself.

mod aws;
mod clients;
mod clock;
mod config;
mod finding;
mod identity;
mod masks;
mod policy;
mod programs;
mod report;
mod sandbox;
mod store;
mod terminal;
mod versions;
mod world;

use std::panic;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::console::Console;
use crate::clock::Clock;
use crate::config::Sources;
use crate::creds;
use crate::error::Result;
use crate::mask::Engine;
use crate::policy::Principal;
use crate::sandbox::level::Lack;
use crate::sandbox::probe;
use crate::sandbox::probe::Probed;
use crate::sys::user;
use aws::Question;
use finding::Check;
use finding::Finding;
use finding::State;
use report::Look;
use world::World;

/// How long a question over the network, or to a program, may take.
const ASKED: Duration = Duration::from_secs(3);

/// How long the store is looked over.
const LOOKED_OVER: Duration = Duration::from_secs(3);

/// How long any check may take as a whole; those with two questions one after the other take twice as long as one.
const WHOLE: Duration = Duration::from_secs(8);

/// Say what works here and what does not, with the command that mends it.
///
/// Looks at the AWS credential, identity providers and logins, the clock, the sandbox, the store, the configuration, the
/// policies, the mask rules, the terminal, AWS clients and hoop's own programs. Nothing is changed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl doctor
  hoopctl doctor aws clock
  hoopctl doctor --offline
  hoopctl doctor --json | jq -r 'select(.state == \"fault\") | .fix'

A finding is `ok`, a `note` (worth knowing), a `warning` (weaker than it could be, or could not be
asked) or a `fault` (does not work). Questions over the network are asked side by side, for at most
3 seconds each: as hoop-run would, the AWS credential is fetched and sts:GetCallerIdentity called
with it. A sign-in that would have to be renewed, and a role that wants an MFA code, are left alone.

Exit status: 0 no fault; 1 a fault; 2 wrong usage.")]
pub struct Args {
    /// Only these checks
    #[arg(value_name = "CHECK", value_enum, ignore_case = true)]
    checks: Vec<Check>,
    /// Ask nothing over the network
    #[arg(long)]
    offline: bool,
    /// One JSON object a line for each finding: check, subject, state, fact, fix, advice
    #[arg(long)]
    json: bool,
}

/// Does it; gives the exit status: 1 where there is a fault. No thread may exist yet: a sandbox is tried.
pub fn run(args: &Args, sources: &Sources, console: &mut Console<'_>) -> Result<u8> {
    let world = Arc::new(World::look(sources));
    let wants = |check: Check| args.checks.is_empty() || args.checks.contains(&check);
    // Before there are threads.
    let probed = (wants(Check::Sandbox) || wants(Check::Clients)).then(|| world.probe_sandbox());
    let mut jobs = Vec::new();
    if wants(Check::Sandbox) {
        jobs.push(of_sandbox(&world, probed.clone().flatten()));
    }
    let is_captured = probed.flatten().is_some_and(|probed| is_captured(&probed, &world));
    jobs.extend(local(&world, is_captured));
    if !args.offline {
        jobs.extend(remote(&world));
    }
    jobs.retain(|job| wants(job.check));
    let findings = masked(done(jobs, &world.clock), &world);
    if args.json {
        for (check, finding) in &findings {
            console.json(&report::object(*check, finding))?;
        }
    } else {
        let look = Look {
            has_colours: console.width.is_some() && terminal::has_colours(&world.environment),
            is_utf8: terminal::is_utf8(&world.environment),
        };
        let asides: &[String] =
            if args.offline { &["nothing asked over the network".to_owned()] } else { &[] };
        report::text(&findings, asides, look, console)?;
    }
    Ok(u8::from(findings.iter().any(|(_, finding)| finding.state == State::Fault)))
}

/// Every connection of a program in a session lands in hoop.
fn is_captured(probed: &Probed, world: &World) -> bool {
    let lacks = [Lack::Namespaces, Lack::Network];
    world.config.sandbox_mode() != "off" && lacks.into_iter().all(|lack| !probed.lacks.has(lack))
}

/// A check, or a part of one, that runs beside the others.
struct Job {
    check: Check,
    /// What it is about, for a finding about the check itself.
    subject: &'static str,
    work: Box<dyn FnOnce() -> Vec<Finding> + Send>,
}

impl Job {
    fn new(
        check: Check,
        subject: &'static str,
        work: impl FnOnce() -> Vec<Finding> + Send + 'static,
    ) -> Self {
        Self { check, subject, work: Box::new(work) }
    }
}

/// Runs all of them side by side; gives what they found, in their order.
fn done(jobs: Vec<Job>, clock: &Clock) -> Vec<(Check, Finding)> {
    let (sender, receiver) = mpsc::channel();
    let mut open: Vec<(Check, &'static str, Option<Vec<Finding>>)> = Vec::new();
    for (number, Job { check, subject, work }) in jobs.into_iter().enumerate() {
        let sender = sender.clone();
        let started = thread::Builder::new().spawn(move || {
            let found = panic::catch_unwind(AssertUnwindSafe(work));
            let _ = sender.send((number, found.ok()));
        });
        // Without a thread nobody answers, which is told below.
        drop(started);
        open.push((check, subject, None));
    }
    drop(sender);
    let mut broken = Vec::new();
    let began = clock.elapsed();
    let left = || WHOLE.saturating_sub(Duration::from_micros(clock.elapsed().0.saturating_sub(began.0)));
    while let Ok((number, found)) = receiver.recv_timeout(left()) {
        match (found, open.get_mut(number)) {
            (Some(found), Some(slot)) => slot.2 = Some(found),
            _ => broken.push(number),
        }
    }
    let mut all = Vec::new();
    for (number, (check, subject, found)) in open.into_iter().enumerate() {
        let found = found.unwrap_or_else(|| {
            let fact = match broken.contains(&number) {
                true => "this check failed itself, which is a fault of hoop",
                false => "could not be found out in time",
            };
            let again = format!("RUST_BACKTRACE=1 hoopctl doctor {}", check.word());
            vec![Finding::warning(subject, fact).fix(again)]
        });
        all.extend(found.into_iter().map(|finding| (check, finding)));
    }
    all
}

/// Facts quote files and answers of servers: without secrets.
fn masked(mut findings: Vec<(Check, Finding)>, world: &World) -> Vec<(Check, Finding)> {
    let masks = Engine::builtin();
    masks.learn_environment(world.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    for (_, finding) in &mut findings {
        finding.fact = masks.text(&finding.fact).into_owned();
        finding.advice = finding.advice.take().map(|text| masks.text(&text).into_owned());
        finding.fix = finding.fix.take().map(|text| masks.text(&text).into_owned());
    }
    findings
}

fn of_sandbox(world: &Arc<World>, probed: Option<Probed>) -> Job {
    let world = Arc::clone(world);
    Job::new(Check::Sandbox, "level", move || {
        let kernel = sandbox::Kernel::read(Path::new("/"), probe::landlock(), world.is_nested);
        let program = world.sibling("hoop-run");
        sandbox::findings(probed.as_ref(), &kernel, world.config.sandbox_mode(), &program)
    })
}

/// What is found out on this machine.
fn local(world: &Arc<World>, is_captured: bool) -> Vec<Job> {
    let with = |check, subject, work: fn(&World) -> Vec<Finding>| {
        let world = Arc::clone(world);
        Job::new(check, subject, move || work(&world))
    };
    let clients = {
        let world = Arc::clone(world);
        Job::new(Check::Clients, "clients", move || {
            let way = clients::Way { capture: world.config.gateway_capture(), is_captured };
            clients::findings(&world.environment, way, ASKED)
        })
    };
    vec![
        with(Check::Aws, "source", |world| {
            let (mut found, _) = aws::source(&world.origin(), world.clock.unix_seconds());
            found.push(aws::region(world.region().as_deref(), world.profile().as_deref()));
            found.extend(aws::files(&creds::inspect(&world.environment), world.person.uid));
            found.extend(aws::proxy(&world.environment));
            found
        }),
        with(Check::Identity, "providers", |world| {
            let mut found = identity::configured(world.config.providers());
            found.extend(identity::logins(
                &world.config.state_dir(),
                world.config.providers(),
                world.clock.unix_seconds(),
            ));
            found
        }),
        with(Check::Clock, "plausible", |world| vec![clock::plausible(world.clock.unix_seconds())]),
        with(Check::Store, "folder", of_store),
        with(Check::Config, "settings", |world| {
            let mut found = config::settings(world.fault.as_ref().map_or(Ok(&world.config), Err));
            found.extend(config::files(&world.sources, world.person.uid));
            found.extend(config::named(&world.config, world.person.uid));
            found
        }),
        with(Check::Policy, "policies", of_policy),
        with(Check::Masks, "rules", |world| masks::findings(&world.config)),
        with(Check::Terminal, "terminal", |world| terminal::findings(&world.environment, world.face)),
        clients,
        with(Check::Programs, "programs", |world| {
            programs::own(&world.environment, world.exe.as_deref(), ASKED)
        }),
        with(Check::Versions, "versions", |_| versions::findings(Path::new("/etc/os-release"))),
    ]
}

fn of_store(world: &World) -> Vec<Finding> {
    let state = world.config.state_dir();
    let uid = world.person.uid;
    let (mut found, is_there) = store::folder(&state, uid);
    found.extend(store::room(&state));
    if is_there {
        let (sessions, stored) = store::sessions(&state, &world.clock, LOOKED_OVER);
        found.extend(sessions);
        found.extend(store::index(&state, &stored.sessions));
        found.push(store::key(&state, stored.has_seals, uid));
    }
    found
}

fn of_policy(world: &World) -> Vec<Finding> {
    let person = &world.person;
    let principal = Principal {
        user: person.name.clone(),
        groups: person.groups.clone(),
        host: user::host(),
        ..Principal::default()
    };
    let groups =
        policy::Groups { is_local: &user::has_group, has_provider: !world.config.providers().is_empty() };
    let mut found = policy::findings(world.config.policies(), &principal, &groups);
    if world.fault.is_some() {
        let fact =
            "the configuration is wrong: which policies it chooses is not known, and no session starts";
        found.insert(0, Finding::warning("chosen", fact).fix("hoopctl doctor config"));
    }
    found
}

/// What others are asked.
fn remote(world: &Arc<World>) -> Vec<Job> {
    let question = Question {
        environment: world.environment.clone(),
        profile: world.config.upstream_profile().map(str::to_owned),
        region: world.region(),
        endpoint: world.config.upstream_endpoint_url().map(str::to_owned),
        origin: world.origin(),
    };
    let clock = world.clock.clone();
    let (_, can_ask) = aws::source(&question.origin, clock.unix_seconds());
    let url = match &question.endpoint {
        Some(url) => url.clone(),
        None => {
            let region = question.region.as_deref().unwrap_or("us-east-1");
            let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
            format!("https://sts.{region}.amazonaws.com{suffix}/")
        }
    };
    let mut jobs = Vec::new();
    {
        let (clock, trusted) = (clock.clone(), question.bundle());
        jobs.push(Job::new(Check::Clock, "offset", move || clock::offset(&url, trusted, &clock, ASKED)));
    }
    if can_ask {
        let clock = clock.clone();
        jobs.push(Job::new(Check::Aws, "identity", move || aws::identity(&question, &clock, ASKED)));
    }
    for provider in world.config.providers() {
        let (provider, clock) = (provider.clone(), clock.clone());
        jobs.push(Job::new(Check::Identity, "provider", move || {
            identity::provider(&provider, &clock, ASKED)
        }));
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_fails_is_a_finding() {
        let jobs = vec![
            Job::new(Check::Aws, "source", || panic!("on purpose")),
            Job::new(Check::Clock, "offset", || vec![Finding::ok("offset", "agrees")]),
        ];
        let found = done(jobs, &Clock::system());
        assert_eq!(found[0].1.state, State::Warning);
        assert_eq!(found[0].1.fix.as_deref(), Some("RUST_BACKTRACE=1 hoopctl doctor aws"));
        assert_eq!(found[1].1, Finding::ok("offset", "agrees"));
    }
}
