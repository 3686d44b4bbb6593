//! Starts an interactive shell so that it tells what is typed.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::Typed;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::mask::Engine;
use crate::net::RuntimeDir;
use crate::session::environment::Environment;

/// Options of shells that change nothing about reading lines at a prompt.
const HARMLESS: [&str; 2] = ["-i", "--interactive"];
/// The same for login shells.
const LOGIN: [&str; 4] = ["-l", "--login", "-il", "-li"];
/// What every zsh reads before our file, and may send it elsewhere.
const ZSH_FIRST: [&str; 2] = ["/etc/zshenv", "/etc/zsh/zshenv"];

/// What is about to be started.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The file.
    pub program: &'a Path,
    /// All arguments, the program's name first; changed if need be.
    pub argv: &'a mut Vec<OsString>,
    /// The whole environment; changed if need be.
    pub environment: &'a mut Environment,
    /// Where the session's private folder is made; the program must see it.
    pub parent: &'a Path,
}

/// How to tell a shell.
#[derive(Debug, PartialEq, Eq)]
enum Shell {
    /// `--rcfile`, in place of the file that it names or would read.
    Bash(PathBuf),
    /// `ZDOTDIR`
    Zsh,
    /// `-C`
    Fish,
}

/// Makes a shell that will be interactive tell what is typed. None: it is no such shell, or it would not be started as
/// it was asked for; nothing has changed then.
///
/// # Errors
/// When the shell's instructions cannot be written; nothing has changed then.
pub fn integrate(launch: Launch<'_>, masks: &Arc<Engine>) -> Result<Option<Typed>> {
    let Some(shell) = recognise(launch.program, launch.argv, launch.environment) else { return Ok(None) };
    let mut random = [0; 32];
    getrandom::fill(&mut random)
        .map_err(|cause| Error::new(Kind::System, "there are no random numbers").why(cause.to_string()))?;
    let (nonce, name) = random.split_at(16);
    let nonce = hex::encode(nonce);
    let files = RuntimeDir::create(launch.parent, &hex::encode(name))?;
    let filled = |text: &str, what: &str, with: &[u8]| {
        replace(text.replace("@NONCE@", &nonce).as_bytes(), what.as_bytes(), with)
    };
    match shell {
        Shell::Bash(rc) => {
            let text = filled(include_str!("bash.sh"), "@RC@", &quoted(rc.as_os_str()));
            let file = files.file("bashrc", &text)?;
            let rest = launch.argv.split_off(1.min(launch.argv.len()));
            // Long options must come first.
            launch.argv.extend(["--rcfile".into(), file.into_os_string()]);
            launch.argv.extend(without_rc(&rest));
        }
        Shell::Zsh => {
            let restore = match launch.environment.get("ZDOTDIR") {
                Some(folder) => [b"export ZDOTDIR=".as_slice(), &quoted(folder)].concat(),
                None => b"unset ZDOTDIR".to_vec(),
            };
            files.file(".zshenv", &filled(include_str!("zsh.sh"), "@ZDOTDIR@", &restore))?;
            launch.environment.set("ZDOTDIR", files.path());
        }
        Shell::Fish => {
            let file =
                files.file("typed.fish", include_str!("fish.sh").replace("@NONCE@", &nonce).as_bytes())?;
            let mut command = OsString::from("source ");
            command.push(OsString::from_vec(quoted(file.as_os_str())));
            launch.argv.extend(["-C".into(), command]);
        }
    }
    Ok(Some(Typed::new(&nonce, files, Arc::clone(masks))))
}

fn recognise(program: &Path, argv: &[OsString], environment: &Environment) -> Option<Shell> {
    let home = environment.get("HOME").filter(|home| !home.is_empty());
    let arguments: Vec<&OsStr> = argv.iter().skip(1).map(OsString::as_os_str).collect();
    let all = |known: &[&[&str]]| {
        arguments.iter().all(|argument| known.iter().any(|known| known.iter().any(|word| argument == word)))
    };
    match program.file_name()?.to_str()? {
        // A login shell reads no file that can be named; what it does read cannot be put together as exactly.
        "bash" if all(&[&HARMLESS[..1]]) => Some(Shell::Bash(Path::new(home?).join(".bashrc"))),
        "bash" => match arguments.as_slice() {
            [option, file] | [option, file, _]
                if is_rc(option) && arguments.get(2).is_none_or(|word| *word == "-i") =>
            {
                // Without a slash it would be looked for along PATH.
                Some(Shell::Bash(Path::new(".").join(file)))
            }
            _ => None,
        },
        "zsh" if all(&[&HARMLESS, &LOGIN]) && !ZSH_FIRST.iter().any(|file| moves_folder(file)) => {
            home.map(|_| Shell::Zsh)
        }
        "fish" if all(&[&HARMLESS, &LOGIN]) => Some(Shell::Fish),
        _ => None,
    }
}

fn is_rc(option: &OsStr) -> bool {
    option == "--rcfile" || option == "--init-file"
}

fn without_rc(arguments: &[OsString]) -> Vec<OsString> {
    let skip = if arguments.first().is_some_and(|option| is_rc(option)) { 2 } else { 0 };
    arguments[skip..].to_vec()
}

/// Whether the machine's own settings of zsh are about the folder: they would not find it as they expect.
fn moves_folder(file: &str) -> bool {
    fs::read(file).is_ok_and(|text| memchr::memmem::find(&text, b"ZDOTDIR").is_some())
}

/// A word for any of the shells, which all take the same in single quotes but for the quote itself and, in fish, the
/// backslash.
fn quoted(word: &OsStr) -> Vec<u8> {
    let mut text = vec![b'\''];
    for byte in word.as_bytes() {
        match byte {
            b'\'' => text.extend_from_slice(b"'\"'\"'"),
            b'\\' => text.extend_from_slice(b"'\"\\\\\"'"),
            _ => text.push(*byte),
        }
    }
    text.push(b'\'');
    text
}

fn replace(text: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len() + with.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, what) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(with);
        rest = &rest[at + what.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognised(command: &str) -> Option<Shell> {
        let argv: Vec<OsString> = command.split(' ').map(OsString::from).collect();
        let program = PathBuf::from(&argv[0]);
        recognise(&program, &argv, &Environment::new([("HOME".into(), "/h".into())]))
    }

    #[test]
    fn interactive_shells_are_told_from_scripts() {
        for command in ["/bin/bash", "bash -i"] {
            assert_eq!(recognised(command), Some(Shell::Bash("/h/.bashrc".into())), "{command}");
        }
        for command in ["bash --rcfile x", "bash --init-file x -i"] {
            assert_eq!(recognised(command), Some(Shell::Bash("./x".into())), "{command}");
        }
        assert_eq!(recognised("/usr/bin/fish --login"), Some(Shell::Fish));
        for command in [
            "bash -c ls",
            "bash x",
            "bash -l",
            "bash --norc",
            "bash --posix",
            "sh",
            "zsh -f",
            "fish x",
            "fish -c x",
        ] {
            assert_eq!(recognised(command), None, "{command}");
        }
    }

    #[test]
    fn a_shell_gets_its_instructions_and_nothing_else_changes() {
        let parent = tempfile::tempdir().unwrap();
        let masks = Arc::new(Engine::builtin());
        let start = |command: &[&str]| {
            let mut argv: Vec<OsString> = command.iter().map(OsString::from).collect();
            let mut environment = Environment::new([("HOME".into(), "/it's".into())]);
            let program = PathBuf::from(command[0]);
            let (argv_of, environment_of) = (&mut argv, &mut environment);
            let launch = Launch {
                program: &program,
                argv: argv_of,
                environment: environment_of,
                parent: parent.path(),
            };
            let typed = integrate(launch, &masks).unwrap();
            (argv, environment, typed)
        };
        let (argv, environment, typed) = start(&["/bin/bash", "-i"]);
        assert_eq!((argv.len(), &argv[1], &argv[3]), (4, &"--rcfile".into(), &"-i".into()));
        assert_eq!(environment.iter().count(), 1);
        let text = fs::read_to_string(&argv[2]).unwrap();
        assert!(text.contains(r#"builtin . '/it'"'"'s/.bashrc'"#) && !text.contains("@RC@"), "{text}");
        drop(typed);
        assert!(!Path::new(&argv[2]).exists());
        let (argv, environment, typed) = start(&["bash", "-c", "ls"]);
        assert!(argv.len() == 3 && environment.iter().count() == 1 && typed.is_none());
    }
}
