//! What our programs say of themselves, and how they die: without secrets, as everything that is recorded.

use std::any::Any;
use std::backtrace::Backtrace;
use std::backtrace::BacktraceStatus;
use std::io;
use std::io::IsTerminal;
use std::io::Write;
use std::panic;
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::OnceLock;
use std::thread;

use crate::error::Error;
use crate::mask::Engine;
use crate::sys::tty;
use crate::term::safe_lines;

static MASKS: OnceLock<Arc<Engine>> = OnceLock::new();

/// From now on masks with the session's rules and the values that it knows.
pub(super) fn use_masks(masks: &Arc<Engine>) {
    // A second session in one process would have to be masked by both; there is none.
    let _ = MASKS.set(Arc::clone(masks));
}

/// `text` without its secrets. Before there is a session: by the built-in rules and the environment's secrets.
pub(super) fn masked(text: &str) -> String {
    match MASKS.get() {
        Some(masks) => masks.text(text).into_owned(),
        None => {
            let masks = Engine::builtin();
            let variables: Vec<(String, String)> = std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect();
            masks.learn_environment(variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            masks.text(text).into_owned()
        }
    }
}

/// Prints a line on standard error; one that is closed is nobody's concern.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", masked(line));
}

/// Prints what went wrong with `program`.
pub(super) fn complain(program: &str, error: &Error) {
    // Names of files may come from anyone.
    say(&safe_lines(&error.report(program)));
}

/// Prints what clap found wrong with the arguments, or the help that was asked for.
pub(super) fn misused(error: &clap::Error) {
    if !error.use_stderr() {
        // Help and version are our own words; a closed pipe is nobody's fault.
        let _ = error.print();
        return;
    }
    let message = error.render();
    let coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // What was mistyped stands in quotes and colours; a secret is looked for without those.
    let plain = message.to_string();
    let text = masked(&plain);
    let text = if coloured && text == plain { message.ansi().to_string() } else { text };
    let _ = write!(io::stderr(), "{text}");
}

/// Makes every panic of this process, in any thread, tell what it tells without secrets. Call it first of all.
pub(super) fn mask_panics() {
    panic::set_hook(Box::new(|panic| {
        let text = masked(&told(panic));
        // Where the terminal is raw, a line feed does not go back to the line's beginning.
        let text = if tty::is_raw() { text.replace('\n', "\r\n") } else { text };
        let _ = io::stderr().write_all(text.as_bytes());
    }));
}

/// What Rust's own hook would print.
fn told(panic: &PanicHookInfo<'_>) -> String {
    let thread = thread::current();
    let name = thread.name().unwrap_or("<unnamed>");
    let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
    let mut text = format!("\nthread '{name}' panicked{place}:\n{}\n", message(panic.payload()));
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        text.push_str(&format!("stack backtrace:\n{backtrace}"));
    } else {
        text.push_str("note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n");
    }
    text
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| payload.downcast_ref::<&'static str>().copied()).unwrap_or("Box<dyn Any>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::process::Stdio;

    const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

    const PANICS: &str = "HOOP_TEST_PANICS";

    #[test]
    fn what_is_said_has_no_secrets() {
        assert_eq!(masked("nothing to hide here: 3 files"), "nothing to hide here: 3 files");
        assert!(!masked(&format!("policy.toml:3: token = \"{TOKEN}\"")).contains(&TOKEN[4..]));
    }

    fn panics_with_a_secret() {
        mask_panics();
        let own = thread::Builder::new().name("worker".to_owned());
        let joined = own.spawn(|| panic!("cannot read {TOKEN} of the answer")).unwrap().join();
        assert!(joined.is_err());
        panic::panic_any(format!("password=Falcon2019! {}", 7));
    }

    /// Runs itself once more, in a process that may panic.
    #[test]
    fn a_panic_tells_everything_but_secrets() {
        if std::env::var_os(PANICS).is_some() {
            return panics_with_a_secret();
        }
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "cli::saying::tests::a_panic_tells_everything_but_secrets", "--nocapture"])
            .stdin(Stdio::null())
            .env("RUST_BACKTRACE", "0")
            .env(PANICS, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains(&TOKEN[4..]) && !said.contains("Falcon"), "{said}");
        for kept in
            ["thread 'worker' panicked at src/cli/saying.rs:", "cannot read ", " of the answer\n", " 7\n"]
        {
            assert!(said.contains(kept), "{kept:?}: {said}");
        }
    }
}
