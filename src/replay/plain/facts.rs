//! What a recording is: who, where, under which rules, how it ended.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Plain;
use super::told::ended;
use crate::audit;
use crate::audit::End;
use crate::audit::Event;
use crate::audit::Start;
use crate::audit::command_line;
use crate::cast::Header;
use crate::cast::Reader;
use crate::cast::present;
use crate::error::Kind;
use crate::error::Result;
use crate::export::Failure;
use crate::record;
use crate::record::Counts;
use crate::record::SealedAs;
use crate::replay::deck::Source;
use crate::replay::entries::duration;

use crate::types::Micros;

/// A recording, looked through once.
#[derive(Default)]
pub struct Survey {
    header: Header,
    start: Option<Start>,
    counts: Counts,
    end: Option<End>,
    last: Micros,
    sealed: Option<SealedAs>,
}

impl Survey {
    /// Looks through the audit log; without one, through the terminal recording.
    ///
    /// # Errors
    /// When one of them cannot be read at all. Lines that cannot be read are passed over.
    pub fn of(source: &Source) -> Result<Self> {
        let reader = Reader::open(&present(&source.cast))?;
        let mut survey = Self { header: reader.header().clone(), ..Self::default() };
        let Some(audit) = &source.audit else {
            let times = reader.filter_map(Result::ok).map(|event| event.time);
            survey.last = times.max().unwrap_or_default();
            return Ok(survey);
        };
        for line in audit::Reader::open(audit)? {
            let line = match line {
                Ok(line) => line,
                Err(error) if error.kind() == Kind::System => return Err(error),
                Err(_) => continue,
            };
            survey.counts.add(&line.event);
            survey.last = survey.last.max(line.t);
            match line.event {
                Event::SessionStart(start) => survey.start = survey.start.or(Some(*start)),
                Event::SessionEnd(end) => survey.end = Some(end),
                _ => {}
            }
        }
        survey.sealed = audit.parent().and_then(record::sealed_as);
        Ok(survey)
    }

    /// Whether hoop recorded it.
    pub fn is_ours(&self) -> bool {
        self.start.as_ref().is_some_and(|start| start.imported.is_none())
    }

    /// Tells it.
    pub fn tell(&self, source: &Source, zone: &TimeZone, plain: &mut Plain<'_>) -> Result<(), Failure> {
        match &self.start {
            Some(start) => self.session(start, zone, plain)?,
            None => self.other(source, zone, plain)?,
        }
        plain.fact("length", &duration(self.last))?;
        plain.fact("terminal", &format!("{} columns, {} rows", self.header.cols, self.header.rows))?;
        Ok(())
    }

    fn session(&self, start: &Start, zone: &TimeZone, plain: &mut Plain<'_>) -> Result<(), Failure> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        plain.fact("id", &start.id.to_string())?;
        plain.fact("title", &text(&start.title))?;
        plain.fact("command", &command_line(&start.command))?;
        plain.fact("began", &moment(start.started, zone))?;
        plain.fact("state", &self.state())?;
        plain.fact("user", &start.user)?;
        let identity = start.identity.as_ref();
        plain.fact("identity", &identity.map(|identity| identity.label()).unwrap_or_default())?;
        plain.fact("email", &text(&identity.and_then(|identity| identity.email.clone())))?;
        plain.fact("groups", &start.groups.join(", "))?;
        plain.fact("host", &start.host)?;
        plain.fact("folder", &start.cwd)?;
        plain.fact("agent", &text(&start.agent))?;
        plain.fact("AWS profile", &text(&start.profile))?;
        plain.fact("AWS region", &text(&start.region))?;
        for policy in &start.policies {
            let origin =
                if policy.origin.is_empty() { String::new() } else { format!(", {}", policy.origin) };
            plain.fact("policy", &format!("{}{origin}", policy.name))?;
        }
        plain.fact("calls captured by", &start.capture)?;
        plain.fact("sandbox", &start.sandbox)?;
        for phrase in &start.unprotected {
            plain.fact("not protected", phrase)?;
        }
        plain.fact("typed input recorded", if start.record_input { "yes" } else { "no" })?;
        if let Some(imported) = &start.imported {
            let from = format!("{}, asciicast version {}", imported.file, imported.version);
            plain.fact("imported from", &from)?;
            plain.fact("imported file's SHA-256", &imported.sha256)?;
            plain.fact("imported", &moment(imported.at, zone))?;
        }
        let seal = match self.sealed {
            Some(SealedAs::Complete) => "sealed at its end; whether the seal is true says hoopctl verify",
            Some(SealedAs::Interrupted) => {
                "sealed by a later process, because its own died; whether the seal is true says hoopctl verify"
            }
            None => "not sealed",
        };
        plain.fact("seal", seal)?;
        let counts = &self.counts;
        for (label, count) in [
            ("calls counted", counts.calls),
            ("denials counted", counts.denied),
            ("questions counted", counts.asked),
            ("questions granted", counts.granted),
            ("commands counted", counts.commands),
            ("alerts counted", counts.alerts),
            ("secrets masked", counts.masks),
        ] {
            plain.fact(label, &count.to_string())?;
        }
        if counts.lost > 0 {
            plain.fact("losses counted", &counts.lost.to_string())?;
        }
        Ok(())
    }

    fn state(&self) -> String {
        match &self.end {
            Some(end) => format!("ended: {}", ended(end)),
            None if self.sealed.is_some() => "interrupted: hoop died before its program".to_owned(),
            None if self.start.as_ref().is_some_and(|start| start.imported.is_some()) => "ended".to_owned(),
            None => "running, as far as its record tells".to_owned(),
        }
    }

    /// A recording that is no session.
    fn other(&self, source: &Source, zone: &TimeZone, plain: &mut Plain<'_>) -> Result<(), Failure> {
        let header = &self.header;
        plain.fact("file", &source.cast.display().to_string())?;
        plain.fact("format", &format!("asciicast version {}", header.version))?;
        plain.fact("title", header.title.as_deref().unwrap_or_default())?;
        plain.fact("command", header.command.as_deref().unwrap_or_default())?;
        let began = header.timestamp.and_then(|at| at.checked_mul(1_000_000));
        plain.fact("began", &began.map(|at| moment(at, zone)).unwrap_or_default())?;
        plain.fact("calls", "none are recorded: it is a terminal recording alone")?;
        Ok(())
    }
}

/// `2025-11-21 03:18:00 UTC` in `zone`.
pub(super) fn moment(unix_micros: u64, zone: &TimeZone) -> String {
    let micros = i64::try_from(unix_micros).unwrap_or(i64::MAX);
    match Timestamp::from_microsecond(micros) {
        Ok(time) => time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
        Err(_) => "unknown".to_owned(),
    }
}
