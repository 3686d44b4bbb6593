//! `hoopctl prune`: removes old recordings, and leaves a signed record of it.

use std::path::Path;

use jiff::Span;
use jiff::Timestamp;
use serde_json::json;

use super::console::Console;
use super::console::rfc3339;
use crate::clock::Clock;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::record;
use crate::record::Going;
use crate::record::Plan;
use crate::record::Pruner;
use crate::record::Wish;
use crate::sys::user;
use crate::term::safe;

/// Remove old recordings.
///
/// Sessions that run, and those that wait to be sealed, always stay. Who removed what, when and why is signed and becomes a
/// link in the chain of this host's seals, so that `hoopctl verify` can tell it from a recording that was taken away.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("wish").args(["older_than", "keep", "max_size"]).multiple(true).required(true),
    after_help = "\
Examples:
  hoopctl prune --older-than 90d --dry-run
  hoopctl prune --older-than 90d --keep 100
  hoopctl prune --max-size 20G

What --older-than or --max-size names goes, but never the newest --keep; --keep alone removes all
others. --max-size removes the oldest until the rest fits. Of an imported recording counts when
it was imported.

Exit status: 0 done, also where there was nothing to do; 1 something could not be removed."
)]
pub struct Args {
    /// What began longer ago than this: 90d, 12w, 36h
    #[arg(long, value_name = "TIME", value_parser = age)]
    older_than: Option<Span>,
    /// The newest so many stay
    #[arg(long, value_name = "NUMBER")]
    keep: Option<usize>,
    /// All together may take so much: 500M, 20G
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_size: Option<u64>,
    /// Only show what would go
    #[arg(long)]
    dry_run: bool,
    /// One JSON object a line for each recording
    #[arg(long)]
    json: bool,
}

/// Does it; gives the exit status: 1 when something could not be removed.
pub fn run(args: &Args, state: &Path, console: &mut Console<'_>) -> Result<u8> {
    let plan = record::plan(state, &wish(args, console.now)?)?;
    let mut failed = 0;
    let mut shown = Vec::new();
    if args.dry_run {
        for going in &plan.going {
            shown.push(row(going, console, None));
            if args.json {
                console.json(&object(going, false, None))?;
            }
        }
    } else if !plan.going.is_empty() {
        let person = user::current();
        let pruner = Pruner { user: person.name, uid: person.uid, host: user::host(), why: why(args) };
        record::prune(state, &plan, &pruner, &Clock::system(), |going, removed| {
            let reason = removed.as_ref().err().map(ToString::to_string);
            failed += u32::from(removed.is_err());
            shown.push(row(going, console, reason.as_deref()));
            match args.json {
                true => console.json(&object(going, removed.is_ok(), reason.as_deref())),
                false => Ok(()),
            }
        })?;
    }
    if !args.json {
        if !shown.is_empty() {
            console.table(&["SESSION", "BEGAN", "SIZE", "STATE"], &[2], &shown)?;
        }
        console.line(&summary(&plan, args.dry_run))?;
    }
    if plan.spared > 0 {
        let number = plan.spared;
        console.notice(&format!(
            "{number} more would go, but run, or wait for the next start of hoop-run to seal them"
        ));
    }
    if failed > 0 {
        console.notice(&format!(
            "{failed} could not be removed; their record stands, and the next prune tries again"
        ));
    }
    Ok(u8::from(failed > 0))
}

fn wish(args: &Args, now: u64) -> Result<Wish> {
    let before = match &args.older_than {
        None => None,
        Some(span) => {
            let now = i64::try_from(now).ok().and_then(|now| Timestamp::from_microsecond(now).ok());
            let then = now.unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).checked_sub(*span);
            let then = then.map_err(|cause| {
                Error::new(Kind::Usage, "this is too long ago").why(cause.to_string()).fix("give days: 90d")
            })?;
            Some(u64::try_from(then.timestamp().as_microsecond()).unwrap_or_default())
        }
    };
    Ok(Wish { before, keep: args.keep.unwrap_or_default(), max_bytes: args.max_size })
}

/// What was asked for, for the record.
fn why(args: &Args) -> String {
    let mut words = Vec::new();
    words.extend(args.older_than.map(|span| format!("--older-than {span:#}")));
    words.extend(args.keep.map(|number| format!("--keep {number}")));
    words.extend(args.max_size.map(|bytes| format!("--max-size {bytes}")));
    words.join(" ")
}

fn row(going: &Going, console: &Console<'_>, failed: Option<&str>) -> Vec<String> {
    let state = match failed {
        Some(why) => format!("cannot be removed: {}", safe(why)),
        None if going.is_imported => "imported".to_owned(),
        None if going.is_sealed => "sealed".to_owned(),
        None => "never sealed".to_owned(),
    };
    let began = console.moment(going.session.unix_millis().saturating_mul(1_000));
    vec![going.session.to_string(), began, in_units(going.bytes), state]
}

fn object(going: &Going, is_removed: bool, why: Option<&str>) -> serde_json::Value {
    json!({
        "session": going.session,
        "began": rfc3339(going.session.unix_millis().saturating_mul(1_000)),
        "bytes": going.bytes,
        "sealed": going.is_sealed,
        "imported": going.is_imported,
        "removed": is_removed,
        "why": why,
    })
}

fn summary(plan: &Plan, is_dry: bool) -> String {
    let number = plan.going.len();
    let (stay, bytes) = plan.staying;
    let stay = format!("{stay} stay ({})", in_units(bytes));
    let freed = in_units(plan.bytes());
    match (number, is_dry) {
        (0, _) => format!("nothing to remove; {stay}"),
        (_, true) => format!("{number} would go ({freed}); {stay}"),
        (_, false) => format!("{number} removed ({freed}); {stay}"),
    }
}

/// Bytes in the largest unit with which there is something before the point.
pub(super) fn in_units(bytes: u64) -> String {
    let (mut rest, mut tenth, mut unit) = (bytes, 0, "B");
    for next in ["K", "M", "G", "T"] {
        if rest < 1_024 {
            break;
        }
        (tenth, rest, unit) = (rest % 1_024 * 10 / 1_024, rest / 1_024, next);
    }
    if unit == "B" { format!("{rest}B") } else { format!("{rest}.{tenth}{unit}") }
}

fn age(text: &str) -> Result<Span, String> {
    let wrong = || "write a length of time: 90d, 12w, 36h".to_owned();
    let span: Span = text.parse().map_err(|_| wrong())?;
    // A negative one, or one of nothing, would take what is being recorded now.
    if span.is_negative() || span.is_zero() { Err(wrong()) } else { Ok(span) }
}

fn size(text: &str) -> Result<u64, String> {
    let wrong = || "write a size: 500M, 20G".to_owned();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let shift = match text.get(digits.len()..).unwrap_or_default().to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_are_read() {
        assert_eq!(
            [size("500M"), size("20g"), size("7"), size("1KiB")],
            [Ok(500 << 20), Ok(20 << 30), Ok(7), Ok(1_024)]
        );
        assert!(["", "G", "-1G", "1.5G", "99999999999T", "5é"].iter().all(|text| size(text).is_err()));
        assert!(["90d", "12w", "36h", "1y"].iter().all(|text| age(text).is_ok()));
        assert!(["", "0d", "-90d", "90"].iter().all(|text| age(text).is_err()));
        assert_eq!([in_units(900), in_units(1_536), in_units(20 << 30)], ["900B", "1.5K", "20.0G"]);
    }
}
