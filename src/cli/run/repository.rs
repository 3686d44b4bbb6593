//! Where the program works, in a word: the origin of the git repository, else the folder.
//!
//! It says what the folder says of itself. Whoever may write there can say something else.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Of a larger file only the beginning is read.
const FILE_BYTES: u64 = 256 * 1024;

/// The longest name.
const LONGEST: usize = 256;

/// `github.com/shop/web` for a folder in a clone of `git@github.com:shop/web.git`; the top folder of a repository without an
/// origin; the folder itself outside of one.
pub(super) fn of(folder: &Path) -> String {
    let top = folder.ancestors().find(|above| above.join(".git").exists());
    let origin = top.and_then(|top| {
        let mut text = String::new();
        let config = File::open(config_of(top)?).ok()?;
        config.take(FILE_BYTES).read_to_string(&mut text).ok()?;
        name_of(&origin_in(&text)?)
    });
    let shown = origin.unwrap_or_else(|| top.unwrap_or(folder).display().to_string());
    shown.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(LONGEST).collect()
}

/// A worktree's `.git` is a file that names the folder; what several share is two above it.
fn config_of(top: &Path) -> Option<std::path::PathBuf> {
    let git = top.join(".git");
    if git.is_dir() {
        return Some(git.join("config"));
    }
    let mut text = String::new();
    File::open(&git).ok()?.take(4_096).read_to_string(&mut text).ok()?;
    let named = top.join(text.strip_prefix("gitdir:")?.trim());
    let shared = named.parent().filter(|above| above.ends_with("worktrees")).and_then(Path::parent);
    Some(shared.unwrap_or(&named).join("config"))
}

/// The address of `[remote "origin"]`.
fn origin_in(config: &str) -> Option<String> {
    let mut is_origin = false;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            is_origin = line.replace(' ', "") == "[remote\"origin\"]";
        } else if let Some((key, value)) = line.split_once('=').filter(|_| is_origin)
            && key.trim() == "url"
        {
            return Some(value.trim().trim_matches('"').to_owned());
        }
    }
    None
}

/// Host and path, without a scheme, a user, a password, a port, or `.git` at the end.
fn name_of(address: &str) -> Option<String> {
    let (host, path) = match address.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split_once('/')?,
        // A name of a host without slashes before the colon, as scp(1) has it.
        None => address.split_once(':').filter(|(host, _)| !host.contains('/') && host.len() > 1)?,
    };
    let host = host.rsplit('@').next()?.split(':').next()?.to_ascii_lowercase();
    let path = path.split(['?', '#']).next()?.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (!host.is_empty() && !path.is_empty()).then(|| format!("{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_origin_is_named_by_host_and_path_and_holds_no_password() {
        for (address, name) in [
            ("git@github.com:shop/web.git", Some("github.com/shop/web")),
            ("https://ana:ghp_secret@GitHub.com/shop/web.git/", Some("github.com/shop/web")),
            ("ssh://git@git.example:2222/a/b", Some("git.example/a/b")),
            ("https://git.example/a?token=x", Some("git.example/a")),
            ("/srv/git/web.git", None),
            ("file:///srv/git/web.git", None),
            ("https://github.com", None),
        ] {
            assert_eq!(name_of(address).as_deref(), name, "{address}");
        }
    }

    #[test]
    fn a_folder_tells_where_it_belongs() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("a/b");
        fs::create_dir_all(&inside).unwrap();
        assert_eq!(of(&inside), inside.display().to_string());
        fs::create_dir(dir.path().join(".git")).unwrap();
        assert_eq!(of(&inside), dir.path().display().to_string());
        let config = "[core]\n\tbare = false\n[remote \"up\"]\n\turl = https://a/b\n[remote \"origin\"]\n\turl = git@github.com:shop/web.git\n";
        fs::write(dir.path().join(".git/config"), config).unwrap();
        assert_eq!(of(&inside), "github.com/shop/web");
        // A worktree.
        let tree = dir.path().join("tree");
        fs::create_dir_all(dir.path().join(".git/worktrees/tree")).unwrap();
        fs::create_dir(&tree).unwrap();
        fs::write(tree.join(".git"), format!("gitdir: {}/.git/worktrees/tree\n", dir.path().display()))
            .unwrap();
        assert_eq!(of(&tree), "github.com/shop/web");
    }
}
