//! Lines typed at the prompt of a real bash, zsh and fish, on a real terminal.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod support;

use std::path::Path;
use std::process::Command;

use support::Home;
use support::Session;

/// A shell, and how to start and write it.
struct Shell {
    name: &'static str,
    settings: &'static str,
    text: &'static str,
    /// What it says of `exit` itself.
    exit: Option<i64>,
}

const BASH: Shell =
    Shell { name: "bash", settings: ".bashrc", text: "PS1='ready> '\nHISTFILE=\n", exit: None };
const ZSH: Shell =
    Shell { name: "zsh", settings: ".zshrc", text: "PS1='ready> '\nunsetopt prompt_sp\n", exit: None };
const FISH: Shell = Shell {
    name: "fish",
    settings: ".config/fish/config.fish",
    text: "set -g fish_greeting\nfunction fish_prompt; printf 'ready> '; end\nfunction fish_title; end\n",
    exit: Some(0),
};

impl Shell {
    /// Whether it is installed; says so if not.
    fn is_here(&self) -> bool {
        let found = ["/bin", "/usr/bin", "/usr/local/bin"]
            .iter()
            .any(|folder| Path::new(folder).join(self.name).exists());
        if !found {
            #[allow(clippy::print_stderr, reason = "a test that is left out says why")]
            {
                eprintln!("left out: {} is not installed", self.name);
            }
        }
        found
    }

    fn home(&self, more: &str) -> Home {
        let home = Home::new();
        std::fs::create_dir_all(home.path().join(self.settings).parent().unwrap()).unwrap();
        home.file(self.settings, &format!("{}{more}", self.text));
        home
    }

    fn start(&self, home: &Home) -> Session {
        let mut session = Session::start(command(home, &[self.name]));
        session.wait_for("ready> ");
        session
    }
}

fn command(home: &Home, shell: &[&str]) -> Command {
    let mut command = home.hoop_run(["-q", "--no-gateway", "--"].iter().chain(shell));
    command.env_remove("PS1");
    command
}

/// Types each line when the shell waits for one.
fn type_lines(session: &mut Session, lines: &[&str]) {
    for line in lines {
        session.send(&format!("{line}\r"));
        session.wait_for("\n");
        session.wait_for("ready> ");
    }
}

fn leave(session: &mut Session) {
    session.send("exit\r");
    session.wait();
}

/// What the record says was typed: line and status.
fn typed(home: &Home) -> Vec<(String, Option<i64>)> {
    let events = events(home);
    let of =
        |event: &serde_json::Value| (event["line"].as_str().unwrap().to_owned(), event["status"].as_i64());
    events.iter().map(of).collect()
}

fn events(home: &Home) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(home.recording().join("audit.jsonl")).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    events.filter(|event| event["type"] == "command.typed").collect()
}

fn expected(lines: &[(&str, Option<i64>)]) -> Vec<(String, Option<i64>)> {
    lines.iter().map(|(line, status)| ((*line).to_owned(), *status)).collect()
}

/// Ten lines that all three understand, after which each says what it makes of a loop.
const LINES: [(&str, i64); 10] = [
    ("echo one", 0),
    ("false", 1),
    ("sh -c 'exit 7'", 7),
    ("no-such-program-anywhere", 127),
    ("echo \"a;b\" 'c%d' | cat", 0),
    ("echo déjà 日本語", 0),
    ("cd /", 0),
    ("sh -c 'kill -9 $$'", 137),
    ("true && sh -c 'exit 3'", 3),
    ("echo done # not a mark", 0),
];

fn ten_lines(shell: &Shell, block: (&str, &str)) {
    if !shell.is_here() {
        return;
    }
    let home = shell.home("");
    let mut session = shell.start(&home);
    // Enter alone is no line.
    type_lines(&mut session, &[""]);
    type_lines(&mut session, &LINES.map(|(line, _)| line));
    type_lines(&mut session, &[block.0]);
    leave(&mut session);
    let mut wanted = expected(&LINES.map(|(line, status)| (line, Some(status))));
    wanted.extend(expected(&[(block.1, Some(0)), ("exit", shell.exit)]));
    assert_eq!(typed(&home), wanted, "{}", session.text());
    for text in [session.text(), home.recorded("o")] {
        assert!(!text.contains("4667"), "a mark is left: {}", text.escape_debug());
    }
    let events = events(&home);
    assert_eq!(events[0]["cwd"], home.path().to_str().unwrap());
    assert_eq!(events[8]["cwd"], "/");
}

#[test]
fn bash_tells_its_lines() {
    ten_lines(&BASH, ("for i in 1 2\rdo echo $i\rdone", "for i in 1 2; do echo $i; done"));
}

#[test]
fn zsh_tells_its_lines() {
    ten_lines(&ZSH, ("for i in 1 2\rdo echo $i\rdone", "for i in 1 2\ndo echo $i\ndone"));
}

#[test]
fn fish_tells_its_lines() {
    ten_lines(&FISH, ("for i in 1 2\recho $i\rend", "for i in 1 2\necho $i\nend"));
}

#[test]
fn a_mark_of_somebody_else_is_output() {
    for shell in [&BASH, &ZSH, &FISH].into_iter().filter(|shell| shell.is_here()) {
        let home = shell.home("");
        let mut session = shell.start(&home);
        let forged =
            "printf '\\033]4667;%s;D;0\\a\\033]133;D;0\\a' 00000000000000000000000000000000; sh -c 'exit 9'";
        type_lines(&mut session, &[forged]);
        leave(&mut session);
        let first = typed(&home).remove(0);
        assert_eq!(first, (forged.to_owned(), Some(9)), "{}", shell.name);
        let shown = "\x1b]4667;00000000000000000000000000000000;D;0\x07\x1b]133;D;0\x07";
        assert!(session.text().contains(shown) && home.recorded("o").contains(shown), "{}", shell.name);
    }
}

#[test]
fn programs_do_not_learn_the_number_of_the_session() {
    for shell in [&BASH, &ZSH, &FISH].into_iter().filter(|shell| shell.is_here()) {
        let home = shell.home("");
        let mut session = shell.start(&home);
        let pid = if shell.name == "fish" { "$fish_pid" } else { "$$" };
        let places = format!("/proc/{pid}/environ /proc/{pid}/cmdline");
        type_lines(
            &mut session,
            &[
                "env | grep -c hoop_nonce | sed s/^/found=/",
                // 32 hexadecimal digits stand in the name of the folder only, which is gone.
                &format!(
                    "cat {places} | tr '\\0' '\\n' | grep -o '/[^ ]*/hoop-[0-9a-f]*' | sort -u >folders"
                ),
                &format!(
                    "cat {places} | tr '\\0' '\\n' | sed 's,/hoop-[0-9a-f]*,,' | grep -cE '[0-9a-f]{{32}}' | sed s/^/found=/"
                ),
            ],
        );
        leave(&mut session);
        assert_eq!(session.text().matches("found=0\r\n").count(), 2, "{}: {}", shell.name, session.text());
        for folder in std::fs::read_to_string(home.path().join("folders")).unwrap().lines() {
            assert!(!Path::new(folder).exists(), "{}: {folder} is still there", shell.name);
        }
    }
}

#[test]
fn a_shell_in_a_shell_is_one_line() {
    for (shell, inner) in [(&BASH, "bash --norc"), (&ZSH, "zsh -f"), (&FISH, "fish")] {
        if !shell.is_here() {
            continue;
        }
        let home = shell.home("");
        let mut session = shell.start(&home);
        session.send(&format!("env PS1='inner- ' fish_inner=1 {inner}\r"));
        session.wait_for("\n");
        session.wait_for(if shell.name == "fish" { "ready> " } else { "inner- " });
        session.send("echo in'side'\r");
        session.wait_for("inside\r\n");
        session.send("exit 4\r");
        session.wait_for("ready> ");
        if shell.name == "fish" {
            session.wait_for("ready> ");
        }
        type_lines(&mut session, &["echo outside"]);
        leave(&mut session);
        let lines = typed(&home);
        assert!(lines[0].0.ends_with(inner) && lines[0].1 == Some(4), "{lines:?}");
        assert_eq!(
            lines[1..],
            expected(&[("echo outside", Some(0)), ("exit", shell.exit)]),
            "{}",
            shell.name
        );
    }
}

#[test]
fn a_secret_in_a_line_is_masked_and_the_setting_turns_it_all_off() {
    let home = BASH.home("");
    let mut session = BASH.start(&home);
    type_lines(&mut session, &["echo AKIAQYLPMN5HFIQR7XYZ"]);
    leave(&mut session);
    let (line, status) = typed(&home).remove(0);
    assert!(line.starts_with("echo ") && !line.contains("QYLPMN5HFIQR7XYZ") && status == Some(0), "{line}");

    let home = BASH.home("");
    let mut command = command(&home, &["bash"]);
    command.env("HOOP_RECORD_TYPED", "false");
    let mut session = Session::start(command);
    session.wait_for("ready> ");
    type_lines(&mut session, &["declare -F | grep -c __hoop; tr '\\0' '\\n' </proc/$$/cmdline | wc -l"]);
    leave(&mut session);
    assert!(typed(&home).is_empty() && session.text().contains("0\r\n1\r\n"), "{}", session.text());
}

/// What a session shows with and without the marks.
fn both_ways(shell: &Shell, settings: &str, lines: &[&str]) -> [String; 2] {
    ["true", "false"].map(|setting| {
        let home = shell.home(settings);
        let mut command = command(&home, &[shell.name]);
        command.env("HOOP_RECORD_TYPED", setting);
        let mut session = Session::start(command);
        session.wait_for("ready> ");
        type_lines(&mut session, lines);
        leave(&mut session);
        assert_eq!(typed(&home).is_empty(), setting == "false");
        assert_eq!(session.text(), home.recorded("o"));
        session.text()
    })
}

#[test]
fn hooks_of_a_person_work_in_bash_as_without_us() {
    let settings = r#"
HISTCONTROL=ignoreboth
PROMPT_COMMAND='echo "hook $? ${PIPESTATUS[*]} $_"'
PS0='[ps0 \#]'
PS1='$? \! ready> '
trap 'echo "debug [$BASH_COMMAND]"' DEBUG
"#;
    let lines = [
        "false | true | (exit 3)",
        "echo a; echo b",
        "echo a; echo b",
        " echo hidden",
        "history | tail -n 5",
        "set -x",
        "f() { local x=1; return 5; }; f",
        "PROMPT_COMMAND='echo other $?'",
        "false",
        "trap - DEBUG",
        "set +x -u",
        "echo $PROMPT_COMMAND",
        "( exit 4 ); echo \"${PIPESTATUS[@]}\"",
        "jobs; echo \"[$!]\"",
        "set -o | grep -c on",
        "! true",
        "set -o functrace",
        "trap 'echo \"again [$BASH_COMMAND]\"' DEBUG",
        "PROMPT_COMMAND=(\"${PROMPT_COMMAND[@]}\" 'echo third $?')",
        "false",
    ];
    let [with, without] = both_ways(&BASH, settings, &lines);
    // Once, between what is in .bashrc and the first prompt, a trap sees a line of ours.
    similar(&with.replace("debug [__hoop_install \"$?\"]\r\n", ""), &without);
}

#[test]
fn a_prompt_command_for_shells_below_stays_one() {
    let settings = "export PROMPT_COMMAND='echo \"hook $?\"'\nexport PS0='[ps0]'\n";
    let lines = ["false", "bash --norc -c 'echo \"in $PROMPT_COMMAND\" | tail -c 15'", "(exit 3)"];
    let [with, without] = both_ways(&BASH, settings, &lines);
    similar(&with, &without);

    let home = BASH.home(settings);
    let mut session = BASH.start(&home);
    session.send("PS1='inner- ' bash --norc\r");
    session.wait_for("hook 0\r\n");
    session.wait_for("inner- ");
    session.send("(exit 6)\r");
    session.wait_for("[ps0]");
    session.wait_for("hook 6\r\n");
    session.wait_for("inner- ");
    session.send("exit 6\r");
    session.wait_for("ready> ");
    leave(&mut session);
    assert!(
        !session.text().contains("hoop_done") && !session.text().contains("not found"),
        "{}",
        session.text()
    );
    assert_eq!(typed(&home)[0].1, Some(6));
}

#[test]
fn other_integrations_of_bash_see_what_they_would() {
    // The way of bash-preexec: a DEBUG trap that is armed by the last command of PROMPT_COMMAND.
    let settings = r#"
armed=
preexec() { echo "preexec $1"; }
on_debug() { [[ $armed ]] || return; [[ $PROMPT_COMMAND == *"$BASH_COMMAND"* ]] && { armed=; return; }; armed=; preexec "$BASH_COMMAND"; }
arm() { armed=yes; }
timer() { printf '\e]133;D;%s\a' "$?"; }
PROMPT_COMMAND=$'timer\narm'
PS1='\[\e]133;A\a\]ready> \[\e]133;B\a\]'
PS0='\e]133;C\a'
trap on_debug DEBUG
"#;
    let [with, without] = both_ways(&BASH, settings, &["false", "echo two", "echo two", "", "echo three"]);
    assert!(without.contains("preexec echo two") && without.contains("\x1b]133;D;1\x07"), "{without}");
    similar(&with, &without);
}

#[test]
fn hooks_of_a_person_work_in_zsh_as_without_us() {
    if !ZSH.is_here() {
        return;
    }
    let settings = r#"
PS1='%? ready> '
setopt hist_ignore_space hist_ignore_dups ksh_arrays sh_word_split
precmd() { echo "precmd $?"; }
preexec() { echo "preexec [$1]"; }
autoload -Uz add-zsh-hook
also() { printf '\e]133;D;%s\a' "$?"; }
add-zsh-hook precmd also
"#;
    let lines =
        ["false", "true | (exit 3)", " echo hidden", "echo a; echo b", "echo \"z$ZDOTDIR\"", "history"];
    let [with, without] = both_ways(&ZSH, settings, &lines);
    assert!(without.contains("preexec [ echo hidden]") && without.contains("precmd 3"), "{without}");
    similar(&with, &without);
}

#[test]
fn zsh_finds_its_files_where_they_are() {
    if !ZSH.is_here() {
        return;
    }
    let home = Home::new();
    std::fs::create_dir(home.path().join("it's z")).unwrap();
    for file in [".zshenv", ".zprofile", ".zshrc", ".zlogin"] {
        home.file(&format!("it's z/{file}"), &format!("echo read {file} in $ZDOTDIR\nPS1='ready> '\n"));
    }
    let mut command = command(&home, &["zsh", "-l"]);
    command.env("ZDOTDIR", home.path().join("it's z"));
    let mut session = Session::start(command);
    for file in [".zshenv", ".zprofile", ".zshrc", ".zlogin"] {
        session.wait_for(&format!("read {file} in {}", home.path().join("it's z").display()));
    }
    session.wait_for("ready> ");
    type_lines(&mut session, &["[[ -o login ]]"]);
    leave(&mut session);
    assert_eq!(typed(&home)[0], ("[[ -o login ]]".to_owned(), Some(0)));
}

#[test]
fn hooks_of_a_person_work_in_fish_as_without_us() {
    if !FISH.is_here() {
        return;
    }
    let settings = "function before --on-event fish_preexec; echo \"before $argv\"; end\n\
                    function after --on-event fish_postexec; echo \"after $status $pipestatus\"; end\n";
    let home = FISH.home(settings);
    let mut session = FISH.start(&home);
    type_lines(&mut session, &["false", "true | sh -c 'exit 3'", " echo hidden"]);
    leave(&mut session);
    for text in ["before false", "after 1 1", "after 3 0 3", "before  echo hidden"] {
        assert!(session.text().contains(text), "no {text:?} in {}", session.text());
    }
    let wanted = [
        ("false", Some(1)),
        ("true | sh -c 'exit 3'", Some(3)),
        (" echo hidden", Some(0)),
        ("exit", Some(0)),
    ];
    assert_eq!(typed(&home), expected(&wanted));
}

#[test]
fn what_bash_keeps_out_of_its_history_is_not_taken_for_the_line_before() {
    let home = BASH.home("HISTCONTROL=ignoreboth\n");
    let mut session = BASH.start(&home);
    type_lines(&mut session, &["echo one", "\x1b[A", "echo one", " echo hidden", "echo two"]);
    type_lines(
        &mut session,
        &["HISTIGNORE='l*'", "ls /dev/null", "set +o history", "echo off", "set -o history"],
    );
    leave(&mut session);
    let lines: Vec<String> = typed(&home).into_iter().map(|(line, _)| line).collect();
    let wanted = [
        "echo one",
        "echo one",
        "echo one",
        "",
        "echo two",
        "HISTIGNORE='l*'",
        "",
        "set +o history",
        "",
        "",
        "exit",
    ];
    assert_eq!(lines, wanted);
}

#[test]
fn a_pipe_and_a_script_are_left_alone() {
    let home = BASH.home("");
    for arguments in [vec!["bash", "-c", "echo $#"], vec!["bash", "--norc", "-c", "declare -F"]] {
        let mut session = Session::start(command(&home, &arguments));
        assert_eq!(session.wait().code(), Some(0));
        assert!(!session.text().contains("hoop"), "{}", session.text());
    }
    let output = support::run(command(&home, &["bash", "-i"]), b"tr '\\0' ' ' </proc/$$/cmdline\n");
    assert!(String::from_utf8_lossy(&output.stdout).contains("bash -i "), "{:?}", output.stdout);
}

/// Line by line, so that what differs is seen.
#[track_caller]
fn similar(with: &str, without: &str) {
    let (mut left, mut right) = (with.lines(), without.lines());
    loop {
        let pair = (left.next(), right.next());
        assert_eq!(
            pair.0,
            pair.1,
            "\n-- with --\n{}\n-- without --\n{}",
            with.escape_debug(),
            without.escape_debug()
        );
        if pair == (None, None) {
            return;
        }
    }
}
