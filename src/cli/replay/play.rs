//! `hoop-replay play`: a recording in this terminal, as it was.

use std::io;
use std::io::IsTerminal;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;
use signal_hook::flag;

use super::args::Play;
use super::place;
use crate::cast::Input;
use crate::cast::Kind as EventKind;
use crate::cast::Reader;
use crate::clock::Clock;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::export::Pace;
use crate::term::Filter;
use crate::term::Screen;
use crate::types::Micros;

/// How long a signal waits at most before it is noticed.
const SLICE: Duration = Duration::from_millis(50);

/// Colours off, cursor shown, the whole screen scrolls (without moving the cursor), lines wrap, plain letters:
/// whatever the recording left behind.
const TIDY: &[u8] = b"\x1b[0m\x1b[?25h\x1b7\x1b[r\x1b8\x1b[?7h\x1b(B\x0f\r\n";
/// Back to the main screen; only from the other one, because it moves the cursor.
const LEAVE_ALTERNATE: &[u8] = b"\x1b[?1049l";

/// Does it.
pub fn run(wish: &Play) -> Result<()> {
    let found = place::find(&wish.recording)?;
    if !io::stdout().is_terminal() {
        return Err(Error::new(Kind::Usage, "playing needs a terminal").why("standard output is none").fix(
            format!("write it out: hoop-replay export {} --format txt", wish.recording.escape_debug()),
        ));
    }
    let cast = &found.source.cast;
    let reader = Reader::open(cast).map_err(|error| place::explained(error, cast))?;
    let header = reader.header().clone();
    if let Ok((cols, rows)) = crossterm::terminal::size()
        && (cols < header.cols || rows < header.rows)
    {
        let _ = writeln!(
            io::stderr(),
            "hoop-replay: recorded at {}x{}, this terminal has {cols}x{rows}: the picture will be wrong where it \
             does not fit\n  fix: enlarge the terminal, or use the viewer: hoop-replay {}",
            header.cols,
            header.rows,
            wish.recording.escape_debug()
        );
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&stop)).context(|| "cannot watch for signals")?;
    }
    let limit = match wish.pacing.idle_limit {
        Some(pause) => pause.limit(),
        None => {
            header.idle_time_limit.and_then(|limit| Duration::try_from_secs_f64(limit).ok()).map(Micros::from)
        }
    };
    let pace = Pace::new(limit, wish.pacing.speed.unwrap_or(1.0));
    let played = play(reader, pace, &stop);
    let tidied = io::stdout().write_all(TIDY);
    played.and(tidied).context(|| "cannot write to the terminal")
}

fn play(reader: Reader<Input>, mut pace: Pace, stop: &AtomicBool) -> io::Result<()> {
    let clock = Clock::system();
    let mut filter = Filter::new();
    let mut out = io::stdout().lock();
    let mut bytes = Vec::new();
    // Follows along, to know how the terminal is left.
    let mut screen = Screen::new(reader.header().cols, reader.header().rows);
    for event in reader.filter_map(Result::ok) {
        let due = pace.shown(event.time);
        while let Some(wait) = due.0.checked_sub(clock.elapsed().0).filter(|wait| *wait > 0) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            thread::sleep(Duration::from_micros(wait).min(SLICE));
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
        if event.kind == EventKind::Output {
            bytes.clear();
            filter.push(event.data.as_bytes(), &mut bytes);
            screen.feed(&event.data);
            out.write_all(&bytes)?;
            out.flush()?;
        }
    }
    if screen.is_alternate() {
        out.write_all(LEAVE_ALTERNATE)?;
    }
    Ok(())
}
