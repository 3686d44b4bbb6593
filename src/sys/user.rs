//! Who runs us, and where.

use std::ffi::CString;

use nix::unistd::Group;
use nix::unistd::Uid;
use nix::unistd::User;
use nix::unistd::getgrouplist;
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

/// The user id that we run as.
#[must_use]
pub fn uid() -> u32 {
    getuid().as_raw()
}

/// The person with this user id, by the system's own lists, which may ask a directory server; `None`: they could not be
/// asked.
#[must_use]
pub fn by_uid(uid: u32) -> Option<Person> {
    let Some(user) = User::from_uid(Uid::from_raw(uid)).ok()? else {
        return Some(Person { name: uid.to_string(), uid, groups: Vec::new() });
    };
    let name = CString::new(user.name.as_str()).ok()?;
    let groups = getgrouplist(&name, user.gid).ok()?;
    let groups = groups.into_iter().take(MOST_GROUPS).filter_map(|gid| Group::from_gid(gid).ok().flatten());
    Some(Person { name: user.name, uid, groups: groups.map(|group| group.name).collect() })
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
        assert_eq!(by_uid(uid()).map(|person| person.name), Some(current().name));
        assert_eq!(by_uid(4_000_000_001).map(|person| person.name), Some("4000000001".to_owned()));
        assert!(!host().is_empty());
        assert!(kernel().is_some_and(|(kernel, machine)| kernel.contains(' ') && !machine.is_empty()));
        assert!(!has_group("no-such-group-of-hoop"));
    }
}
