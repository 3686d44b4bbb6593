//! Canaries: secrets of their own shape each, and the search for what is left of them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A text that is no secret and must be found wherever secrets are looked for: it proves that the search works.
pub const CONTROL: &str = "plainly-visible-control-text";

/// As much of a secret as may not be found anywhere in the clear.
const PIECE: usize = 9;

/// A secret that is sent through one channel.
#[derive(Clone, Debug)]
pub struct Canary {
    /// The channel.
    pub channel: String,
    /// All of it.
    pub value: String,
    /// How much of its beginning is public.
    public: usize,
}

/// Makes canaries and remembers them.
#[derive(Default)]
pub struct Flock {
    pub canaries: Vec<Canary>,
}

impl Flock {
    fn random(&self, letters: &[u8], count: usize) -> String {
        // Splitmix, seeded by how many there are: distinct, and the same in every run.
        let mut state = 0x5851_f42d_4c95_7f2d_u64.wrapping_mul(self.canaries.len() as u64 + 11);
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            usize::try_from((mixed ^ (mixed >> 31)) >> 11).unwrap()
        };
        (0..count).map(|_| char::from(letters[next() % letters.len()])).collect()
    }

    fn add(&mut self, channel: &str, value: String, public: usize) -> String {
        self.canaries.push(Canary { channel: channel.to_owned(), value: value.clone(), public });
        value
    }

    /// A token that is known by its beginning.
    pub fn token(&mut self, channel: &str) -> String {
        let body = self.random(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 36);
        self.add(channel, format!("ghp_{body}"), 4)
    }

    /// The id of an access key.
    pub fn key_id(&mut self, channel: &str) -> String {
        let body = self.random(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
        self.add(channel, format!("AKIA{body}"), 4)
    }

    /// A password that only its name, its place or the program's knowledge of it gives away.
    pub fn password(&mut self, channel: &str) -> String {
        let body = self.random(b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", 17);
        self.add(channel, format!("Zq7{body}"), 0)
    }
}

impl Canary {
    /// What may not be found, by the name of its encoding.
    fn needles(&self) -> Vec<(&'static str, Vec<u8>)> {
        let secret = &self.value.as_bytes()[self.public..];
        let mut needles: Vec<_> =
            secret.windows(PIECE).map(|window| ("in the clear", window.to_vec())).collect();
        let upside: Vec<u8> = secret.iter().rev().copied().collect();
        needles.push(("backwards", upside));
        for shift in 0..3 {
            let padded = [&vec![b'x'; shift][..], secret].concat();
            let text = STANDARD.encode(padded);
            // The letters at both ends depend on what stands beside the secret.
            let first = (shift * 8).div_ceil(6) + usize::from(shift > 0);
            let text = &text.trim_end_matches('=').as_bytes()[first..];
            needles.push(("base64", text[..text.len() - 2].to_vec()));
        }
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        needles.push(("upper hex", hex.to_uppercase().into_bytes()));
        needles.push(("hex", hex.into_bytes()));
        let percent: String = secret.iter().map(|byte| format!("%{byte:02X}")).collect();
        needles.push(("lower percent", percent.to_lowercase().into_bytes()));
        needles.push(("percent", percent.into_bytes()));
        let escaped: String = secret.iter().map(|byte| format!("\\u{byte:04x}")).collect();
        needles.push(("JSON escapes", escaped.into_bytes()));
        needles
    }

    /// The first encoding of it that is in `text`.
    pub fn found_in(&self, text: &[u8]) -> Option<&'static str> {
        let needles = self.needles();
        needles
            .into_iter()
            .find(|(_, needle)| memchr::memmem::find(text, needle).is_some())
            .map(|(name, _)| name)
    }
}

/// Something that was stored or said.
pub struct Found {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Every file under `folder`: its name, its bytes, and its bytes again without compression and without JSON's escapes.
pub fn everything_in(folder: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            found.push(Found { name: format!("the name {name}"), bytes: name.clone().into_bytes() });
            if path.is_symlink() || path.is_file() {
                found.extend(file(&path));
            } else if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

fn file(path: &PathBuf) -> Vec<Found> {
    let name = path.display().to_string();
    let Ok(mut bytes) = fs::read(path) else { return Vec::new() };
    if path.extension().is_some_and(|extension| extension == "zst") {
        bytes = zstd::decode_all(&bytes[..]).unwrap();
    }
    let mut texts = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Ok(value) = serde_json::from_slice::<serde_json::Value>(line) {
            strings(&value, &mut texts);
        }
    }
    let joined = joined_output(&bytes);
    vec![
        Found { name: format!("{name}, without escapes"), bytes: texts },
        Found { name: format!("{name}, output in one"), bytes: joined },
        Found { name, bytes },
    ]
}

fn strings(value: &serde_json::Value, texts: &mut Vec<u8>) {
    match value {
        serde_json::Value::String(text) => {
            texts.extend_from_slice(text.as_bytes());
            texts.push(b'\n');
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, texts)),
        serde_json::Value::Object(members) => members.iter().for_each(|(name, member)| {
            texts.extend_from_slice(name.as_bytes());
            texts.push(b'\n');
            strings(member, texts);
        }),
        _ => {}
    }
}

/// A terminal recording's events of each kind put together, as a player shows them, without colours: a secret over two
/// events, or under two colours, is one.
fn joined_output(bytes: &[u8]) -> Vec<u8> {
    let mut all = String::new();
    for kind in ["o", "i", "m"] {
        for line in bytes.split(|byte| *byte == b'\n') {
            let Ok(event) = serde_json::from_slice::<serde_json::Value>(line) else { continue };
            if event.get(1).is_some_and(|found| found == kind) {
                all.push_str(event[2].as_str().unwrap_or_default());
            }
        }
        all.push('\n');
    }
    without_escapes(&all).into_bytes()
}

/// A text without colours and other sequences of the terminal.
pub fn without_escapes(text: &str) -> String {
    let pattern = regex::Regex::new(r"\x1b\[[0-9;:?<=>]*[ -/]*[@-~]").unwrap();
    pattern.replace_all(text, "").into_owned()
}

/// Every canary that is in anything: none, or the test has failed.
#[track_caller]
pub fn assert_none(canaries: &[Canary], places: &[Found]) {
    let mut leaks = Vec::new();
    for place in places {
        for canary in canaries {
            if let Some(encoding) = canary.found_in(&place.bytes) {
                leaks.push(format!("{} ({}), {encoding}: {}", canary.channel, canary.value, place.name));
            }
        }
    }
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}

#[test]
fn the_search_finds_what_is_there() {
    let mut flock = Flock::default();
    let token = flock.token("test");
    let canary = &flock.canaries[0];
    let secret = &token[4..];
    for shift in 0..3 {
        let text = STANDARD.encode(format!("{}{secret} and more", &"abc"[..shift]));
        assert_eq!(canary.found_in(text.as_bytes()), Some("base64"), "{shift}");
    }
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(canary.found_in(hex.as_bytes()), Some("hex"));
    assert_eq!(canary.found_in(secret[20..].as_bytes()), Some("in the clear"), "a part of it is enough");
    assert_eq!(canary.found_in(b"ghp_************************************"), None);

    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("a")).unwrap();
    let (head, tail) = secret.split_at(18);
    let cast = format!("[0.1,\"o\",\"{head}\\u001b[31m\"]\n[0.2,\"o\",\"{tail}\"]\n");
    for (name, bytes) in [
        ("a/terminal.cast", cast.into_bytes()),
        ("body.zst", zstd::encode_all(secret.as_bytes(), 1).unwrap()),
        (secret, Vec::new()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let places = everything_in(folder.path());
        assert!(places.iter().any(|place| canary.found_in(&place.bytes).is_some()), "{name}");
        fs::remove_file(path).unwrap();
    }
}
