//! Opens an address in the person's browser.

use std::env::consts::OS;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use crate::identity::around::Surroundings;

/// Starts a browser with `url`; whether one could be started. `$BROWSER` (programs apart by colons), then what the
/// desktop has.
pub(super) fn open(url: &str, around: &Surroundings) -> bool {
    let named = around.variable("BROWSER").unwrap_or_default();
    let named = named.split(':').filter(|program| !program.is_empty());
    let has_screen = OS == "macos"
        || ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"]
            .iter()
            .any(|name| around.variable(name).is_some());
    // On other systems `open` is another program.
    let usual: &[&str] = match OS {
        "macos" => &["/usr/bin/open"],
        _ if has_screen => &["xdg-open", "wslview", "gio open"],
        // Without a screen xdg-open would start a browser in this very terminal.
        _ => &[],
    };
    named.chain(usual.iter().copied()).any(|program| start(program, url))
}

/// `program` may have arguments; `%s` in them is the address, which else comes last.
fn start(program: &str, url: &str) -> bool {
    let mut words = program.split_ascii_whitespace();
    let Some(name) = words.next().filter(|name| !name.is_empty()) else { return false };
    if name.contains('/') && !Path::new(name).is_file() {
        return false;
    }
    let mut command = Command::new(name);
    let mut is_placed = false;
    for word in words {
        is_placed |= word.contains("%s");
        command.arg(word.replace("%s", url));
    }
    if !is_placed {
        command.arg(url);
    }
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = started else { return false };
    // Reaped on a thread that nobody waits for: a browser may run for days.
    let reaping = std::thread::Builder::new().name("browser".to_owned());
    reaping.spawn(move || child.wait()).is_ok()
}
