//! The user's AWS files, as far as hoop reads them itself: profiles and what they set.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::PathBuf;

/// Of a larger file only the beginning is read.
const FILE_BYTES: u64 = 1 << 20;

/// A profile: what its sections in both files say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) name: String,
    /// Keys in lower case and values without comments, in the order of the files.
    settings: Vec<(String, String)>,
    /// Settings below a key, such as those of `s3 =`.
    nested: Vec<(String, String, String)>,
}

impl Profile {
    /// What `key` is set to.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let found = self.settings.iter().rev().find(|(known, _)| known == key)?;
        Some(&found.1)
    }

    /// The settings below `key`.
    pub(super) fn below(&self, key: &str) -> impl Iterator<Item = (&str, &str)> {
        let found = self.nested.iter().filter(move |(above, ..)| above == key);
        found.map(|(_, name, value)| (name.as_str(), value.as_str()))
    }
}

/// The profiles that AWS clients would find in `environment`; what the credentials file says wins.
pub(super) fn profiles(environment: &HashMap<String, String>) -> Vec<Profile> {
    let read = |name: &str, usual: &str| {
        let named = environment.get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let path = named.or_else(|| environment.get("HOME").map(|home| PathBuf::from(home).join(usual)))?;
        let mut bytes = Vec::new();
        fs::File::open(path).ok()?.take(FILE_BYTES).read_to_end(&mut bytes).ok()?;
        String::from_utf8(bytes).ok()
    };
    let config = read("AWS_CONFIG_FILE", ".aws/config").unwrap_or_default();
    let credentials = read("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials").unwrap_or_default();
    let mut found = Vec::new();
    parse(&config, &mut found, |header| match header.split_once([' ', '\t']) {
        Some(("profile", name)) => Some(name.trim().trim_matches(['"', '\''])),
        None if header == "default" => Some(header),
        _ => None,
    });
    parse(&credentials, &mut found, |header| Some(header.trim_matches(['"', '\''])));
    found
}

/// Adds what `text` says to `found`; `name_of` tells the profile of a section, none if it is of another kind.
fn parse<'t>(text: &'t str, found: &mut Vec<Profile>, name_of: impl Fn(&'t str) -> Option<&'t str>) {
    let mut current: Option<usize> = None;
    let mut above = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with(['#', ';']) || line.trim().is_empty() {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            let name = name_of(header.split(']').next().unwrap_or_default().trim());
            above.clear();
            current = name.filter(|name| !name.is_empty()).map(|name| {
                let known = found.iter().position(|profile| profile.name == name);
                known.unwrap_or_else(|| {
                    found.push(Profile { name: name.to_owned(), ..Profile::default() });
                    found.len() - 1
                })
            });
            continue;
        }
        let Some((profile, (key, value))) = current.map(|at| &mut found[at]).zip(line.split_once('=')) else {
            continue;
        };
        let key = key.trim().to_ascii_lowercase();
        let value = value.split(" #").next().unwrap_or_default().split(" ;").next().unwrap_or_default();
        let value = value.trim().to_owned();
        if line.starts_with([' ', '\t']) {
            profile.nested.push((above.clone(), key, value));
        } else {
            above.clone_from(&key);
            profile.settings.push((key, value));
        }
    }
}
