//! What happened in a session, for a page: moments on a line, and tables with details. Bounded in number and size.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::json;

use super::page::millis;
use crate::audit::ApprovalAnswered;
use crate::audit::ApprovalAsked;
use crate::audit::Event;
use crate::audit::Line;
use crate::audit::Outcome;
use crate::audit::command_line;
use crate::error::Result;
use crate::export::Cleaner;
use crate::export::Span;
use crate::export::Told;
use crate::term::safe;
use crate::term::safe_lines;
use crate::types::Effect;
use crate::types::Micros;

/// Most rows of a table; later ones are counted.
const MOST_ROWS: usize = 5_000;
/// Most moments on the line.
const MOST_EVENTS: usize = 20_000;
/// Most bytes of parameters of one call, and of all text of a table.
const MOST_PARAMS: usize = 8 << 10;
const MOST_TEXT: usize = 8 << 20;

/// A table, as the player has it.
struct Table {
    name: &'static str,
    titles: &'static [&'static str],
    rows: Vec<Value>,
    text: usize,
    left_out: u64,
}

impl Table {
    fn new(name: &'static str, titles: &'static [&'static str]) -> Self {
        Self { name, titles, rows: Vec::new(), text: 0, left_out: 0 }
    }

    fn add(&mut self, at: u64, kind: &str, cells: &[String], detail: &[(&str, String)]) {
        let size: usize =
            detail.iter().map(|(_, text)| text.len()).chain(cells.iter().map(String::len)).sum();
        if self.rows.len() >= MOST_ROWS || self.text + size > MOST_TEXT {
            self.left_out += 1;
            return;
        }
        self.text += size;
        let cells: Vec<_> = cells.iter().map(|cell| safe(cell)).collect();
        let detail: Vec<_> = detail.iter().map(|(name, text)| json!([name, safe_lines(text)])).collect();
        self.rows.push(json!({"at": at, "kind": kind, "cells": cells, "detail": detail}));
    }
}

/// What happened.
pub struct Happened {
    span: Span,
    calls: Table,
    commands: Table,
    approvals: Table,
    alerts: Table,
    markers: Table,
    /// Moments on the line: time in milliseconds, kind, words; in order once [`Happened::sort`] was called.
    pub events: Vec<(u64, &'static str, String)>,
    /// The last moment of all.
    pub last: Micros,
    running: HashMap<u64, usize>,
    asked: HashMap<String, (Micros, ApprovalAsked)>,
}

impl Happened {
    /// Nothing yet; only what lies in `span` will be taken, its times counted from there.
    #[must_use]
    pub fn new(span: Span) -> Self {
        Self {
            span,
            calls: Table::new("calls", &["action", "resource", "decision", "result", "took"]),
            commands: Table::new("commands", &["command", "result"]),
            approvals: Table::new("approvals", &["answer", "question", "by"]),
            alerts: Table::new("alerts", &["alert", "what"]),
            markers: Table::new("markers", &["marker"]),
            events: Vec::new(),
            last: Micros(0),
            running: HashMap::new(),
            asked: HashMap::new(),
        }
    }

    /// The tables that have something, for the page.
    pub(super) fn tables(&self) -> Vec<Value> {
        [&self.calls, &self.commands, &self.approvals, &self.alerts, &self.markers]
            .into_iter()
            .filter(|table| !table.rows.is_empty())
            .map(|table| {
                json!({"name": table.name, "titles": table.titles, "rows": table.rows, "left_out": table.left_out})
            })
            .collect()
    }

    /// Puts the moments in order.
    pub fn sort(&mut self) {
        self.events.sort_by_key(|(at, ..)| *at);
        let at = |row: &Value| row["at"].as_u64();
        for table in [&mut self.calls, &mut self.approvals] {
            table.rows.sort_by_key(at);
        }
    }

    fn moment(&mut self, at: Micros, kind: &'static str, words: &str) -> Option<u64> {
        if !self.span.has(at) {
            return None;
        }
        let at = Micros(at.0 - self.span.from.0);
        self.last = self.last.max(at);
        if self.events.len() < MOST_EVENTS {
            let words: String = safe(words).chars().take(160).collect();
            self.events.push((millis(at.0), kind, words));
        }
        Some(millis(at.0))
    }

    /// A named place of the terminal recording; its time counts from the beginning of the part. Those of a session of ours
    /// (`is_ours`) that tell of commands, calls and approvals are passed over: these have tables of their own.
    pub fn marker(&mut self, at: Micros, name: &str, is_ours: bool) {
        let is_ours = is_ours && is_told_by_audit(name);
        let at = Micros(at.0.saturating_add(self.span.from.0));
        if !is_ours && let Some(at) = self.moment(at, "marker", name) {
            self.markers.add(at, "marker", &[name.to_owned()], &[("marker", name.to_owned())]);
        }
    }

    /// A call.
    pub fn call(&mut self, told: &Told) {
        let (call, begin) = (&told.call, &told.call.begin);
        let end = call.end.as_ref();
        let effect = call.decision.as_ref().map(|decision| decision.effect);
        let has_failed = end.is_some_and(|end| {
            end.outcome != Outcome::Answered || end.status.is_some_and(|status| status >= 400)
        });
        let kind = match effect {
            Some(Effect::Deny) => "deny",
            Some(Effect::Ask) if !has_failed => "ask",
            _ if has_failed => "deny",
            _ => "allow",
        };
        let resource = begin.resources.join(" ");
        let Some(at) = self.moment(call.t, kind, &format!("{} {resource}", begin.action)) else { return };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let result = end.map_or_else(
            || "no end".to_owned(),
            |end| match (&end.error, end.status) {
                (Some(error), Some(status)) => format!("{status} {error}"),
                (Some(error), None) => error.clone(),
                (None, Some(status)) => status.to_string(),
                (None, None) => end.outcome.as_str().to_owned(),
            },
        );
        let took =
            end.map(|end| format!("{}.{} ms", end.took.0 / 1_000, end.took.0 / 100 % 10)).unwrap_or_default();
        let decision = call.decision.as_ref();
        let decided = |read: fn(&crate::audit::Decision) -> String| decision.map(read).unwrap_or_default();
        let answered = call.answered.as_ref();
        let masks = end.map(|end| serde_json::to_string(&end.masks).unwrap_or_default());
        let detail = [
            ("call", begin.call.to_string()),
            ("action", begin.action.clone()),
            ("operation", format!("{} {} ({})", begin.service, begin.operation, begin.access)),
            ("region", begin.region.clone()),
            ("account", text(&begin.account)),
            ("identity", text(&begin.identity)),
            ("resources", begin.resources.join("\n")),
            ("decision", decided(|decision| decision.effect.to_string())),
            (
                "rule",
                decided(|decision| {
                    format!("{} {}", decision.rule.clone().unwrap_or_default(), decision.origin)
                }),
            ),
            ("reason", decided(|decision| decision.reason.clone())),
            ("question", call.asked.as_ref().map(|asked| asked.question.clone()).unwrap_or_default()),
            ("answer", answered.map(answer).unwrap_or_default()),
            (
                "let through",
                call.used.as_ref().map(|used| format!("by the yes to {}", used.id)).unwrap_or_default(),
            ),
            ("result", result.clone()),
            ("message", end.and_then(|end| end.message.clone()).unwrap_or_default()),
            ("request id", end.and_then(|end| end.request_id.clone()).unwrap_or_default()),
            ("took", took.clone()),
            (
                "bytes",
                end.map(|end| format!("{} in, {} out", end.bytes_in, end.bytes_out)).unwrap_or_default(),
            ),
            ("masked", masks.filter(|masks| masks != "{}").unwrap_or_default()),
            ("made by", told.command.clone().unwrap_or_default()),
            ("agent", text(&begin.agent)),
            ("request", format!("{} {}{}", begin.method, begin.host, begin.path).trim().to_owned()),
            ("parameters", parameters(&begin.params)),
        ];
        let cells =
            [begin.action.clone(), resource, decided(|decision| decision.effect.to_string()), result, took];
        self.calls.add(at, kind, &cells, &detail);
    }

    /// A line of the audit log, through a second mask where there is one. Calls come through [`Happened::call`].
    ///
    /// # Errors
    /// When it cannot be masked.
    pub fn line(&mut self, line: Line, cleaner: Option<&Cleaner>) -> Result<()> {
        let at = line.t;
        let is_shown = matches!(
            line.event,
            Event::CommandStart(_)
                | Event::CommandEnd(_)
                | Event::CommandFailed(_)
                | Event::CommandTyped(_)
                | Event::ApprovalAsked(_)
                | Event::ApprovalAnswered(_)
                | Event::Alert(_)
        );
        if !is_shown {
            return Ok(());
        }
        match cleaner.map_or(Ok(line.event.clone()), |cleaner| cleaner.event(line.event))? {
            Event::CommandStart(start) => {
                let words = command_line(&start.argv);
                let Some(shown) = self.moment(at, "command", &words) else { return Ok(()) };
                let detail = [
                    ("command", start.id.to_string()),
                    ("line", words.clone()),
                    ("program", start.exe.unwrap_or_default()),
                    ("folder", start.cwd.unwrap_or_default()),
                    ("process", start.pid.to_string()),
                    ("started by", start.parent.map(|parent| parent.to_string()).unwrap_or_default()),
                    ("rule", start.rule.unwrap_or_default()),
                ];
                self.commands.add(shown, "command", &[words, String::new()], &detail);
                if self.commands.left_out == 0 {
                    self.running.insert(start.id, self.commands.rows.len() - 1);
                }
            }
            Event::CommandEnd(end) => {
                let Some(row) = self.running.remove(&end.id).and_then(|row| self.commands.rows.get_mut(row))
                else {
                    return Ok(());
                };
                let result = match (end.status, end.signal, end.replaced_by) {
                    (_, _, Some(next)) => format!("went on as {next}"),
                    (_, Some(signal), _) => format!("signal {signal}"),
                    (Some(status), ..) => format!("exit {status}"),
                    _ => String::new(),
                };
                let took = format!("{}.{:03} s", end.took.0 / 1_000_000, end.took.0 / 1_000 % 1_000);
                row["cells"][1] = json!(result);
                if end.signal.is_some() || end.status.is_some_and(|status| status != 0) {
                    row["kind"] = json!("deny");
                }
                if let Some(detail) = row["detail"].as_array_mut() {
                    detail.extend([json!(["result", result]), json!(["took", took])]);
                }
            }
            Event::CommandFailed(failed) if failed.why == crate::audit::CommandFailure::Refused => {
                let words = command_line(&failed.argv);
                if let Some(at) = self.moment(at, "deny", &words) {
                    let rule = failed.rule.unwrap_or_default();
                    let detail = [("line", words.clone()), ("rule", rule)];
                    self.commands.add(at, "deny", &[words, "refused".to_owned()], &detail);
                }
            }
            Event::ApprovalAsked(asked) if self.asked.len() < MOST_ROWS => {
                self.asked.insert(asked.id.clone(), (at, asked));
            }
            Event::ApprovalAnswered(answered) => {
                let known = self.asked.remove(&answered.id);
                let (at, question) = known.map_or((at, String::new()), |(at, asked)| (at, asked.question));
                if let Some(at) = self.moment(at, "ask", &question) {
                    let cells = [
                        answered.answer.as_str().to_owned(),
                        question.clone(),
                        answered.by.clone().unwrap_or_default(),
                    ];
                    self.approvals.add(
                        at,
                        "ask",
                        &cells,
                        &[("question", question), ("answer", answer(&answered))],
                    );
                }
            }
            Event::Alert(alert) => {
                if let Some(at) = self.moment(at, "alert", &format!("{} {}", alert.name, alert.message)) {
                    let detail = [("alert", alert.name.clone()), ("what", alert.message.clone())];
                    self.alerts.add(at, "alert", &[alert.name, alert.message], &detail);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether a marker of a session of hoop's tells of something that its audit log tells in full.
#[must_use]
pub fn is_told_by_audit(marker: &str) -> bool {
    let told = [
        "$ ",
        "call ",
        "denied ",
        "asked ",
        "granted",
        "expired",
        "nobody",
        "withdrawn",
        "yes by ",
        "alert ",
        "refused ",
    ];
    told.iter().any(|start| marker.starts_with(start))
}

fn answer(answered: &ApprovalAnswered) -> String {
    let part = |name: &str, text: &Option<String>| {
        text.as_ref().map(|text| format!(" {name}{text}")).unwrap_or_default()
    };
    format!(
        "{}{}{}{}",
        answered.answer.as_str(),
        part("by ", &answered.by),
        part("for ", &answered.scope),
        part("because ", &answered.reason)
    )
}

fn parameters(params: &Value) -> String {
    if params.is_null() {
        return String::new();
    }
    let mut text = serde_json::to_string_pretty(params).unwrap_or_default();
    if text.len() > MOST_PARAMS {
        text.truncate(text.floor_char_boundary(MOST_PARAMS));
        text.push_str("\n… (cut)");
    }
    text
}
