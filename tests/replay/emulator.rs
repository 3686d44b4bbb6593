//! What is shown of a recording is what another terminal, tmux, shows of the same output.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use hoop::cast::Form;
use hoop::cast::Header;
use hoop::cast::Writer;
use hoop::replay;
use hoop::replay::Place;
use hoop::term::Attributes;
use hoop::term::Cell;
use hoop::term::Colour;
use hoop::term::Rgb;
use hoop::term::Screen;
use hoop::types::Micros;

/// Pieces of output; after each of them the screens are compared.
const PIECES: &[&str] = &[
    "plain, \x1b[1;31mbold red\x1b[m, \x1b[38;2;10;200;30mtrue colour\x1b[m, 世界 wide 한글, e\u{301} combined\r\n",
    "a line that is wider than the screen is wrapped: 0123456789 0123456789 0123456789 0123456789 0123456789\r\n",
    "\x1b]8;;https://example.org/\x1b\\a link\x1b]8;;\x1b\\ and \x1b]0;a title\x07text\r\ntab\tstop\x1b[3Cforward\x1b[2Dback\r\n",
    "\x1b[3;10r\x1b[10;1Hone\r\ntwo\r\nthree\x1b[r\x1b[12;1H",
    "\x1b[?1049h\x1b[2J\x1b[H\x1b[7m full screen 中 \x1b[m\x1b[5;5Hin the middle\x1b[K\x1b[4;1H\x1b[2Ltwo lines more\x1b[1M",
    "\x1b[10;1H┌───┐ box\x1b[11;1Habcdef\x1b[11;2H\x1b[2P\x1b[3@\x1b[4X",
    "\x1b[?1049l after it",
    "\r\nrepeated x\x1b[9b\r\n\x1b[2;1H\x1bM\x1bM\x1bMup\x1b[20;70H世界世界世界",
    "\x1b[24;1H\r\nscrolled\r\nby\r\nlines\r\n\x1b[s\x1b[1;1Hhome\x1b[u back\x1b[1J",
];

#[test]
fn a_recording_is_shown_as_another_terminal_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let cast = folder.path().join("a.cast");
    let mut bytes = Vec::new();
    let mut writer = Writer::new(Form::V3);
    writer.header(&Header { cols: 80, rows: 24, ..Header::default() }, &mut bytes);
    for (at, piece) in (1..).zip(PIECES) {
        writer.output(Micros(at * 1_000_000), piece.as_bytes(), &mut bytes);
    }
    fs::write(&cast, bytes).unwrap();
    let mut tmux = Tmux::start(folder.path(), (80, 24));
    for (count, _) in (1..).zip(PIECES) {
        let shown = replay::still(&cast, None, Place::Event(count)).unwrap();
        let ours: Vec<String> = (0..24).map(|row| shown.row_text(row)).collect();
        tmux.feed(PIECES[usize::try_from(count - 1).unwrap()]);
        let (theirs, cursor) = tmux.shown();
        let theirs: Vec<String> = theirs.iter().map(|row| text(row)).collect();
        assert_eq!(ours, theirs, "after piece {count}");
        assert_eq!(shown.focus, cursor, "the cursor after piece {count}");
    }
}

/// Output in colours, and sizes; after each of them the screens are compared, cell by cell.
const COLOURED: &[Step] = &[
    Step::Output(
        "\x1b[31mred\x1b[42mon green\x1b[m \x1b[91;104mbright\x1b[39;49m none \x1b[38;5;208m256\x1b[48;5;17m ground\x1b[m\r\n",
    ),
    Step::Output(
        "\x1b[38;2;1;2;3mtrue\x1b[48;2;250;251;252mground\x1b[m \x1b[38:2::9:8:7mcolons\x1b[m \x1b[38:5:99mindexed\x1b[m\r\n",
    ),
    Step::Output(
        "\x1b[1mbold\x1b[22m \x1b[2mfaint\x1b[22m \x1b[3mitalic\x1b[23m \x1b[4munder\x1b[24m \x1b[5mblink\x1b[25m \x1b[7minverse\x1b[27m \x1b[9mstruck\x1b[29m\r\n",
    ),
    Step::Output(
        "\x1b[1;3;4;7;9;31;44mall of it\x1b[m and \x1b[1;31mnone\x1b[0m of it, 世\x1b[35m界 wide\x1b[m e\u{301}\r\n",
    ),
    Step::Output(
        "\x1b[33mlong lines in colour are wrapped: \x1b[34m0123456789 0123456789 \x1b[35m0123456789 0123456789\x1b[m end\r\n",
    ),
    Step::Size(50, 24),
    Step::Output("after it got narrower \x1b[32mgreen\x1b[m"),
    Step::Size(70, 24),
    Step::Output("\r\nand wider\x1b7\x1b[?1049h\x1b[H\x1b[2J\x1b[45mfull screen\x1b[m\x1b[5;60Hat the right"),
    Step::Size(60, 18),
    Step::Output("\x1b[1;1H\x1b[36mdrawn anew\x1b[m"),
    Step::Output("\x1b[?1049l back"),
    Step::Size(60, 12),
    Step::Output("\r\n\x1b[46mfewer rows\x1b[m\r\n1\r\n2\r\n3\r\n4\r\n5\r\n6"),
    Step::Size(60, 20),
    Step::Output("\r\n\x1b[1mmore rows\x1b[m\r\n"),
    // Whether colour without text is wrapped with its line, terminals do not agree on: no size after this.
    Step::Output(
        "\x1b[44mto the end of the line\x1b[K\x1b[m\r\n\x1b[41m\x1b[3Xerased\x1b[m\r\nabcdef\x1b[5D\x1b[42m\x1b[2P\x1b[m\r\n",
    ),
];

enum Step {
    Output(&'static str),
    Size(u16, u16),
}

#[test]
fn colours_and_sizes_are_shown_as_another_terminal_shows_them() {
    let folder = tempfile::tempdir().unwrap();
    let cast = folder.path().join("a.cast");
    let mut bytes = Vec::new();
    let mut writer = Writer::new(Form::V3);
    writer.header(&Header { cols: 80, rows: 24, ..Header::default() }, &mut bytes);
    for (at, step) in (1..).map(|second| Micros(second * 1_000_000)).zip(COLOURED) {
        match step {
            Step::Output(text) => writer.output(at, text.as_bytes(), &mut bytes),
            Step::Size(cols, rows) => writer.resize(at, *cols, *rows, &mut bytes),
        }
    }
    fs::write(&cast, bytes).unwrap();
    let mut tmux = Tmux::start(folder.path(), (80, 24));
    let mut faults = Vec::new();
    for (count, step) in (1..).zip(COLOURED) {
        match step {
            Step::Output(text) => tmux.feed(text),
            Step::Size(cols, rows) => tmux.resize((*cols, *rows)),
        }
        let shown = replay::still(&cast, None, Place::Event(count)).unwrap();
        let (theirs, cursor) = tmux.shown();
        if shown.focus != cursor {
            faults.push(format!("the cursor after step {count}: {:?}, tmux has {cursor:?}", shown.focus));
        }
        for (row, theirs) in (0..shown.rows).zip(&theirs) {
            let ours: Vec<Cell> = shown.row(row).iter().filter(|cell| cell.columns > 0).copied().collect();
            // What tmux does not name is blank, in a colour that it does not tell.
            let is_other = |at: usize, ours: &Cell| match theirs.get(at) {
                Some(theirs) => !is_same(ours, theirs),
                None => ours.character != ' ',
            };
            let other = ours.iter().enumerate().position(|(at, ours)| is_other(at, ours));
            if let Some(at) = other {
                faults.push(format!(
                    "row {row} after step {count}, cell {at}: {:?} in {:?}",
                    ours[at],
                    text(&ours)
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whether two cells look the same: of an empty one the text's colour does not matter.
fn is_same(ours: &Cell, theirs: &Cell) -> bool {
    let is_empty = ours.character == ' '
        && !ours.attributes.has(Attributes::INVERSE)
        && !ours.attributes.has(Attributes::UNDERLINE)
        && !ours.attributes.has(Attributes::STRUCK);
    ours.character == theirs.character
        && ours.background == theirs.background
        && (is_empty || ours.foreground == theirs.foreground && ours.attributes == theirs.attributes)
}

fn text(cells: &[Cell]) -> String {
    cells.iter().map(|cell| cell.character).collect::<String>().trim_end().to_owned()
}

/// A tmux to which output is written, piece by piece.
struct Tmux {
    folder: PathBuf,
    size: (u16, u16),
    fed: usize,
}

impl Tmux {
    fn start(folder: &Path, size: (u16, u16)) -> Self {
        let settings = "set -g status off\nset -g default-terminal tmux-256color\nset -g history-limit 0\n";
        fs::write(folder.join("settings"), settings).unwrap();
        let tmux = Self { folder: folder.to_owned(), size, fed: 0 };
        // Pieces are shown in the order of their numbers; each is there as a whole.
        let program = format!(
            "cd '{}'; stty -echo raw; i=0; while :; do if [ -e out.$i ]; then cat out.$i; touch done.$i; i=$((i+1)); else sleep 0.02; fi; done",
            folder.display()
        );
        let (cols, rows) = (size.0.to_string(), size.1.to_string());
        tmux.run(&["-u", "new-session", "-d", "-x", &cols, "-y", &rows, &program]);
        tmux
    }

    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command
            .arg("-S")
            .arg(self.folder.join("tmux"))
            .arg("-f")
            .arg(self.folder.join("settings"))
            .args(arguments);
        let output = command.env("LC_ALL", "C.UTF-8").env_remove("TMUX").output();
        let output = output.expect("tmux is installed by scripts/setup.sh");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn feed(&mut self, output: &str) {
        let name = |kind: &str| self.folder.join(format!("{kind}.{}", self.fed));
        fs::write(name("new"), output).unwrap();
        fs::rename(name("new"), name("out")).unwrap();
        let end = Instant::now() + Duration::from_secs(30);
        while !name("done").exists() {
            assert!(Instant::now() < end, "tmux did not write the output");
            thread::sleep(Duration::from_millis(10));
        }
        self.fed += 1;
    }

    fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
        self.run(&["resize-window", "-x", &size.0.to_string(), "-y", &size.1.to_string()]);
    }

    /// Its rows, as far as they are not blank, and its cursor, once nothing changes any more.
    fn shown(&self) -> (Vec<Vec<Cell>>, (u16, u16)) {
        // The bytes are in the terminal's queue by now; tmux reads them in its own time.
        let mut before = String::new();
        let shown = loop {
            thread::sleep(Duration::from_millis(150));
            let screen = self.run(&["capture-pane", "-p", "-e", "-N"]);
            let now = screen + &self.run(&["display-message", "-p", "#{cursor_x} #{cursor_y}"]);
            if now == before {
                break now;
            }
            before = now;
        };
        let mut lines: Vec<&str> = shown.lines().collect();
        let cursor = lines.pop().unwrap();
        let (x, y) = cursor.split_once(' ').unwrap();
        let mut pen = Pen::default();
        let mut rows: Vec<Vec<Cell>> = lines.into_iter().map(|line| pen.cells(line)).collect();
        rows.resize(usize::from(self.size.1), Vec::new());
        (rows, (x.parse().unwrap(), y.parse().unwrap()))
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let mut command = Command::new("tmux");
        drop(command.arg("-S").arg(self.folder.join("tmux")).arg("kill-server").output());
    }
}

/// Reads what tmux says of its cells: text, and `CSI … m` between it. By no emulator of ours.
#[derive(Default)]
struct Pen {
    foreground: Option<Colour>,
    background: Option<Colour>,
    /// Bold, faint, italic, underlined, blinking, inverse, struck.
    on: [bool; 7],
}

impl Pen {
    fn cells(&mut self, line: &str) -> Vec<Cell> {
        let mut cells = Vec::new();
        for (n, part) in line.split("\x1b[").enumerate() {
            let text = match part.split_once('m').filter(|_| n > 0) {
                Some((codes, text)) => {
                    self.set(codes);
                    text
                }
                None => part,
            };
            cells.extend(text.chars().map(|character| self.cell(character)));
        }
        cells
    }

    fn set(&mut self, codes: &str) {
        let mut codes = codes.split(';').map(|code| code.parse::<u16>().unwrap_or(0));
        let byte = |code: Option<u16>| u8::try_from(code.unwrap()).unwrap();
        while let Some(code) = codes.next() {
            let on = match code {
                1..=5 => Some((usize::from(code) - 1, true)),
                7 => Some((5, true)),
                9 => Some((6, true)),
                22..=25 | 27 | 29 => panic!("tmux resets by 0 only"),
                _ => None,
            };
            if let Some((which, is_on)) = on {
                self.on[which] = is_on;
            }
            let mut more = || match codes.next() {
                Some(5) => Colour::Indexed(byte(codes.next())),
                _ => Colour::Rgb(Rgb(byte(codes.next()), byte(codes.next()), byte(codes.next()))),
            };
            match code {
                0 => *self = Self::default(),
                30..=37 => self.foreground = Some(Colour::Indexed(byte(Some(code - 30)))),
                90..=97 => self.foreground = Some(Colour::Indexed(byte(Some(code - 82)))),
                40..=47 => self.background = Some(Colour::Indexed(byte(Some(code - 40)))),
                100..=107 => self.background = Some(Colour::Indexed(byte(Some(code - 92)))),
                38 => self.foreground = Some(more()),
                48 => self.background = Some(more()),
                39 => self.foreground = None,
                49 => self.background = None,
                _ => {}
            }
        }
    }

    /// A cell of ours that looks so.
    fn cell(&self, character: char) -> Cell {
        let mut screen = Screen::new(4, 1);
        let codes = [1, 2, 3, 4, 5, 7, 9].into_iter().zip(self.on).filter(|(_, on)| *on);
        codes.for_each(|(code, _)| screen.feed(&format!("\x1b[{code}m")));
        screen.feed("x");
        let attributes = screen.snapshot().row(0)[0].attributes;
        Cell { character, columns: 1, foreground: self.foreground, background: self.background, attributes }
    }
}
