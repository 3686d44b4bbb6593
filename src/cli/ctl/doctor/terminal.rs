//! The terminal: what it says of itself, and what stands between it and us.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

use super::finding::Finding;
use crate::sys::tty::Size;

/// With fewer columns or rows hoop-replay shows little, and questions are cut.
const LEAST: (u16, u16) = (60, 16);

/// What our standard streams are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Face {
    /// Standard input, output and error are terminals.
    pub is_terminal: [bool; 3],
    /// There is a terminal that controls us.
    pub is_controlled: bool,
    /// The size of the first of them.
    pub size: Option<Size>,
}

/// What `environment` and the streams say.
#[must_use]
pub fn findings(environment: &HashMap<String, String>, face: Face) -> Vec<Finding> {
    let variable = |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let mut found = vec![streams(face)];
    found.extend(face.size.map(size));
    found.extend(term(environment, variable("TERM")));
    found.push(match is_utf8(environment) {
        true => Finding::ok("letters", "UTF-8"),
        false => {
            let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).unwrap_or("not set");
            let fact = format!("the locale is not UTF-8 ({locale}): lines and letters are shown in ASCII");
            Finding::warning("letters", fact).fix("export LANG=C.UTF-8")
        }
    });
    found.push(colours(environment));
    found.push(drawing(environment));
    found.extend(between(environment));
    found
}

/// Whether the locale in `environment` has UTF-8, by the usual order of its variables.
#[must_use]
pub fn is_utf8(environment: &HashMap<String, String>) -> bool {
    let variable = |name: &&str| environment.get(*name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(variable);
    locale.is_some_and(|locale| {
        let lower = locale.to_ascii_lowercase();
        lower.contains("utf-8") || lower.contains("utf8")
    })
}

/// Whether colours may be used on the terminal (<https://no-color.org>).
#[must_use]
pub fn has_colours(environment: &HashMap<String, String>) -> bool {
    let is_plain = environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    !is_plain && environment.get("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

fn streams(face: Face) -> Finding {
    match (face.is_terminal, face.is_controlled) {
        ([true, true, true], _) => Finding::ok("streams", "input, output and errors are a terminal"),
        ([false, false, false], false) => {
            Finding::note("streams", "there is no terminal: hoop-run can ask nobody")
                .advice("calls that need an answer are denied in such a session")
        }
        (are, _) => {
            let names = ["input", "output", "errors"].into_iter().zip(are);
            let others: Vec<&str> = names.filter(|(_, is)| !is).map(|(name, _)| name).collect();
            Finding::ok("streams", format!("no terminal: {}", others.join(", ")))
        }
    }
}

fn size(size: Size) -> Finding {
    let fact = format!("{} columns, {} rows", size.cols, size.rows);
    match size.cols < LEAST.0 || size.rows < LEAST.1 {
        true => Finding::note("size", format!("{fact}: little for hoop-replay"))
            .advice(format!("{} by {} shows all of it", LEAST.0, LEAST.1)),
        false => Finding::ok("size", fact),
    }
}

fn term(environment: &HashMap<String, String>, term: Option<&str>) -> Option<Finding> {
    const ANY: &str = "export TERM=xterm-256color";
    Some(match term {
        None => Finding::warning("TERM", "it is not set: programs show no colours and draw nothing").fix(ANY),
        Some("dumb") => Finding::warning("TERM", "it is `dumb`: hoop-replay cannot draw").fix(ANY),
        Some(name) => match has_entry(environment, name) {
            Some(false) => {
                let fact = format!(
                    "this machine has no terminfo entry for `{name}`: programs here do not know the terminal"
                );
                Finding::warning("TERM", fact).fix(ANY)
            }
            _ => Finding::ok("TERM", name),
        },
    })
}

/// Whether there is a terminfo entry; `None`: there is no such database here.
fn has_entry(environment: &HashMap<String, String>, name: &str) -> Option<bool> {
    let first = name.bytes().next()?;
    if name.contains('/') {
        return Some(false);
    }
    let usual = [
        "/etc/terminfo",
        "/lib/terminfo",
        "/usr/share/terminfo",
        "/usr/lib/terminfo",
        "/usr/local/share/terminfo",
    ];
    let named = environment.get("TERMINFO").map(PathBuf::from);
    let home = environment.get("HOME").map(|home| Path::new(home).join(".terminfo"));
    let listed = environment.get("TERMINFO_DIRS").map(|dirs| std::env::split_paths(dirs).collect::<Vec<_>>());
    let folders =
        named.into_iter().chain(home).chain(listed.unwrap_or_default()).chain(usual.map(PathBuf::from));
    let there: Vec<PathBuf> = folders.filter(|folder| folder.is_dir()).collect();
    let is_in = |folder: &PathBuf| {
        folder.join(char::from(first).to_string()).join(name).exists()
            || folder.join(format!("{first:x}")).join(name).exists()
    };
    (!there.is_empty()).then(|| there.iter().any(is_in))
}

fn colours(environment: &HashMap<String, String>) -> Finding {
    let variable = |name: &str| environment.get(name).map_or("", String::as_str);
    if !variable("NO_COLOR").is_empty() {
        return Finding::note("colours", "none: NO_COLOR is set").fix("unset NO_COLOR");
    }
    let term = variable("TERM");
    match (variable("COLORTERM"), term) {
        ("truecolor" | "24bit", _) => Finding::ok("colours", "16 million"),
        _ if term.ends_with("-direct") => Finding::ok("colours", "16 million"),
        _ if term.contains("256color") => Finding::ok("colours", "256"),
        (_, "" | "dumb") => Finding::ok("colours", "none"),
        _ => Finding::ok("colours", "16, as far as TERM and COLORTERM tell"),
    }
}

/// Whether the terminal is known to show whole pictures only (synchronized output, DEC mode 2026). By name: asking it would
/// take away what is typed meanwhile.
fn drawing(environment: &HashMap<String, String>) -> Finding {
    let variable = |name: &str| environment.get(name).map_or("", String::as_str);
    let names = ["kitty", "foot", "alacritty", "ghostty", "contour", "wezterm", "iterm"];
    let said = [variable("TERM"), variable("TERM_PROGRAM"), variable("LC_TERMINAL")].join(" ").to_lowercase();
    let is_known = names.iter().any(|name| said.contains(name)) || !variable("WT_SESSION").is_empty();
    // tmux has it since 3.4, and says so by its version.
    let tmux = (variable("TERM_PROGRAM") == "tmux").then(|| variable("TERM_PROGRAM_VERSION"));
    let tmux = tmux.and_then(|version| {
        let (major, minor) = version.split_once('.')?;
        let minor: u32 = minor.trim_end_matches(|letter: char| !letter.is_ascii_digit()).parse().ok()?;
        Some((major.parse::<u32>().ok()?, minor))
    });
    match is_known && variable("TMUX").is_empty() || tmux.is_some_and(|version| version >= (3, 4)) {
        true => Finding::ok("drawing", "known for synchronized output: no flicker"),
        false => Finding::ok("drawing", "not known for synchronized output: programs that draw may flicker"),
    }
}

/// What stands between us and the terminal that a person sees.
fn between(environment: &HashMap<String, String>) -> Vec<Finding> {
    let is_set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
    let mut found = Vec::new();
    for (name, what) in [("TMUX", "tmux"), ("STY", "screen"), ("ZELLIJ", "zellij")] {
        if is_set(name) {
            let fact =
                format!("inside {what}, whose socket a sandbox hides: programs in a session cannot reach it");
            let finding = Finding::note("inside", fact);
            found.push(match what {
                "zellij" => finding.advice("hoop-run itself works as usual"),
                _ => finding
                    .fix("hoop-run --allow tmux -- COMMAND")
                    .advice("whoever reaches it can start programs outside"),
            });
        }
    }
    if is_set("SSH_CONNECTION") {
        found.push(Finding::ok("inside", "an SSH session: hoopctl login --device needs no browser here"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ctl::doctor::finding::State;

    fn found(variables: &[(&str, &str)], face: Face) -> Vec<(&'static str, State, String)> {
        let environment =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        findings(&environment, face).into_iter().map(|it| (it.subject, it.state, it.fact)).collect()
    }

    fn state(found: &[(&'static str, State, String)], subject: &str) -> State {
        found.iter().find(|it| it.0 == subject).unwrap().1
    }

    #[test]
    fn a_poor_terminal_is_told() {
        let found = found(&[("TERM", "dumb"), ("LANG", "C"), ("NO_COLOR", "1")], Face::default());
        let states = ["streams", "TERM", "letters", "colours"].map(|subject| state(&found, subject));
        assert_eq!(states, [State::Note, State::Warning, State::Warning, State::Note]);
    }

    #[test]
    fn a_good_terminal_is_well() {
        let face = Face { is_terminal: [true; 3], is_controlled: true, size: Some(Size::new(120, 40)) };
        let terminfo = tempfile::tempdir().unwrap();
        std::fs::create_dir(terminfo.path().join("x")).unwrap();
        std::fs::write(terminfo.path().join("x/xterm-kitty"), "").unwrap();
        let folder = terminfo.path().display().to_string();
        let variables = [
            ("TERM", "xterm-kitty"),
            ("LC_ALL", "de_DE.utf8"),
            ("COLORTERM", "truecolor"),
            ("TERMINFO", &folder),
        ];
        let found = found(&variables, face);
        assert!(found.iter().all(|it| it.1 == State::Ok), "{found:?}");
        assert!(found.iter().any(|it| it.2.contains("no flicker")));
    }

    #[test]
    fn an_unknown_terminal_and_a_multiplexer_are_told() {
        let found =
            found(&[("TERM", "../../x"), ("LANG", "C.UTF-8"), ("TMUX", "/tmp/x,1,0")], Face::default());
        assert_eq!(state(&found, "TERM"), State::Warning);
        assert_eq!(state(&found, "inside"), State::Note);
        assert_eq!(state(&found, "letters"), State::Ok);
    }

    #[test]
    fn the_locale_is_that_of_the_strongest_variable() {
        let is_utf8 = |variables: &[(&str, &str)]| {
            is_utf8(
                &variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            )
        };
        assert!(is_utf8(&[("LC_ALL", ""), ("LANG", "C.UTF-8")]));
        assert!(!is_utf8(&[("LC_ALL", "C"), ("LANG", "C.UTF-8")]));
        assert!(!is_utf8(&[]));
    }
}
