//! Where the gateway is plugged in.

use std::sync::Arc;

use crate::approval::Broker;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Result;
use crate::mask::Engine;
use crate::policy::PolicySet;
use crate::record::Recorder;
use crate::session::environment::Environment;

/// What a gateway needs of the session.
#[expect(dead_code, reason = "read by the gateway, once it is plugged in here")]
pub(super) struct Setup<'a> {
    pub(super) config: &'a Config,
    pub(super) policy: &'a PolicySet,
    pub(super) masks: &'a Arc<Engine>,
    pub(super) recorder: &'a Recorder,
    pub(super) broker: &'a Broker,
    pub(super) clock: &'a Clock,
}

/// A gateway that runs, or none.
pub(super) struct Gateway {
    /// What it does, for the first line and the record: `off`, `proxy`, `endpoint`.
    pub(super) capture: &'static str,
}

impl Gateway {
    /// Starts the gateway, or, when it is not `wanted`, stands for none.
    ///
    /// # Errors
    /// When it cannot start; then the session must not begin.
    pub(super) fn start(_: &Setup<'_>, _wanted: bool) -> Result<Self> {
        Ok(Self { capture: "off" })
    }

    /// Gives the program what leads it here: placeholder credentials and where to connect.
    pub(super) fn equip(&self, _: &mut Environment) {}

    /// Ends it: what waits is refused, the credentials are forgotten.
    pub(super) fn stop(self) {}
}
