//! The folder of recordings: whether it can be written, its disk, its index, its key, and what lies in it.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::finding::Finding;
use super::finding::bytes;
use super::finding::counted;
use super::finding::quoted;
use crate::clock::Clock;
use crate::error::plain;
use crate::record;
use crate::record::HostKey;
use crate::record::Place;
use crate::record::Stored;
use crate::store;
use crate::store::Looked;
use crate::sys::disk;
use crate::types::SessionId;

/// With less room, in bytes, a session may have to stop; with less than the second, none should begin.
const LITTLE_ROOM: u64 = 2 << 30;
const NO_ROOM: u64 = 64 << 20;

/// What frees room; without `--dry-run` it does.
const PRUNE: &str = "hoopctl prune --older-than 90d --dry-run";

/// Old recordings that take more than this, in bytes, are worth a word.
const MUCH: u64 = 1 << 30;

/// Sessions named in one line.
const NAMED: usize = 3;

/// A folder as a word of a command.
fn word(path: &Path) -> String {
    quoted(path.display().to_string())
}

/// The folder `state` itself, of which `uid` should be the owner; whether there is anything in it to look at.
#[must_use]
pub fn folder(state: &Path, uid: u32) -> (Vec<Finding>, bool) {
    const SUBJECT: &str = "folder";
    if !state.is_absolute() {
        let fact = "there is no place for recordings: neither XDG_STATE_HOME nor HOME is an absolute path";
        return (
            vec![
                Finding::fault(SUBJECT, fact)
                    .fix("export HOME=\"$(getent passwd \"$(id -u)\" | cut -d: -f6)\""),
            ],
            false,
        );
    }
    let shown = state.display();
    let metadata = match fs::metadata(state) {
        Ok(metadata) => metadata,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return (vec![missing(state)], false),
        Err(cause) => {
            let fact = format!("{shown} cannot be looked at: {}", plain(&cause));
            return (vec![Finding::fault(SUBJECT, fact).fix(format!("namei -l {}", word(state)))], false);
        }
    };
    if !metadata.is_dir() {
        let fact = format!("{shown} is no folder");
        let fix = format!("mv {0} {0}.old", word(state));
        return (vec![Finding::fault(SUBJECT, fact).fix(fix)], false);
    }
    let mut found = Vec::new();
    let mode = metadata.mode() & 0o777;
    if mode & 0o022 != 0 {
        let fact = format!("{shown} can be changed by others (mode {mode:o})");
        found.push(Finding::fault(SUBJECT, fact).fix(format!("chmod 700 {}", word(state))));
    } else if mode & 0o055 != 0 {
        let fact = format!("{shown} can be entered by others (mode {mode:o})");
        found.push(Finding::warning(SUBJECT, fact).fix(format!("chmod 700 {}", word(state))));
    }
    if metadata.uid() != uid {
        let fact = format!("{shown} belongs to another user (number {})", metadata.uid());
        let finding = if disk::is_writable(state) {
            Finding::warning(SUBJECT, fact)
        } else {
            Finding::fault(SUBJECT, fact)
        };
        found.push(finding.fix(format!("sudo chown -R \"$(id -u)\" {}", word(state))));
    } else if !disk::is_writable(state) {
        found.push(unwritable(state));
    }
    if found.is_empty() {
        found.push(Finding::ok(SUBJECT, format!("{shown} is yours alone and can be written")));
    }
    (found, fs::read_dir(state).is_ok())
}

/// It will be made by the first session, if that can be done.
fn missing(state: &Path) -> Finding {
    let above = state.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    match above.is_dir() && disk::is_writable(above) {
        true => Finding::ok(
            "folder",
            format!("nothing is recorded yet; {} is made by the first session", state.display()),
        ),
        false => unwritable(above),
    }
}

fn unwritable(folder: &Path) -> Finding {
    let fact = format!("{} cannot be written: no session can be recorded, so none starts", folder.display());
    let is_read_only = disk::look(folder).is_ok_and(|disk| disk.is_read_only);
    match is_read_only {
        true => Finding::fault("folder", format!("{fact} (its file system is read-only)"))
            .fix("export XDG_STATE_HOME=\"$HOME/hoop-state\"")
            .advice("set `state_dir` to a folder on another disk"),
        false => Finding::fault("folder", fact).fix(format!("chmod u+rwx {}", word(folder))),
    }
}

/// The disk below `state`, or below what is there of it.
#[must_use]
pub fn room(state: &Path) -> Vec<Finding> {
    let Some(folder) = state.ancestors().find(|folder| folder.is_dir()) else { return Vec::new() };
    let disk = match disk::look(folder) {
        Ok(disk) => disk,
        Err(cause) => {
            let fact = format!("the disk of {} cannot be looked at: {}", folder.display(), plain(&cause));
            return vec![Finding::warning("room", fact).fix(format!("df -h {}", word(folder)))];
        }
    };
    let fact = format!("{} free", bytes(disk.free));
    let mut found = vec![match disk.free {
        ..NO_ROOM => {
            Finding::fault("room", format!("{fact}: a session that cannot be recorded stops")).fix(PRUNE)
        }
        NO_ROOM..LITTLE_ROOM => Finding::warning("room", fact).fix(PRUNE),
        _ => Finding::ok("room", fact),
    }];
    if disk.free_files.is_some_and(|files| files < 1_000) {
        let fact = format!("room for {} more files only", disk.free_files.unwrap_or_default());
        found.push(Finding::warning("room", fact).fix(PRUNE));
    }
    if disk.reserves == Some(false) {
        let fact = "this file system cannot set room aside (fallocate): a disk that fills up ends the session later than it could";
        found.push(
            Finding::note("disk", fact)
                .advice("set `state_dir` to a folder on ext4, XFS, Btrfs or tmpfs")
                .fix(format!("df -T {}", word(folder))),
        );
    }
    match disk.kind {
        Some(kind @ ("NFS" | "SMB" | "9P")) => {
            let fact = format!("recordings lie on {kind}: locks and the index are not sure on it");
            found.push(
                Finding::warning("disk", fact)
                    .advice("set `state_dir` to a folder on this machine")
                    .fix(format!("df -T {}", word(folder))),
            );
        }
        Some(kind) => found.push(Finding::ok("disk", kind)),
        None => {}
    }
    found
}

/// The index of `stored` sessions.
#[must_use]
pub fn index(state: &Path, sessions: &[SessionId]) -> Vec<Finding> {
    const SUBJECT: &str = "index";
    const REBUILD: &str = "hoopctl index rebuild";
    let path = Place::new(state).index();
    if !path.exists() {
        return vec![Finding::ok(SUBJECT, "not there yet; the first search makes it")];
    }
    vec![match store::look(&path) {
        Ok(Looked::Sound(known)) => {
            let known: std::collections::HashSet<SessionId> = known.into_iter().collect();
            let behind = sessions.iter().filter(|id| !known.contains(id)).count();
            match behind {
                0 => Finding::ok(SUBJECT, format!("sound, {} in it", counted(known.len(), "session"))),
                _ => Finding::ok(
                    SUBJECT,
                    format!("sound; the next search reads {} into it", counted(behind, "session")),
                ),
            }
        }
        Ok(Looked::OtherVersion(version)) => {
            let fact = format!("its tables have another version ({version}): the next search makes it anew");
            Finding::note(SUBJECT, fact).fix(REBUILD)
        }
        Ok(Looked::Damaged(why)) => Finding::warning(SUBJECT, format!("it is damaged: {why}")).fix(REBUILD),
        Err(why) => Finding::warning(SUBJECT, format!("it cannot be read: {why}")).fix(REBUILD),
    }]
}

/// The key that seals are signed with.
#[must_use]
pub fn key(state: &Path, has_seals: bool, uid: u32) -> Finding {
    const SUBJECT: &str = "key";
    let path = Place::new(state).host_key();
    let shown = path.display();
    match record::host_key(state) {
        HostKey::Missing if has_seals => {
            let fact = format!(
                "{shown} is gone: the next seal is signed with a new one, and does not follow the last"
            );
            Finding::warning(SUBJECT, fact)
                .advice("put it back from a backup")
                .fix(format!("ls -l {}", word(&path)))
        }
        HostKey::Missing => Finding::ok(SUBJECT, "none yet; the first session's end makes it"),
        HostKey::Unusable(why) => {
            let fact = format!("{shown} cannot be used, and nothing can be sealed: {why}");
            Finding::fault(SUBJECT, fact).fix(format!("mv {0} {0}.old", word(&path)))
        }
        HostKey::Sound(mode, _) if mode & 0o077 != 0 => {
            let fact = format!(
                "others can read the key that seals are signed with (mode {mode:o}), and forge seals"
            );
            Finding::fault(SUBJECT, fact).fix(format!("chmod 600 {}", word(&path)))
        }
        HostKey::Sound(_, owner) if owner != uid => {
            let fact = format!("the key that seals are signed with belongs to another user (number {owner})");
            Finding::warning(SUBJECT, fact).fix(format!("sudo chown \"$(id -u)\" {}", word(&path)))
        }
        HostKey::Sound(..) => Finding::ok(SUBJECT, "the key that seals are signed with is yours alone"),
    }
}

/// What lies in the folder, looked over for `limit`.
pub fn sessions(state: &Path, clock: &Clock, limit: Duration) -> (Vec<Finding>, Stored) {
    match record::survey(state, clock, limit) {
        Ok(stored) => (of_stored(&stored), stored),
        Err(error) => {
            let finding = Finding::fault("sessions", error.to_string());
            (vec![finding.fix("hoopctl sessions")], Stored::default())
        }
    }
}

fn of_stored(stored: &Stored) -> Vec<Finding> {
    const SUBJECT: &str = "sessions";
    let at_least = if stored.is_whole { "" } else { "at least " };
    let running = if stored.running > 0 { format!(", {} running", stored.running) } else { String::new() };
    let all = counted(stored.sessions.len(), "session");
    let mut found = vec![Finding::ok(SUBJECT, format!("{all}{running}, {at_least}{}", bytes(stored.bytes)))];
    if stored.old.0 > 0 {
        let (number, taken) = stored.old;
        let fact = format!("{} older than 90 days, {}", counted(number, "session"), bytes(taken));
        found.push(match taken > MUCH {
            true => Finding::note("old", fact).fix(PRUNE),
            false => Finding::ok("old", fact),
        });
    }
    for (id, reason) in stored.damaged.iter().take(NAMED) {
        found.push(
            Finding::fault("damaged", format!("{id} is damaged: {reason}"))
                .fix(format!("hoopctl verify {id}")),
        );
    }
    if stored.damaged.len() > NAMED {
        let fact = format!("{} more are damaged", stored.damaged.len() - NAMED);
        found.push(Finding::fault("damaged", fact).fix("hoopctl verify --all"));
    }
    if stored.checked > 0 && stored.damaged.is_empty() {
        let checked = stored.checked;
        found.push(Finding::ok(
            "unchanged",
            format!("the newest {} as hoopctl verify has it", counted(checked, "seal")),
        ));
    }
    if !stored.unsealed.is_empty() {
        let fact = format!(
            "not sealed, because hoop-run was killed: {}; the next start seals",
            named(&stored.unsealed)
        );
        found.push(Finding::warning("unsealed", fact).fix("hoop-run --quiet -- true"));
    }
    if let Some(first) = stored.forsaken.first() {
        let fact = format!("without a seal, and nothing says that it is coming: {}", named(&stored.forsaken));
        found.push(Finding::warning("unsealed", fact).fix(format!("hoopctl verify {first}")));
    }
    if !stored.from_future.is_empty() {
        let fact = format!(
            "began later than now: {}; this clock was ahead, or is behind",
            named(&stored.from_future)
        );
        found.push(Finding::warning("clock", fact).fix("timedatectl status"));
    }
    if !stored.backwards.is_empty() {
        let fact = format!(
            "ended before they began: {}; the clock was set back meanwhile",
            named(&stored.backwards)
        );
        found.push(
            Finding::note("clock", fact)
                .advice("their times are those of the clock then; the order of events holds")
                .fix("timedatectl status"),
        );
    }
    found
}

fn named(ids: &[SessionId]) -> String {
    let names: Vec<String> = ids.iter().take(NAMED).map(SessionId::to_string).collect();
    match ids.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::cli::ctl::doctor::finding::State;

    #[test]
    fn an_open_folder_is_told_with_the_command_that_closes_it() {
        let home = tempfile::tempdir().unwrap();
        let state = home.path().join("hoop");
        let uid = fs::metadata(home.path()).unwrap().uid();
        assert_eq!(folder(&state, uid).0[0].state, State::Ok);
        fs::create_dir(&state).unwrap();
        for (mode, expected) in [(0o700, State::Ok), (0o750, State::Warning), (0o777, State::Fault)] {
            fs::set_permissions(&state, fs::Permissions::from_mode(mode)).unwrap();
            let (found, is_there) = folder(&state, uid);
            assert!(found[0].state == expected && is_there, "{mode:o}: {found:?}");
        }
        assert_eq!(
            folder(&state, uid + 1).0[1].fix,
            Some(format!("sudo chown -R \"$(id -u)\" {}", word(&state)))
        );
        assert_eq!(folder(Path::new("hoop"), uid).0[0].state, State::Fault);
        fs::remove_dir(&state).unwrap();
        fs::write(&state, "").unwrap();
        assert_eq!(folder(&state, uid).0[0].state, State::Fault);
        assert!(!room(&state).is_empty());
    }

    #[test]
    fn what_is_wrong_in_the_folder_has_a_line_each() {
        let ids: Vec<SessionId> = (0..5).map(|number| SessionId::new(number * 1_000_000, 1)).collect();
        let stored = Stored {
            sessions: ids.clone(),
            running: 1,
            unsealed: ids.clone(),
            forsaken: ids[..1].to_vec(),
            from_future: ids[..1].to_vec(),
            backwards: ids[..1].to_vec(),
            damaged: ids.iter().map(|id| (*id, "odd".to_owned())).collect(),
            bytes: 1 << 20,
            ..Stored::default()
        };
        let found = of_stored(&stored);
        assert_eq!(found[0].fact, "5 sessions, 1 running, at least 1.0 MiB");
        assert_eq!(found.iter().filter(|finding| finding.subject == "damaged").count(), NAMED + 1);
        assert!(found.iter().any(|finding| finding.fact.contains(" and 2 more; the next start seals")));
        assert!(found.iter().skip(1).all(|finding| finding.fix.is_some()));
    }
}
