//! Versions: of hoop, the kernel and the system.

use std::path::Path;

use super::finding::Finding;
use crate::config::load::read_bounded;
use crate::sys::user;

/// The first kernel with all that the command log needs (seccomp notifications that go on, and pass descriptors).
const COMMAND_LOG: (u32, u32) = (5, 9);

/// What runs here. `release` is the file that names the system: `/etc/os-release`.
#[must_use]
pub fn findings(release: &Path) -> Vec<Finding> {
    let mut found = vec![Finding::ok("hoop", env!("CARGO_PKG_VERSION"))];
    if let Some((kernel, machine)) = user::kernel() {
        found.push(of_kernel(&kernel, &machine));
    }
    let text = read_bounded(release, "release").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    found.extend(name.map(|name| Finding::ok("system", name.trim_matches(['"', '\'']))));
    found
}

fn of_kernel(kernel: &str, machine: &str) -> Finding {
    let fact = format!("{kernel}, {machine}");
    let Some(release) = kernel.strip_prefix("Linux ") else {
        return Finding::note("kernel", format!("{fact}: the sandbox and the command log need Linux"))
            .advice("the gateway, masking and the record work here, too");
    };
    let mut numbers = release.split(['.', '-']).map(|number| number.parse::<u32>().unwrap_or_default());
    let version = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    match version < COMMAND_LOG {
        true => {
            Finding::warning("kernel", format!("{fact}: the command log needs 5.9 or later")).fix("uname -r")
        }
        false => Finding::ok("kernel", fact),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ctl::doctor::finding::State;

    #[test]
    fn an_old_kernel_is_told() {
        let state = |kernel| of_kernel(kernel, "x86_64").state;
        assert_eq!(state("Linux 6.1.0-18-amd64"), State::Ok);
        assert_eq!(state("Linux 5.10"), State::Ok);
        assert_eq!(state("Linux 4.18.0-553.el8"), State::Warning);
        assert_eq!(state("Darwin 24.1.0"), State::Note);
    }

    #[test]
    fn a_system_without_a_name_is_none() {
        assert_eq!(findings(Path::new("/nowhere")).len(), 2);
    }
}
