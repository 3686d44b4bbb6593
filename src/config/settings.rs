//! The configuration's values by name and type.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::hotkey::HotKey;
use crate::config::keys::Value;
use crate::config::load::Config;
use crate::types::Effect;

impl Config {
    /// `state_dir`
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        PathBuf::from(self.text("state_dir"))
    }

    /// `quiet`
    #[must_use]
    pub fn quiet(&self) -> bool {
        self.truth("quiet")
    }

    /// `upstream.endpoint_url`
    #[must_use]
    pub fn upstream_endpoint_url(&self) -> Option<&str> {
        self.given("upstream.endpoint_url")
    }

    /// `upstream.region`
    #[must_use]
    pub fn upstream_region(&self) -> Option<&str> {
        self.given("upstream.region")
    }

    /// `upstream.profile`
    #[must_use]
    pub fn upstream_profile(&self) -> Option<&str> {
        self.given("upstream.profile")
    }

    /// `gateway.capture`
    #[must_use]
    pub fn gateway_capture(&self) -> &str {
        self.text("gateway.capture")
    }

    /// `identity.default`: a provider's name, `ci`, `local`; without a setting the only provider there is.
    #[must_use]
    pub fn identity_default(&self) -> Option<&str> {
        self.given("identity.default").or_else(|| match self.providers() {
            [only] => Some(&only.name),
            _ => None,
        })
    }

    /// `identity.ci_token`: a variable, or the path of a file.
    #[must_use]
    pub fn identity_ci_token(&self) -> Option<&str> {
        self.given("identity.ci_token")
    }

    /// `identity.keyring`
    #[must_use]
    pub fn identity_keyring(&self) -> bool {
        self.truth("identity.keyring")
    }

    /// `sandbox.mode`: `auto`, `require`, `off`.
    #[must_use]
    pub fn sandbox_mode(&self) -> &str {
        self.text("sandbox.mode")
    }

    /// `sandbox.allow`: words and paths.
    #[must_use]
    pub fn sandbox_allow(&self) -> Vec<String> {
        self.words("sandbox.allow")
    }

    /// `sandbox.egress`
    #[must_use]
    pub fn sandbox_egress(&self) -> Effect {
        match self.text("sandbox.egress") {
            "deny" => Effect::Deny,
            "ask" => Effect::Ask,
            _ => Effect::Allow,
        }
    }

    /// `sandbox.hide`: paths.
    #[must_use]
    pub fn sandbox_hide(&self) -> Vec<String> {
        self.words("sandbox.hide")
    }

    /// `mask.packs`: names of packs.
    #[must_use]
    pub fn mask_packs(&self) -> Vec<String> {
        self.words("mask.packs")
    }

    /// `mask.without`: ids of rules.
    #[must_use]
    pub fn mask_without(&self) -> Vec<String> {
        self.words("mask.without")
    }

    /// `mask.rules`: files.
    #[must_use]
    pub fn mask_rules(&self) -> Vec<String> {
        self.words("mask.rules")
    }

    /// `mask.values`: files.
    #[must_use]
    pub fn mask_values(&self) -> Vec<String> {
        self.words("mask.values")
    }

    /// `mask.values_command`: a program and its arguments; empty: none.
    #[must_use]
    pub fn mask_values_command(&self) -> &[String] {
        self.command("mask.values_command")
    }

    /// `mask.clipboard`: `mask`, `block`, `allow`.
    #[must_use]
    pub fn mask_clipboard(&self) -> &str {
        self.text("mask.clipboard")
    }

    /// `approval.ttl`
    #[must_use]
    pub fn approval_ttl(&self) -> Duration {
        self.duration("approval.ttl")
    }

    /// `approval.via`: words.
    #[must_use]
    pub fn approval_via(&self) -> Vec<String> {
        self.words("approval.via")
    }

    /// `approval.shared_dir`
    #[must_use]
    pub fn approval_shared_dir(&self) -> Option<&str> {
        self.given("approval.shared_dir")
    }

    /// `approval.webhook`: addresses.
    #[must_use]
    pub fn approval_webhook(&self) -> Vec<String> {
        self.words("approval.webhook")
    }

    /// `approval.webhook_secret_file`
    #[must_use]
    pub fn approval_webhook_secret_file(&self) -> Option<&str> {
        self.given("approval.webhook_secret_file")
    }

    /// `approval.webhook_secret_command`: a program and its arguments; empty: none.
    #[must_use]
    pub fn approval_webhook_secret_command(&self) -> &[String] {
        self.command("approval.webhook_secret_command")
    }

    /// `approval.slack`: addresses.
    #[must_use]
    pub fn approval_slack(&self) -> Vec<String> {
        self.words("approval.slack")
    }

    /// `approval.slack_file`
    #[must_use]
    pub fn approval_slack_file(&self) -> Option<&str> {
        self.given("approval.slack_file")
    }

    /// `approval.command`: a program and its arguments; empty: none.
    #[must_use]
    pub fn approval_command(&self) -> &[String] {
        self.command("approval.command")
    }

    /// `approval.desktop`: `auto`, `off`.
    #[must_use]
    pub fn approval_desktop(&self) -> &str {
        self.text("approval.desktop")
    }

    /// `approval.page`
    #[must_use]
    pub fn approval_page(&self) -> Option<&str> {
        self.given("approval.page")
    }

    /// `approval.prompt`: whether questions cover the program as soon as they are asked.
    #[must_use]
    pub fn approval_at_once(&self) -> bool {
        self.text("approval.prompt") == "at-once"
    }

    /// `approval.key`: what is no key, reading the settings has refused.
    #[must_use]
    pub fn approval_key(&self) -> HotKey {
        self.text("approval.key").parse().unwrap_or_default()
    }

    /// `record.input`
    #[must_use]
    pub fn record_input(&self) -> bool {
        self.truth("record.input")
    }

    /// `record.typed`
    #[must_use]
    pub fn record_typed(&self) -> bool {
        self.truth("record.typed")
    }

    /// `record.pack`
    #[must_use]
    pub fn record_pack(&self) -> bool {
        self.truth("record.pack")
    }

    /// `replay.theme`
    #[must_use]
    pub fn replay_theme(&self) -> &str {
        self.text("replay.theme")
    }

    /// `replay.ascii`: `auto`, `always`, `never`.
    #[must_use]
    pub fn replay_ascii(&self) -> &str {
        self.text("replay.ascii")
    }

    /// `replay.keys`: a file.
    #[must_use]
    pub fn replay_keys(&self) -> Option<&str> {
        self.given("replay.keys")
    }

    /// `replay.plain`
    #[must_use]
    pub fn replay_plain(&self) -> bool {
        self.truth("replay.plain")
    }

    /// `replay.idle_limit`; `None`: every pause is kept.
    #[must_use]
    pub fn replay_idle_limit(&self) -> Option<Duration> {
        Some(self.duration("replay.idle_limit")).filter(|limit| !limit.is_zero())
    }

    fn command(&self, name: &str) -> &[String] {
        match self.value(name) {
            Some(Value::Words(words)) => words,
            _ => &[],
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.entry(name).map(|entry| &entry.value)
    }

    fn text(&self, name: &str) -> &str {
        match self.value(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    fn words(&self, name: &str) -> Vec<String> {
        let words = self.text(name).split(',').map(str::trim).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    }

    fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    fn truth(&self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Truth(true)))
    }

    fn duration(&self, name: &str) -> Duration {
        match self.value(name) {
            Some(Value::Duration(duration)) => *duration,
            _ => Duration::ZERO,
        }
    }
}
