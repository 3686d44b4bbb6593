//! Telling people elsewhere that a question waits.

use tokio::sync::watch;

use crate::approval::Broker;

/// Whom to tell, and how. Nothing is configured by default.
#[derive(Clone, Debug, Default)]
pub struct Settings {}

impl Settings {
    /// Whether anybody would be told.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        false
    }
}

/// Tells of every question from now on, until `stop` is true; then it ends within [`super::STOP_WITHIN`] or is dropped.
///
/// `changes` changes after each change of what waits; it begins as changed.
pub(super) async fn run(
    _broker: Broker,
    settings: Settings,
    _changes: watch::Receiver<u64>,
    mut stop: watch::Receiver<bool>,
) {
    if settings.is_configured() {
        let _ = stop.wait_for(|stop| *stop).await;
    }
}
