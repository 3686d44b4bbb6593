//! AWS clients on PATH, and what is known of them (`docs/clients.md`).

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use super::finding::Finding;
use super::finding::counted;
use super::programs;
use super::programs::Said;

/// How calls reach hoop here.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// The setting `gateway.capture`.
    pub capture: &'a str,
    /// A sandbox with a network of its own: every connection lands in hoop, whatever the client reads.
    pub is_captured: bool,
}

/// The clients on PATH of `environment`, asked for their versions.
#[must_use]
pub fn findings(environment: &HashMap<String, String>, way: Way<'_>, limit: Duration) -> Vec<Finding> {
    let path = environment.get("PATH").map_or("", String::as_str);
    let version_of_boto3 = "import importlib.metadata as m; print(m.version('boto3'))";
    let asked: [(&str, &[&str]); 3] =
        [("aws", &["--version"]), ("python3", &["-I", "-c", version_of_boto3]), ("node", &["--version"])];
    let threads: Vec<_> = asked
        .into_iter()
        .map(|(name, arguments)| {
            let all = programs::on_path(path, name);
            let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
            let environment = environment.clone();
            thread::spawn(move || {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let said = all.first().map(|file| programs::ask(file, &arguments, &environment, limit));
                (all, said)
            })
        })
        .collect();
    let mut answers = threads.into_iter().map(|thread| thread.join().unwrap_or_default());
    let mut answer = || answers.next().unwrap_or_default();
    let (all, said) = answer();
    let mut found = aws(&all, said.as_ref(), way);
    let (all, said) = answer();
    found.extend(boto3(&all, said.as_ref(), way));
    let (all, said) = answer();
    found.extend(node(&all, said.as_ref(), way));
    for name in ["rclone", "s3cmd"] {
        if !programs::on_path(path, name).is_empty() && !way.is_captured {
            let finding = Finding::note(name, "without a sandbox it needs settings of its own to reach hoop");
            found.push(match name {
                "rclone" => finding.fix("env -u AWS_CA_BUNDLE rclone version"),
                _ => finding.advice("proxy_host, proxy_port and ca_certs_file in its configuration"),
            });
        }
    }
    found
}

fn aws(all: &[PathBuf], said: Option<&Said>, way: Way<'_>) -> Vec<Finding> {
    const SUBJECT: &str = "aws";
    let (Some(file), Some(said)) = (all.first(), said) else {
        let finding = Finding::note(SUBJECT, "the aws CLI is not on PATH");
        return vec![finding.fix("pipx install awscli").advice("hoop does not need it; agents often do")];
    };
    let shown = file.display();
    let mut found = Vec::new();
    match said {
        Said::Line(line) => {
            let version =
                line.strip_prefix("aws-cli/").and_then(|rest| rest.split(' ').next()).unwrap_or(line);
            found.push(Finding::ok(SUBJECT, format!("{version}, {shown}")));
            let reads_endpoint = match numbers(version) {
                Some((1, minor)) => minor >= 29,
                Some((2, minor)) => minor >= 13,
                _ => true,
            };
            if !reads_endpoint && way.capture == "endpoint" {
                let fact = format!(
                    "aws CLI {version} ignores AWS_ENDPOINT_URL (1.29 and 2.13 read it): it comes by the proxy"
                );
                found.push(Finding::note(SUBJECT, fact).fix("export HOOP_GATEWAY_CAPTURE=auto"));
            }
        }
        Said::Late => {
            let fact = format!("{shown} could not be asked for its version in time");
            found.push(Finding::note(SUBJECT, fact).fix("time aws --version"));
        }
        Said::Failed(why) => {
            found
                .push(Finding::warning(SUBJECT, format!("{shown} does not run: {why}")).fix("aws --version"));
        }
    }
    if is_snap(file) {
        let fact =
            format!("{shown} is a snap: snaps gain privileges to start, which nothing in a sandbox may");
        found.push(Finding::warning(SUBJECT, fact).fix("sudo snap remove aws-cli && pipx install awscli"));
    }
    if all.len() > 1 {
        let fact = format!("{} on PATH; the first is used: {shown}", counted(all.len(), "aws program"));
        found.push(Finding::note(SUBJECT, fact).fix("type -a aws"));
    }
    found
}

fn boto3(all: &[PathBuf], said: Option<&Said>, way: Way<'_>) -> Option<Finding> {
    // Python without boto3 says nothing, and is nobody's fault.
    let (Some(_), Some(Said::Line(version))) = (all.first(), said) else { return None };
    let is_old = numbers(version).is_some_and(|version| version < (1, 28));
    Some(match is_old && way.capture == "endpoint" {
        true => Finding::note(
            "boto3",
            format!("{version} ignores AWS_ENDPOINT_URL (1.28 reads it): it comes by the proxy"),
        )
        .fix("export HOOP_GATEWAY_CAPTURE=auto"),
        false => Finding::ok("boto3", format!("{version}, for {}", all[0].display())),
    })
}

fn node(all: &[PathBuf], said: Option<&Said>, way: Way<'_>) -> Option<Finding> {
    let (Some(file), Some(Said::Line(version))) = (all.first(), said) else { return None };
    Some(match way.capture == "proxy" && !way.is_captured {
        true => Finding::warning(
            "node",
            format!("Node.js {version} ignores HTTPS_PROXY: its AWS calls miss hoop"),
        )
        .fix("export HOOP_GATEWAY_CAPTURE=auto"),
        false => Finding::ok("node", format!("{version}, {}", file.display())),
    })
}

/// `2.13` of `2.13.5`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// A snap is started by a link to `snap`, or lies below `/snap`.
fn is_snap(file: &Path) -> bool {
    let whole = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    file.starts_with("/snap") || whole.starts_with("/snap") || whole.ends_with("bin/snap")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ctl::doctor::finding::State;

    const CAPTURED: Way<'static> = Way { capture: "auto", is_captured: true };

    fn line(text: &str) -> Option<Said> {
        Some(Said::Line(text.to_owned()))
    }

    #[test]
    fn old_clients_are_told_where_it_matters() {
        let way = Way { capture: "endpoint", is_captured: false };
        let states = |version: &str, way| {
            let found = aws(&["/usr/bin/aws".into()], line(version).as_ref(), way);
            found.iter().map(|finding| finding.state).collect::<Vec<_>>()
        };
        assert_eq!(states("aws-cli/2.9.19 Python/3.11.2", way), [State::Ok, State::Note]);
        assert_eq!(states("aws-cli/2.13.0 Python/3.11.2", way), [State::Ok]);
        assert_eq!(states("aws-cli/2.9.19 Python/3.11.2", CAPTURED), [State::Ok]);
        assert_eq!(boto3(&["/p".into()], line("1.26.1").as_ref(), way).unwrap().state, State::Note);
        let way = Way { capture: "proxy", is_captured: false };
        assert_eq!(node(&["/n".into()], line("v20.1.0").as_ref(), way).unwrap().state, State::Warning);
    }

    #[test]
    fn what_does_not_start_inside_is_told() {
        let found =
            aws(&["/snap/bin/aws".into(), "/usr/bin/aws".into()], line("aws-cli/2.15.0").as_ref(), CAPTURED);
        assert_eq!(
            found.iter().map(|finding| finding.state).collect::<Vec<_>>(),
            [State::Ok, State::Warning, State::Note]
        );
        assert_eq!(aws(&[], None, CAPTURED)[0].state, State::Note);
        assert_eq!(aws(&["/a".into()], Some(&Said::Late), CAPTURED)[0].state, State::Note);
    }
}
