//! The AWS credential: which source the chain takes, whose it is, how long it lives, and the files it stands in.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::finding::Finding;
use super::finding::quoted;
use super::finding::span;
use crate::clock::Clock;
use crate::config::diagnostic::nearest;
use crate::creds;
use crate::creds::AwsFile;
use crate::creds::Contents;
use crate::creds::How;
use crate::creds::Identified;
use crate::creds::Origin;
use crate::creds::SignIn;
use crate::creds::Sources;
use crate::error::Error;
use crate::error::Result;
use crate::net::Override;
use crate::net::Upstream;

/// A credential with less life than this, in seconds, will be renewed within minutes.
const SOON: u64 = 15 * 60;

/// What sets the machine's clock.
pub const SET_CLOCK: &str = "sudo timedatectl set-ntp true";

/// Where the chain would take its credential from; and whether it can be fetched without a person and without leaving
/// anything behind.
#[must_use]
pub fn source(origin: &Origin, now: u64) -> (Vec<Finding>, bool) {
    const SUBJECT: &str = "source";
    let found = match origin {
        Origin::Environment { is_long_lived: false } => {
            Finding::ok(SUBJECT, "keys in the environment, with a session token")
        }
        Origin::Environment { is_long_lived: true } => {
            long_lived("the environment (AWS_ACCESS_KEY_ID)", None)
        }
        Origin::Profile { name, how } => {
            let (finding, can_ask) = profile(name, how, now);
            return (vec![finding], can_ask);
        }
        Origin::MissingProfile { name, known } => {
            let finding = Finding::fault(SUBJECT, format!("there is no profile `{name}` in the AWS files"));
            let finding = match nearest(name, known.iter().map(String::as_str)) {
                Some(meant) => finding.fix(format!("export AWS_PROFILE={}", quoted(meant))),
                None => finding.fix(format!("aws configure sso --profile {}", quoted(name))),
            };
            return (vec![finding], false);
        }
        Origin::WebIdentity { file } => token_file(file),
        Origin::Container => Finding::ok(SUBJECT, "the container's credential endpoint"),
        Origin::Instance { is_disabled: false } => Finding::note(
            SUBJECT,
            "nothing in the environment or the AWS files: the chain ends at EC2's instance metadata",
        )
        .fix("aws configure sso"),
        Origin::Instance { is_disabled: true } => {
            let fact =
                "no AWS credential anywhere, and AWS_EC2_METADATA_DISABLED forbids to ask the instance";
            return (vec![Finding::fault(SUBJECT, fact).fix("aws configure sso")], false);
        }
    };
    (vec![found], true)
}

fn long_lived(place: &str, profile: Option<&str>) -> Finding {
    let profile = profile.map(|name| format!(" --profile {}", quoted(name))).unwrap_or_default();
    Finding::note(
        "source",
        format!("long-lived keys of an IAM user, in {place}: prefer a role or IAM Identity Center"),
    )
    .fix(format!("aws configure sso{profile}"))
}

fn profile(name: &str, how: &How, now: u64) -> (Finding, bool) {
    const SUBJECT: &str = "source";
    let login = || format!("aws sso login --profile {}", quoted(name));
    match how {
        How::Keys { is_long_lived: true } => (long_lived(&format!("profile {name}"), Some(name)), true),
        How::Keys { is_long_lived: false } => {
            (Finding::ok(SUBJECT, format!("profile {name}, with temporary keys in the files")), true)
        }
        How::Sso { sign_in: SignIn::Never } => {
            let fact = format!("profile {name} uses IAM Identity Center, and nobody has signed in");
            (Finding::fault(SUBJECT, fact).fix(login()), false)
        }
        How::Sso { sign_in: SignIn::Unreadable(file) } => {
            let fact = format!("the sign-in of profile {name} cannot be read: {}", file.display());
            (Finding::fault(SUBJECT, fact).fix(login()), false)
        }
        How::Sso { sign_in: SignIn::Until { at, is_renewable } } => sso(name, *at, *is_renewable, now),
        How::Process => (Finding::ok(SUBJECT, format!("profile {name}, from its credential_process")), true),
        How::Role { arn, needs_mfa, with } => {
            let base = with.as_deref().map(|how| profile(name, how, now));
            if let Some((finding, false)) = base {
                return (finding, false);
            }
            let fact = format!("profile {name} assumes {arn}");
            if *needs_mfa {
                let fact = format!("{fact}, which asks for an MFA code: not tried");
                return (Finding::note(SUBJECT, fact).fix(caller(Some(name))), false);
            }
            let is_keyed = matches!(with.as_deref(), Some(How::Keys { is_long_lived: true }));
            let fact = if is_keyed { format!("{fact} with long-lived keys of an IAM user") } else { fact };
            (
                if is_keyed {
                    Finding::note(SUBJECT, fact).fix("aws configure sso")
                } else {
                    Finding::ok(SUBJECT, fact)
                },
                true,
            )
        }
        How::WebIdentity { file } => (token_file(file), true),
        How::Nothing => {
            let fact = format!("profile {name} holds no credential and names no source of one");
            (
                Finding::fault(SUBJECT, fact).fix(format!("aws configure sso --profile {}", quoted(name))),
                false,
            )
        }
    }
}

fn sso(name: &str, at: i64, is_renewable: bool, now: u64) -> (Finding, bool) {
    const SUBJECT: &str = "source";
    let login = format!("aws sso login --profile {}", quoted(name));
    let left = u64::try_from(at).unwrap_or_default();
    let profile = format!("profile {name} (IAM Identity Center)");
    if left > now {
        let fact = format!("{profile}, signed in for {} more", span(left - now));
        return (Finding::ok(SUBJECT, fact), true);
    }
    let ago = span(now - left);
    match is_renewable {
        true => {
            let fact = format!("{profile}: the sign-in ended {ago} ago and is renewed at the first call");
            (Finding::note(SUBJECT, fact).fix(login), false)
        }
        false => {
            let fact = format!("the sign-in of {profile} ended {ago} ago");
            (Finding::fault(SUBJECT, fact).fix(login), false)
        }
    }
}

fn token_file(file: &Path) -> Finding {
    const SUBJECT: &str = "source";
    match std::fs::File::open(file) {
        Ok(_) => Finding::ok(SUBJECT, format!("the web identity token in {}", file.display())),
        Err(cause) => {
            let cause = crate::error::plain(&cause);
            let fact = format!("the web identity token in {} cannot be read: {cause}", file.display());
            Finding::fault(SUBJECT, fact).fix(format!("ls -l {}", quoted(file.display().to_string())))
        }
    }
}

/// The region that clients use.
#[must_use]
pub fn region(region: Option<&str>, profile: Option<&str>) -> Finding {
    match region {
        Some(region) => Finding::ok("region", region),
        None => {
            let profile = profile.map(|name| format!(" --profile {}", quoted(name))).unwrap_or_default();
            let fact = "nothing names a region: clients fail unless they are given one";
            Finding::warning("region", fact).fix(format!("aws configure set region us-east-1{profile}"))
        }
    }
}

/// Whether something between here and AWS is set up that hoop does not use.
#[must_use]
pub fn proxy(environment: &HashMap<String, String>) -> Option<Finding> {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let name =
        names.into_iter().find(|name| environment.get(*name).is_some_and(|value| !value.is_empty()))?;
    let fact = format!("{name} is set, and hoop's own way to AWS does not go through proxies");
    Some(Finding::note("proxy", fact).advice("AWS must be reachable directly, or by upstream.endpoint_url"))
}

/// The user's AWS files, of which `uid` should be the owner.
#[must_use]
pub fn files(files: &[AwsFile], uid: u32) -> Vec<Finding> {
    const SUBJECT: &str = "files";
    let mut found = Vec::new();
    let mut sound = Vec::new();
    for file in files {
        let path = file.path.display().to_string();
        let word = quoted(&path);
        match &file.contents {
            Contents::Missing => {
                let Some(variable) = file.variable else { continue };
                let fact = format!("{variable} names {path}, which is not there");
                found.push(Finding::fault(SUBJECT, fact).fix(format!("unset {variable}")));
            }
            Contents::Unreadable(why) => {
                let fact = format!("{path} cannot be read: {why}");
                found.push(Finding::fault(SUBJECT, fact).fix(format!("ls -ld {word}")));
            }
            Contents::Read { mode, uid: owner, faults } => {
                let before = found.len();
                if mode & 0o022 != 0 {
                    let fact = format!(
                        "{path} can be changed by others (mode {mode:o}): it may name programs to run"
                    );
                    found.push(Finding::fault(SUBJECT, fact).fix(format!("chmod go-w {word}")));
                }
                if file.is_secret && mode & 0o044 != 0 {
                    let fact = format!("{path} can be read by others (mode {mode:o})");
                    found.push(Finding::warning(SUBJECT, fact).fix(format!("chmod 600 {word}")));
                }
                if *owner != uid && *owner != 0 {
                    let fact = format!("{path} belongs to another user (number {owner})");
                    found
                        .push(Finding::warning(SUBJECT, fact).fix(format!("sudo chown \"$(id -u)\" {word}")));
                }
                for (line, why) in faults {
                    let fact = format!("{path}:{line}: {why}");
                    let fix = format!("\"${{EDITOR:-vi}}\" +{line} {word}");
                    found.push(Finding::warning(SUBJECT, fact).fix(fix));
                }
                if found.len() == before {
                    sound.push(path);
                }
            }
        }
    }
    if !sound.is_empty() {
        found.insert(0, Finding::ok(SUBJECT, format!("sound: {}", sound.join(", "))));
    }
    found
}

/// Whom to ask, and how.
#[derive(Clone, Debug)]
pub struct Question {
    /// The environment that the chain reads.
    pub environment: HashMap<String, String>,
    /// The profile that hoop was told to use.
    pub profile: Option<String>,
    /// The region in use.
    pub region: Option<String>,
    /// Where calls go instead of AWS.
    pub endpoint: Option<String>,
    /// The source that the chain takes.
    pub origin: Origin,
}

impl Question {
    /// The certificates that are trusted besides the machine's.
    #[must_use]
    pub fn bundle(&self) -> Option<PathBuf> {
        self.environment.get("AWS_CA_BUNDLE").filter(|path| !path.is_empty()).map(PathBuf::from)
    }
}

/// Whose the credential is: fetched as a session would, and asked of STS.
#[must_use]
pub fn identity(question: &Question, clock: &Clock, limit: Duration) -> Vec<Finding> {
    const SUBJECT: &str = "identity";
    let now = clock.unix_seconds();
    match ask(question, clock, limit) {
        Ok(Some(identified)) => identified_as(&identified, question, now),
        Ok(None) => {
            let seconds = limit.as_secs();
            let caller = caller(question.profile.as_deref());
            vec![match question.origin {
                Origin::Instance { .. } => {
                    let fact = format!(
                        "no AWS credential: instance metadata, the last of the chain, did not answer within {seconds} s"
                    );
                    Finding::fault(SUBJECT, fact).fix("aws configure sso")
                }
                _ => Finding::warning(SUBJECT, format!("could not be asked: no answer within {seconds} s"))
                    .fix(caller),
            }]
        }
        Err(error) => vec![refused(&error, question)],
    }
}

fn ask(question: &Question, clock: &Clock, limit: Duration) -> Result<Option<Identified>> {
    let sources = Sources::new(&question.environment, question.profile.clone(), question.region.clone());
    let instead = question.endpoint.as_deref().map(Override::parse).transpose()?;
    let upstream = Upstream::new(instead).trusting(question.bundle());
    creds::identify(sources, Arc::new(upstream), clock.clone(), limit)
}

fn identified_as(identified: &Identified, question: &Question, now: u64) -> Vec<Finding> {
    let account = &identified.who.account;
    let whose = match &identified.who.arn {
        Some(arn) => format!("{arn}, account {account}"),
        None => format!("account {account}"),
    };
    let at = question.endpoint.as_ref().map(|url| format!(", says {url}")).unwrap_or_default();
    let is_root = identified.who.arn.as_ref().is_some_and(|arn| arn.ends_with(":root"));
    let mut found = vec![match is_root {
        false => Finding::ok("identity", format!("{whose}{at}")),
        true => Finding::warning(
            "identity",
            format!("{whose}{at}: the account's root user, whom no policy binds"),
        )
        .fix("aws configure sso"),
    }];
    match identified.expires {
        Some(expires) if expires <= now => {
            let fact = "the credential has ended already by this machine's clock";
            found.push(Finding::warning("expiry", fact).fix(SET_CLOCK));
        }
        Some(expires) => {
            let left = expires - now;
            let renewed = if left < SOON { ", then it is renewed" } else { "" };
            found.push(Finding::ok(
                "expiry",
                format!("the credential lives for {} more{renewed}", span(left)),
            ));
        }
        None => {}
    }
    let is_told = matches!(
        question.origin,
        Origin::Environment { is_long_lived: true } | Origin::Profile { how: How::Keys { .. }, .. }
    );
    if identified.is_long_lived && !is_told {
        let fact = "the source gives long-lived keys of an IAM user: prefer a role or IAM Identity Center";
        found.push(Finding::note("keys", fact).fix("aws configure sso"));
    }
    found
}

fn refused(error: &Error, question: &Question) -> Finding {
    let fact = match error.causes() {
        [] => error.what().to_owned(),
        causes => format!("{}: {}", error.what(), causes.join(": ")),
    };
    let finding = Finding::fault("identity", fact.clone());
    if fact.contains("Signature expired") || fact.contains("Signature not yet current") {
        return finding.fix(SET_CLOCK);
    }
    // `sign in again, outside of the session: aws sso login --profile dev`
    let command =
        error.advice().and_then(|advice| Some(advice.split_once(": ")?.1.split(';').next()?.to_owned()));
    // Advice that is more than one command is a sentence.
    match command.filter(|command| command.starts_with("aws ") && !command.contains([',', '`'])) {
        Some(command) => finding.fix(command),
        None => finding.fix(caller(question.profile.as_deref())),
    }
}

/// The same question, asked by the aws CLI.
fn caller(profile: Option<&str>) -> String {
    let profile = profile.map(|name| format!(" --profile {}", quoted(name))).unwrap_or_default();
    format!("aws sts get-caller-identity{profile}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_763_726_400;

    fn told(origin: &Origin) -> String {
        let (found, can_ask) = source(origin, NOW);
        let finding = &found[0];
        format!(
            "{} {} [{}] {can_ask}",
            finding.state.word(),
            finding.fact,
            finding.fix.clone().unwrap_or_default()
        )
    }

    fn sso(at: i64, is_renewable: bool) -> How {
        How::Sso { sign_in: SignIn::Until { at, is_renewable } }
    }

    #[test]
    fn an_ended_sign_in_is_told_with_the_command_that_renews_it() {
        let of = |how| told(&Origin::Profile { name: "dev".to_owned(), how });
        assert_eq!(
            of(sso(1_763_640_000, false)),
            "fault the sign-in of profile dev (IAM Identity Center) ended 24 h ago [aws sso login --profile dev] false"
        );
        assert!(of(sso(1_763_640_000, true)).starts_with("note "));
        assert!(
            of(sso(1_763_730_000, true))
                .starts_with("ok profile dev (IAM Identity Center), signed in for 60 min")
        );
        let with = Some(Box::new(sso(0, false)));
        assert!(
            of(How::Role { arn: "arn:r".to_owned(), needs_mfa: false, with })
                .starts_with("fault the sign-in")
        );
        assert!(of(How::Keys { is_long_lived: true }).starts_with("note long-lived keys"));
    }

    #[test]
    fn a_profile_that_is_not_there_is_told_with_the_one_meant() {
        let known = vec!["default".to_owned(), "development".to_owned()];
        let origin = Origin::MissingProfile { name: "developmnet".to_owned(), known };
        assert_eq!(
            told(&origin),
            "fault there is no profile `developmnet` in the AWS files [export AWS_PROFILE=development] false"
        );
    }

    #[test]
    fn open_files_are_told_with_the_command_that_closes_them() {
        let contents = Contents::Read { mode: 0o666, uid: 7, faults: vec![(3, "odd".to_owned())] };
        let file = AwsFile { path: "/h/a b".into(), variable: None, is_secret: true, contents };
        let found = files(&[file], 1_000);
        let fixes: Vec<&str> = found.iter().filter_map(|finding| finding.fix.as_deref()).collect();
        assert_eq!(
            fixes,
            [
                "chmod go-w '/h/a b'",
                "chmod 600 '/h/a b'",
                "sudo chown \"$(id -u)\" '/h/a b'",
                "\"${EDITOR:-vi}\" +3 '/h/a b'"
            ]
        );
    }
}
