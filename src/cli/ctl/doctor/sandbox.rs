//! What the sandbox holds here: found out by making one, explained by what the kernel says of itself.

use std::fs;
use std::path::Path;

use super::finding::Finding;
use super::finding::quoted;
use crate::sandbox::level::Lack;
use crate::sandbox::level::Level;
use crate::sandbox::probe::Probed;

/// What the kernel and the surroundings say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kernel {
    /// `kernel.unprivileged_userns_clone` (Debian's), where there is one.
    pub userns_clone: Option<u64>,
    /// `user.max_user_namespaces`.
    pub max_user_namespaces: Option<u64>,
    /// `kernel.apparmor_restrict_unprivileged_userns` (Ubuntu's).
    pub apparmor_restricts: Option<u64>,
    /// The kind of container that this is.
    pub container: Option<&'static str>,
    /// Somebody filters our system calls already.
    pub is_filtered: bool,
    /// The version of landlock.
    pub landlock: Option<u32>,
    /// We run in a session of hoop-run.
    pub is_nested: bool,
}

impl Kernel {
    /// Reads what there is below `root`, which is `/`.
    #[must_use]
    pub fn read(root: &Path, landlock: Option<u32>, is_nested: bool) -> Self {
        let number = |file: &str| fs::read_to_string(root.join(file)).ok()?.trim().parse().ok();
        let is_there = |file: &str| root.join(file).exists();
        let environment = fs::read(root.join("proc/1/environ")).unwrap_or_default();
        let container = match () {
            () if is_there("run/.containerenv") => Some("podman"),
            () if is_there(".dockerenv") => Some("docker"),
            () if is_there("var/run/secrets/kubernetes.io") => Some("kubernetes"),
            () if environment.split(|byte| *byte == 0).any(|it| it.starts_with(b"container=")) => {
                Some("a container")
            }
            () => None,
        };
        let status = fs::read_to_string(root.join("proc/self/status")).unwrap_or_default();
        Self {
            userns_clone: number("proc/sys/kernel/unprivileged_userns_clone"),
            max_user_namespaces: number("proc/sys/user/max_user_namespaces"),
            apparmor_restricts: number("proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            container,
            is_filtered: status.lines().any(|line| line.split_whitespace().eq(["Seccomp:", "2"])),
            landlock,
            is_nested,
        }
    }
}

/// What was found out; `None`: it took too long. `mode` is the setting `sandbox.mode`, `program` the path of hoop-run.
#[must_use]
pub fn findings(probed: Option<&Probed>, kernel: &Kernel, mode: &str, program: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if kernel.is_nested {
        found.push(
            Finding::note("level", "this is a session of hoop-run already, which gates and records")
                .advice("ask outside of the session what a sandbox holds there"),
        );
        return found;
    }
    let Some(probed) = probed else {
        let fact = "could not be found out: a sandbox was not made within 3 s";
        return vec![Finding::warning("level", fact).fix("hoop-run --sandbox require -- true")];
    };
    let because = |(step, why): &(String, String)| format!(": cannot {step}: {why}");
    let why = probed.refused.as_ref().map(because).unwrap_or_default();
    let fact = format!("{}{why}", probed.level);
    found.push(match (probed.level, mode) {
        (Level::Full, _) => Finding::ok("level", fact),
        (_, "require") => {
            Finding::fault("level", format!("{fact}; sandbox.mode = \"require\", so no session starts"))
                .fix("hoop-run --sandbox auto -- true")
        }
        (_, "off") => Finding::note("level", fact).advice("no session uses it: sandbox.mode = \"off\""),
        _ => weaker(Finding::warning("level", fact), probed, kernel, program),
    });
    for lack in probed.lacks.iter() {
        let finding = Finding::warning("lacks", lack.phrase());
        found.push(match lack {
            Lack::Namespaces => finding.advice("namespaces give it: see above"),
            _ => mended(finding, lack, kernel, program),
        });
    }
    if mode == "off" {
        let fact = "sandbox.mode = \"off\": programs see this machine as it is, and only the first command is recorded";
        found.push(Finding::warning("mode", fact).fix("hoopctl config list"));
    }
    found.push(match kernel.landlock {
        Some(version @ 6..) => Finding::ok("landlock", format!("version {version}: signals and abstract sockets stay inside")),
        Some(version) => {
            let fact = format!("version {version}; version 6 (Linux 6.12) is a second wall around signals and abstract sockets");
            Finding::note("landlock", fact).advice("namespaces hold the same; a later kernel adds the wall")
        }
        None => Finding::note("landlock", "not there: a second wall is missing, namespaces hold the same")
            .advice("a kernel with landlock in its `lsm=` list adds it"),
    });
    found
}

fn weaker(finding: Finding, probed: &Probed, kernel: &Kernel, program: &str) -> Finding {
    match probed.lacks.iter().next() {
        // The line of the lack says it.
        Some(lack) if lack != Lack::Namespaces => finding.advice("what it lacks stands below"),
        _ => mended(finding, Lack::Namespaces, kernel, program),
    }
}

/// With what gives back what is lacking.
fn mended(finding: Finding, lack: Lack, kernel: &Kernel, program: &str) -> Finding {
    match lack {
        Lack::Namespaces | Lack::Network => namespaces(finding, kernel, program),
        Lack::Processes | Lack::Terminals if kernel.container.is_some() => finding
            .fix("docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined IMAGE"),
        Lack::Root => {
            finding.advice("run agents as an ordinary user").fix("sudo -u \"$SUDO_USER\" hoop-run -- COMMAND")
        }
        Lack::WatchTaken => {
            finding.advice("whoever supervises this shell sees the commands; start hoop-run outside of it")
        }
        Lack::Watch | Lack::Filter => finding.advice(
            "a kernel with CONFIG_SECCOMP_FILTER, 5.9 or later, and no container that forbids seccomp(2)",
        ),
        Lack::Keyring => finding
            .fix("docker run --security-opt seccomp=unconfined IMAGE")
            .advice("keyctl(2) is forbidden here"),
        Lack::Processes | Lack::Terminals => {
            finding.advice("/proc or /dev/pts is covered here: start hoop-run outside of the container")
        }
    }
}

fn namespaces(finding: Finding, kernel: &Kernel, program: &str) -> Finding {
    let persist = |setting: &str| {
        format!(
            "echo '{setting}' | sudo tee /etc/sysctl.d/60-hoop.conf && sudo sysctl -p /etc/sysctl.d/60-hoop.conf"
        )
    };
    if !cfg!(target_os = "linux") {
        return finding.advice("there is a sandbox on Linux only, so far");
    }
    if kernel.container.is_some() {
        return finding
            .advice("containers forbid user namespaces unless told otherwise")
            .fix("docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined IMAGE");
    }
    if kernel.userns_clone == Some(0) {
        return finding.fix(persist("kernel.unprivileged_userns_clone = 1"));
    }
    if kernel.max_user_namespaces == Some(0) {
        return finding.fix(persist("user.max_user_namespaces = 15000"));
    }
    if kernel.apparmor_restricts.is_some_and(|value| value > 0) {
        let profile = "printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile hoop-run %s flags=(unconfined) {\\n  userns,\\n}\\n'";
        return finding
            .advice(
                "AppArmor gives user namespaces to programs with a profile only; this is one for hoop-run",
            )
            .fix(format!(
                "{profile} {} | sudo tee /etc/apparmor.d/hoop-run && sudo systemctl reload apparmor",
                quoted(program)
            ));
    }
    match kernel.is_filtered {
        true => finding
            .advice("a filter of system calls around this shell forbids them: start hoop-run outside of it"),
        false => finding
            .fix("unshare --user --map-root-user true")
            .advice("this asks the kernel for one, and says why not"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ctl::doctor::finding::State;
    use crate::sandbox::level::Lacks;

    fn probed(lacks: &[Lack]) -> Probed {
        let mut all = Lacks::default();
        lacks.iter().for_each(|lack| all.add(*lack));
        let refused =
            lacks.contains(&Lack::Namespaces).then(|| ("make namespaces".to_owned(), "no".to_owned()));
        Probed { level: Level::without(all), lacks: all, refused }
    }

    fn fix(kernel: &Kernel) -> String {
        let found = findings(Some(&probed(&[Lack::Namespaces])), kernel, "auto", "/opt/ho op/hoop-run");
        assert_eq!(found[0].state, State::Warning);
        found[0].fix.clone().or(found[0].advice.clone()).unwrap()
    }

    #[test]
    fn what_forbids_namespaces_is_told_with_its_remedy() {
        let with = |change: fn(&mut Kernel)| {
            let mut kernel = Kernel::default();
            change(&mut kernel);
            fix(&kernel)
        };
        assert!(with(|kernel| kernel.userns_clone = Some(0)).contains("unprivileged_userns_clone = 1"));
        assert!(with(|kernel| kernel.max_user_namespaces = Some(0)).contains("max_user_namespaces = 15000"));
        let apparmor = with(|kernel| kernel.apparmor_restricts = Some(1));
        assert!(apparmor.contains("'/opt/ho op/hoop-run' | sudo tee /etc/apparmor.d/hoop-run"), "{apparmor}");
        assert!(with(|kernel| kernel.container = Some("docker")).starts_with("docker run --security-opt"));
        assert!(with(|kernel| kernel.is_filtered = true).contains("filter of system calls"));
        assert!(with(|_| ()).starts_with("unshare "));
    }

    #[test]
    fn what_is_required_and_not_there_is_a_fault() {
        let kernel = Kernel::default();
        let of = |probed: &Probed, mode| findings(Some(probed), &kernel, mode, "hoop-run");
        assert_eq!(of(&probed(&[Lack::Processes]), "require")[0].state, State::Fault);
        let full = of(&probed(&[]), "require");
        assert_eq!((full[0].state, full[0].fact.as_str()), (State::Ok, "full"));
        assert_eq!(findings(None, &kernel, "auto", "hoop-run")[0].state, State::Warning);
        for finding in of(&probed(&[Lack::Root, Lack::Watch, Lack::Keyring, Lack::WatchTaken]), "auto") {
            assert!(
                finding.state == State::Ok || finding.fix.is_some() || finding.advice.is_some(),
                "{finding:?}"
            );
        }
    }

    #[test]
    fn the_kernel_is_read_where_it_says_so() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            fs::create_dir_all(root.path().join(file).parent().unwrap()).unwrap();
            fs::write(root.path().join(file), text).unwrap();
        };
        write("proc/sys/user/max_user_namespaces", "0\n");
        write("proc/self/status", "Name:\tx\nSeccomp:\t2\n");
        write("proc/1/environ", "A=b\0container=lxc\0");
        let kernel = Kernel::read(root.path(), Some(4), false);
        assert_eq!(kernel.max_user_namespaces, Some(0));
        assert_eq!((kernel.userns_clone, kernel.container), (None, Some("a container")));
        assert!(kernel.is_filtered);
    }
}
