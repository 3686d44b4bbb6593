//! `hoopctl calls`: the AWS calls of a session, and the command behind each.

use std::collections::HashMap;
use std::path::Path;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use serde_json::Value;
use serde_json::json;

use super::conditions;
use super::console::Console;
use super::console::brief;
use super::console::fitted;
use super::console::length;
use super::console::place;
use super::console::rfc3339;
use crate::audit::Approval;
use crate::audit::Outcome;
use crate::audit::Part;
use crate::error::Result;
use crate::record;
use crate::record::Call;
use crate::record::Command;
use crate::record::Place;
use crate::record::Recording;
use crate::store::Became;
use crate::term::safe;
use crate::term::tail;
use crate::term::width;
use crate::types::Effect;

/// Columns from which the command stands in the call's own line.
const WIDE: usize = 140;
/// Columns of a resource, where it is cut at all.
const RESOURCE: usize = 48;

/// List the AWS calls of a session, and the command that made each.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl calls last
  hoopctl calls 01KAHX3V --decision deny
  hoopctl calls last --command 12 --json | jq .action
  hoopctl calls last --approval any

The command behind a call is known where hoop-run could tell who called;
`$ 12` is its number in: hoopctl commands SESSION. Below a call that people were asked
about stands the question's name and what became of it; `used` in the DECISION column:
an earlier yes let the call through.")]
pub struct Args {
    /// The session: the start of its id, `last`, or its folder.
    #[arg(value_name = "SESSION")]
    pub session: String,
    /// One JSON object a line, with all that is known but parameters and bodies.
    #[arg(long)]
    pub json: bool,
    /// Only those with this decision.
    #[arg(long, value_parser = super::sessions::effect, value_name = "allow|ask|deny")]
    pub decision: Option<Effect>,
    /// Only those that people were asked about, and that ended so.
    #[arg(long, value_parser = wishes(), value_name = "ANSWER")]
    pub approval: Option<Wish>,
    /// Only those that this command made, by its number.
    #[arg(long, value_name = "NR")]
    pub command: Option<u64>,
}

/// What is to have become of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Anything.
    Any,
    /// This.
    One(Became),
}

/// `any`, or an answer: shells complete the words.
fn wishes() -> impl TypedValueParser<Value = Wish> {
    let words = Became::ALL.map(Became::as_str).into_iter().chain(["any"]);
    PossibleValuesParser::new(words).try_map(|text| match text.as_str() {
        "any" => Ok(Wish::Any),
        text => conditions::became(text).map(Wish::One),
    })
}

/// What is known of a session, with the ways from a call to what belongs to it.
struct Known<'a> {
    recording: &'a Recording,
    commands: HashMap<u64, &'a Command>,
}

/// Does it; gives the exit status: 1 when there is no such call.
pub fn run(args: &Args, state: &Path, console: &mut Console<'_>) -> Result<u8> {
    let recording = record::open(&Place::new(state).find(&args.session)?)?;
    let known = Known {
        recording: &recording,
        commands: recording.commands.iter().filter_map(|command| Some((command.number?, command))).collect(),
    };
    let is_wanted = |call: &&Call| {
        args.decision.is_none_or(|effect| call.effect == Some(effect))
            && args.approval.is_none_or(|wish| known.is_wanted(call, wish))
            && args.command.is_none_or(|number| call.command == Some(number))
    };
    let calls: Vec<&Call> = recording.calls.iter().filter(is_wanted).collect();
    match args.json {
        true => calls.iter().try_for_each(|call| console.json(&known.object(call)))?,
        false if calls.is_empty() => console.notice(if recording.calls.is_empty() {
            "no AWS calls were recorded in this session"
        } else {
            "none of the calls is like that"
        }),
        false => known.table(&calls, console)?,
    }
    if recording.left_out > 0 {
        let message =
            format!("{} later events of this session are not shown: there are too many", recording.left_out);
        console.notice(&message);
    }
    Ok(u8::from(calls.is_empty()))
}

impl Known<'_> {
    fn table(&self, calls: &[&Call], console: &mut Console<'_>) -> Result<()> {
        let titles = ["NR", "TIME", "DECISION", "STATUS", "TOOK", "ACTION", "RESOURCE", "COMMAND"];
        let numbers = [0, 1, 4];
        let is_narrow = console.width.is_some_and(|width| width < WIDE);
        let mut rows = Vec::new();
        let (mut before, mut question) = ((None, None), None);
        for call in calls {
            let mut row = self.cells(call, console.width.is_some() && !is_narrow);
            let whose = (call.command, call.looked_up_for.as_deref());
            let behind = row.pop().unwrap_or_default();
            if !is_narrow {
                row.push(behind);
            } else if whose != before {
                // Calls of one command stand below it.
                rows.push(vec![if whose == (None, None) { "$ not known".to_owned() } else { behind }]);
            }
            before = whose;
            rows.push(row);
            // A yes that is used a thousand times is told once.
            let asked = self.recording.approvals.of_call(call.number);
            let now = asked.map(|(asked, part)| (asked.id.as_str(), part == Part::Used));
            if let Some((asked, part)) =
                asked.filter(|_| now != question || now.is_some_and(|(_, used)| !used))
            {
                rows.push(vec![format!("      {}", told(asked, part))]);
            }
            question = now;
        }
        let Some(width) = console.width.filter(|_| is_narrow) else {
            return console.table(&titles, &numbers, &rows);
        };
        let titles = &titles[..7];
        cut_resources(titles, &mut rows, width);
        console.table(titles, &numbers, &rows)
    }

    fn cells(&self, call: &Call, is_cut: bool) -> Vec<String> {
        let resource = safe(&call.resources.join(" ")).into_owned();
        vec![
            call.number.to_string(),
            place(call.began),
            self.decision(call).to_owned(),
            status(call),
            call.took.map(brief).unwrap_or_default(),
            fitted(&safe(&call.action), 40),
            if is_cut { tail(&resource, RESOURCE) } else { resource },
            self.behind(call),
        ]
    }

    fn decision(&self, call: &Call) -> &'static str {
        match (call.effect, self.recording.approvals.of_call(call.number)) {
            (Some(Effect::Ask), Some((_, Part::Used))) => Part::Used.as_str(),
            (Some(Effect::Ask), Some((asked, _))) => asked.word(),
            (Some(effect), _) => effect.as_str(),
            (None, _) => "-",
        }
    }

    fn is_wanted(&self, call: &Call, wish: Wish) -> bool {
        match (self.recording.approvals.of_call(call.number), wish) {
            (None, _) => false,
            (Some(_), Wish::Any) => true,
            (Some((_, part)), Wish::One(Became::Used)) => part == Part::Used,
            (Some((asked, part)), Wish::One(became)) => part != Part::Used && asked.word() == became.as_str(),
        }
    }

    fn behind(&self, call: &Call) -> String {
        let name = call.role.as_deref().and_then(|role| role.rsplit('/').next());
        let role = name.map(|name| format!(" (as role {})", safe(name))).unwrap_or_default();
        let behind = match (call.command, call.pid) {
            _ if call.looked_up_for.is_some() => {
                format!("hoop, to tell about {}", safe(call.looked_up_for.as_deref().unwrap_or_default()))
            }
            (Some(number), _) => {
                let line = self.commands.get(&number).map_or("", |command| command.line.as_str());
                format!("$ {number} {}", safe(line)).trim_end().to_owned()
            }
            (None, Some(pid)) => format!("pid {pid}"),
            (None, None) => "-".to_owned(),
        };
        behind + &role
    }

    fn object(&self, call: &Call) -> Value {
        let command = call.command.and_then(|number| self.commands.get(&number));
        json!({
            "number": call.number,
            "t_us": call.began,
            "began": rfc3339(self.recording.start.started.saturating_add(call.began.0)),
            "took_us": call.took,
            "looked_up_for": call.looked_up_for,
            "action": call.action,
            "service": call.service,
            "operation": call.operation,
            "access": call.access,
            "region": call.region,
            "account": call.account,
            "role": call.role,
            "resources": call.resources,
            "decision": call.effect,
            "rule": call.rule,
            "origin": call.origin,
            "reason": call.reason,
            "answer": self.recording.approvals.of_call(call.number).and_then(|(asked, _)| asked.answer),
            "approval": self.recording.approvals.of_call(call.number).map(|(asked, part)| object_of(asked, part)),
            "outcome": call.outcome,
            "status": call.status,
            "error": call.error,
            "message": call.message,
            "bytes_in": call.bytes_in,
            "bytes_out": call.bytes_out,
            "masks": call.masks,
            "pid": call.pid,
            "command": call.command,
            "command_line": command.map(|command| &command.line),
            "command_cwd": command.and_then(|command| command.cwd.as_ref()),
        })
    }
}

/// What became of the question that a call waited for, in a line.
fn told(asked: &Approval, part: Part) -> String {
    let how = match part {
        Part::Asked => "",
        Part::Joined => " (a retry of the call that asked)",
        Part::Used => " (an earlier yes)",
    };
    let outcome = asked.outcome(length);
    safe(&format!("↳ {}{how}: {outcome}", asked.id)).into_owned()
}

fn object_of(asked: &Approval, part: Part) -> Value {
    json!({
        "id": asked.id,
        "part": part.as_str(),
        "question": asked.question,
        "rule": asked.rule,
        "needs": asked.needs,
        "asked_us": asked.asked,
        "answered_us": asked.answered,
        "answer": asked.word(),
        "by": asked.by,
        "identity": asked.identity,
        "via": asked.via,
        "reason": asked.reason,
        "scope": asked.scope,
        "took_us": asked.took,
        "used": asked.used,
    })
}

fn status(call: &Call) -> String {
    match (call.outcome, call.status) {
        (Some(Outcome::Answered | Outcome::Refused), Some(status)) => status.to_string(),
        (Some(Outcome::Answered), None) => "ok".to_owned(),
        (Some(Outcome::Refused), None) => "refused".to_owned(),
        (Some(Outcome::Failed), _) => "failed".to_owned(),
        (Some(Outcome::Cancelled), _) => "gone".to_owned(),
        (None, _) => "open".to_owned(),
    }
}

/// Makes the last column as narrow as the others leave room for, though not narrower than its title.
fn cut_resources(titles: &[&str], rows: &mut [Vec<String>], columns: usize) {
    const GAP: usize = 2;
    let Some(last) = titles.len().checked_sub(1) else { return };
    let widest = |column: usize| {
        let cells = rows.iter().filter(|row| row.len() > 1).filter_map(|row| row.get(column));
        cells.map(|cell| width(cell)).chain(titles.get(column).map(|title| title.len())).max().unwrap_or(0)
    };
    let others: usize = (0..last).map(|column| widest(column) + GAP).sum();
    let room = columns.saturating_sub(others).max(titles[last].len());
    for cell in rows.iter_mut().filter_map(|row| row.get_mut(last)) {
        *cell = tail(cell, room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_arn_is_kept() {
        let row = ["1", "s3:GetObject", "arn:aws:s3:::reports/july.csv"].map(str::to_owned).to_vec();
        let mut rows = vec![vec!["$ 2 aws s3 cp".to_owned()], row];
        cut_resources(&["NR", "ACTION", "RESOURCE"], &mut rows, 30);
        assert_eq!(rows[1][2], "…ts/july.csv");
    }
}
