//! `hoopctl commands`, `hoopctl calls` and conditions in `hoopctl search`.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::path::Path;
use std::process::Command as Process;

use clap::Args;
use clap::Command;
use clap::FromArgMatches;
use hoop::audit::CommandStart;
use hoop::audit::Event;
use hoop::cli::ctl::calls;
use hoop::cli::ctl::commands;
use hoop::cli::ctl::console::Console;
use hoop::error::Result;
use hoop::store::CommandFilter;
use hoop::store::ExitFilter;
use hoop::store::Page;
use hoop::store::Search;
use jiff::tz::TimeZone;
use serde_json::Value;

#[path = "replay/store.rs"]
#[allow(dead_code, reason = "tests of the viewer use the rest")]
mod store;

type Run<A> = fn(&A, &Path, &mut Console<'_>) -> Result<u8>;

/// What is printed on a terminal of `width` columns.
fn printed<A: Args + FromArgMatches>(run: Run<A>, state: &Path, line: &str, width: usize) -> String {
    let words = line.split('|').filter(|word| !word.is_empty());
    let matches = A::augment_args(Command::new("x")).no_binary_name(true).get_matches_from(words);
    let args = A::from_arg_matches(&matches).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console {
        out: &mut out,
        err: &mut err,
        width: Some(width),
        zone: TimeZone::UTC,
        now: store::STARTED,
    };
    let status = run(&args, state, &mut console).unwrap();
    let text =
        format!("{}{}[exit {status}]", String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
    assert!(
        text.lines().all(|line| hoop::term::width(line) <= width || line.starts_with("hoopctl:")),
        "{text}"
    );
    assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
    text
}

fn filled() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    store::fill_commands(&dir.path().join("hoop"));
    dir
}

/// The program itself; gives standard output, standard error and the exit status.
fn hoopctl(state: &Path, arguments: &[&str]) -> (String, String, Option<i32>) {
    let mut command = Process::new(env!("CARGO_BIN_EXE_hoopctl"));
    command.args(arguments).env_clear().env("XDG_STATE_HOME", state).env("TZ", "UTC");
    let done = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(done.stdout), text(done.stderr), done.status.code())
}

fn objects(state: &Path, arguments: &[&str]) -> Vec<Value> {
    let (out, err, status) = hoopctl(state, arguments);
    assert_eq!((err.as_str(), status), ("", Some(0)), "{arguments:?}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_tree_shows_who_started_what() {
    let dir = filled();
    let state = dir.path().join("hoop");
    assert_eq!(
        printed(commands::run, &state, "last|--tree|--failed", 80),
        "NR      START   TOOK  PID  END        COMMAND\n \
         1  0:00:00.0  500ms  101  ok         bash\n    \
            0:00:02.0  675ms       exit 2     ├ » make deploy 2>&1 | tee \\e[31mlog\n \
         2  0:00:02.1  2.0ms  102  exit 2     │ └ make deploy\n \
         3  0:00:02.1   20ms  103  exit 2     │   └ sh -c './build.sh --all'\n \
         4  0:00:02.3  310ms  104  exit 1     │     ├ ld -o site\n    \
            0:00:02.7         170  not found  │     └ kubctl apply\n\
         95  0:00:04.7  400ms  105  exit 1     ├ → aws s3 rm s3://billing/2026/07.csv\n    \
            0:00:08.8         107  refused    ├ terraform destroy -auto-approve  (refus…\n \
         8  0:00:09.8  1m05s  108  signal 9   └ sleep 1000\n\
         hoopctl: 2 steps of searches along PATH not shown; show them: --all\n[exit 0]"
    );
    let wide = printed(commands::run, &state, "last|--tree", 200);
    assert!(wide.contains("(refused by terraform destroy* team.toml:12)"), "{wide}");
    assert!(wide.contains(" 5  0:00:04.7  1.2ms  105  → 95       ├ sh -c 'aws s3 rm"), "{wide}");
    assert_eq!(wide.lines().count(), 1 + 64 - 3 + 2);
    let all = printed(commands::run, &state, "last|--all|--text|BUILD*all", 80);
    assert_eq!((all.lines().count(), all.matches("not found").count()), (5, 2), "{all}");
    let none = printed(commands::run, &state, "last|--exit|77", 80);
    assert_eq!(none.lines().next(), Some("hoopctl: none of the commands is like that"));
    assert!(none.ends_with("[exit 1]"));
    let slow = printed(commands::run, &state, "last|--took|>1m", 80);
    assert!(slow.contains("sleep 1000") && !slow.contains("bash"), "{slow}");
}

#[test]
fn machines_get_everything_that_is_known() {
    let dir = filled();
    let all = objects(dir.path(), &["commands", "last", "--json", "--all"]);
    assert_eq!(all.len(), 63);
    let by = |field: &str, wanted: &str| all.iter().find(|object| object[field] == wanted).unwrap().clone();
    let aws = by("line", "aws s3 rm s3://billing/2026/07.csv");
    assert_eq!(
        (&aws["number"], &aws["replaces"], &aws["pid"], &aws["ppid"], &aws["status"], &aws["argv"][2]),
        (&95.into(), &5.into(), &105.into(), &101.into(), &1.into(), &"rm".into())
    );
    assert_eq!(by("line", "sh -c 'aws s3 rm s3://billing/2026/07.csv'")["replaced_by"], 95);
    let refused = by("kind", "refused");
    assert_eq!(
        (&refused["why"], &refused["rule"]),
        (&"refused".into(), &"terraform destroy* team.toml:12".into())
    );
    assert_eq!(by("kind", "typed")["began"], "2025-11-21T07:18:01.101Z");
    assert_eq!(all.iter().filter(|object| object["step"] == true).count(), 2);
    let (out, ..) = hoopctl(dir.path(), &["commands", "last", "--json", "--text", "tee"]);
    assert!(out.contains("\\u001b[31mlog") && !out.contains('\u{1b}'), "{out}");
}

#[test]
fn a_call_names_the_command_behind_it() {
    let dir = filled();
    let state = dir.path().join("hoop");
    assert_eq!(
        printed(calls::run, &state, "last", 80),
        "NR       TIME  DECISION  STATUS  TOOK  ACTION                 RESOURCE\n\
         $ 95 aws s3 rm s3://billing/2026/07.csv\n \
         1  0:00:05.1  allow     200     80ms  s3:ListBucket          …:aws:s3:::billing\n \
         2  0:00:05.3  deny      403     80ms  s3:DeleteObject        …lling/2026/07.csv\n\
         $ not known\n \
         3  0:01:14.9  allow     200     80ms  sts:GetCallerIdentity  *\n[exit 0]"
    );
    let wide = printed(calls::run, &state, "last|--decision|deny", 200);
    assert!(
        wide.contains("arn:aws:s3:::billing/2026/07.csv  $ 95 aws s3 rm s3://billing/2026/07.csv\n"),
        "{wide}"
    );
    assert!(!wide.contains("ListBucket"), "{wide}");
    let of_command = objects(dir.path(), &["calls", "last", "--command", "95", "--json"]);
    let actions: Vec<&str> = of_command.iter().map(|call| call["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["s3:ListBucket", "s3:DeleteObject"]);
    assert_eq!(of_command[1]["command_line"], "aws s3 rm s3://billing/2026/07.csv");
    assert_eq!((&of_command[1]["pid"], &of_command[1]["decision"]), (&105.into(), &"deny".into()));
    assert!(printed(calls::run, &state, "last|--command|4711", 80).ends_with("[exit 1]"));
}

#[test]
fn a_search_finds_commands_by_how_they_ended_and_how_long_they_took() {
    let dir = filled();
    store::fill(&dir.path().join("hoop"));
    let lines = |query: &str| -> Vec<String> {
        let (out, err, status) = hoopctl(dir.path(), &["search", "--json", query]);
        assert_eq!(status, Some(i32::from(out.is_empty())), "{query}: {err}");
        let objects = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        objects.map(|object| object["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(lines("exit:1 aws").len(), 2);
    assert_eq!(lines("exit:!0 took:>1m"), ["sleep 1000"]);
    assert_eq!(lines("command:ld*site exit:1"), ["ld -o site"]);
    assert_eq!(lines("took:<5ms cc").len(), 50);
    assert_eq!(lines("exit:2 deploy").len(), 2, "the line that was typed too");
    assert_eq!(lines("command:kubctl"), [""; 0], "it never ran");
    assert_eq!(lines("command:terraform"), ["terraform destroy -auto-approve"]);
    assert_eq!(lines("exit:1 nonsense"), [""; 0]);
    let (_, err, status) = hoopctl(dir.path(), &["search", "exit:x"]);
    assert_eq!(status, Some(2));
    assert!(
        err.contains("  why: exit:x\n            ^ `x` is no exit status\n  fix: write a number"),
        "{err}"
    );
    let (table, ..) = hoopctl(dir.path(), &["search", "exit:!0", "took:>10s"]);
    assert_eq!(table.lines().count(), 2);
    assert!(table.contains("1m05s  signal 9  sleep 1000"), "{table}");
}

#[test]
fn what_is_not_there_is_explained_and_last_works_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let (_, err, status) = hoopctl(dir.path(), &["commands", "last"]);
    assert_eq!(status, Some(1));
    assert!(err.starts_with("hoopctl: nothing has been recorded yet\n"), "{err}");
    store::fill(&dir.path().join("hoop"));
    assert_eq!(hoopctl(dir.path(), &["verify", "last"]).2, Some(0));
    let (out, err, status) = hoopctl(dir.path(), &["commands", "01KAJAZ9"]);
    assert_eq!((out.as_str(), status), ("", Some(1)), "{err}");
    let (_, err, _) = hoopctl(dir.path(), &["calls", "nothing"]);
    assert!(err.contains("no recording `nothing`"), "{err}");
    assert_eq!(hoopctl(dir.path(), &["commands", "last", "--tree", "--json"]).2, Some(2));
}

#[test]
fn a_hostile_recording_ends_no_program() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("hoop");
    let session = store::Session::begin(&state, 1, &["evil"], (80, 24));
    for id in 1..30_000_u64 {
        let start = |parent, replaces| {
            let argv = vec!["\u{1b}[2Jdeep".into()];
            Event::CommandStart(CommandStart { id, parent, replaces, argv, ..CommandStart::default() })
        };
        session.event(
            0,
            &if id % 2 == 0 { start(Some(id - 1), None) } else { start(Some(id + 1), Some(id - 1)) },
        );
    }
    session.end(0);
    let (out, _, status) = hoopctl(dir.path(), &["commands", "last", "--tree"]);
    assert_eq!((out.lines().count(), status), (30_000, Some(0)));
    let narrow = printed(commands::run, &state, "last|--tree", 80);
    assert!(narrow.contains("… ") && narrow.contains("\\e[2Jdeep"), "{}", &narrow[..1_000]);
    let (index, _) = hoop::record::index::open(&state).unwrap();
    let commands = CommandFilter { exit: Some(ExitFilter::Failed), ..CommandFilter::default() };
    let search = Search { commands, ..Search::default() };
    assert_eq!(index.commands(&search, Page { limit: 10, offset: 0 }).unwrap(), []);
}
