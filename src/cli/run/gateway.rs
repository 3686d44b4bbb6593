//! Where the gateway is plugged in.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;

use crate::approval::Broker;
use crate::aws::key_id;
use crate::clock::Clock;
use crate::config::load::Config;
use crate::creds::role_of_profile;
use crate::error::Result;
use crate::gateway;
use crate::gateway::Asker;
use crate::gateway::Capture;
use crate::gateway::Upstreams;
use crate::mask::Engine;
use crate::net;
use crate::net::Connect;
use crate::net::Publish;
use crate::policy::model::Policy;
use crate::policy::request::Principal;
use crate::policy::set::PolicySet;
use crate::record::Recorder;
use crate::sandbox::network::Network;
use crate::session::commands::Commands;
use crate::session::environment::Environment;
use crate::types::Caller;

/// What a gateway needs of the session.
pub(super) struct Setup<'a> {
    pub(super) config: &'a Config,
    pub(super) policies: PolicySet,
    pub(super) principal: Principal,
    pub(super) masks: &'a Arc<Engine>,
    pub(super) recorder: &'a Recorder,
    pub(super) broker: &'a Broker,
    pub(super) clock: &'a Clock,
    pub(super) environment: &'a Environment,
    /// The program, as it was typed.
    pub(super) program: String,
    pub(super) upstreams: Upstreams,
    /// The sandbox's network, and what leads into and out of it.
    pub(super) network: Option<Network>,
    pub(super) publish: Vec<Publish>,
    pub(super) connect: Vec<Connect>,
    /// The command log, once there is one.
    pub(super) commands: Arc<OnceLock<Commands>>,
}

/// A gateway that runs, or none.
#[derive(Clone)]
pub(super) struct Gateway(Option<Arc<gateway::Gateway>>);

impl Gateway {
    /// No gateway: the program keeps its own way to AWS.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Makes the gateway; calls wait until [`Gateway::serve`].
    ///
    /// # Errors
    /// When it cannot be made; then the session must not begin.
    pub(super) fn bind(setup: Setup<'_>) -> Result<Self> {
        let config = setup.config;
        let owned = |value: Option<&str>| value.map(str::to_owned);
        let environment = variables(setup.environment);
        // In the sandbox the user's runtime folder is hidden.
        let named = environment.get("XDG_RUNTIME_DIR").filter(|_| setup.network.is_none());
        let runtime_parent = runtime_parent(named);
        let (found, runs, told) = (Arc::clone(&setup.commands), Arc::clone(&setup.commands), setup.commands);
        let bound = gateway::Gateway::bind(gateway::Setup {
            policies: setup.policies,
            principal: setup.principal,
            masks: Arc::clone(setup.masks),
            recorder: setup.recorder.clone(),
            broker: setup.broker.clone(),
            approval_ttl: config.approval_ttl(),
            clock: setup.clock.clone(),
            environment,
            upstreams: setup.upstreams,
            profile: owned(config.upstream_profile()),
            region: owned(config.upstream_region()),
            endpoint_url: owned(config.upstream_endpoint_url()),
            capture: wanted_capture(config),
            program: setup.program,
            runtime_parent,
            network: setup.network,
            publish: setup.publish,
            connect: setup.connect,
            egress: config.sandbox_egress(),
            find_caller: Some(Arc::new(move |asker| find_caller(found.get()?, asker))),
            command_lines: Some(Arc::new(move |command| {
                told.get().map(|commands| commands.lines(command)).unwrap_or_default()
            })),
            // Without a command log nothing is known of it.
            is_running: Some(Arc::new(move |command| runs.get().is_none_or(|log| log.is_running(command)))),
        })?;
        Ok(Self(Some(Arc::new(bound))))
    }

    /// Files that stand in the place of others in a sandbox with a network of its own: (what, where).
    ///
    /// # Errors
    /// When one cannot be written.
    pub(super) fn binds(&self) -> Result<Vec<(PathBuf, PathBuf)>> {
        let Some(gateway) = self.0.as_ref().filter(|gateway| gateway.capture() == Capture::Sandbox) else {
            return Ok(Vec::new());
        };
        let trusting = net::system_bundles().filter(|file| file.exists()).map(Path::to_owned);
        let mut binds: Vec<(PathBuf, PathBuf)> =
            trusting.map(|file| (gateway.trusted().to_owned(), file)).collect();
        let names = PathBuf::from("/etc/resolv.conf");
        if names.exists() {
            // Without it, or with one that cannot be read, short names are not looked up in the user's domains.
            let like = fs::read_to_string(&names).unwrap_or_default();
            binds.push((gateway.resolver_configuration(&like)?, names));
        }
        Ok(binds)
    }

    /// The id of the key that the program is given.
    pub(super) fn key_id(&self) -> Option<String> {
        self.0.as_ref().map(|gateway| gateway.access_key_id().to_owned())
    }

    /// Begins to answer. To be called when the program has started: no thread may exist before.
    ///
    /// # Errors
    /// When there can be no further thread; then the session must end.
    pub(super) fn serve(&self) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |gateway| gateway.serve())
    }

    /// What it does, for the first line: `off`, `proxy`, `endpoint`.
    pub(super) fn word(&self) -> &'static str {
        self.0.as_ref().map_or("off", |gateway| gateway.capture().as_str())
    }

    /// Gives the program what leads it here: placeholder credentials and where to connect.
    pub(super) fn equip(&self, environment: &mut Environment) {
        let Some(gateway) = &self.0 else { return };
        gateway.unset().iter().for_each(|name| environment.remove(name));
        gateway.env().into_iter().for_each(|(name, value)| environment.set(name, value));
    }

    /// Does now what needs a person's code.
    ///
    /// # Errors
    /// What AWS says of the code.
    pub(super) fn use_code(&self) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |gateway| gateway.use_code())
    }

    /// From now on every call is refused.
    pub(super) fn close(&self) {
        if let Some(gateway) = &self.0 {
            gateway.close();
        }
    }

    /// Ends it: what waits is refused, the credentials are forgotten.
    pub(super) fn stop(&self) {
        if let Some(gateway) = &self.0 {
            gateway.stop();
        }
    }
}

/// What is to be said where the profile in use assumes a role by itself: no session policy can be given then.
pub(super) fn remark_on_role(
    config: &Config,
    policies: &PolicySet,
    environment: &Environment,
) -> Option<String> {
    let is_narrowed = policies.session().assumes_a_role();
    if is_narrowed || !policies.layers().iter().any(Policy::forbids) {
        return None;
    }
    let (profile, role) = role_of_profile(&variables(environment), config.upstream_profile())?;
    Some(format!(
        "hoop-run: profile {} assumes {} by itself, so that AWS enforces nothing of the policy, only hoop does; name the role in \
         [session] of the policy, and use the profile's source_profile, to have both",
        profile.escape_debug(),
        role.escape_debug()
    ))
}

/// The process that holds the client's socket, else the one whose number is in its key.
fn find_caller(commands: &Commands, asker: &Asker<'_>) -> Option<Caller> {
    let holder = asker.inode.and_then(|inode| commands.holder_of_socket(inode));
    holder.or_else(|| {
        // Every id in use begins with the session's letters; the gateway has checked that.
        let number = key_id::number(asker.access_key_id, asker.access_key_id)?;
        commands.of_number(number).filter(|_| number > 0)
    })
}

/// How the calls of `program` are to be led to the gateway: settled before the recording begins, because it says so.
pub(super) fn capture(config: &Config, program: &str, environment: &Environment) -> &'static str {
    wanted_capture(config).settled(program, &variables(environment)).as_str()
}

fn wanted_capture(config: &Config) -> Capture {
    Capture::from_setting(config.gateway_capture()).unwrap_or_default()
}

/// Where the child's files live: in memory where that can be had, because writing them to a disk costs a session that
/// lasts milliseconds a fifth of its time.
pub(super) fn runtime_parent(named: Option<&String>) -> PathBuf {
    let in_memory = PathBuf::from("/dev/shm");
    match named {
        Some(folder) => PathBuf::from(folder),
        None if in_memory.is_dir() => in_memory,
        None => env::temp_dir(),
    }
}

/// The variables that are text; what is not cannot be about AWS.
pub(super) fn variables(environment: &Environment) -> HashMap<String, String> {
    environment
        .iter()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_str()?.to_owned())))
        .collect()
}
