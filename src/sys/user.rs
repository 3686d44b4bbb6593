//! Who runs us, and where.

use nix::unistd::Group;
use nix::unistd::User;
use nix::unistd::getgroups;
use nix::unistd::gethostname;
use nix::unistd::getuid;

/// A person with an account on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Login name; the number where there is none.
    pub name: String,
    /// Numeric user id.
    pub uid: u32,
    /// Names of the groups, without those that have none.
    pub groups: Vec<String>,
}

/// Groups looked up at most: each may cost a question to a directory server.
const MOST_GROUPS: usize = 64;

/// The person that we run as, by the system's own lists, not by the environment.
#[must_use]
pub fn current() -> Person {
    let uid = getuid();
    let name = User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name);
    let groups = getgroups().unwrap_or_default();
    let groups = groups.into_iter().take(MOST_GROUPS).filter_map(|gid| Group::from_gid(gid).ok().flatten());
    Person { name, uid: uid.as_raw(), groups: groups.map(|group| group.name).collect() }
}

/// Whether this host has a group called `name`.
#[must_use]
pub fn has_group(name: &str) -> bool {
    matches!(Group::from_name(name), Ok(Some(_)))
}

/// The kernel's name and release: `Linux 6.1.0-18-amd64`; and the processor: `x86_64`.
#[must_use]
pub fn kernel() -> Option<(String, String)> {
    let told = nix::sys::utsname::uname().ok()?;
    let text = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
    Some((format!("{} {}", text(told.sysname()), text(told.release())), text(told.machine())))
}

/// The name of this host.
#[must_use]
pub fn host() -> String {
    gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_runs_us_somewhere() {
        assert!(!current().name.is_empty());
        assert!(!host().is_empty());
        assert!(kernel().is_some_and(|(kernel, machine)| kernel.contains(' ') && !machine.is_empty()));
        assert!(!has_group("no-such-group-of-hoop"));
    }
}
