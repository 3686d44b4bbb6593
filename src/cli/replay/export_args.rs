//! What can be typed after `hoop-replay export`.

use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;

use super::args::PacingArgs;
use crate::export::Spot;
use crate::replay::Place;

const HELP: &str = "\
Formats:
  cast        asciicast 3, for asciinema 3 and hoop-replay
  cast2       asciicast 2, for asciinema 2 and most players
  txt         the lines as they were seen, then the last screen of each full-screen program
  screen      the screen of one moment as text
  html        one page that plays: timeline, calls, commands, search; opens from a file, needs no network
  svg         a picture of one moment
  png         the same in dots
  gif         a moving picture
  movie       a moving picture as SVG, played by styles alone
  jsonl       one AWS call a line: action, resources, parameters, decision, outcome
  csv         the same as a table
  ocsf        the same as OCSF events, class API Activity (6003), one a line
  cloudtrail  the same in the shape of CloudTrail's records, one a line

Moments:
  62, 1:02.5, 1:02:03   a time since the start
  50%, end              a part of the recording
  marker:3, marker:rm   a named place, by number or by a part of its name
  command:12, call:3    a command or an AWS call: --from means its beginning, --to and --at its end

Examples:
  hoop-replay export last -f cast2 --idle-limit 1s -o demo.cast
  hoop-replay export last --from command:12 --to command:12 -o build.cast
  hoop-replay export last -f txt | less
  hoop-replay export last -f csv --mask pii -o calls.csv
  hoop-replay export last -f jsonl | jq -r '[.action, .decision.effect] | @tsv'
  hoop-replay export --query 'after:30d decision:deny action:s3:*' -f csv -o denied.csv
  hoop-replay export last --mask pii -o session.html
  hoop-replay export demo.cast --at 50% --theme light -o demo.png

Everything was masked when it was recorded. --mask goes over it once more with stricter rules (`pii`: email
addresses, phone, card and account numbers; several packs with commas; list them: hoopctl mask rules), and the
file says what was masked by which rules.";

/// What `export` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = HELP)]
pub struct Export {
    /// A session id or its beginning, `last`, or a file
    #[arg(value_name = "RECORDING", required_unless_present = "query")]
    pub recording: Option<String>,

    /// Only calls that fit this; without a RECORDING those of all sessions that do (jsonl, csv, ocsf, cloudtrail)
    #[arg(long, value_name = "QUERY")]
    pub query: Option<String>,

    /// What to write [default: by the name of the output file]
    #[arg(short = 'f', long, value_name = "FORMAT", value_enum)]
    pub format: Option<Format>,

    /// Write to this file instead of standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Replace the output file if there is one
    #[arg(long)]
    pub overwrite: bool,

    /// Begin at this moment [default: the start]
    #[arg(long, value_name = "MOMENT", value_parser = spot)]
    pub from: Option<Spot>,

    /// End at this moment [default: the end]
    #[arg(long, value_name = "MOMENT", value_parser = spot)]
    pub to: Option<Spot>,

    /// The moment of a picture [default: the end]
    #[arg(long, value_name = "MOMENT", value_parser = spot)]
    pub at: Option<Spot>,

    /// Another title; `none` for no title [default: that of the recording, or the command]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,

    /// Mask once more, with these packs of rules besides those of the configuration: `pii`
    #[arg(long, value_name = "PACKS")]
    pub mask: Option<String>,

    /// The colours of a picture: a theme's name or file [default: `replay.theme`, dark]
    #[arg(long, value_name = "NAME|FILE")]
    pub theme: Option<String>,

    /// The height of letters in PNG and GIF, in dots: 8 to 96 [default: 28 for PNG, 16 for GIF]
    #[arg(long, value_name = "DOTS", value_parser = clap::value_parser!(u8).range(8..=96))]
    pub font_size: Option<u8>,

    /// Draw letters of PNG and GIF with this font file first (TrueType or OpenType, monospaced)
    #[arg(long, value_name = "FILE")]
    pub font: Option<PathBuf>,

    /// How times change, where the format plays. Moving pictures shorten pauses to 2s, if nothing is said.
    #[command(flatten)]
    pub pacing: PacingArgs,
}

/// What `export` can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// asciicast 3
    Cast,
    /// asciicast 2
    Cast2,
    /// text as seen
    Txt,
    /// the text of one screen
    Screen,
    /// a page that plays
    Html,
    /// a picture of one moment
    Svg,
    /// the same in dots
    Png,
    /// a moving picture
    Gif,
    /// a moving picture as SVG
    Movie,
    /// calls, one a line
    Jsonl,
    /// calls as a table
    Csv,
    /// calls as OCSF events
    Ocsf,
    /// calls in the shape of CloudTrail's records
    Cloudtrail,
}

impl Format {
    /// The format that a file's ending stands for.
    pub fn of_extension(extension: &str) -> Option<Self> {
        Some(match extension {
            "cast" => Self::Cast,
            "txt" | "log" => Self::Txt,
            "html" | "htm" => Self::Html,
            "svg" => Self::Svg,
            "png" => Self::Png,
            "gif" => Self::Gif,
            "jsonl" | "ndjson" => Self::Jsonl,
            "csv" => Self::Csv,
            _ => return None,
        })
    }

    /// Whether it draws dots, which takes long.
    pub fn is_drawn(self) -> bool {
        matches!(self, Self::Png | Self::Gif)
    }

    /// Whether it is a list of calls.
    pub fn is_of_calls(self) -> bool {
        matches!(self, Self::Jsonl | Self::Csv | Self::Ocsf | Self::Cloudtrail)
    }

    /// Whether it shows one moment only.
    pub fn is_still(self) -> bool {
        matches!(self, Self::Screen | Self::Svg | Self::Png)
    }
}

/// A moment, as [`Spot`] has it.
fn spot(text: &str) -> Result<Spot, String> {
    let wrong = || {
        "give a time (62, 1:02.5), per cent (50%), `end`, marker:NAME, command:NUMBER or call:NUMBER"
            .to_owned()
    };
    let number = |text: &str| text.parse().map_err(|_| wrong());
    if text == "end" {
        return Ok(Spot::End);
    }
    if let Some(name) = text.strip_prefix("marker:").filter(|name| !name.is_empty()) {
        return Ok(Spot::Marker(name.to_owned()));
    }
    if let Some(name) = text.strip_prefix("command:") {
        return number(name).map(Spot::Command);
    }
    if let Some(name) = text.strip_prefix("call:") {
        return number(name).map(Spot::Call);
    }
    if let Some(part) = text.strip_suffix('%') {
        let part: f64 = part.parse().map_err(|_| wrong())?;
        return (0.0..=100.0).contains(&part).then_some(Spot::Percent(part)).ok_or_else(wrong);
    }
    match Place::parse(text) {
        Ok(Place::At(time)) => Ok(Spot::Time(time)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Micros;

    #[test]
    fn moments_are_understood_as_people_write_them() {
        assert_eq!(spot("1:02.5"), Ok(Spot::Time(Micros(62_500_000))));
        assert_eq!(spot("75%"), Ok(Spot::Percent(75.0)));
        assert_eq!(spot("marker:deploy it"), Ok(Spot::Marker("deploy it".to_owned())));
        assert_eq!(spot("command:12"), Ok(Spot::Command(12)));
        assert_eq!(spot("end"), Ok(Spot::End));
        for wrong in [
            "",
            "-1",
            "1:x",
            "101%",
            "nan",
            "1e30",
            "command:x",
            "marker:",
            "call:-1",
            "NaN%",
            "1:-2",
            "1:1:1:1",
            "1e1",
        ] {
            assert!(spot(wrong).is_err(), "{wrong}");
        }
    }
}
