//! How the programs look on this terminal: the theme, its colours, the letters, the keys.

use std::env;
use std::path::Path;
use std::path::PathBuf;

use crate::cli::surroundings;
use crate::config::load::Config;
use crate::config::load::Origin;
use crate::config::load::Sources;
use crate::config::load::read_bounded;
use crate::error::Result;
use crate::replay;
use crate::replay::Depth;
use crate::replay::Ground;
use crate::replay::Keeps;
use crate::replay::Keys;
use crate::replay::Look;
use crate::replay::Shelf;
use crate::replay::Theme;

/// Terminals that would show a question as text, or are known not to answer.
const SILENT: &[&str] = &["", "ansi", "cons25", "dumb", "eterm", "linux", "network", "sun", "tty"];

/// The look that `theme` (a flag), the configuration and the environment ask for; `ascii`: nothing but ASCII.
///
/// # Errors
/// When there is no such theme, or its file is wrong.
pub(super) fn look(theme: Option<&str>, ascii: bool, config: &Config) -> Result<Look> {
    let sources = surroundings::sources();
    let depth = depth();
    let shelf = shelf(&sources, depth);
    let text = theme.unwrap_or(config.replay_theme());
    let term = variable("TERM");
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    let ascii = ascii
        || match config.replay_ascii() {
            "always" => true,
            "never" => false,
            _ => replay::needs_ascii(term.as_deref(), locale.as_deref()),
        };
    let family = term.as_deref().unwrap_or_default().split('-').next().unwrap_or_default();
    Ok(Look {
        text: text.to_owned(),
        wanted: shelf.find(text)?,
        shelf,
        ground: Ground::from_environment(variable("COLORFGBG").as_deref()).unwrap_or_default(),
        asks: depth != Depth::None && !SILENT.contains(&family) && !family.starts_with("vt"),
        ascii,
        keeps: keeps(&sources, config),
    })
}

/// The theme for pictures: on a dark ground where nobody says otherwise.
///
/// # Errors
/// When there is no such theme, or its file is wrong.
pub(super) fn theme_of_pictures(theme: Option<&str>, config: &Config) -> Result<Theme> {
    let shelf = shelf(&surroundings::sources(), Depth::True);
    Ok(shelf.find(theme.unwrap_or(config.replay_theme()))?.on(Ground::Dark).clone())
}

/// The keys in force: the built-in ones with the user's own over them.
///
/// # Errors
/// A key file that cannot be read or is wrong, with every fault.
pub(super) fn keys(config: &Config) -> Result<Keys> {
    let file = match config.replay_keys() {
        Some(file) => PathBuf::from(file),
        None => {
            let file = user_file(&surroundings::sources(), "keys.toml");
            if !file.exists() {
                return Ok(Keys::default());
            }
            file
        }
    };
    Ok(replay::read_keys(&read_bounded(&file, "key")?, &file.display().to_string())?)
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

fn depth() -> Depth {
    let (no_color, colorterm, term) = (variable("NO_COLOR"), variable("COLORTERM"), variable("TERM"));
    Depth::from_environment(no_color.as_deref(), colorterm.as_deref(), term.as_deref())
}

fn shelf(sources: &Sources, depth: Depth) -> Shelf {
    Shelf::new(sources.user.as_ref().map(|folder| folder.join("themes")), depth)
}

/// Where a theme that is chosen is kept. The command line counts for one run only; what goes before the user's file is told.
fn keeps(sources: &Sources, config: &Config) -> Keeps {
    let file = sources.user.as_ref().map(|folder| folder.join("config.toml"));
    let shown_file = |path: &Path| shown(path, sources.home.as_deref());
    let outdone_by = match config.entry("replay.theme").map(|entry| &entry.origin) {
        Some(Origin::Variable(name)) => Some(name.clone()),
        Some(Origin::File(path, _)) if sources.project.as_ref() == Some(path) => Some(shown_file(path)),
        _ => None,
    };
    Keeps { shown: file.as_deref().map(shown_file).unwrap_or_default(), file, outdone_by }
}

fn user_file(sources: &Sources, name: &str) -> PathBuf {
    sources.user.clone().unwrap_or_default().join(name)
}

/// A path as people write it: the home folder as `~`.
fn shown(path: &Path, home: Option<&Path>) -> String {
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}
