//! Setting one key in a person's configuration file, with the rest of it left as it stands.

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::fs::Permissions;
use std::io;
use std::io::ErrorKind;
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::fchown;
use std::path::Path;

use toml::de::DeTable;
use toml::de::DeValue;

use crate::config::document::Document;
use crate::config::file::Setting;
use crate::config::file::read_settings;
use crate::config::keys::Key;
use crate::config::keys::Value;
use crate::config::load::read_bounded;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::sys::draft::Draft;

/// Sets the text `value` for `key` (`replay.theme`) in the configuration file `path`, which need not be there. Comments, order
/// and all other bytes stay as they are; the file is replaced as a whole or not at all.
///
/// # Errors
/// The file is wrong already, cannot be read, or cannot be written. It is then as it was.
pub fn save(path: &Path, key: &'static str, value: &str) -> Result<()> {
    // What a link points to is replaced, not the link.
    let is_there = fs::symlink_metadata(path).is_ok();
    let target = if is_there { fs::canonicalize(path) } else { Ok(path.to_owned()) };
    let target = target.map_err(|cause| cannot("read", path, &cause))?;
    let (text, about) = match is_there {
        true => {
            let text = read_bounded(&target, "configuration")?;
            (text, Some(fs::metadata(&target).map_err(|cause| cannot("read", &target, &cause))?))
        }
        false => (String::new(), None),
    };
    let new = set(&text, path, key, value)?;
    match new == text && is_there {
        true => Ok(()),
        false => replace(&target, &new, about.as_ref()),
    }
}

/// `text` with `key` set to the text `value`.
///
/// # Errors
/// It is no configuration file without a fault, or the key can only be set by somebody who understands what stands there.
fn set(text: &str, path: &Path, key: &'static str, value: &str) -> Result<String> {
    let wrong = || Error::new(Kind::Config, format!("{} is left as it is", path.display()));
    let wanted = Key::find(key).map(|key| key.read(value)).transpose();
    let wanted = wanted.map_err(|(why, _)| wrong().why(why))?;
    let before = read_settings(text, path).map_err(|faults| wrong().why(faults.to_string()))?;
    let origin = path.display().to_string();
    let (_, root) = Document::parse(text, &origin).map_err(|faults| wrong().why(faults.to_string()))?;
    let quoted = toml::Value::String(value.to_owned()).to_string();
    let new = edited(text, &root, key, &quoted);
    // Whatever stands there: nothing but this key may mean something else afterwards.
    let others = |settings: &[Setting]| {
        let others = settings.iter().filter(|setting| setting.key.name != key);
        let mut others: Vec<(&str, Value)> =
            others.map(|setting| (setting.key.name, setting.value.clone())).collect();
        others.sort_by_key(|(name, _)| *name);
        others
    };
    let is_set = |settings: &[Setting]| {
        settings.iter().any(|setting| setting.key.name == key && Some(&setting.value) == wanted.as_ref())
    };
    match new.as_deref().map(|new| read_settings(new, path)) {
        Some(Ok(after)) if others(&before) == others(&after) && is_set(&after) => Ok(new.unwrap_or_default()),
        _ => Err(wrong().why(format!("there is no simple place for `{key}` in it"))),
    }
}

/// `text` with `key = quoted` in its place, if there is one to be seen.
fn edited(text: &str, root: &DeTable<'_>, key: &str, quoted: &str) -> Option<String> {
    let (section, name) = key.split_once('.')?;
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let put = |at: Range<usize>, new: &str| {
        let (head, tail) = (text.get(..at.start)?, text.get(at.end..)?);
        Some(format!("{head}{new}{tail}"))
    };
    let Some((header, value)) = root.get_key_value(section) else {
        let gap = match text {
            "" => String::new(),
            _ if text.ends_with('\n') => end.to_owned(),
            _ => format!("{end}{end}"),
        };
        return Some(format!("{text}{gap}[{section}]{end}{name} = {quoted}{end}"));
    };
    let DeValue::Table(table) = value.get_ref() else { return None };
    if let Some(old) = table.get(name) {
        return put(old.span(), quoted);
    }
    let begin = text.get(..header.span().start)?.rfind('\n').map_or(0, |at| at + 1);
    let before = &text[begin..header.span().start];
    if before.trim() == "[" {
        let line = text[begin..].find('\n').map(|length| begin + length + 1);
        // Indented as what follows, if that is a key.
        let next = line.and_then(|line| text[line..].lines().next()).unwrap_or_default();
        let blank: String = next.chars().take_while(|c| *c == ' ' || *c == '\t').collect();
        let blank = if next.contains('=') { blank.as_str() } else { "" };
        return match line {
            Some(line) => put(line..line, &format!("{blank}{name} = {quoted}{end}")),
            None => Some(format!("{text}{end}{name} = {quoted}{end}")),
        };
    }
    if !before.trim().is_empty() {
        return None;
    }
    let blank = [' ', '\t'];
    let rest = text.get(header.span().end..)?.trim_start_matches(blank);
    if rest.starts_with('.') {
        // replay.ascii = "always"
        return put(begin..begin, &format!("{before}{section}.{name} = {quoted}{end}"));
    }
    // replay = { ascii = "always" }
    let rest = rest.strip_prefix('=')?.trim_start_matches(blank).strip_prefix('{')?;
    let at = text.len() - rest.len();
    let comma = if table.is_empty() { " " } else { "," };
    put(at..at, &format!(" {name} = {quoted}{comma}"))
}

/// Puts `text` in the place of `path`, whole or not at all, with the rights that `about` says.
fn replace(path: &Path, text: &str, about: Option<&Metadata>) -> Result<()> {
    // Root may write it all the same; whoever took the right away meant it.
    if about.is_some_and(|about| about.permissions().readonly()) {
        let why = "it is read-only";
        return Err(Error::new(Kind::System, format!("cannot write {}", path.display())).why(why));
    }
    let failed = |cause: &io::Error| cannot("write", path, cause);
    if about.is_some() {
        // Another file could take its place also where this one may not be written.
        OpenOptions::new().write(true).open(path).map_err(|cause| failed(&cause))?;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if about.is_none() {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|cause| cannot("make", folder, &cause))?;
    }
    let written = Draft::begin(path).and_then(|draft| {
        let mut file = draft.file();
        file.write_all(text.as_bytes())?;
        let made = file.metadata()?;
        match about {
            Some(about) if (made.uid(), made.gid()) != (about.uid(), about.gid()) => {
                fchown(file, Some(about.uid()), Some(about.gid()))?;
            }
            Some(_) => {}
            None => file.set_permissions(Permissions::from_mode(0o600))?,
        }
        file.sync_all()?;
        draft.finish(about.is_some())
    });
    written.map_err(|cause| failed(&cause))?;
    // The file is there; that its name also outlives a loss of power is as well as can be.
    let _ = File::open(folder).map(|folder| folder.sync_all());
    Ok(())
}

fn cannot(verb: &str, path: &Path, cause: &io::Error) -> Error {
    let error = Error::io(format!("cannot {verb} {}", path.display()), cause);
    match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => error.fix("make room on that file system"),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(text: &str) -> Result<String> {
        set(text, Path::new("config.toml"), "replay.theme", "nord")
    }

    #[test]
    fn the_key_is_set_and_every_other_byte_stays() {
        for (before, after) in [
            ("", "[replay]\ntheme = \"nord\"\n"),
            ("# mine\n", "# mine\n\n[replay]\ntheme = \"nord\"\n"),
            ("[record]\npack = false", "[record]\npack = false\n\n[replay]\ntheme = \"nord\"\n"),
            (
                "# a\n[replay] # b\nascii = 'never' # c\ntheme = 'dark' # d\n\n[record]\npack = false\n",
                "# a\n[replay] # b\nascii = 'never' # c\ntheme = \"nord\" # d\n\n[record]\npack = false\n",
            ),
            (
                "[replay] # b\n  # c\n[record]\npack = false\n",
                "[replay] # b\ntheme = \"nord\"\n  # c\n[record]\npack = false\n",
            ),
            ("[replay]\n\tascii = 'never'\n", "[replay]\n\ttheme = \"nord\"\n\tascii = 'never'\n"),
            ("[replay]", "[replay]\ntheme = \"nord\"\n"),
            ("replay.theme = '''a'b''' # x\n", "replay.theme = \"nord\" # x\n"),
            ("replay = { plain = true }\n", "replay = { theme = \"nord\", plain = true }\n"),
            ("replay = {}\n", "replay = { theme = \"nord\" }\n"),
            ("replay = {theme=\"x\"}", "replay = {theme=\"nord\"}"),
            ("[replay]\r\nplain = true\r\n", "[replay]\r\ntheme = \"nord\"\r\nplain = true\r\n"),
            ("[ 'replay' ]\nplain = true\n", "[ 'replay' ]\ntheme = \"nord\"\nplain = true\n"),
            ("[replay]\ntheme = \"nord\"", "[replay]\ntheme = \"nord\""),
            (
                "# a\n  replay.plain = true\nrecord.pack = false\n",
                "# a\n  replay.theme = \"nord\"\n  replay.plain = true\nrecord.pack = false\n",
            ),
        ] {
            assert_eq!(theme(before).unwrap(), after, "{before:?}");
        }
    }

    #[test]
    fn a_file_that_is_wrong_is_told_and_a_value_stays_a_value() {
        for broken in [
            "[replay\n",
            "theme = \"dark\"\n",
            "[replay]\ntheme = 5\n",
            "replay = 3\n",
            "[replay]\n[replay]\n",
        ] {
            let error = theme(broken).unwrap_err();
            assert!(error.what().contains("left as it is") && !error.causes().is_empty(), "{error}");
        }
        let set = |value| set("", Path::new("c"), "replay.theme", value);
        let odd = set("./a \"b\"\\ 世 #.toml").unwrap();
        assert_eq!(
            toml::from_str::<toml::Table>(&odd).unwrap()["replay"]["theme"].as_str(),
            Some("./a \"b\"\\ 世 #.toml")
        );
        let refused = set("a\nb").unwrap_err().to_string();
        assert!(refused.contains("one line"), "{refused}");
    }

    #[test]
    fn a_file_is_replaced_with_its_rights_through_its_link() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("real.toml"), dir.path().join("config.toml"));
        fs::write(&file, "# mine\n").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        save(&link, "replay.theme", "nord").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\n\n[replay]\ntheme = \"nord\"\n");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left behind");
    }

    #[test]
    fn folders_are_made_for_a_file_that_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".config/hoop/config.toml");
        save(&file, "replay.theme", "nord").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "[replay]\ntheme = \"nord\"\n");
    }

    #[test]
    fn what_cannot_be_written_or_read_is_told_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        let refused = |what: &str| {
            let error = save(&file, "replay.theme", "nord").unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
        };
        fs::write(&file, "# mine\n").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
        refused("read-only");
        assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\n");
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        fs::write(&file, "[replay\n").unwrap();
        refused("config.toml:1:");
        assert_eq!(fs::read_to_string(&file).unwrap(), "[replay\n");
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink(dir.path().join("gone"), &file).unwrap();
        refused("no such file");
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        refused("not a file");
        assert!(save(Path::new("/proc/hoop/config.toml"), "replay.theme", "nord").is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left behind");
    }
}
