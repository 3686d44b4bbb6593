//! The AWS side of a session: the child's calls arrive here, are checked, identified, recorded, decided, signed
//! with the real credential, forwarded, masked and given back. See [`pipeline`] for the order.
//!
//! Starting it costs a fraction of a millisecond; everything else (runtime, trust store, AWS chain) waits for the
//! first connection.

mod ask;
mod authenticate;
mod capture;
mod chunks;
mod connect;
mod core;
mod digests;
mod entry;
mod environment;
mod forward;
mod headers;
mod pipeline;
mod placeholder;
mod queue_url;
mod reply;
mod request_body;
mod response_body;
mod serve;
mod stop;

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::approval::Broker;
use crate::audit::Credential;
use crate::clock::Clock;
use crate::creds::region_of;
use crate::error::IoContext;
use crate::error::Result;
use crate::mask::Engine;
use crate::net::Authority;
use crate::net::Override;
use crate::net::RuntimeDir;
use crate::policy::PolicySet;
use crate::policy::Principal;
use crate::record::Recorder;

pub use capture::Capture;

use self::core::Core;

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
    /// Where private folders are made: `$XDG_RUNTIME_DIR`, else the temporary folder.
    pub runtime_parent: PathBuf,
}

/// A gateway that listens. Ends when stopped or dropped.
pub struct Gateway {
    port: u16,
    capture: Capture,
    set: Vec<(String, String)>,
    unset: Vec<String>,
    // The files must live as long as the child may read them.
    _files: RuntimeDir,
    core: Arc<Core>,
    listener: Mutex<Option<TcpListener>>,
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
    pub fn bind(setup: Setup) -> Result<Self> {
        let instead = setup.endpoint_url.as_deref().map(Override::parse).transpose()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .context(|| "cannot listen on 127.0.0.1 for the child's AWS calls")?;
        let port = listener.local_addr().context(|| "cannot find the gateway's port")?.port();
        let files = RuntimeDir::create(&setup.runtime_parent, &placeholder::fresh_name()?)?;
        let authority = Authority::new(setup.clock.unix_seconds())?;
        let bundles = environment::user_bundles(&setup.environment);
        let ca_bundle = files.ca_bundle(&authority.pem(), &bundles)?;
        let empty = files.empty_file("aws-config")?;
        let placeholder = placeholder::generate()?;
        let region = setup.region.clone().or_else(|| region_of(&setup.environment, setup.profile.as_deref()));
        let capture = setup.capture.settled(&setup.program, &setup.environment);
        let facts = environment::Facts {
            port,
            placeholder: &placeholder,
            region: region.as_deref(),
            capture,
            ca_bundle: &ca_bundle,
            empty: &empty,
        };
        let set = environment::variables(&facts, &setup.environment);
        let unset = environment::unset(&setup.environment, &set);
        let core = Core::new(setup, core::Made { port, placeholder, authority, region, instead });
        core.credential(Credential { what: "placeholder".to_owned(), ..Credential::default() })?;
        Ok(Self {
            port,
            capture,
            set,
            unset,
            _files: files,
            core: Arc::new(core),
            listener: Mutex::new(Some(listener)),
            stop: watch::Sender::new(false),
            thread: Mutex::default(),
        })
    }

    /// Starts the thread that waits for the first connection. A second call does nothing.
    pub fn serve(&self) -> Result<()> {
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(listener) = listener else { return Ok(()) };
        let (core, stop) = (self.core.clone(), self.stop.subscribe());
        let thread = std::thread::Builder::new()
            .name("gateway".to_owned())
            .spawn(move || serve::run(&core, &listener, stop))
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

    /// Ends every connection and the thread, forgets the credential. Calls under way are recorded as cancelled.
    /// Call it before the recording is finished. A second call does nothing.
    pub fn stop(&self) {
        let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        self.stop.send_replace(true);
        // Before the first connection the thread waits in accept(2): this wakes it.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        // A panic in there has ended the gateway already; there is nobody to tell here.
        drop(thread.join());
        self.core.ended();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop();
    }
}
