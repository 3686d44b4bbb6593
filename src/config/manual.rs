//! The reference of the configuration, made from the list of keys.

use std::path::Path;

use crate::config::file::read_settings;
use crate::config::keys::KEYS;

/// What stands before the keys.
const INTRODUCTION: &str = "\
# Configuration

<!-- Made from src/config/keys.rs; do not edit. -->

hoop works without any configuration. Settings come from these places, the later ones stronger:

1. the values compiled in,
2. `/etc/hoop/config.toml`, the machine's,
3. `~/.config/hoop/config.toml`, the user's (`$XDG_CONFIG_HOME/hoop/config.toml` if that variable is set),
4. `.hoop.toml` in the working folder or the nearest folder above it, the project's; the home folder and what is above it are \
not looked at,
5. environment variables: `HOOP_` and the key in capitals, with `_` for the dot, such as `HOOP_UPSTREAM_REGION`,
6. command-line flags.

`hoopctl config list` shows every setting with its value and its source, `hoopctl config path` the files.

An unknown key, an unknown `HOOP_` variable and a wrong value are refused: a misspelt setting must not be taken for one that \
is in force. Files are at most 1 MiB. A relative path in a file is relative to the file's folder; `~/` is the home folder.

A project's file comes with a repository, and may have been written by somebody else, or by the very agent that is watched. \
It may therefore set only the keys marked so below. Any other key in it is ignored, and a warning at the start says so. A \
project's policy holds besides the user's: it can forbid more, never allow more.

`policy.toml` beside the machine's or the user's `config.toml` is a policy in force without being named. \
The user's own choice (a flag, else the variable, else the key `policy`, else that file) replaces another choice of the user; \
the machine's policy and the project's always hold as well. Where neither the machine nor the user has one, `guarded` holds.

## Keys
";

/// The whole reference as Markdown.
#[must_use]
pub fn markdown() -> String {
    let defaults =
        read_settings(include_str!("defaults.toml"), Path::new("defaults.toml")).unwrap_or_default();
    let mut text = INTRODUCTION.to_owned();
    for key in KEYS {
        let default = defaults.iter().find(|setting| setting.key.name == key.name);
        let default = default.map(|setting| setting.value.to_toml()).unwrap_or_default();
        text.push_str(&format!("\n### `{}`\n\n{}\n\n", key.name, key.doc));
        text.push_str(&format!(
            "- Value: {}; default `{default}`\n- Variable: `{}`\n",
            key.kind_words(),
            key.variable()
        ));
        text.push_str(match key.project {
            true => "- A project may set it.\n",
            false => "- A project may not set it.\n",
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Set HOOP_BLESS to write the page anew.
    #[test]
    fn the_page_in_docs_is_what_the_keys_give() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.md");
        if std::env::var_os("HOOP_BLESS").is_some() {
            std::fs::write(&page, markdown()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&page).unwrap_or_default(), markdown(), "{}", page.display());
    }
}
