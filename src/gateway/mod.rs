//! The AWS side of a session: the child's calls arrive here, are checked, identified, recorded, decided, signed
//! with the real credential, forwarded, masked and given back. See [`pipeline`] for the order.
//!
//! Starting it costs a fraction of a millisecond; everything else (runtime, trust store, AWS chain) waits for the
//! first connection.

mod ask;
mod ask_connection;
mod authenticate;
mod capture;
mod channels;
mod chunks;
mod coding;
mod connect;
mod content;
mod core;
mod digests;
mod documents;
mod doors;
mod entry;
mod environment;
mod forward;
mod headers;
mod hold;
mod inside;
mod look;
mod minted;
mod minted_reply;
mod own;
mod own_host;
mod patience;
mod pipeline;
mod placeholder;
mod queue_url;
mod readable;
mod reply;
mod request_body;
mod response_body;
mod returned;
mod serve;
mod session_role;
mod skew;
mod stop;
mod unsigned;
mod upload;
mod websocket;
mod whose;

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::approval::Broker;
use crate::audit::Credential;
use crate::aws::sigv4::Key;
use crate::clock::Clock;
use crate::creds::offered_profiles;
use crate::creds::offered_roles;
use crate::creds::region_of;
use crate::error::IoContext;
use crate::error::Result;
use crate::mask::Engine;
use crate::net::Authority;
use crate::net::Connect;
use crate::net::Names;
use crate::net::Override;
use crate::net::Publish;
use crate::net::RuntimeDir;
use crate::policy::PolicySet;
use crate::policy::Principal;
use crate::record::Recorder;
use crate::sandbox::network::Network;
use crate::sys::wake;
use crate::sys::wake::Waker;
use crate::types::Effect;

pub use capture::Capture;
pub use core::Asker;
pub use core::CommandLines;
pub use core::FindCaller;
pub use core::IsRunning;
pub use own::Tell;
pub use own::Upstreams;

use self::core::Core;
use self::doors::Doors;
use self::inside::Inside;
use self::own::Further;

/// What a gateway is made of. The values come from the composition in `cli`.
pub struct Setup {
    /// Which policies decide.
    pub policies: PolicySet,
    /// Who makes the calls.
    pub principal: Principal,
    /// What is hidden; one engine for the whole session.
    pub masks: Arc<Engine>,
    /// Where everything is written down.
    pub recorder: Recorder,
    /// Who is asked.
    pub broker: Broker,
    /// How long an answer may take where the policy does not say.
    pub approval_ttl: Duration,
    /// The session's time.
    pub clock: Clock,
    /// The user's own environment, before anything is taken out.
    pub environment: HashMap<String, String>,
    /// The roles to sign with, and what they are had with.
    pub upstreams: Upstreams,
    /// The AWS profile to sign with; `None`: as the AWS CLI would choose.
    pub profile: Option<String>,
    /// The default region; `None`: from environment or profile.
    pub region: Option<String>,
    /// Where calls go instead of AWS: `http://127.0.0.1:5000`.
    pub endpoint_url: Option<String>,
    /// How the child's calls are led here.
    pub capture: Capture,
    /// The program the child runs, for `Capture::Auto`.
    pub program: String,
    /// Where private folders are made: `$XDG_RUNTIME_DIR`, else the temporary folder. In a sandbox it must be seen there.
    pub runtime_parent: PathBuf,
    /// The sandbox's network; then there is no port of our own, and `capture` is not asked.
    pub network: Option<Network>,
    /// Ports inside that are reached from outside; only with a network.
    pub publish: Vec<Publish>,
    /// Ports outside that are reached from inside; only with a network.
    pub connect: Vec<Connect>,
    /// What happens to connections to other hosts that no rule speaks of.
    pub egress: Effect,
    /// Finds the process behind a call.
    pub find_caller: Option<FindCaller>,
    /// Tells the command lines of such a process and of those above it.
    pub command_lines: Option<CommandLines>,
    /// Tells whether it still runs.
    pub is_running: Option<IsRunning>,
}

/// A gateway that listens. Ends when stopped or dropped.
pub struct Gateway {
    port: u16,
    capture: Capture,
    set: Vec<(String, String)>,
    unset: Vec<String>,
    // The files must live as long as the child may read them.
    files: RuntimeDir,
    ca_bundle: PathBuf,
    access_key_id: String,
    core: Arc<Core>,
    doors: Mutex<Option<Doors>>,
    waker: Waker,
    stop: watch::Sender<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Binds and serves: [`Gateway::bind`] then [`Gateway::serve`].
pub fn start(setup: Setup) -> Result<Gateway> {
    let gateway = Gateway::bind(setup)?;
    gateway.serve()?;
    Ok(gateway)
}

impl Gateway {
    /// Binds a port on 127.0.0.1, makes the placeholder key, the session's authority and the child's files. Starts
    /// no thread: connections wait in the kernel until [`Gateway::serve`].
    ///
    /// Costs about 0.5 ms, most of it the copy of the machine's trust store.
    pub fn bind(mut setup: Setup) -> Result<Self> {
        let instead = setup.endpoint_url.as_deref().map(Override::parse).transpose()?;
        let (waker, wakeups) = wake::channel()?;
        let mut doors =
            Doors { port: None, captured: Vec::new(), names: Vec::new(), published: Vec::new(), wakeups };
        let (mut port, mut inside) = (0, None);
        match setup.network.take() {
            Some(network) => {
                let Network { listeners, names, sockets, maker } = network;
                (doors.captured, doors.names) = (listeners, names);
                doors.published = doors::published(&setup.publish)?;
                let connects = std::mem::take(&mut setup.connect);
                inside = Some(Inside { names: Names::new(), sockets, maker, connects });
            }
            None => {
                let (own, listener) = doors::own_port()?;
                (port, doors.port) = (own, Some(listener));
            }
        }
        let files = RuntimeDir::create(&setup.runtime_parent, &placeholder::fresh_name()?)?;
        let authority = Authority::new(setup.clock.unix_seconds())?;
        let bundles = environment::user_bundles(&setup.environment);
        let ca_bundle = files.ca_bundle(&authority.pem(), &bundles)?;
        let added = environment::user_authorities(&setup.environment);
        let extra_authorities = files.extra_authorities(&authority.pem(), &added)?;
        let placeholder = placeholder::generate()?;
        // Without a sandbox the CLI's cache of roles is the user's own, and must not get placeholders.
        let further = Further::of(&setup.upstreams.roles, &placeholder)?;
        let roles: Vec<(&str, &Key)> =
            further.iter().map(|one| (one.role.name.as_str(), &one.placeholder)).collect();
        let profiles = match inside {
            Some(_) => offered_profiles(&setup.environment, setup.profile.as_deref(), &placeholder, &roles),
            None => offered_roles(&roles),
        };
        let config = files.file("aws-config", profiles.as_bytes())?;
        let credentials = files.file("aws-credentials", b"")?;
        let region = setup.region.clone().or_else(|| region_of(&setup.environment, setup.profile.as_deref()));
        let capture = match inside {
            Some(_) => Capture::Sandbox,
            None => setup.capture.settled(&setup.program, &setup.environment),
        };
        let facts = environment::Facts {
            port,
            placeholder: &placeholder,
            region: region.as_deref(),
            capture,
            ca_bundle: &ca_bundle,
            extra_authorities: &extra_authorities,
            config: &config,
            credentials: &credentials,
        };
        let set = environment::variables(&facts, &setup.environment);
        let unset = environment::unset(&setup.environment, &set);
        let access_key_id = placeholder.access_key_id.clone();
        let core =
            Core::new(setup, core::Made { port, placeholder, authority, region, instead, inside, further });
        if let Some(own) = core.own.first() {
            core.about_own(own, Credential { what: "placeholder".to_owned(), ..Credential::default() })?;
        }
        Ok(Self {
            port,
            capture,
            set,
            unset,
            files,
            ca_bundle,
            access_key_id,
            core: Arc::new(core),
            doors: Mutex::new(Some(doors)),
            waker,
            stop: watch::Sender::new(false),
            thread: Mutex::default(),
        })
    }

    /// Starts the thread that waits for the first connection. A second call does nothing.
    pub fn serve(&self) -> Result<()> {
        let doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(doors) = doors else { return Ok(()) };
        let (core, stop) = (self.core.clone(), self.stop.subscribe());
        let watch = core.recorder.watch("the gateway");
        let serve = move || {
            if let Err(error) = serve::run(&core, doors, &stop) {
                watch.died(&error.to_string());
            }
        };
        let thread = std::thread::Builder::new()
            .name("gateway".to_owned())
            .spawn(serve)
            .context(|| "cannot start the gateway's thread")?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// The variables to set for the child, over its parent's.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        self.set.clone()
    }

    /// The variables to take out of the child's environment.
    #[must_use]
    pub fn unset(&self) -> Vec<String> {
        self.unset.clone()
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificates that the child is to trust: the machine's and the session's.
    #[must_use]
    pub fn trusted(&self) -> &Path {
        &self.ca_bundle
    }

    /// A file (resolv.conf(5)) that tells programs inside where to ask for names; what else `like` says stays.
    pub fn resolver_configuration(&self, like: &str) -> Result<PathBuf> {
        let kept = |line: &&str| ["search ", "domain ", "options "].iter().any(|word| line.starts_with(word));
        let kept: String = like.lines().map(str::trim).filter(kept).map(|line| format!("{line}\n")).collect();
        let text = format!("# hoop answers at every address.\nnameserver 127.0.0.1\n{kept}");
        self.files.file("resolv.conf", text.as_bytes())
    }

    /// The id of the placeholder key, with number 0.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// How the child's calls are led here; never `Auto`.
    #[must_use]
    pub fn capture(&self) -> Capture {
        self.capture
    }

    /// What this way of capture misses, in a sentence.
    #[must_use]
    pub fn remark(&self) -> &'static str {
        self.capture.remark()
    }

    /// Does now what needs a person's code ([`Upstreams::code`]), before the child starts: a code is good for half a minute.
    ///
    /// # Errors
    /// What STS says of it.
    pub fn use_code(&self) -> Result<()> {
        let Some(own) = self.core.own.first() else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context(|| "cannot ask AWS for a credential")?;
        runtime.block_on(own.chain.use_code()).map_err(Into::into)
    }

    /// From now on every call is refused, those under way included that have not been sent. For the moment in which the
    /// program ends; [`Gateway::stop`] does the rest.
    pub fn close(&self) {
        self.core.close();
    }

    /// Ends every connection and the thread, forgets the credential. Calls under way are recorded as cancelled.
    /// Call it before the recording is finished. A second call does nothing.
    pub fn stop(&self) {
        let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        self.core.close();
        self.stop.send_replace(true);
        // Before the first connection the thread waits in poll(2).
        self.waker.wake();
        // A panic in there has ended the session already.
        drop(thread.join());
        self.core.ended();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop();
    }
}
