//! Which way a program's AWS calls are led to the gateway.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

/// What a shebang line may be long.
const SHEBANG_BYTES: u64 = 256;

/// Programs whose HTTP stack ignores proxy variables.
const NODE_LIKE: &[&str] = &[
    "node", "nodejs", "npm", "npx", "pnpm", "pnpx", "yarn", "tsx", "ts-node", "deno", "bun", "bunx",
    "corepack",
];

/// How the child's AWS calls reach the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Capture {
    /// Chosen by the program: endpoint for Node and its kin, else proxy.
    #[default]
    Auto,
    /// Proxy and CA variables: every operation, every client but Node.
    Proxy,
    /// `AWS_ENDPOINT_URL` on top of the proxy variables: Node too, but blind for some operations.
    Endpoint,
    /// The sandbox's network leads every connection here; no variable is needed.
    Sandbox,
}

impl Capture {
    /// Reads the setting `gateway.capture`.
    #[must_use]
    pub fn from_setting(word: &str) -> Option<Self> {
        match word {
            "auto" => Some(Self::Auto),
            "proxy" => Some(Self::Proxy),
            "endpoint" => Some(Self::Endpoint),
            _ => None,
        }
    }

    /// The word used in settings and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Proxy => "proxy",
            Self::Endpoint => "endpoint",
            Self::Sandbox => "sandbox",
        }
    }

    /// Settles `Auto` for `program`, looked up on the `PATH` of `environment`; reads its first line at most.
    #[must_use]
    pub fn settled(self, program: &str, environment: &HashMap<String, String>) -> Self {
        match self {
            Self::Auto if runs_on_node(program, environment) => Self::Endpoint,
            Self::Auto => Self::Proxy,
            chosen => chosen,
        }
    }

    /// What this way cannot see, as a sentence for the start of the session.
    #[must_use]
    pub fn remark(self) -> &'static str {
        match self {
            Self::Auto | Self::Proxy => {
                "AWS calls of Node.js programs are not captured (Node ignores proxies): they fail with the \
                 placeholder key; for those use --capture endpoint"
            }
            Self::Sandbox => "nothing: every connection inside leads here, or nowhere",
            Self::Endpoint => {
                "AWS clients that ignore AWS_ENDPOINT_URL and proxies fail with the placeholder key; operations with a \
                 host prefix and S3 access points may not work from Node.js"
            }
        }
    }
}

fn runs_on_node(program: &str, environment: &HashMap<String, String>) -> bool {
    let name = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if is_node(name) {
        return true;
    }
    let Some(file) = find(program, environment) else { return false };
    let Ok(file) = File::open(file) else { return false };
    let mut head = Vec::new();
    if file.take(SHEBANG_BYTES).read_to_end(&mut head).is_err() || !head.starts_with(b"#!") {
        return false;
    }
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = std::str::from_utf8(line).unwrap_or_default();
    line.split([' ', '\t', '/', '!']).any(is_node)
}

/// `node`, and `node20`, `node-22`.
fn is_node(name: &str) -> bool {
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    NODE_LIKE.contains(&name) || base == "node"
}

fn find(program: &str, environment: &HashMap<String, String>) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program));
    }
    let path = environment.get("PATH")?;
    std::env::split_paths(path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn node_programs_and_scripts_are_given_an_endpoint() {
        let dir = tempfile::tempdir().unwrap();
        let script = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        script("agent", "#!/usr/bin/env node\nmain()\n");
        script("strict", "#!/usr/bin/env -S node --enable-source-maps\n");
        script("shell", "#!/bin/sh\nnode x\n");
        script("nodeset", "#!/usr/bin/nodeset\n");
        script("binary", "\x7fELF");
        let environment = HashMap::from([("PATH".to_owned(), dir.path().display().to_string())]);
        for (program, expected) in [
            ("node", Capture::Endpoint),
            ("/opt/node/bin/node20", Capture::Endpoint),
            ("npx", Capture::Endpoint),
            ("agent", Capture::Endpoint),
            ("strict", Capture::Endpoint),
            ("shell", Capture::Proxy),
            ("nodeset", Capture::Proxy),
            ("binary", Capture::Proxy),
            ("missing", Capture::Proxy),
            ("aws", Capture::Proxy),
        ] {
            assert_eq!(Capture::Auto.settled(program, &environment), expected, "{program}");
        }
        assert_eq!(Capture::Proxy.settled("node", &environment), Capture::Proxy);
    }
}
