//! Where things lie below the state folder.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::types::SessionId;

/// The state folder, `$XDG_STATE_HOME/hoop`, and the paths in it. Makes no system call by itself.
#[derive(Clone, Debug)]
pub struct Place {
    state: PathBuf,
}

impl Place {
    /// A state folder; it need not exist yet.
    #[must_use]
    pub fn new(state: &Path) -> Self {
        Self { state: state.to_owned() }
    }

    /// The state folder itself.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The folder below which all recordings lie.
    #[must_use]
    pub fn sessions(&self) -> PathBuf {
        self.state.join("sessions")
    }

    /// The folder of a session; its day is that of its id, in UTC.
    #[must_use]
    pub fn folder(&self, id: SessionId) -> PathBuf {
        let millis = i64::try_from(id.unix_millis()).unwrap_or(0);
        let day = Timestamp::from_millisecond(millis).unwrap_or_default().to_zoned(TimeZone::UTC).date();
        let (year, month, day) = (day.year(), day.month(), day.day());
        self.sessions().join(format!("{year:04}/{month:02}/{day:02}/{id}"))
    }

    /// Where running sessions leave their marks.
    pub(super) fn active(&self) -> PathBuf {
        self.state.join("active")
    }

    /// Where sessions are remembered that are to be packed.
    pub(super) fn packing(&self) -> PathBuf {
        self.state.join("packing")
    }

    pub(super) fn seals(&self) -> PathBuf {
        self.state.join("seals")
    }

    /// The records of what was pruned.
    pub(super) fn prunings(&self) -> PathBuf {
        self.state.join("seals/pruned")
    }

    /// The key that seals are signed with.
    #[must_use]
    pub fn host_key(&self) -> PathBuf {
        self.state.join("keys/host.ed25519")
    }

    /// The database that searches use.
    #[must_use]
    pub fn index(&self) -> PathBuf {
        self.state.join("index.db")
    }

    fn newest(&self) -> Result<PathBuf> {
        self.all()?.pop().map(|id| self.folder(id)).ok_or_else(|| {
            Error::new(Kind::NotFound, "nothing has been recorded yet")
                .why(format!("there is no session in {}", self.sessions().display()))
                .fix("record something: hoop-run -- aws s3 ls")
        })
    }

    /// The folder that `name` means: a session id, the start of one that only one session has, `last` for the newest
    /// one, or a path.
    ///
    /// Fails with `NotFound` when there is none or more than one.
    pub fn find(&self, name: &str) -> Result<PathBuf> {
        if name == "last" {
            return self.newest();
        }
        if let Ok(id) = name.parse::<SessionId>() {
            let folder = self.folder(id);
            if folder.is_dir() {
                return Ok(folder);
            }
        }
        let path = Path::new(name);
        if path.join("audit.jsonl").exists() || path.join("seal.json").exists() {
            return Ok(path.to_owned());
        }
        let is_start = name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let wanted = name.to_ascii_uppercase();
        let mut found: Vec<SessionId> = match is_start {
            true => self.all()?.into_iter().filter(|id| id.to_string().starts_with(&wanted)).collect(),
            false => Vec::new(),
        };
        match (found.pop(), found.len()) {
            (Some(id), 0) => Ok(self.folder(id)),
            (Some(_), others) => {
                Err(Error::new(Kind::NotFound, format!("`{name}` begins {} session ids", others + 1))
                    .fix("give more of the id; list them: hoopctl sessions"))
            }
            (None, _) => Err(Error::new(Kind::NotFound, format!("no recording `{}`", name.escape_debug()))
                .why(format!("looked in {} and for a folder of that name", self.sessions().display()))
                .fix("list them: hoopctl sessions")),
        }
    }

    /// The ids of all sessions that have a folder, oldest first. Folders that are no sessions are passed over.
    pub fn all(&self) -> Result<Vec<SessionId>> {
        let mut folders = vec![self.sessions()];
        for _ in ["year", "month", "day"] {
            folders =
                folders.iter().flat_map(|folder| names(folder)).filter(|path| is_number(path)).collect();
        }
        let mut ids: Vec<SessionId> = folders
            .iter()
            .flat_map(|folder| names(folder))
            .filter_map(|path| path.file_name()?.to_str()?.parse().ok().filter(|id| self.folder(*id) == path))
            .collect();
        ids.sort_unstable();
        Ok(ids)
    }
}

/// The entries of a folder; none when it cannot be read, such as one that another process has just removed.
fn names(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn is_number(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lies_under_the_day_of_its_id() {
        let id = SessionId::new(1_763_700_000_123_456, 7);
        let folder = Place::new(Path::new("/s")).folder(id);
        assert_eq!(folder, Path::new("/s/sessions/2025/11/21").join(id.to_string()));
    }

    #[test]
    fn a_session_is_found_by_the_start_of_its_id() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(dir.path());
        let one = SessionId::new(1_763_700_000_123_456, 7);
        let two = SessionId::new(1_863_700_000_123_456, 8);
        for id in [one, two] {
            fs::create_dir_all(place.folder(id)).unwrap();
        }
        assert_eq!(place.all().unwrap(), [one, two]);
        assert_eq!(place.find(&one.to_string()[..8].to_lowercase()).unwrap(), place.folder(one));
        assert!(place.find("01K").is_err());
        assert!(place.find("../../etc").is_err());
    }
}
