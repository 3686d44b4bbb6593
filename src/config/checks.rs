//! Settings that are right each by itself, and not together.

use crate::config::diagnostic::Fault;
use crate::config::keys::KEYS;
use crate::config::keys::Value;
use crate::config::load::Entry;

/// What webhooks are signed with is said, and once. `entries` are in the order of [`KEYS`].
pub(super) fn webhook(entries: &[Entry]) -> Option<Fault> {
    let given = |name: &str| {
        let at = KEYS.iter().position(|key| key.name == name)?;
        entries.get(at).filter(|entry| match &entry.value {
            Value::Text(text) => !text.is_empty(),
            Value::Words(words) => !words.is_empty(),
            _ => true,
        })
    };
    let file = given("approval.webhook_secret_file");
    let command = given("approval.webhook_secret_command");
    match (given("approval.webhook"), file, command) {
        (Some(webhook), None, None) => {
            let what = "`approval.webhook` is set, and nothing that its POSTs could be signed with";
            Some(Fault::of(webhook.origin.to_string(), what).fix(
                "make a secret for both sides, (umask 077; openssl rand -base64 32 > ~/.config/hoop/webhook.secret), and \
                 set `approval.webhook_secret_file`",
            ))
        }
        (_, Some(_), Some(command)) => {
            let what = "the secret of webhooks is to come from a file and from a command";
            let fix = "set `approval.webhook_secret_file` or `approval.webhook_secret_command`, not both";
            Some(Fault::of(command.origin.to_string(), what).fix(fix))
        }
        _ => None,
    }
}
