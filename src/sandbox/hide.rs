//! What a program in the sandbox is not to see: where credentials lie, and the sockets of programs outside that would
//! act in its place.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// What is covered, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Folders that become empty and closed.
    pub folders: Vec<PathBuf>,
    /// Folders that become empty, and hold what programs inside write into them until the session ends.
    pub emptied: Vec<PathBuf>,
    /// Files and sockets that become empty.
    pub files: Vec<PathBuf>,
    /// Files and folders that can be read and not changed: what others run later.
    pub unwritable: Vec<PathBuf>,
    /// Folders of `folders` and `emptied` that are made if they are missing, with those above them.
    pub made: Vec<PathBuf>,
    /// Folders that keep their place: whoever renames what holds a covered folder puts another in its place, for the next
    /// session to trust.
    pub pinned: Vec<PathBuf>,
}

/// Who is hidden from.
#[derive(Clone, Debug)]
pub struct Owner<'a> {
    /// The home folder.
    pub home: Option<&'a Path>,
    /// The numeric user id.
    pub uid: u32,
}

/// Something that is hidden unless it is allowed by its name.
struct Reach {
    name: &'static str,
    /// Variables that lead to it; taken out of the environment.
    variables: &'static [&'static str],
    /// Folders; `~` is home, `%u` the user id.
    folders: &'static [&'static str],
    /// Files and sockets.
    files: &'static [&'static str],
}

/// Programs outside that act for whoever reaches their socket, and the words that allow it.
const REACHES: &[Reach] = &[
    Reach {
        name: "ssh-agent",
        variables: &["SSH_AUTH_SOCK", "SSH_AGENT_PID"],
        folders: &["~/.ssh/agent"],
        files: &[],
    },
    Reach { name: "gpg", variables: &["GPG_AGENT_INFO"], folders: &["~/.gnupg"], files: &[] },
    Reach {
        name: "docker",
        variables: &["DOCKER_HOST"],
        folders: &["/run/containerd", "~/.colima", "~/.docker/run", "~/.docker/desktop", "~/.rd"],
        files: &["/run/docker.sock", "/var/run/docker.sock"],
    },
    Reach { name: "podman", variables: &["CONTAINER_HOST"], folders: &["/run/podman"], files: &[] },
    Reach {
        name: "tmux",
        variables: &["TMUX", "TMUX_PANE", "STY", "ZELLIJ", "ZELLIJ_SESSION_NAME"],
        folders: &["/tmp/tmux-%u", "/run/screen", "/run/screens", "~/.screen"],
        files: &[],
    },
    Reach {
        name: "x11",
        variables: &["DISPLAY", "XAUTHORITY", "SESSION_MANAGER", "ICEAUTHORITY"],
        folders: &["/tmp/.X11-unix", "/tmp/.ICE-unix"],
        files: &["~/.Xauthority", "~/.ICEauthority"],
    },
    Reach { name: "wayland", variables: &["WAYLAND_DISPLAY", "WAYLAND_SOCKET"], folders: &[], files: &[] },
    Reach {
        name: "dbus",
        variables: &["DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "DBUS_STARTER_ADDRESS"],
        folders: &["/run/dbus"],
        files: &[],
    },
    Reach {
        name: "editor",
        variables: &[
            "VSCODE_IPC_HOOK",
            "VSCODE_IPC_HOOK_CLI",
            "VSCODE_GIT_IPC_HANDLE",
            "VSCODE_GIT_IPC_AUTH_TOKEN",
            "VSCODE_INJECTION",
            "NVIM",
            "NVIM_LISTEN_ADDRESS",
            "KITTY_LISTEN_ON",
            "WEZTERM_UNIX_SOCKET",
            "EMACS_SERVER_FILE",
        ],
        folders: &["/tmp/emacs%u"],
        files: &[],
    },
];

/// Hidden always, and programs write there: the aws CLI keeps roles, tokens and its history under it, and fails without.
const EMPTIED: &[&str] = &["~/.aws"];

/// Files of `EMPTIED` that people like to keep elsewhere, with a link.
const LINKED: &[&str] = &["~/.aws/config", "~/.aws/credentials", "~/.aws/cli", "~/.aws/sso"];

/// Hidden always: credentials, and what can start programs outside.
const FOLDERS: &[&str] = &[
    "~/.granted",
    "~/.awsvault",
    "~/.aws-sso",
    "~/.local/share/keyrings",
    "~/.password-store",
    "~/.saml2aws.d",
    "/run/user/%u",
    "/run/snapd",
    "/run/libvirt",
    "/run/nscd",
    "/run/avahi-daemon",
];

/// As `FOLDERS`, for single files.
const FILES: &[&str] = &[
    "~/.boto",
    "~/.s3cfg",
    "~/.passwd-s3fs",
    "~/.saml2aws",
    "~/.aws-vault",
    "/etc/boto.cfg",
    "/run/systemd/private",
    "/run/systemd/resolve/io.systemd.Resolve",
    "/run/systemd/resolve/io.systemd.Resolve.Monitor",
    "/run/snapd.socket",
    "/run/snapd-snap.socket",
];

/// Run by the user later, outside: readable, not writable.
const UNWRITABLE: &[&str] = &[
    "~/.bashrc",
    "~/.bash_profile",
    "~/.bash_login",
    "~/.bash_logout",
    "~/.profile",
    "~/.zshrc",
    "~/.zshenv",
    "~/.zprofile",
    "~/.zlogin",
    "~/.inputrc",
    "~/.xprofile",
    "~/.xinitrc",
    "~/.config/fish/config.fish",
    "~/.config/fish/conf.d",
    "~/.config/systemd/user",
    "~/.config/autostart",
    "~/.config/environment.d",
    "~/.ssh/config",
    "~/.ssh/rc",
    "~/.ssh/authorized_keys",
];

/// Variables that name a file with credentials.
const FILE_VARIABLES: &[&str] = &[
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CREDENTIAL_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "BOTO_CONFIG",
];

/// Variables that lead outside, or hold a token that could be exchanged for a credential.
const VARIABLES: &[&str] = &[
    "XDG_RUNTIME_DIR",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_RUNTIME_URL",
    "BUILDKITE_AGENT_ACCESS_TOKEN",
    "BUILDKITE_OIDC_TOKEN",
    "GITLAB_OIDC_TOKEN",
    "AWS_ID_TOKEN",
    "ID_TOKEN",
    "CI_JOB_JWT",
    "CI_JOB_JWT_V1",
    "CI_JOB_JWT_V2",
    "CIRCLE_OIDC_TOKEN",
    "CIRCLE_OIDC_TOKEN_V2",
    "SYSTEM_ACCESSTOKEN",
    "SYSTEM_OIDCREQUESTURI",
    "BITBUCKET_STEP_OIDC_TOKEN",
    "VAULT_TOKEN",
    "VAULT_ADDR",
    "SYSTEMD_EXEC_PID",
    "NOTIFY_SOCKET",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
];

/// The words that `allow` takes, beside paths.
pub fn names() -> impl Iterator<Item = &'static str> {
    REACHES.iter().map(|reach| reach.name)
}

impl Hidden {
    /// What is hidden from the programs of `owner`, given the environment. `own` are hoop's own folders; `allowed` are
    /// words of [`names`] and paths.
    #[must_use]
    pub fn of(
        owner: &Owner<'_>,
        variable: &dyn Fn(&str) -> Option<PathBuf>,
        own: &[PathBuf],
        more: &[PathBuf],
        allowed: &[String],
    ) -> Self {
        let mut hidden = Self::default();
        let is_allowed = |name: &str| allowed.iter().any(|word| word == name);
        let spelled = |paths: &[&str]| paths.iter().filter_map(|path| spell(path, owner)).collect::<Vec<_>>();
        hidden.folders.extend(spelled(FOLDERS));
        hidden.folders.extend(own.iter().cloned());
        let keep = |path: &PathBuf| !allowed.iter().any(|word| Path::new(word) == path);
        hidden.emptied.extend(spelled(EMPTIED).into_iter().filter(keep));
        hidden.made.extend(hidden.emptied.iter().cloned());
        let linked = spelled(LINKED).into_iter().filter(|path| {
            path.parent().is_some_and(|folder| hidden.emptied.iter().any(|own| own == folder))
        });
        for path in linked.filter_map(|path| led_elsewhere(&path)).collect::<Vec<_>>() {
            if path.is_dir() { &mut hidden.folders } else { &mut hidden.files }.push(path);
        }
        hidden.pinned.extend(own.iter().flat_map(|folder| movable_above(folder)));
        hidden.files.extend(spelled(FILES));
        hidden.unwritable.extend(spelled(UNWRITABLE));
        for reach in REACHES.iter().filter(|reach| !is_allowed(reach.name)) {
            hidden.folders.extend(spelled(reach.folders));
            hidden.files.extend(spelled(reach.files));
            let named = reach.variables.iter().filter_map(|name| variable(name));
            hidden.files.extend(named.filter_map(|value| socket_of(&value)));
        }
        hidden.files.extend(FILE_VARIABLES.iter().filter_map(|name| variable(name)));
        if let Some(folder) = variable("XDG_RUNTIME_DIR").filter(|folder| folder.is_absolute()) {
            hidden.folders.push(folder);
        }
        for path in more {
            if path.is_dir() { &mut hidden.folders } else { &mut hidden.files }.push(path.clone());
        }
        hidden.files.extend(listening(&hidden.folders));
        hidden.folders.retain(keep);
        hidden.files.retain(keep);
        hidden.unwritable.retain(keep);
        hidden.folders.sort();
        hidden.folders.dedup();
        hidden.files.sort();
        hidden.files.dedup();
        hidden.pinned.sort();
        hidden.pinned.dedup();
        hidden
    }
}

/// The variables that lead to what is hidden.
pub fn variables(allowed: &[String]) -> impl Iterator<Item = &'static str> {
    let reaches = REACHES.iter().filter(|reach| !allowed.iter().any(|word| word == reach.name));
    reaches.flat_map(|reach| reach.variables).chain(VARIABLES).copied()
}

fn spell(path: &str, owner: &Owner<'_>) -> Option<PathBuf> {
    let path = path.replace("%u", &owner.uid.to_string());
    match path.strip_prefix("~/") {
        Some(rest) => owner.home.filter(|home| home.is_absolute()).map(|home| home.join(rest)),
        None => Some(PathBuf::from(path)),
    }
}

/// The socket or file that a variable leads to: a path, `unix:path=/x,guid=…`, `unix:///x`, `/x,123,0`.
fn socket_of(value: &Path) -> Option<PathBuf> {
    let text = value.to_str()?;
    let rest = text.strip_prefix("unix:").unwrap_or(text);
    let rest = rest.strip_prefix("path=").unwrap_or(rest);
    let path = rest.split([',', ';']).next().unwrap_or(rest);
    let path =
        if path.starts_with("//") { path.trim_start_matches('/').to_owned() } else { return absolute(path) };
    absolute(&format!("/{path}"))
}

fn absolute(path: &str) -> Option<PathBuf> {
    Some(PathBuf::from(path)).filter(|path| path.is_absolute())
}

/// What `path` leads to, if it is a link out of its folder.
fn led_elsewhere(path: &Path) -> Option<PathBuf> {
    let folder = fs::canonicalize(path.parent()?).ok()?;
    fs::canonicalize(path).ok().filter(|target| !target.starts_with(folder))
}

/// The folders above `folder` that the program could rename, from the outermost; those that are yet to be made, too.
fn movable_above(folder: &Path) -> Vec<PathBuf> {
    let is_writable = |path: &Path| {
        let access = nix::unistd::access(path, nix::unistd::AccessFlags::W_OK);
        matches!(access, Ok(()) | Err(nix::errno::Errno::ENOENT))
    };
    let above = folder.ancestors().skip(1).take_while(|path| path.parent().is_some_and(is_writable));
    let mut above: Vec<PathBuf> = above.map(Path::to_path_buf).collect();
    above.reverse();
    above
}

/// Sockets that somebody answers on and that we may write to, beyond those that hold nothing of value.
fn listening(covered: &[PathBuf]) -> Vec<PathBuf> {
    /// Loggers and look-ups of users, which every program needs.
    const HARMLESS: &[&str] =
        &["/run/systemd/journal", "/run/systemd/userdb", "/run/systemd/notify", "/dev/log", "/run/udev"];
    /// Further ones are left: a machine with so many is not a person's.
    const MOST: usize = 256;
    let Ok(table) = fs::read_to_string("/proc/net/unix") else { return Vec::new() };
    let paths = table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        // Flags: __SO_ACCEPTCON, somebody listens. Type: SOCK_DGRAM needs no listening.
        let flags = u32::from_str_radix(fields.nth(3)?, 16).ok()?;
        let is_datagram = fields.next()? == "0002";
        (is_datagram || flags & 0x1_0000 != 0).then(|| fields.nth(2)).flatten().and_then(absolute)
    });
    let is_below = |path: &Path, folder: &str| path.starts_with(folder);
    paths
        .filter(|path| !HARMLESS.iter().any(|folder| is_below(path, folder)))
        .filter(|path| !covered.iter().any(|folder| path.starts_with(folder)))
        .filter(|path| nix::unistd::access(path, nix::unistd::AccessFlags::W_OK).is_ok())
        .take(MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(variables: &[(&str, &str)], allowed: &[&str]) -> Hidden {
        let owner = Owner { home: Some(Path::new("/home/ana")), uid: 1000 };
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value))
        };
        let allowed: Vec<String> = allowed.iter().map(|word| (*word).to_owned()).collect();
        Hidden::of(&owner, &variable, &["/home/ana/.local/state/hoop".into()], &[], &allowed)
    }

    #[test]
    fn credentials_and_our_own_files_are_covered_wherever_they_are() {
        let hidden = hidden(&[("AWS_CONFIG_FILE", "/srv/aws.conf"), ("XDG_RUNTIME_DIR", "/tmp/run")], &[]);
        for folder in ["/home/ana/.local/state/hoop", "/run/user/1000", "/tmp/run"] {
            assert!(hidden.folders.contains(&PathBuf::from(folder)), "{folder}");
        }
        assert_eq!(hidden.emptied, [PathBuf::from("/home/ana/.aws")]);
        assert!(hidden.files.contains(&PathBuf::from("/srv/aws.conf")));
        assert!(hidden.unwritable.contains(&PathBuf::from("/home/ana/.bashrc")));
    }

    #[test]
    fn what_is_allowed_stays_with_its_variables() {
        let agent = [("SSH_AUTH_SOCK", "/tmp/ssh-x/agent.7")];
        let socket = PathBuf::from("/tmp/ssh-x/agent.7");
        assert!(hidden(&agent, &[]).files.contains(&socket));
        assert!(!hidden(&agent, &["ssh-agent"]).files.contains(&socket));
        assert!(variables(&[]).any(|name| name == "SSH_AUTH_SOCK"));
        assert!(!variables(&["ssh-agent".to_owned()]).any(|name| name == "SSH_AUTH_SOCK"));
        assert!(!hidden(&[], &["/home/ana/.gnupg"]).folders.contains(&PathBuf::from("/home/ana/.gnupg")));
    }

    #[test]
    fn sockets_are_found_in_every_spelling() {
        for (value, path) in [
            ("/tmp/a", Some("/tmp/a")),
            ("unix:path=/run/bus,guid=1", Some("/run/bus")),
            ("unix:///run/docker.sock", Some("/run/docker.sock")),
            ("/tmp/tmux-1000/default,12,0", Some("/tmp/tmux-1000/default")),
            ("tcp://10.0.0.1:2375", None),
            (":0", None),
        ] {
            assert_eq!(socket_of(Path::new(value)), path.map(PathBuf::from), "{value}");
        }
    }
}
