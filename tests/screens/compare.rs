//! Runs a program without hoop-run and with it, takes both through the same keys, and compares their screens.

use std::io;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use crate::terminal::Home;
use crate::terminal::PATIENCE;
use crate::terminal::Session;

/// Columns of the terminal.
const COLS: usize = 80;
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
}

impl Play<'_> {
    /// Runs it both ways in `home`; every secret must be on the bare screen, or there would be nothing to hide.
    #[track_caller]
    pub fn compare(&self, home: &Home) {
        let mut arguments = vec!["-q", "--"];
        arguments.extend(&self.argv);
        self.compare_commands(home.program(self.argv[0], &self.argv[1..]), || home.hoop_run(arguments));
    }

    /// The same for the program as `bare` and as `wrapped` start it.
    #[track_caller]
    pub fn compare_commands(&self, bare: Command, wrapped: impl FnOnce() -> Command) {
        let bare = self.run(bare, None);
        for secret in self.secrets {
            let is_shown = bare.concat().contains(secret.value);
            assert!(is_shown, "{} is not on the bare screen:\n{}", secret.value, bare.join("\n"));
        }
        self.run(wrapped(), Some(&self.starred(&bare)));
    }

    /// The screen in the end. With `expected`, waits for that one.
    #[track_caller]
    fn run(&self, mut command: Command, expected: Option<&[String]>) -> Vec<String> {
        for (name, value) in &self.env {
            command.env(name, value);
        }
        let mut session = Session::start(command);
        for (text, keys) in &self.steps {
            session.wait_until(text, |session| screen(session).concat().contains(text));
            still(&mut session);
            session.send(keys);
        }
        session.wait_until(self.until, |session| screen(session).concat().contains(self.until));
        let found = match expected {
            None => {
                still(&mut session);
                screen(&session)
            }
            Some(expected) => {
                let wanted = self.chosen(expected);
                let deadline = Instant::now() + PATIENCE / 2;
                while self.chosen(&screen(&session)) != wanted && Instant::now() < deadline {
                    session.read_for(Duration::from_millis(20));
                }
                // And stays so: a late repaint would show what was hidden.
                still(&mut session);
                let found = screen(&session);
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
        cells.chunks(COLS).map(|row| row.iter().collect()).collect()
    }
}

/// The rows of the screen, each as wide as the terminal.
fn screen(session: &Session) -> Vec<String> {
    session.screen().iter().map(|row| format!("{row:<COLS$}")).collect()
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
