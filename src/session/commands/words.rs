//! What a process is about to execute, as it says itself.

use std::path::Path;
use std::path::PathBuf;

/// Program, arguments, place: as read, not masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) argv: Vec<Vec<u8>>,
    /// Some arguments are missing or cut.
    pub(super) truncated: bool,
    pub(super) exe: Option<PathBuf>,
    pub(super) cwd: Option<PathBuf>,
}

/// Bytes of a command line that are remembered while it runs, for questions.
const REMEMBERED: usize = 4 << 10;

impl Words {
    /// The arguments as text; what is no UTF-8 is replaced.
    pub(super) fn argv_text(&self) -> Vec<String> {
        self.argv.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    pub(super) fn exe_text(&self) -> Option<String> {
        self.exe.as_deref().map(text)
    }

    pub(super) fn cwd_text(&self) -> Option<String> {
        self.cwd.as_deref().map(text)
    }

    /// Bytes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let path = |path: &Option<PathBuf>| path.as_ref().map_or(0, |path| path.as_os_str().len());
        size_of::<Self>()
            + self.argv.iter().map(|word| word.len() + size_of::<Vec<u8>>()).sum::<usize>()
            + path(&self.exe)
            + path(&self.cwd)
    }

    /// Whether it is small enough to be kept as it is.
    pub(super) fn is_small(&self) -> bool {
        self.bytes() <= REMEMBERED
    }

    /// As much of it as is worth to be remembered.
    pub(super) fn shortened(&self) -> Self {
        let mut room = REMEMBERED;
        let mut argv = Vec::new();
        for word in self.argv.iter().take(64) {
            let kept = word.len().min(room);
            argv.push(word[..kept].to_vec());
            room -= kept;
            if room == 0 {
                break;
            }
        }
        Self { argv, truncated: true, exe: self.exe.clone(), cwd: self.cwd.clone() }
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
