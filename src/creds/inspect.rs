//! What is wrong with the user's AWS files: who may read or change them, and lines that AWS clients pass over or fail on.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

use crate::error::plain;

/// Of a larger file only the beginning is looked at.
const FILE_BYTES: u64 = 1 << 20;

/// Most lines of a file that are told.
const MOST_FAULTS: usize = 5;

/// One of the two files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsFile {
    /// Where it is, or would be.
    pub path: PathBuf,
    /// The variable that names it; `None`: it is in its usual place.
    pub variable: Option<&'static str>,
    /// Whether it is the credentials file: nobody else is to read that.
    pub is_secret: bool,
    /// What is there.
    pub contents: Contents,
}

/// What is there of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Nothing.
    Missing,
    /// It cannot be read, in words.
    Unreadable(String),
    /// A file.
    Read {
        /// Its permissions: the last nine bits of its mode.
        mode: u32,
        /// Whose it is.
        uid: u32,
        /// Odd lines, with their numbers from 1; the first ones.
        faults: Vec<(usize, String)>,
    },
}

/// Looks at the files that AWS clients would read in `environment`; changes nothing.
#[must_use]
pub fn inspect(environment: &HashMap<String, String>) -> Vec<AwsFile> {
    let home = environment.get("HOME").filter(|home| !home.is_empty());
    let files = [
        ("AWS_CONFIG_FILE", ".aws/config", false),
        ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", true),
    ];
    let file = |(variable, usual, is_secret): (&'static str, &str, bool)| {
        let named = environment.get(variable).filter(|path| !path.is_empty());
        let path = named.map(PathBuf::from).or_else(|| home.map(|home| PathBuf::from(home).join(usual)))?;
        let contents = look(&path, is_secret);
        Some(AwsFile { path, variable: named.map(|_| variable), is_secret, contents })
    };
    files.into_iter().filter_map(file).collect()
}

fn look(path: &Path, is_secret: bool) -> Contents {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Contents::Missing,
        Err(cause) => return Contents::Unreadable(plain(&cause)),
    };
    if !metadata.is_file() {
        return Contents::Unreadable("it is no file".to_owned());
    }
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(FILE_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(_) => Contents::Read {
            mode: metadata.mode() & 0o777,
            uid: metadata.uid(),
            faults: faults(&bytes, is_secret),
        },
        Err(cause) => Contents::Unreadable(plain(&cause)),
    }
}

fn faults(bytes: &[u8], is_secret: bool) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    let mut in_section = false;
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        if faults.len() == MOST_FAULTS {
            break;
        }
        let Ok(line) = std::str::from_utf8(line) else {
            faults.push((number, "it is not UTF-8".to_owned()));
            continue;
        };
        let line = line.trim_end();
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let fault = match line.strip_prefix('[') {
            Some(header) => {
                in_section = true;
                header_fault(header, is_secret)
            }
            None if !in_section => Some("it stands before the first [section]".to_owned()),
            // Indented lines belong to the setting before, and may be anything.
            None if line.starts_with([' ', '\t']) || line.contains('=') => None,
            // A value that was broken off its name may be a secret: nothing of the line is told.
            None => Some("it is no `name = value`".to_owned()),
        };
        faults.extend(fault.map(|fault| (number, fault)));
    }
    faults
}

/// What is wrong with a section's name.
fn header_fault(header: &str, is_secret: bool) -> Option<String> {
    let Some((name, _)) = header.split_once(']') else { return Some("its `[` has no `]`".to_owned()) };
    let name = name.trim();
    let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
    let (kind, rest) = name.split_once([' ', '\t']).map_or((name, ""), |(kind, rest)| (kind, rest.trim()));
    match (is_secret, kind, rest) {
        (_, "", _) => Some("its section has no name".to_owned()),
        (true, "profile", rest) if !rest.is_empty() => {
            Some(format!("[{shown}] is passed over: in this file it is [{rest}]", rest = cut(rest)))
        }
        (true, ..) | (false, "default", "") | (false, "preview" | "plugins", "") => None,
        (false, "profile" | "sso-session" | "services", rest) if !rest.is_empty() => None,
        (false, _, "") => Some(format!("[{shown}] is passed over: in this file it is [profile {shown}]")),
        (false, ..) => Some(format!("[{shown}] is a kind of section that AWS clients do not know")),
    }
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_lines_are_found() {
        let config = b"x = 1\n[default]\nregion = eu-west-1\ns3 =\n  nested\n[dev]\nhunter2\n[profile a\n[profile b]\n# c\n[sso-session corp]\n[odd one]\n";
        let found: Vec<String> =
            faults(config, false).into_iter().map(|(n, why)| format!("{n}: {why}")).collect();
        assert_eq!(
            found,
            [
                "1: it stands before the first [section]",
                "6: [dev] is passed over: in this file it is [profile dev]",
                "7: it is no `name = value`",
                "8: its `[` has no `]`",
                "12: [odd one] is a kind of section that AWS clients do not know",
            ]
        );
        let credentials = b"[default]\naws_access_key_id = AKIA\n[profile x]\n[ok]\n\xff\xfe = 1\n";
        let found: Vec<usize> = faults(credentials, true).into_iter().map(|(number, _)| number).collect();
        assert_eq!(found, [3, 5]);
    }

    #[test]
    fn files_are_where_the_environment_says() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().display().to_string();
        let environment = HashMap::from([
            ("HOME".to_owned(), home.clone()),
            ("AWS_CONFIG_FILE".to_owned(), format!("{home}/nowhere")),
        ]);
        fs::create_dir(dir.path().join(".aws")).unwrap();
        fs::create_dir(dir.path().join(".aws/credentials")).unwrap();
        let files = inspect(&environment);
        assert_eq!(files[0].variable, Some("AWS_CONFIG_FILE"));
        assert_eq!(files[0].contents, Contents::Missing);
        assert_eq!(files[1].contents, Contents::Unreadable("it is no file".to_owned()));
        assert_eq!(inspect(&HashMap::new()), []);
    }
}
