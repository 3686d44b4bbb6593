//! `hoopctl mask scan`: finds secrets in files.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::console::Console;
use super::mask;
use super::mask::Chosen;
use crate::config::load::Sources;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::mask::Confidence;
use crate::mask::Engine;
use crate::mask::FileType;
use crate::mask::Found;
use crate::term::safe;

/// The largest file that is read. It is held in memory.
const MOST_BYTES: u64 = 512 << 20;
/// What is shown around a secret, on each side, in letters.
const AROUND: usize = 32;
/// Folders nested deeper than this are not looked into.
const DEEPEST: usize = 64;

/// Find the secrets in files, with the rules that hide them in a session.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl mask scan .
  git diff --cached | hoopctl mask scan -
  hoopctl mask scan --json deploy.log | jq -r .rule | sort | uniq -c
  hoopctl mask scan --type json --call ssm:GetParameter answer.json

Folders are read with all that is in them, except .git, links, and binary files that
are none of the types. The secret itself is never printed.

With --json each finding is a line: {\"file\",\"start\",\"end\",\"rule\",\"confidence\"}; start
and end count the bytes of the file as it is, escape sequences and encodings included.
A secret that stands in pieces is one finding for each piece.

Exit status: 0 nothing was found; 1 something was; 2 wrong usage, or a file could not
be read. With --exit-zero, 0 for 1.")]
pub struct Args {
    /// Files and folders; `-` for standard input.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// How the files are read; without it, guessed from their bytes.
    #[arg(long = "type", value_name = "TYPE", value_parser = ["text", "terminal", "json", "xml", "cbor", "eventstream"])]
    kind: Option<String>,
    /// The AWS call whose answer the files are, such as `ssm:GetParameter`: members that are secrets in it count.
    #[arg(long, value_name = "SERVICE:OPERATION", value_parser = call)]
    call: Option<Call>,
    /// The width of the terminal that output in a file was written to.
    #[arg(long, value_name = "N", default_value_t = 80)]
    columns: u16,
    /// The height of that terminal; a program that went further down had more.
    #[arg(long, value_name = "N", default_value_t = 24)]
    rows: u16,
    /// Only findings that are at least so sure: `certain`, `high` or `medium`.
    #[arg(long, value_name = "LEVEL", value_parser = confidence, default_value = "medium", hide_default_value = true)]
    confidence: Least,
    /// One JSON object a finding.
    #[arg(long)]
    json: bool,
    /// Exit with 0 when something was found too.
    #[arg(long)]
    exit_zero: bool,
    #[command(flatten)]
    chosen: Chosen,
}

/// Service and operation.
#[derive(Clone, Debug)]
struct Call(String, String);

/// A [`Confidence`] that can be compared.
#[derive(Clone, Copy, Debug)]
struct Least(Confidence);

fn call(text: &str) -> std::result::Result<Call, String> {
    match text.split_once(':') {
        Some((service, operation)) if !service.is_empty() && !operation.is_empty() => {
            Ok(Call(service.to_owned(), operation.to_owned()))
        }
        _ => Err("write SERVICE:OPERATION, such as ssm:GetParameter".to_owned()),
    }
}

fn confidence(word: &str) -> std::result::Result<Least, String> {
    let levels = [Confidence::Certain, Confidence::High, Confidence::Medium];
    let found = levels.into_iter().find(|level| level.as_str() == word);
    found.map(Least).ok_or_else(|| "it is one of certain, high, medium".to_owned())
}

/// A scan and what it has come to.
struct Scan<'a, 'c> {
    args: &'a Args,
    sources: &'a Sources,
    console: &'a mut Console<'c>,
    /// Made anew for every file, because an engine learns what it hides.
    engine: Option<Arc<Engine>>,
    findings: usize,
    files: usize,
    unread: usize,
    binary: usize,
}

/// Does it; gives the exit status.
pub fn run(args: &Args, sources: &Sources, console: &mut Console<'_>) -> Result<u8> {
    let engine = Some(Arc::new(args.chosen.engine(sources)?.0));
    let mut scan = Scan { args, sources, console, engine, findings: 0, files: 0, unread: 0, binary: 0 };
    for file in &args.files {
        scan.path(file, true, 0)?;
    }
    scan.told();
    Ok(match (scan.unread, scan.findings) {
        (1.., _) => 2,
        (0, 1..) if !args.exit_zero => 1,
        _ => 0,
    })
}

impl Scan<'_, '_> {
    /// A file or folder; `named`: by the user, so that it is read whatever it is.
    fn path(&mut self, path: &Path, named: bool, depth: usize) -> Result<()> {
        if path.as_os_str() == "-" {
            return self.file(path, named);
        }
        let about = if named { fs::metadata(path) } else { fs::symlink_metadata(path) };
        match about {
            Err(cause) => self.unread(path, &Error::io("it cannot be read", &cause)),
            Ok(about) if about.is_dir() => {
                if depth >= DEEPEST {
                    return Ok(());
                }
                let entries = match fs::read_dir(path) {
                    Ok(entries) => entries,
                    Err(cause) => {
                        self.unread(path, &Error::io("it cannot be read", &cause));
                        return Ok(());
                    }
                };
                let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
                entries.sort();
                for entry in entries.iter().filter(|entry| !entry.ends_with(".git")) {
                    self.path(entry, false, depth + 1)?;
                }
            }
            Ok(about) if about.is_file() => self.file(path, named)?,
            Ok(_) if named => {
                let error = Error::new(Kind::NotFound, "it is neither a file nor a folder");
                self.unread(path, &error.fix("pipe it in: hoopctl mask scan -"));
            }
            Ok(_) => {}
        }
        Ok(())
    }

    fn unread(&mut self, path: &Path, cause: &Error) {
        self.unread += 1;
        let why = cause.causes().first().map(|why| format!(": {why}")).unwrap_or_default();
        self.console.notice(&format!("{}: {}{why}", path.display(), cause.what()));
    }

    fn file(&mut self, path: &Path, named: bool) -> Result<()> {
        let bytes = match mask::read(path, MOST_BYTES) {
            Ok(bytes) => bytes,
            Err(cause) => {
                self.unread(path, &cause);
                return Ok(());
            }
        };
        self.files += 1;
        let kind = match self.args.kind.as_deref() {
            Some("text") => FileType::Text,
            Some("terminal") => self.terminal(),
            Some("json") => FileType::Json,
            Some("xml") => FileType::Xml,
            Some("cbor") => FileType::Cbor,
            Some("eventstream") => FileType::EventStream,
            _ if is_terminal_output(path) => self.terminal(),
            _ => match FileType::guess(&bytes) {
                Some(FileType::Terminal { .. }) => self.terminal(),
                Some(kind) => kind,
                None if named => FileType::Text,
                None => {
                    self.binary += 1;
                    return Ok(());
                }
            },
        };
        let engine = match self.engine.take() {
            Some(engine) => engine,
            None => Arc::new(self.args.chosen.engine(self.sources)?.0),
        };
        let call =
            self.args.call.as_ref().map(|Call(service, operation)| (service.as_str(), operation.as_str()));
        let found = engine.find_in_file(kind, call, &bytes);
        let Least(least) = self.args.confidence;
        let wanted: Vec<&Found> = found.iter().filter(|found| found.confidence >= least).collect();
        self.findings += wanted.len();
        if !engine.has_learnt() {
            self.engine = Some(engine);
        }
        self.show(path, &bytes, &found, &wanted)
    }

    fn terminal(&self) -> FileType {
        FileType::Terminal { cols: self.args.columns, rows: self.args.rows }
    }

    fn show(&mut self, path: &Path, bytes: &[u8], all: &[Found], wanted: &[&Found]) -> Result<()> {
        let name = path.strip_prefix("./").unwrap_or(path).display().to_string();
        let name = if path.as_os_str() == "-" { "(standard input)".to_owned() } else { name };
        // What is counted is counted once: a line may be long, and full of findings.
        let (mut line, mut column, mut counted) = (1, 1, 0);
        for found in wanted {
            let range = &found.range;
            if self.args.json {
                self.console.json(&json!({
                    "file": name, "start": range.start, "end": range.end, "rule": &*found.rule,
                    "confidence": found.confidence.as_str(),
                }))?;
                continue;
            }
            let mut passed = &bytes[counted..range.start];
            line += memchr::memchr_iter(b'\n', passed).count();
            if let Some(end) = memchr::memrchr(b'\n', passed) {
                column = 1;
                passed = &passed[end + 1..];
            }
            column += String::from_utf8_lossy(passed).chars().count();
            counted = range.start;
            let excerpt = excerpt(bytes, all, found);
            self.console.line(&format!(
                "{}:{line}:{column}: {} ({}): {}",
                safe(&name),
                safe(&found.rule),
                found.confidence.as_str(),
                safe(&excerpt)
            ))?;
        }
        Ok(())
    }

    /// The sum, for people.
    fn told(&mut self) {
        if self.args.json {
            return;
        }
        let counted =
            |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let mut text =
            format!("{} in {}", counted(self.findings, "finding"), counted(self.files - self.binary, "file"));
        if self.binary > 0 {
            text.push_str(&format!("; {} not looked into", counted(self.binary, "binary file")));
        }
        self.console.notice(&text);
    }
}

/// Whether a name says so: what is wrapped at the edge of a screen is not to be told from lines by its bytes.
fn is_terminal_output(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ["ansi", "typescript", "vt"].iter().any(|known| ending == *known))
}

/// The line around a finding, with stars for it and for all others on the line.
fn excerpt(bytes: &[u8], all: &[Found], found: &Found) -> String {
    let range = &found.range;
    let from = range.start.saturating_sub(AROUND);
    let to = (range.end + AROUND).min(bytes.len());
    let from =
        bytes[from..range.start].iter().rposition(|byte| *byte == b'\n').map_or(from, |at| from + at + 1);
    let to = bytes[range.end..to].iter().position(|byte| *byte == b'\n').map_or(to, |at| range.end + at);
    let mut text = Vec::new();
    let mut at = from;
    let first = all.partition_point(|found| found.range.end <= from);
    let here = all[first..].iter().map(|found| &found.range).take_while(|secret| secret.start < to);
    for secret in here {
        text.extend_from_slice(&bytes[at..secret.start.clamp(at, to)]);
        // Their number would tell the length, and a key of many lines would fill the screen.
        text.extend_from_slice(b"****");
        at = secret.end.clamp(at, to);
    }
    text.extend_from_slice(&bytes[at..to]);
    String::from_utf8_lossy(&text).into_owned()
}
