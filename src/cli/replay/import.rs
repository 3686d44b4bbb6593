//! `hoop-replay import`.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use sha2::Digest as _;
use sha2::Sha256;

use crate::audit::Imported;
use crate::audit::Start;
use crate::cast::Header;
use crate::cast::Input;
use crate::cast::Reader;
use crate::cli::known_values;
use crate::cli::mask_rules;
use crate::cli::surroundings;
use crate::clock::Clock;
use crate::config::load::Config;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::export::Cleaner;
use crate::policy::set::PolicySet;
use crate::record;
use crate::sys::user;
use crate::types::SessionId;

/// What `import` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
The recording is masked as a session would be, and typed input is left out. It stands in the list with the
host `imported`, is searched and exported like the others, has no calls and no seal: nobody can say what
happened to it before.

Examples:
  hoop-replay import demo.cast
  hoop-replay import --title 'the outage of 3 May' old.json
  hoop-replay import --skip-bad damaged.cast")]
pub struct Import {
    /// An asciinema recording of version 1, 2 or 3
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// What to call it [default: its own title, or its name]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,

    /// Leave out lines that cannot be read instead of refusing the file
    #[arg(long)]
    pub skip_bad: bool,
}

/// Does it.
pub fn run(wish: &Import) -> Result<()> {
    let config = Config::load(&surroundings::sources())?;
    let rules = mask_rules::mask_rules(&config, &PolicySet::load(config.policies())?)?;
    let engine = mask_rules::engine(&config, None, &rules)?;
    known_values::learn_files(&engine, &config, |name| std::env::var(name).ok())?;
    let cleaner = Cleaner::new(engine);
    // The first pass finds what is wrong, and what is to be masked, before anything is written.
    let (header, bad) = look_through(wish, &cleaner)?;
    let start = start(wish, &header, &cleaner)?;
    let reader = open(&wish.file)?;
    let events = reader.filter(|event| event.is_ok() || !wish.skip_bad);
    record::import(&config.state_dir(), &start, cleaner.events(&header, events))?;
    let left_out =
        if bad > 0 { format!(", {bad} lines that cannot be read left out") } else { String::new() };
    // Whoever read our output may have gone away.
    let _ = writeln!(io::stdout(), "imported as {}{left_out}\nwatch it: hoop-replay {}", start.id, start.id);
    Ok(())
}

fn open(file: &Path) -> Result<Reader<Input>> {
    let is_file = fs::metadata(file).context(|| format!("cannot open {}", file.display()))?.is_file();
    if !is_file {
        return Err(Error::new(Kind::NotFound, format!("{} is not a file", file.display()))
            .fix("give an asciinema recording: hoop-replay import demo.cast"));
    }
    Reader::open(file).map_err(|error| match error.advice() {
        Some(_) => error,
        None => error.fix("asciinema recordings of versions 1, 2 and 3 can be imported"),
    })
}

/// Gives the header, and how many lines cannot be read.
fn look_through(wish: &Import, cleaner: &Cleaner) -> Result<(Header, u64)> {
    let mut reader = open(&wish.file)?;
    let header = reader.header().clone();
    let (mut bad, mut first) = (0_u64, None);
    for error in cleaner.events(&header, reader.by_ref()).filter_map(Result::err) {
        bad += 1;
        first.get_or_insert(error);
    }
    if reader.truncated() {
        bad += 1;
        first.get_or_insert_with(|| Error::new(Kind::Record, "its last line is cut off"));
    }
    match first.filter(|_| !wish.skip_bad) {
        Some(error) => {
            let more = if bad > 1 { format!("; {} more", bad - 1) } else { String::new() };
            Err(Error::new(Kind::Record, format!("{} is damaged", wish.file.display()))
                .why(format!("{error}{more}"))
                .fix("give --skip-bad to leave out what cannot be read"))
        }
        None => Ok((header, bad)),
    }
}

/// The first line of the session: what is known of the recording, masked.
fn start(wish: &Import, header: &Header, cleaner: &Cleaner) -> Result<Start> {
    let about = || format!("cannot read {}", wish.file.display());
    let (sha256, bytes) = digest(&wish.file).context(about)?;
    let modified = fs::metadata(&wish.file).and_then(|meta| meta.modified()).context(about)?;
    let modified = modified.duration_since(std::time::UNIX_EPOCH).map(|age| age.as_secs()).unwrap_or(0);
    let began = header.timestamp.filter(|at| (1..=MOST_SECONDS).contains(at)).unwrap_or(modified);
    let started = began.saturating_mul(1_000_000);
    let clean = cleaner.header(header);
    let name = wish.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = cleaner.text(&name).into_owned();
    // The same file is the same session, so that it is not taken in twice.
    let random = bytes[..10].iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    // A plain line is taken apart, so that it reads as it was; any other is one word, in quotes wherever it is shown.
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || " _./:=@%+,-".contains(letter);
    let command = match &clean.command {
        Some(line) if !line.trim().is_empty() && line.chars().all(is_plain) => {
            line.split_ascii_whitespace().map(str::to_owned).collect()
        }
        line => vec![line.clone().unwrap_or_else(|| name.clone())],
    };
    let mut start = Start::new(SessionId::new(started, random), started, command);
    let title = wish.title.as_deref().map(|title| cleaner.text(title).into_owned());
    start.title = Some(title.or(clean.title).or(clean.command).unwrap_or_else(|| name.clone()));
    start.user = user::current().name;
    "imported".clone_into(&mut start.host);
    "imported".clone_into(&mut start.capture);
    "off".clone_into(&mut start.sandbox);
    start.unprotected = vec!["it was not recorded by hoop".to_owned()];
    (start.tty, start.cols, start.rows) = (true, header.cols.max(1), header.rows.max(1));
    start.term = clean.term_type;
    start.env = clean.env;
    start.imported =
        Some(Imported { file: name, sha256, version: header.version, at: Clock::system().unix_micros() });
    Ok(start)
}

/// The year 9999: a later moment is damage.
const MOST_SECONDS: u64 = 253_402_300_799;

fn digest(file: &Path) -> io::Result<(String, [u8; 32])> {
    let mut file = File::open(file)?;
    let (mut hash, mut block) = (Sha256::new(), vec![0; 128 << 10]);
    loop {
        match file.read(&mut block)? {
            0 => break,
            read => hash.update(&block[..read]),
        }
    }
    let bytes: [u8; 32] = hash.finalize().into();
    Ok((hex::encode(bytes), bytes))
}
