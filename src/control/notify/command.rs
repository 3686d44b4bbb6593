//! A command that is run for each question: it gets the card as JSON on standard input.

use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::process::Child;
use tokio::process::Command;

use crate::control::notify::deliver::Delivery;
use crate::control::notify::event::Event;
use crate::term::safe;

/// How long a command may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How long its words may still come when it has ended.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// Bytes of what it says on standard error that are read; the last line of them is told.
const SAID_BYTES: u64 = 4 * 1024;
/// Characters of that line.
const TOLD: usize = 160;

/// Runs `argv` for `event`; what it prints is not shown.
pub(super) async fn run(argv: &[String], event: &Event) -> Delivery {
    let variables = [
        ("HOOP_EVENT", if event.outcome.is_some() { "settled" } else { "asked" }.to_owned()),
        ("HOOP_QUESTION", event.card.name()),
        ("HOOP_ACTION", safe(&event.card.question.action).into_owned()),
        ("HOOP_LINK", event.link.clone().unwrap_or_default()),
    ];
    start(argv, &variables, &event.json()).await
}

/// Runs a program with `input` on standard input.
pub(super) async fn start(argv: &[String], variables: &[(&str, String)], input: &[u8]) -> Delivery {
    let Some((program, arguments)) = argv.split_first() else {
        return Delivery::Failed("there is no command".to_owned());
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    // A group of its own: keys typed at the session's terminal are not for it, and none of it outlives the time-out.
    command.process_group(0).kill_on_drop(true);
    for (name, value) in variables {
        command.env(name, value);
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(cause) => {
            return Delivery::Failed(format!("it cannot be started: {}", crate::error::plain(&cause)));
        }
    };
    let group = child.id();
    let finished = tokio::time::timeout(TIMEOUT, finish(&mut child, input)).await;
    match finished {
        Ok(Ok((status, _))) if status.success() => Delivery::Done,
        Ok(Ok((status, said))) => Delivery::Failed(format!("it ended with {status}{}", told(&said))),
        Ok(Err(cause)) => Delivery::Failed(crate::error::plain(&cause)),
        Err(_) => {
            end(group);
            Delivery::Failed(format!("it took longer than {} s, and was ended", TIMEOUT.as_secs()))
        }
    }
}

async fn finish(child: &mut Child, input: &[u8]) -> std::io::Result<(ExitStatus, Vec<u8>)> {
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read it has what it needs from the variables.
            let _ = stdin.write_all(input).await;
        }
    };
    let read = async {
        let mut said = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = (&mut stderr).take(SAID_BYTES).read_to_end(&mut said).await;
            // The rest is read too, so that it does not wait for us.
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
        }
        said
    };
    let gather = async { tokio::join!(read, write).0 };
    tokio::pin!(gather);
    let mut said = None;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            words = &mut gather, if said.is_none() => said = Some(words),
        }
    };
    // What it has left behind may keep its standard error open: the command's own end counts.
    let said = match said {
        Some(words) => words,
        None => tokio::time::timeout(LAST_WORDS, gather).await.unwrap_or_default(),
    };
    Ok((status, said))
}

/// Ends all of its group.
fn end(group: Option<u32>) {
    let group = group.and_then(|group| i32::try_from(group).ok()).filter(|group| *group > 1);
    if let Some(group) = group {
        let _ =
            nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
    }
}

/// The last line that it said.
fn told(said: &[u8]) -> String {
    let text = said.utf8_chunks().map(|chunk| chunk.valid()).collect::<String>();
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let line: String = safe(line).chars().take(TOLD).collect();
    if line.is_empty() { String::new() } else { format!(": {line}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::notify::event::tests::event;

    fn shell(script: &str) -> Vec<String> {
        ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[tokio::test]
    async fn a_command_gets_the_card_and_a_few_variables() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out").display().to_string();
        let script = format!("cat > {out}; echo $HOOP_EVENT $HOOP_QUESTION $HOOP_ACTION >> {out}");
        assert_eq!(run(&shell(&script), &event()).await, Delivery::Done);
        let got = std::fs::read_to_string(&out).unwrap();
        assert!(got.starts_with(r#"{"version":1,"type":"approval.asked""#), "{got}");
        assert!(got.trim_end().ends_with(&format!("asked {} s3:DeleteObject", event().card.name())), "{got}");
    }

    #[tokio::test]
    async fn a_command_that_fails_is_told_with_its_own_words() {
        let failed =
            run(&shell("echo one >&2; printf 'no \\033[2J such host\\n' >&2; exit 3"), &event()).await;
        let Delivery::Failed(why) = failed else { panic!("{failed:?}") };
        assert_eq!(why, "it ended with exit status: 3: no \\e[2J such host");
        let failed = run(&["/nonexistent/program".to_owned()], &event()).await;
        assert!(matches!(&failed, Delivery::Failed(why) if why.contains("cannot be started")), "{failed:?}");
    }

    #[tokio::test]
    async fn a_command_may_ignore_its_input_talk_much_and_leave_others_behind() {
        let mut event = event();
        event.card.question.reason = "r".repeat(200_000);
        assert_eq!(run(&shell("exec true"), &event).await, Delivery::Done);
        assert_eq!(run(&shell("head -c 300000 /dev/zero >&2"), &event).await, Delivery::Done);
        // What runs on holds standard error open, and is not waited for.
        assert_eq!(run(&shell("sleep 30 & exit 0"), &event).await, Delivery::Done);
    }
}
