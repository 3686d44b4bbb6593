//! Every configuration key, in one place: its type, its sentence in the manual, and whether a project may set it.

use std::time::Duration;

use crate::config::diagnostic::nearest;
use crate::config::duration;
use crate::config::hotkey::HotKey;
use crate::config::texts::addresses;
use crate::config::texts::command;
use crate::config::texts::url;

/// A configuration key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name, with a dot between table and key.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Whether a project's `.hoop.toml` may set it. What could weaken hoop, or lead a session elsewhere, may not.
    pub project: bool,
    /// What it is for, in a sentence or two.
    pub doc: &'static str,
}

/// What values a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text on one line; empty means not set.
    Text,
    /// The name of a built-in policy, or a path.
    Policy,
    /// A path; `~/` is the home folder.
    Path,
    /// Paths, apart by commas.
    Paths,
    /// An `http` or `https` address; empty means not set.
    Url,
    /// `https` addresses, apart by commas or blanks; `http` only to this very machine. Empty means none.
    Addresses,
    /// `true` or `false`.
    Truth,
    /// A duration from the first to the second, in seconds.
    Duration(u64, u64),
    /// A program and its arguments; none means not set.
    Command,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// A key pressed with Ctrl.
    HotKey,
}

/// All keys, in the order of the manual.
pub const KEYS: &[Key] = &[
    Key {
        name: "policy",
        kind: Kind::Policy,
        project: true,
        doc: "The policy in force: `guarded`, `readonly`, `observe`, or the path of a file. The machine's, the user's and \
              the project's all hold at once, and the strictest decides.",
    },
    Key {
        name: "state_dir",
        kind: Kind::Path,
        project: false,
        doc: "Where recordings and their index are kept. Without a setting, `$XDG_STATE_HOME/hoop` if that variable is set.",
    },
    Key {
        name: "quiet",
        kind: Kind::Truth,
        project: false,
        doc: "Whether hoop-run leaves out its lines at the start and the end of a session.",
    },
    Key {
        name: "upstream.endpoint_url",
        kind: Kind::Url,
        project: false,
        doc: "Where AWS calls are sent instead of to AWS: a test server, or a private endpoint.",
    },
    Key {
        name: "upstream.region",
        kind: Kind::Text,
        project: true,
        doc: "The AWS region of the session; without it, the one the AWS profile names.",
    },
    Key {
        name: "upstream.profile",
        kind: Kind::Text,
        project: false,
        doc: "The AWS profile whose credential signs the calls; without it, what the AWS tools would use.",
    },
    Key {
        name: "gateway.capture",
        kind: Kind::Choice(&["auto", "proxy", "endpoint"]),
        project: false,
        doc: "How the program's AWS calls reach hoop: by proxy variables, by `AWS_ENDPOINT_URL`, or whichever fits it.",
    },
    Key {
        name: "identity.default",
        kind: Kind::Text,
        project: false,
        doc: "Who is asking, where nothing else is said: the name of an `[identity.NAME]` table, `ci` for the token of a CI \
              job, or `local` for the user of this machine, unauthenticated. Without a setting: the only `[identity.NAME]` \
              there is, else `local`. The tables: [identity.md](identity.md).",
    },
    Key {
        name: "identity.ci_token",
        kind: Kind::Text,
        project: false,
        doc: "Where the ID token of a CI job is, if not where hoop looks by itself: the name of a variable (GitLab's \
              `id_tokens` have any), or the absolute path of a file (a projected token of Kubernetes).",
    },
    Key {
        name: "identity.keyring",
        kind: Kind::Truth,
        project: false,
        doc: "Whether the first login puts a part of the key that logins are sealed with into the desktop's keyring, where there \
              is one.",
    },
    Key {
        name: "sandbox.mode",
        kind: Kind::Choice(&["auto", "require", "off"]),
        project: false,
        doc: "`auto`: the best sandbox that this machine can make; `require`: none but a full one; `off`: none, and only the \
              program itself is in the command log.",
    },
    Key {
        name: "sandbox.allow",
        kind: Kind::Text,
        project: false,
        doc: "What the sandbox does not hide, apart by commas: `ssh-agent`, `gpg`, `docker`, `podman`, `tmux`, `x11`, \
              `wayland`, `dbus`, `editor`, or the path of a hidden file or folder.",
    },
    Key {
        name: "sandbox.hide",
        kind: Kind::Text,
        project: false,
        doc: "Files and folders that the sandbox hides besides those it knows, apart by commas: \
              `~/.kube, ~/.config/gcloud`.",
    },
    Key {
        name: "sandbox.egress",
        kind: Kind::Choice(&["allow", "ask", "deny"]),
        project: false,
        doc: "What happens to connections to other hosts than AWS that no `[[egress]]` rule of a policy names.",
    },
    Key {
        name: "mask.packs",
        kind: Kind::Text,
        project: false,
        doc: "The packs of mask rules in force, apart by commas; `default` stands for all but `pii` (e-mail addresses, phone, \
              card and account numbers). The packs and their rules: `hoopctl mask rules`.",
    },
    Key {
        name: "mask.without",
        kind: Kind::Text,
        project: false,
        doc: "Mask rules that are left out, by their ids, apart by commas: `jwt, cookie`.",
    },
    Key {
        name: "mask.rules",
        kind: Kind::Paths,
        project: false,
        doc: "Files with `[[mask]]` rules of your own. They are checked at the start; nothing runs with a rule \
              that does not work. `hoopctl mask check FILE` tries their examples.",
    },
    Key {
        name: "mask.values",
        kind: Kind::Paths,
        project: false,
        doc: "Files with values to be masked wherever they stand: one a line, `NAME=value` lines as in a `.env` file, or \
              `env:NAME` for a variable's value. Nobody but you may be able to read them (`chmod 600`).",
    },
    Key {
        name: "mask.values_command",
        kind: Kind::Command,
        project: false,
        doc: "A program that prints such values, and its arguments, such as `[\"op\", \"read\", \"op://dev/db/password\"]`. It is \
              run at the start of each session, for at most a minute; without its values no session starts. In the \
              variable: words apart by blanks, or a JSON list.",
    },
    Key {
        name: "mask.clipboard",
        kind: Kind::Choice(&["mask", "block", "allow"]),
        project: false,
        doc: "What happens when the program writes to your clipboard through the terminal (OSC 52 and its like). `mask`: the \
              text is masked like all output, and its questions for what is in the clipboard are not passed on; `block`: \
              nothing is written either; `allow`: both pass as they are. The record tells of each.",
    },
    Key {
        name: "approval.ttl",
        kind: Kind::Duration(1, 86_400),
        project: true,
        doc: "How long a question waits for an answer before it counts as denied, where the policy does not say. The AWS \
              CLIs and SDKs are kept waiting for so long, and find their question again if they give up (docs/clients.md).",
    },
    Key {
        name: "approval.via",
        kind: Kind::Text,
        project: false,
        doc: "How questions are answered: one or several of `terminal` (a prompt of hoop-run), `hoopctl` (`hoopctl approvals` \
              in another terminal), `webhook` (as `hoopctl`, and who is to be told must be configured), apart by commas. \
              `auto`: at the terminal and by hoopctl where there is a terminal; by hoopctl alone where there is none and \
              somebody is told of questions; else nobody, and they are refused at once. `none`: all are refused at once.",
    },
    Key {
        name: "approval.shared_dir",
        kind: Kind::Path,
        project: false,
        doc: "A folder that a team shares on one machine, so that others than you can answer: root's, and sticky (`install \
              -d -m 3770 -g TEAM /run/hoop-approvals`). Who they are is what the system says. No sandbox shows it.",
    },
    Key {
        name: "approval.webhook",
        kind: Kind::Addresses,
        project: false,
        doc: "Addresses that get a signed POST with the card of each question, and one when it is settled; apart by commas. \
              They need `approval.webhook_secret_file` or `approval.webhook_secret_command`.",
    },
    Key {
        name: "approval.webhook_secret_file",
        kind: Kind::Path,
        project: false,
        doc: "The file with the secret that those POSTs are signed with: `whsec_` and base64, or any text of 24 bytes or \
              more. Nobody but you may be able to read it (`chmod 600`).",
    },
    Key {
        name: "approval.webhook_secret_command",
        kind: Kind::Command,
        project: false,
        doc: "A program that prints that secret, and its arguments; run when the first question of a session is told.",
    },
    Key {
        name: "approval.slack",
        kind: Kind::Addresses,
        project: false,
        doc: "Incoming webhooks of Slack, or of what takes its format, that get each question; apart by commas. Whoever \
              knows such an address can post: better keep it in a file, see `approval.slack_file`.",
    },
    Key {
        name: "approval.slack_file",
        kind: Kind::Path,
        project: false,
        doc: "A file with such addresses, one a line, that nobody but you can read (`chmod 600`).",
    },
    Key {
        name: "approval.command",
        kind: Kind::Command,
        project: false,
        doc: "A program and its arguments that is run for each question, and when it is settled; the card is JSON on its \
              standard input. It runs outside the sandbox, for 15 seconds at most.",
    },
    Key {
        name: "approval.desktop",
        kind: Kind::Choice(&["auto", "off"]),
        project: false,
        doc: "Whether the desktop shows that a question waits, where there is one (`notify-send`, `osascript`). It shows the \
              action and the question's name, and no details: a locked screen may show it too.",
    },
    Key {
        name: "approval.page",
        kind: Kind::Url,
        project: false,
        doc: "Where the page of `hoopctl approvals serve` is reached, such as `http://127.0.0.1:7468`: then notifications \
              hold a link to the question on it, good for one answer.",
    },
    Key {
        name: "approval.prompt",
        kind: Kind::Choice(&["key", "at-once"]),
        project: false,
        doc: "How a question shows in hoop-run's terminal. `key`: the program goes on, a line of hoop's own stands on the last \
              row, and the hot-key opens the question; `at-once`: the question covers the program as soon as it is asked.",
    },
    Key {
        name: "approval.key",
        kind: Kind::HotKey,
        project: false,
        doc: "The hot-key that opens waiting questions: `ctrl-` and a letter or one of `\\ ] ^ _`. While nothing waits, the \
              program gets it as ever.",
    },
    Key {
        name: "record.input",
        kind: Kind::Truth,
        project: false,
        doc: "Whether what is typed is recorded too, and not only what is shown.",
    },
    Key {
        name: "record.typed",
        kind: Kind::Truth,
        project: false,
        doc: "Whether a bash (5.1 or later), zsh or fish that hoop-run starts at a terminal tells the lines that are typed \
              at its prompt, with their exit status. Its own settings are read as ever.",
    },
    Key {
        name: "record.pack",
        kind: Kind::Truth,
        project: false,
        doc: "Whether the terminal recording of a session that ended more than an hour ago is packed (zstd), in the background \
              of a later one or of the viewer. `hoopctl pack` does it at once.",
    },
    Key {
        name: "replay.theme",
        kind: Kind::Text,
        project: true,
        doc: "The colours of hoop-replay: a theme's name, or `auto` for `dark` or `light` as the terminal is; any two names with \
              a comma between do the same. Your own themes are files in `~/.config/hoop/themes`: [replay.md](replay.md).",
    },
    Key {
        name: "replay.ascii",
        kind: Kind::Choice(&["auto", "always", "never"]),
        project: true,
        doc: "Whether hoop-replay draws with ASCII only. `auto`: where the locale is not UTF-8, and on consoles whose font has \
              few signs.",
    },
    Key {
        name: "replay.keys",
        kind: Kind::Path,
        project: false,
        doc: "The file with your own keys for hoop-replay. Without a setting, `keys.toml` beside the user's `config.toml`, if it is \
              there; `hoop-replay keys` prints one to start from.",
    },
    Key {
        name: "replay.plain",
        kind: Kind::Truth,
        project: true,
        doc: "Whether hoop-replay prints plain lines, for screen readers, instead of opening its viewer; as `--plain` does.",
    },
    Key {
        name: "replay.idle_limit",
        kind: Kind::Duration(0, 3_600),
        project: true,
        doc: "The longest pause in playback; longer ones are shortened to it. `0s` keeps every pause.",
    },
];

/// A value of some key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// For texts, paths, addresses and choices.
    Text(String),
    /// For `true` and `false`.
    Truth(bool),
    /// For durations.
    Duration(Duration),
    /// For commands.
    Words(Vec<String>),
}

impl Value {
    /// The value as it would stand in a TOML file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        match self {
            Self::Text(text) => format!("\"{}\"", text.escape_default()),
            Self::Truth(truth) => truth.to_string(),
            Self::Duration(duration) => format!("\"{}\"", duration::format(*duration)),
            Self::Words(words) => {
                let words: Vec<String> =
                    words.iter().map(|word| format!("\"{}\"", word.escape_default())).collect();
                format!("[{}]", words.join(", "))
            }
        }
    }

    /// The value alone, for scripts: no quotes.
    #[must_use]
    pub fn to_plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Truth(truth) => truth.to_string(),
            Self::Duration(duration) => duration::format(*duration),
            Self::Words(words) => serde_json::json!(words).to_string(),
        }
    }
}

impl Key {
    /// The key of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// The name of the key that was probably meant.
    #[must_use]
    pub fn nearest(name: &str) -> Option<&'static str> {
        let whole = nearest(name, KEYS.iter().map(|key| key.name));
        // `theme` for `replay.theme`
        whole.or_else(|| {
            KEYS.iter().map(|key| key.name).find(|known| known.rsplit('.').next() == name.rsplit('.').next())
        })
    }

    /// The environment variable that sets it: `HOOP_UPSTREAM_REGION`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("HOOP_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }

    /// Reads a value written as a text.
    ///
    /// # Errors
    /// What is wrong, and what to write.
    pub fn read(&self, text: &str) -> Result<Value, (String, String)> {
        if text.chars().any(char::is_control) || text.len() > 4096 {
            return Err(("the value is not one line of text".to_owned(), "write it on one line".to_owned()));
        }
        match self.kind {
            Kind::Text | Kind::Policy | Kind::Path | Kind::Paths => Ok(Value::Text(text.to_owned())),
            Kind::Url => url(text),
            Kind::Addresses => addresses(text),
            Kind::Command => command(text),
            Kind::Truth => match text {
                "true" | "1" | "yes" | "on" => Ok(Value::Truth(true)),
                "false" | "0" | "no" | "off" => Ok(Value::Truth(false)),
                _ => Err(("this is neither true nor false".to_owned(), "write true or false".to_owned())),
            },
            Kind::Duration(least, most) => self.duration(text, least, most),
            Kind::HotKey => match text.parse::<HotKey>() {
                Ok(_) => Ok(Value::Text(text.to_owned())),
                Err(why) => Err((why, "write it like \"ctrl-]\" or \"ctrl-g\"".to_owned())),
            },
            Kind::Choice(words) => {
                if words.contains(&text) {
                    return Ok(Value::Text(text.to_owned()));
                }
                let fix = match nearest(text, words.iter().copied()) {
                    Some(meant) => format!("did you mean \"{meant}\"?"),
                    None => format!("write one of {}", words.join(", ")),
                };
                Err((format!("`{}` has no value of that name", self.name), fix))
            }
        }
    }

    fn duration(&self, text: &str, least: u64, most: u64) -> Result<Value, (String, String)> {
        let advice = || "write it like \"90s\", \"5m\" or \"1h30m\"".to_owned();
        let value = duration::parse(text)
            .map_err(|reason| (format!("this is not a duration: a duration {reason}"), advice()))?;
        let (least, most) = (Duration::from_secs(least), Duration::from_secs(most));
        if value < least || value > most {
            let fix = format!("give {} to {}", duration::format(least), duration::format(most));
            return Err((format!("`{}` is out of range", self.name), fix));
        }
        Ok(Value::Duration(value))
    }

    /// What values it takes, in words, for the manual.
    #[must_use]
    pub fn kind_words(&self) -> String {
        match self.kind {
            Kind::Text => "text".to_owned(),
            Kind::Policy => "policy name or path".to_owned(),
            Kind::Path => "path".to_owned(),
            Kind::Paths => "paths, apart by commas".to_owned(),
            Kind::Url => "URL".to_owned(),
            Kind::Addresses => "URLs, apart by commas".to_owned(),
            Kind::Truth => "true or false".to_owned(),
            Kind::Duration(..) => "duration".to_owned(),
            Kind::Command => "list of words".to_owned(),
            Kind::Choice(words) => words.join(", "),
            Kind::HotKey => "key with Ctrl".to_owned(),
        }
    }
}
