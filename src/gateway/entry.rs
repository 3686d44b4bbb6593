//! A call in the record: begun before anything is forwarded, ended whatever happens.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use http::HeaderMap;
use http::HeaderValue;

use crate::audit::BodyRef;
use crate::audit::CallBegin;
use crate::audit::CallEnd;
use crate::audit::Decision;
use crate::audit::Event;
use crate::audit::Outcome;
use crate::aws::Refusal;
use crate::error::Result;
use crate::gateway::core::Core;
use crate::gateway::stop::Stop;
use crate::mask::Masks;
use crate::policy;
use crate::policy::Taken;
use crate::policy::model::RecordLevel;
use crate::types::Micros;

/// One call's place in the record. When the last of its owners goes without an end, the client went away.
pub struct Entry {
    core: Arc<Core>,
    number: u64,
    arrived: Micros,
    /// It is in the record, or will be with the next event about it.
    begun: AtomicBool,
    /// Bytes of request body that came.
    received: Arc<AtomicU64>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// A `call.begin` that is written with the next event about the call.
    begin: Option<Box<CallBegin>>,
    end: CallEnd,
    ended: bool,
    /// The limits that the call counts for.
    taken: Taken,
    /// Why the request's body was not sent to its end.
    altered: Option<Refusal>,
}

impl Entry {
    /// A call has arrived.
    pub fn new(core: &Arc<Core>) -> Arc<Self> {
        let number = core.next_call();
        Arc::new(Self {
            core: core.clone(),
            number,
            arrived: core.clock.elapsed(),
            begun: AtomicBool::new(false),
            received: Arc::default(),
            state: Mutex::new(State {
                end: CallEnd { call: number, ..CallEnd::default() },
                ..State::default()
            }),
        })
    }

    /// Its number in the session.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Names the call towards the client: `hoop-01J…-7`.
    pub fn request_id(&self) -> String {
        format!("hoop-{}-{}", self.core.recorder.id(), self.number)
    }

    /// Counts the bytes of the request's body.
    pub fn received(&self) -> Arc<AtomicU64> {
        self.received.clone()
    }

    /// Writes `call.begin`. On failure nothing may be forwarded.
    pub fn begin(&self, call: CallBegin) -> Result<()> {
        self.identified(call);
        self.write(None)
    }

    /// Takes `call.begin`, which is written together with the verdict, or with the call's end if it has none. Until then
    /// nothing may be forwarded.
    pub fn identified(&self, call: CallBegin) {
        self.state().begin = Some(Box::new(call));
        self.begun.store(true, Ordering::SeqCst);
    }

    /// Writes the call, if it is not written yet, and the verdict. On failure nothing may be forwarded.
    pub fn decided(&self, decision: &policy::Decision) -> Result<()> {
        self.write(Some(Event::Decision(Decision {
            call: self.number,
            effect: decision.effect,
            rule: decision.sid.clone(),
            origin: decision.origin.clone(),
            reason: self.core.masks.text(&decision.reason).into_owned(),
        })))
    }

    /// Writes what waits, then `event`.
    fn write(&self, event: Option<Event>) -> Result<()> {
        let begin = self.state().begin.take().map(Event::CallBegin);
        match (begin, event) {
            (Some(begin), Some(event)) => self.core.recorder.events(&[begin, event]),
            (Some(event), None) | (None, Some(event)) => self.core.recorder.event(&event),
            (None, None) => return Ok(()),
        }
        .map(drop)
    }

    /// Counts the bytes of the answer, when it has ended, for these limits.
    pub fn takes(&self, taken: Taken) {
        self.state().taken = taken;
    }

    /// Keeps what AWS said of itself.
    pub fn answered(&self, status: u16, request_id: Option<&str>) {
        let mut state = self.state();
        state.end.status = Some(status);
        state.end.request_id = request_id.map(str::to_owned);
    }

    /// Adds what was masked.
    pub fn masked(&self, masks: &Masks) {
        let mut state = self.state();
        for hit in masks.iter() {
            *state.end.masks.entry(hit.rule.to_string()).or_default() += hit.count;
        }
    }

    /// Masks what may be secret in headers that come after a body.
    pub fn mask_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let text = value.to_str().map(|text| self.core.masks.text(text).into_owned());
            *value = text.ok().and_then(|text| text.parse().ok()).unwrap_or(HeaderValue::from_static(""));
        }
    }

    /// These objects were shown with stars in the place of secrets.
    pub fn starred(&self, arns: &[String]) {
        arns.iter().for_each(|arn| self.core.starred.add(arn));
    }

    /// The answer's body passed without a look inside, and why.
    pub fn not_looked_into(&self, why: &str) {
        self.state().end.not_looked_into = Some(why.to_owned());
    }

    /// Keeps a response body, where the policy has it kept.
    pub fn keep_response(&self, level: RecordLevel, content_type: &str, body: &[u8]) -> Result<()> {
        if level == RecordLevel::Full && !body.is_empty() {
            let mut reference = self.core.recorder.body(body)?;
            reference.content_type = Some(self.core.masks.text(content_type).into_owned());
            self.state().end.response = Some(reference);
        }
        Ok(())
    }

    /// Refers to a response body that was kept piece by piece.
    pub fn response_kept(&self, reference: BodyRef) {
        self.state().end.response = Some(reference);
    }

    /// The request's body is not what was signed; AWS never sees its end.
    pub fn altered(&self, refusal: &Refusal) {
        self.state().altered = Some(refusal.clone());
    }

    /// How many signed events the request's body had.
    pub fn events(&self, count: u64) {
        self.state().end.events = Some(count);
    }

    /// AWS's clock was `ahead` seconds ahead, and the request was signed anew.
    pub fn skewed(&self, ahead: i64) {
        self.state().end.skew = Some(ahead);
    }

    /// Whether that has happened.
    pub fn is_skewed(&self) -> bool {
        self.state().end.skew.is_some()
    }

    /// The answer was given back in full: `sent` bytes of body.
    pub fn done(&self, sent: u64) -> Result<()> {
        self.finish(|end| {
            end.outcome = Outcome::Answered;
            end.bytes_out = sent;
        })
    }

    /// The answer broke off after `sent` bytes.
    pub fn broken(&self, sent: u64, reason: &str) -> Result<()> {
        let altered = self.state().altered.clone();
        let reason = altered.as_ref().map_or(reason, |refusal| &refusal.message);
        let reason = self.core.masks.text(reason).into_owned();
        self.finish(|end| {
            end.outcome = if altered.is_some() { Outcome::Refused } else { Outcome::Failed };
            end.error = altered.map(|refusal| refusal.code.to_owned());
            end.message = Some(reason);
            end.bytes_out = sent;
        })
    }

    /// The gateway answered itself. A call that was never identified is recorded as unknown first.
    pub fn stopped(&self, stop: &Stop, unknown: impl FnOnce() -> CallBegin) -> Result<()> {
        if !self.begun.load(Ordering::SeqCst) {
            self.identified(unknown());
        }
        let message = self.core.masks.text(&stop.message).into_owned();
        self.finish(|end| {
            end.outcome = stop.outcome;
            end.status = Some(stop.status);
            end.error = Some(stop.code.to_owned());
            end.message = Some(message);
        })
    }

    fn finish(&self, fill: impl FnOnce(&mut CallEnd)) -> Result<()> {
        let mut state = self.state();
        if state.ended || !self.begun.load(Ordering::SeqCst) {
            return Ok(());
        }
        state.ended = true;
        fill(&mut state.end);
        state.end.bytes_in = self.received.load(Ordering::Relaxed);
        self.core.limits.spend(&state.taken, state.end.bytes_out, self.core.clock.unix_seconds());
        let took = self.core.clock.elapsed().0.saturating_sub(self.arrived.0);
        state.end.took = Micros(took);
        let end = std::mem::take(&mut state.end);
        drop(state);
        self.write(Some(Event::CallEnd(Box::new(end))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // A failure stops the session by the recorder's own callback.
        drop(self.finish(|end| end.outcome = Outcome::Cancelled));
    }
}
