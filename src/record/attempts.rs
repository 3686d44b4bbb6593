//! Which of the programs that were not found were only steps of a search along `PATH`.

use std::collections::HashMap;
use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;

/// Follows what each process tries to execute. Whoever looks for a program tries one folder after the other, with the same
/// arguments: of these attempts only the last one says what came of it.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    open: HashMap<u32, (u64, usize)>,
}

impl Attempts {
    /// Process `pid` did not find `argv`; `name` is the caller's for this attempt. Gives the attempt before it, if it
    /// belongs to the same search.
    pub fn failed(&mut self, pid: u32, argv: &[String], name: usize) -> Option<usize> {
        let digest = digest(argv);
        let before = self.open.insert(pid, (digest, name));
        before.filter(|(other, _)| *other == digest).map(|(_, before)| before)
    }

    /// Process `pid` executes `argv`. Gives the last attempt of the search that led to it.
    pub fn started(&mut self, pid: u32, argv: &[String]) -> Option<usize> {
        let (other, before) = self.open.remove(&pid)?;
        (other == digest(argv)).then_some(before)
    }
}

fn digest(argv: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    argv.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_a_search_are_told_from_a_program_that_is_nowhere() {
        let mut attempts = Attempts::default();
        let argv = |name: &str| vec![name.to_owned(), "-l".to_owned()];
        assert_eq!(attempts.failed(7, &argv("ls"), 0), None);
        assert_eq!(attempts.failed(8, &argv("ls"), 1), None, "another process");
        assert_eq!(attempts.failed(7, &argv("ls"), 2), Some(0));
        assert_eq!(attempts.started(7, &argv("ls")), Some(2));
        assert_eq!(attempts.started(7, &argv("ls")), None, "that search is over");
        assert_eq!(attempts.failed(8, &argv("kubctl"), 3), None, "another search");
        assert_eq!(attempts.started(8, &argv("ls")), None);
    }
}
