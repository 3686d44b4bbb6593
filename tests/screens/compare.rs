//! Runs a program without hoop-run and with it, takes both through the same keys, and compares their screens.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use crate::terminal::Home;
use crate::terminal::PATIENCE;
use crate::terminal::Session;
use crate::terminal::recorded;

/// The terminals on which each program is run: columns and rows.
const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];
/// The size that a terminal gets while the program runs.
const LATER: (u16, u16) = (97, 31);
/// A screen on which nothing has changed for this long is the program's last word, where nothing tells otherwise.
const STILL: Duration = Duration::from_millis(400);

/// A secret, and how much of its beginning may be seen.
#[derive(Clone, Copy)]
pub struct Secret {
    pub value: &'static str,
    pub public: usize,
}

/// What to do with a program.
#[derive(Clone, Default)]
pub struct Play<'a> {
    /// The program and its arguments.
    pub argv: Vec<&'a str>,
    pub env: Vec<(&'a str, String)>,
    /// Waits for a text on the screen, then types; as often as there are pairs.
    pub steps: Vec<(&'a str, &'a str)>,
    /// The screen to be compared has this text.
    pub until: &'a str,
    /// How the program is left, a key at a time.
    pub leave: Vec<&'a str>,
    pub secrets: &'a [Secret],
    /// What is to be compared of a row, where not all of all.
    pub rows: Option<fn(&str) -> Option<String>>,
    /// The terminal's size; none: each of those in turn, and then one that changes while the program runs.
    pub size: Option<Size>,
    /// A question is asked once this file is there.
    pub asked: Option<PathBuf>,
    /// What it shows at another size is another matter: only the usual size is tried.
    pub only_usual: bool,
}

/// Columns and rows of a terminal: at first, and later, if they change.
#[derive(Clone, Copy)]
pub struct Size {
    pub first: (u16, u16),
    pub later: Option<(u16, u16)>,
}

impl Size {
    fn cols(self) -> usize {
        usize::from(self.later.unwrap_or(self.first).0)
    }
}

impl Play<'_> {
    /// Runs it both ways in `home`; every secret must be on the bare screen, or there would be nothing to hide.
    #[track_caller]
    pub fn compare(&self, home: &Home) {
        let mut arguments = vec!["-q", "--"];
        arguments.extend(&self.argv);
        let sizes = self.sizes();
        for (number, size) in sizes.iter().enumerate() {
            let play = Play { size: Some(*size), ..self.clone() };
            let expected = play.bare(home.program(self.argv[0], &self.argv[1..]));
            play.run(home.hoop_run(&arguments), Some(&expected));
            play.nothing_is_stored(home.recordings().last().unwrap());
            // And on the widest, and through a change of size, with a question over it.
            if number > 0 || sizes.len() == 1 {
                let play = Play { asked: Some(home.path().join("ask")), ..play };
                play.run(self.with_a_question(home), Some(&expected));
                play.nothing_is_stored(home.recordings().last().unwrap());
            }
        }
    }

    /// hoop-run with the program, and beside it one that asks for a command that a person has to allow, once there is a file
    /// `ask`.
    fn with_a_question(&self, home: &Home) -> Command {
        let policy =
            "version = 1\ndefault = \"allow\"\n\n[[command]]\neffect = \"ask\"\npattern = \"seq 41 43\"\n";
        let policy = home.file("asks.toml", policy);
        let _ = fs::remove_file(home.path().join("ask"));
        let script = "(while [ ! -e ask ]; do sleep 0.1; done; seq 41 43; touch asked) </dev/null >/dev/null 2>&1 & exec \"$@\"";
        let mut arguments = vec!["-q", "--no-gateway", "--policy", policy.to_str().unwrap(), "--"];
        arguments.extend(["sh", "-c", script, "sh"]);
        arguments.extend(&self.argv);
        home.hoop_run(arguments)
    }

    /// A question waits, is looked at, is left, and is looked at again; nothing of it stays on the screen but its line.
    #[track_caller]
    fn ask(&self, session: &mut Session, file: &Path) {
        let cols = usize::from(self.size().first.0);
        still(session);
        let program = |session: &Session| {
            let mut rows = screen(session, cols);
            rows.pop();
            self.chosen(&rows)
        };
        let (before, cursor) = (program(session), session.cursor());
        fs::write(file, "").unwrap();
        for look in ["first", "second"] {
            session.wait_until("a question is announced over the program's screen", |session| {
                let is_drawn = session.screen().last().is_some_and(|row| row.contains("Ctrl-]"));
                is_drawn && program(session) == before && (self.rows.is_some() || session.cursor() == cursor)
            });
            session.send("\x1d");
            session.wait_for("may this command run");
            if look == "first" {
                session.wait_for("Esc");
                session.send("\x1b");
            }
        }
    }

    fn sizes(&self) -> Vec<Size> {
        let usual = Size { first: SIZES[0], later: None };
        if self.size.is_some() || self.only_usual {
            return vec![self.size.unwrap_or(usual)];
        }
        let fixed = SIZES.map(|first| Size { first, later: None });
        fixed.into_iter().chain([Size { later: Some(LATER), ..usual }]).collect()
    }

    fn size(&self) -> Size {
        self.size.unwrap_or(Size { first: SIZES[0], later: None })
    }

    /// None of the secrets is in any file of the recording, but for its public beginning: nor in its output put together,
    /// with and without what moves about the screen and colours it.
    #[track_caller]
    pub fn nothing_is_stored(&self, recording: &Path) {
        for entry in fs::read_dir(recording).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            let texts = match path.ends_with("terminal.cast") {
                true => {
                    let output = recorded(recording, "o");
                    let plain = plain(&output);
                    vec![text, output, plain]
                }
                false => vec![text],
            };
            for secret in self.secrets {
                let body = &secret.value[secret.public..];
                let found = texts.iter().any(|text| text.contains(body));
                assert!(!found, "{}: {} stands in {}", self.argv[0], secret.value, path.display());
            }
        }
    }

    /// The same for the program as `bare` and as `wrapped` start it.
    #[track_caller]
    pub fn compare_commands(&self, bare: Command, wrapped: impl FnOnce() -> Command) {
        let expected = self.bare(bare);
        self.run(wrapped(), Some(&expected));
    }

    /// The screen of the program alone, with stars where secrets stand.
    #[track_caller]
    fn bare(&self, bare: Command) -> Vec<String> {
        let bare = self.run(bare, None);
        for secret in self.secrets {
            let is_shown = bare.concat().contains(secret.value);
            assert!(is_shown, "{} is not on the bare screen:\n{}", secret.value, bare.join("\n"));
        }
        self.starred(&bare)
    }

    /// The screen in the end. With `expected`, waits for that one.
    #[track_caller]
    fn run(&self, mut command: Command, expected: Option<&[String]>) -> Vec<String> {
        for (name, value) in &self.env {
            command.env(name, value);
        }
        let size = self.size();
        let mut session = Session::start_sized(command, [true; 3], size.first);
        for (text, keys) in &self.steps {
            session.wait_until(text, |session| screen(session, size.first.0.into()).concat().contains(text));
            still(&mut session);
            session.send(keys);
        }
        let mut cols = usize::from(size.first.0);
        session.wait_until(self.until, |session| screen(session, cols).concat().contains(self.until));
        let asked = self.asked.as_ref().filter(|_| expected.is_some());
        if let Some(file) = asked {
            self.ask(&mut session, file);
        }
        if let Some((later, rows)) = size.later {
            still(&mut session);
            session.resize(later, rows);
            cols = usize::from(later);
            still(&mut session);
        }
        if asked.is_some() {
            // Longer than the time in which a question takes no answer.
            let until = Instant::now() + Duration::from_millis(900);
            while Instant::now() < until {
                session.read_for(Duration::from_millis(20));
            }
            session.send("a");
        }
        let found = match expected {
            None => {
                still(&mut session);
                screen(&session, cols)
            }
            Some(expected) => {
                let wanted = self.chosen(expected);
                let deadline = Instant::now() + PATIENCE / 2;
                while self.chosen(&screen(&session, cols)) != wanted && Instant::now() < deadline {
                    session.read_for(Duration::from_millis(20));
                }
                // And stays so: a late repaint would show what was hidden.
                still(&mut session);
                let found = screen(&session, cols);
                assert_eq!(
                    self.chosen(&found).join("\n"),
                    wanted.join("\n"),
                    "{}: with hoop-run, and without",
                    self.argv[0]
                );
                found
            }
        };
        for keys in &self.leave {
            session.send(keys);
            still(&mut session);
        }
        // One that nobody knows how to leave is killed.
        if !self.leave.is_empty() {
            session.wait();
        }
        found
    }

    fn chosen(&self, rows: &[String]) -> Vec<String> {
        let choose = |row: &String| match self.rows {
            Some(rows) => rows(row),
            None => Some(row.trim_end().to_owned()),
        };
        rows.iter().filter_map(choose).collect()
    }

    /// The bare screen with stars in the place of secrets, also where one runs on over the edge.
    fn starred(&self, rows: &[String]) -> Vec<String> {
        let mut cells: Vec<char> = rows.concat().chars().collect();
        for secret in self.secrets {
            let value: Vec<char> = secret.value.chars().collect();
            for at in 0..cells.len().saturating_sub(value.len() - 1) {
                if cells[at..at + value.len()] == value[..] {
                    cells[at + secret.public..at + value.len()].fill('*');
                }
            }
        }
        cells.chunks(self.size().cols()).map(|row| row.iter().collect()).collect()
    }
}

/// The rows of the screen, each as wide as the terminal.
fn screen(session: &Session, cols: usize) -> Vec<String> {
    session.screen().iter().map(|row| format!("{row:<cols$}")).collect()
}

/// Output without its control sequences.
fn plain(output: &str) -> String {
    struct Text(String);
    impl vte::Perform for Text {
        fn print(&mut self, letter: char) {
            self.0.push(letter);
        }
    }
    let mut text = Text(String::new());
    vte::Parser::new().advance(&mut text, output.as_bytes());
    text.0
}

/// Waits until nothing has come for a while, though not for ever: some programs never stand still.
fn still(session: &mut Session) {
    let mut length = session.shown.len();
    let mut since = Instant::now();
    let deadline = since + 5 * STILL;
    while since.elapsed() < STILL && Instant::now() < deadline {
        if !session.read_for(Duration::from_millis(20)) {
            return;
        }
        if session.shown.len() != length {
            (length, since) = (session.shown.len(), Instant::now());
        }
    }
}

/// Whether `program` is there; says so where it is not.
pub fn is_there(program: &str) -> bool {
    let there =
        ["/usr/local/bin", "/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join(program).exists())
            || Path::new(program).is_absolute() && Path::new(program).exists();
    if !there {
        let said =
            format!("screens: {program} is not installed; its test is left out (scripts/setup.sh test)\n");
        io::stderr().write_all(said.as_bytes()).unwrap();
    }
    there
}

#[test]
fn a_secret_over_two_rows_is_starred_in_both() {
    const SECRET: Secret = Secret { value: "ghp_secret", public: 4 };
    let play = Play { secrets: &[SECRET], ..Play::default() };
    let rows = [format!("{:>80}", "ghp_se"), format!("{:<80}", "cret!")];
    let starred = play.starred(&rows);
    assert_eq!((starred[0].trim_start(), starred[1].trim_end()), ("ghp_**", "****!"));
}
