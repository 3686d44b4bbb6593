//! A notification of the desktop, where there is one.
//!
//! It may be shown on a locked screen, and stays in lists that others see over one's shoulder. So it names the action and
//! the question, and nothing else of the call: no resource, no parameters, no account, no command, and no link.

use std::path::Path;
use std::path::PathBuf;

use crate::control::notify::command;
use crate::control::notify::deliver::Delivery;
use crate::control::notify::event::Event;
use crate::term::safe;

/// Characters of the action's name that are shown.
const ACTION: usize = 60;

/// A program that shows notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desktop {
    program: PathBuf,
    way: Way,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    NotifySend,
    AppleScript,
}

impl Desktop {
    /// The one that this machine has, if somebody sits before it: `variable` finds a graphical session, `find` a program on
    /// the path.
    #[must_use]
    pub fn find(
        variable: &dyn Fn(&str) -> Option<String>,
        find: &dyn Fn(&str) -> Option<PathBuf>,
    ) -> Option<Self> {
        let has = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        if has("SSH_CONNECTION") {
            return None;
        }
        if std::env::consts::OS == "macos" {
            return find("osascript").map(|program| Self { program, way: Way::AppleScript });
        }
        let is_shown = has("DBUS_SESSION_BUS_ADDRESS") && (has("DISPLAY") || has("WAYLAND_DISPLAY"));
        let program = if is_shown { find("notify-send") } else { None };
        program.map(|program| Self { program, way: Way::NotifySend })
    }

    /// What it is called in the record.
    #[must_use]
    pub(super) fn name(&self) -> String {
        let name = self.program.file_name().unwrap_or(Path::new("?").as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// Shows that a question waits; its end is not shown.
    pub(super) async fn show(&self, event: &Event) -> Delivery {
        command::start(&self.argv(event), &[], b"").await
    }

    fn argv(&self, event: &Event) -> Vec<String> {
        let action: String = safe(&event.card.question.action).chars().take(ACTION).collect();
        let (title, text) = ("hoop: approval wanted", format!("{action} · {}", event.card.name()));
        let program = self.program.display().to_string();
        match self.way {
            Way::NotifySend => {
                // The body may be read as markup.
                let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                let options = ["--app-name=hoop", "--urgency=critical", "--expire-time=20000", "--", title];
                [program].into_iter().chain(options.map(str::to_owned)).chain([text]).collect()
            }
            Way::AppleScript => {
                // As an argument, so that no text can become part of the script.
                let script =
                    "on run argv\ndisplay notification (item 1 of argv) with title (item 2 of argv)\nend run";
                [program, "-e".to_owned(), script.to_owned(), text, title.to_owned()].into_iter().collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::notify::event::tests::event;

    fn found(variables: &[(&str, &str)]) -> Option<Desktop> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Desktop::find(&variable, &|name| Some(Path::new("/usr/bin").join(name)))
    }

    #[test]
    fn a_notification_needs_somebody_before_the_screen() {
        if std::env::consts::OS == "macos" {
            return;
        }
        let bus = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus");
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[bus]), None);
        assert_eq!(found(&[bus, ("DISPLAY", ":0"), ("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")]), None);
        assert!(found(&[bus, ("WAYLAND_DISPLAY", "wayland-0")]).is_some());
    }

    #[test]
    fn a_locked_screen_shows_no_details() {
        for way in [Way::NotifySend, Way::AppleScript] {
            let desktop = Desktop { program: "/usr/bin/show".into(), way };
            let mut event = event();
            event.link = Some("http://127.0.0.1:7468/a/x".to_owned());
            event.card.question.action = "s3:Delete<b>Object".to_owned();
            let argv = desktop.argv(&event).join("\n");
            assert!(argv.contains("s3:Delete"), "{argv}");
            for detail in ["billing", "123456789012", "aws s3 rm", "ana", "7468"] {
                assert!(!argv.contains(detail), "{argv}");
            }
        }
    }
}
