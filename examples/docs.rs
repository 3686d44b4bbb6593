//! Writes the man pages or the completions from the programs' own definitions.
//!
//! usage: `cargo run --example docs -- man|completions FOLDER`

use std::env;
use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

#[path = "docs/markdown.rs"]
mod markdown;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [kind, folder] = arguments.as_slice() else {
        return Err(io::Error::other("usage: docs man|completions FOLDER"));
    };
    let folder = Path::new(folder);
    fs::create_dir_all(folder)?;
    match kind.as_str() {
        "man" => man_pages(folder),
        "completions" => completions(folder),
        other => Err(io::Error::other(format!("`{other}` is neither man nor completions"))),
    }
}

fn programs() -> [Command; 3] {
    [hoop::cli::run::command(), hoop::cli::replay::command(), hoop::cli::ctl::command()]
}

fn completions(folder: &Path) -> io::Result<()> {
    for mut program in programs() {
        let name = program.get_name().to_owned();
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            clap_complete::generate_to(shell, &mut program, &name, folder)?;
        }
    }
    Ok(())
}

fn man_pages(folder: &Path) -> io::Result<()> {
    for program in programs() {
        let page = man_page(program)?;
        fs::write(folder.join(format!("{}.1", page.0)), page.1)?;
    }
    for (name, about) in [
        ("policy", "the policy language of hoop"),
        ("approvals", "questions to people, for hoop"),
        ("identity", "who is asking, for hoop"),
        ("saml", "sign-in with SAML, for hoop"),
    ] {
        let text = fs::read_to_string(format!("docs/{name}.md"))?;
        let page = markdown::man_page(&format!("hoop-{name}(5)"), about, &text);
        fs::write(folder.join(format!("hoop-{name}.5")), page)?;
    }
    Ok(())
}

/// One page for the whole program: its own options, then a section for each subcommand.
fn man_page(mut program: Command) -> io::Result<(String, Vec<u8>)> {
    program.build();
    let name = program.get_name().to_owned();
    let man = Man::new(program.clone())
        .manual("hoop manual")
        .source(format!("hoop {}", env!("CARGO_PKG_VERSION")))
        .date("");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if program.has_subcommands() {
        page.extend_from_slice(b".SH COMMANDS\n");
        subcommands(&program, &name, &mut page)?;
    }
    if let Some(text) = program.get_after_long_help().or(program.get_after_help()) {
        page.extend_from_slice(format!(".SH EXAMPLES\n{}", verbatim(&text.to_string())).as_bytes());
    }
    page.extend_from_slice(see_also(&name).as_bytes());
    Ok((name, page))
}

fn subcommands(parent: &Command, path: &str, page: &mut Vec<u8>) -> io::Result<()> {
    for command in parent.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help") {
        let path = format!("{path} {}", command.get_name());
        if command.has_subcommands() {
            subcommands(command, &path, page)?;
            continue;
        }
        let usage = command.clone().bin_name(&path).render_usage().to_string();
        let usage = usage.trim_start_matches("Usage:").trim().replace('-', "\\-");
        page.extend_from_slice(
            format!(".SS {}\n\\fB{usage}\\fR\n.PP\n", path.replace('-', "\\-")).as_bytes(),
        );
        let without_help = command.clone().mut_args(|argument| {
            let is_help = argument.get_id() == "help";
            argument.hide(is_help)
        });
        for section in [Man::render_description_section, Man::render_options_section] {
            let mut text = Vec::new();
            section(&Man::new(without_help.clone()), &mut text)?;
            let text = String::from_utf8_lossy(&text).into_owned();
            let body = text.lines().filter(|line| {
                !line.starts_with(".SH ") && !line.starts_with(".ie") && !line.starts_with(".el")
            });
            page.extend_from_slice(body.collect::<Vec<_>>().join("\n").as_bytes());
            page.push(b'\n');
        }
        if let Some(text) = command.get_after_help() {
            page.extend_from_slice(verbatim(&text.to_string()).as_bytes());
        }
    }
    Ok(())
}

/// Examples and notes as they are laid out, without the word that the section's title says already.
fn verbatim(text: &str) -> String {
    let text = text.trim_start_matches("Examples:\n").trim_start_matches("Example:\n");
    format!(".PP\n.nf\n{}\n.fi\n", markdown::lines(text))
}

fn see_also(name: &str) -> String {
    let pages = ["hoop-run(1)", "hoop-replay(1)", "hoopctl(1)", "hoop-policy(5)", "hoop-approvals(5)"];
    let others = pages.iter().filter(|page| !page.starts_with(&format!("{name}(")));
    let list =
        others.map(|page| format!("\\fB{}\\fR", page.replace('-', "\\-"))).collect::<Vec<_>>().join(", ");
    format!(".SH \"SEE ALSO\"\n{list}\n")
}
