//! The broker of a session without hoop-run around it.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::sync::Arc;

use hoop::approval::Approver;
use hoop::approval::Broker;
use hoop::approval::Requester;
use hoop::approval::Setup;
use hoop::approval::Via;
use hoop::approval::Ways;
use hoop::clock::Clock;
use hoop::record::Recorder;

/// Somebody who can be asked only at the session's terminal.
pub const AT_TERMINAL: Ways = Ways { terminal: true, remote: false };
/// Nobody can be asked.
pub const NOBODY: Ways = Ways { terminal: false, remote: false };

/// A broker of ana's session that writes into `recorder`.
pub fn broker(clock: &Clock, recorder: &Recorder, ways: Ways) -> Broker {
    Broker::new(Setup {
        clock: clock.clone(),
        session: recorder.id(),
        host: "box".to_owned(),
        requester: Requester { name: "ana".to_owned(), keys: vec!["uid 1000".to_owned()] },
        ways,
        nobody: "there is no terminal to ask on".to_owned(),
        journal: Arc::new(recorder.clone()),
    })
}

/// Ana herself.
pub fn ana() -> Approver {
    Approver {
        name: "ana".to_owned(),
        groups: Vec::new(),
        key: "uid 1000".to_owned(),
        is_owner: true,
        via: Via::Terminal,
    }
}
