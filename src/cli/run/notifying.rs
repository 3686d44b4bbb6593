//! Whom the configuration wants to be told of questions.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::config::keys::Key;
use crate::config::load::Config;
use crate::control::notify;
use crate::control::notify::Desktop;
use crate::control::notify::Hook;
use crate::control::notify::SecretFrom;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::gateway::Tell;
use crate::identity::Surroundings;
use crate::identity::private;
use crate::session::environment::Environment;
use crate::sys::exec;
use crate::types::Secret;

/// Bytes of a file with a secret.
const SECRET_BYTES: u64 = 4 * 1024;

/// Whom to tell. Files with secrets are read now, so that a fault in them is known before anything begins.
///
/// # Errors
/// A file with a secret that cannot be read, or that others can read; a secret that is too short.
pub(super) fn settings(config: &Config, environment: &Environment) -> Result<notify::Settings> {
    let mut hooks = Vec::new();
    let webhooks = config.approval_webhook();
    if !webhooks.is_empty() {
        let secret = secret(config)?;
        hooks.extend(webhooks.into_iter().map(|address| Hook::Webhook(Secret::new(address), secret.clone())));
    }
    let mut slack: Vec<Secret> = config.approval_slack().into_iter().map(Secret::new).collect();
    if let Some(file) = config.approval_slack_file() {
        slack.extend(slack_addresses(config, file)?);
    }
    hooks.extend(slack.into_iter().map(Hook::Slack));
    if !config.approval_command().is_empty() {
        hooks.push(Hook::Command(config.approval_command().to_vec()));
    }
    if config.approval_desktop() == "auto" {
        let variable = |name: &str| environment.text(name);
        let find = |name: &str| exec::find(OsStr::new(name), environment.get("PATH")).ok();
        hooks.extend(Desktop::find(&variable, &find).map(Hook::Desktop));
    }
    let page = config.approval_page().map(str::to_owned);
    Ok(notify::Settings { hooks, page, state: config.state_dir(), web: None, tell: None })
}

/// With what is needed to tell them. A proxy that cannot be used is told when it would be.
pub(super) fn equipped(
    settings: notify::Settings,
    config: &Config,
    around: &Surroundings,
    tell: &Tell,
) -> notify::Settings {
    let web = settings.is_configured().then(|| around.web(None));
    let web = web.and_then(|web| match web {
        Ok(web) => Some(Arc::new(web)),
        Err(error) => {
            tell(&format!("hoop-run: webhooks cannot be reached: {error}"));
            None
        }
    });
    notify::Settings { web, tell: Some(Arc::clone(tell)), state: config.state_dir(), ..settings }
}

/// Takes addresses that are secrets out of the program's environment: whoever knows them can post in hoop's place.
pub(super) fn conceal(environment: &mut Environment) {
    for key in ["approval.webhook", "approval.slack"] {
        if let Some(key) = Key::find(key) {
            environment.remove(key.variable());
        }
    }
}

fn secret(config: &Config) -> Result<SecretFrom> {
    let command = config.approval_webhook_secret_command();
    if !command.is_empty() {
        return Ok(SecretFrom::Command(command.to_vec()));
    }
    let file = config.approval_webhook_secret_file().unwrap_or_default();
    let text = read(config, "approval.webhook_secret_file", file)?;
    let secret = Secret::new(text.trim());
    notify::check_secret(&secret).map_err(|why| {
        unusable(config, "approval.webhook_secret_file", file)
            .why(why)
            .fix(format!("(umask 077; openssl rand -base64 32 > {file})"))
    })?;
    Ok(SecretFrom::Known(secret))
}

fn slack_addresses(config: &Config, file: &str) -> Result<Vec<Secret>> {
    let key = "approval.slack_file";
    let text = read(config, key, file)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut addresses = Vec::new();
    for line in lines {
        Key::find("approval.slack").map_or(Ok(()), |key| key.read(line).map(drop)).map_err(
            |(what, fix)| unusable(config, key, file).why(what.replace("address 1", "a line")).fix(fix),
        )?;
        addresses.push(Secret::new(line));
    }
    match addresses.is_empty() {
        true => Err(unusable(config, key, file).why("it is empty")),
        false => Ok(addresses),
    }
}

fn read(config: &Config, key: &str, file: &str) -> Result<Zeroizing<String>> {
    let bytes = private::read(Path::new(file), SECRET_BYTES).map_err(|error| {
        let told = error.causes().iter().fold(unusable(config, key, file), |told, why| told.why(why.clone()));
        // Where a login's file would be removed, this one is the person's own.
        match error.advice().filter(|advice| advice.starts_with("chmod")) {
            Some(advice) => told.fix(advice),
            None => told.fix(format!("let `{key}` name a file of yours that nobody else can read")),
        }
    })?;
    let bytes = bytes.ok_or_else(|| {
        unusable(config, key, file)
            .why("there is no such file")
            .fix(format!("make it, readable for you alone (chmod 600), or correct `{key}`"))
    })?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| unusable(config, key, file).why("it is not UTF-8 text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn unusable(config: &Config, key: &str, file: &str) -> Error {
    let origin = config.entry(key).map(|entry| entry.origin.to_string()).unwrap_or_default();
    Error::new(Kind::Config, format!("{origin}: `{key}` cannot be used: {file}"))
}
