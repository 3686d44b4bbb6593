//! `hoopctl mask explain`: what a mask is, for whoever meets one.

use super::console::Console;
use crate::error::Result;
use crate::mask;
use crate::mask::FOR_AGENTS;
use crate::term::safe;

/// The longest text in which masks are looked for.
const MOST: usize = 1 << 20;

/// Tell a mask from a value: what `hoopmask:KIND:TAG` and rows of stars stand for.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl mask explain hoopmask:secret-string:k3f9q2xv
  hoopctl mask explain --for-agents >> CLAUDE.md        or AGENTS.md
  hoop-run -- claude --append-system-prompt \"$(hoopctl mask explain --for-agents)\"
  hoop-run -- codex -c developer_instructions=\"$(hoopctl mask explain --for-agents)\"

The same words are in the variable HOOP_MASK_HINT of every program that hoop-run starts.

Exit status: 0 it is a mask, or holds one; 1 it is none.")]
pub struct Args {
    /// A value, or a text that holds some.
    #[arg(value_name = "TEXT", required_unless_present = "for_agents", num_args = 1..)]
    text: Vec<String>,
    /// Print what an agent has to know, for its instructions, and nothing else.
    #[arg(long, conflicts_with = "text")]
    for_agents: bool,
}

/// Does it; gives the exit status: 1 where there is no mask.
pub fn run(args: &Args, console: &mut Console<'_>) -> Result<u8> {
    if args.for_agents {
        console.line(FOR_AGENTS)?;
        return Ok(0);
    }
    let text = args.text.join(" ");
    let mut rest = &text[..text.floor_char_boundary(MOST)];
    let mut found = 0;
    while let Some(range) = mask::find_mask(rest.as_bytes()) {
        let Some(mask) = rest.get(range.clone()) else { break };
        rest = &rest[range.end..];
        found += 1;
        let (kind, tag) = mask.rsplit_once(':').unwrap_or((mask, ""));
        let kind = kind.split_once(':').map_or("", |(_, kind)| kind);
        console.line(&format!("{}: a mask, not a value.", safe(mask)))?;
        console.line(&format!("  kind  {}: {}", safe(kind), about(kind)))?;
        console.line(&format!(
            "  tag   {}: the same for the same value within one session, and another in every other",
            safe(tag)
        ))?;
    }
    if found == 0 && text.contains("****") {
        found += 1;
        console.line("A row of stars: a secret that was hidden on a terminal or in a stored text, a star for each column.")?;
    }
    if found == 0 {
        console.line("No mask of hoop's: neither hoopmask:KIND:TAG nor a row of stars.")?;
        return Ok(1);
    }
    console.line(
        "The real value was not changed. Do not write the mask anywhere: hoop refuses AWS calls that hold one, unless the \
         policy has it put back. Whoever started the session can say whether it may be shown.",
    )?;
    Ok(0)
}

/// What a kind of mask hides.
fn about(kind: &str) -> String {
    if let Some(rule) = mask::builtin_rules().find(|rule| rule.kind == kind) {
        return format!("found by the rule `{}` of the pack `{}`", rule.id, rule.pack);
    }
    match kind {
        "environment" => "a secret of the environment that hoop-run was started in".to_owned(),
        "listed" => "a value that the person has listed (mask.values)".to_owned(),
        "argument" => "a secret argument of a command".to_owned(),
        _ => {
            "a member of an AWS answer that is a secret, or the name of a rule of the person's own".to_owned()
        }
    }
}
