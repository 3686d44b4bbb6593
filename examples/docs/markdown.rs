//! Markdown to a man page: headings, paragraphs, lists, code, tables. What a reference text needs, no more.

use pulldown_cmark::CodeBlockKind;
use pulldown_cmark::Event;
use pulldown_cmark::HeadingLevel;
use pulldown_cmark::Options;
use pulldown_cmark::Parser;
use pulldown_cmark::Tag;
use pulldown_cmark::TagEnd;

/// The page in roff, for a `title` such as `hoop-policy(5)`; the text's own title is left out.
pub fn man_page(title: &str, about: &str, text: &str) -> String {
    let (name, section) = title.trim_end_matches(')').split_once('(').unwrap_or((title, "7"));
    let mut page =
        format!(".TH {name} {section} \"\" \"hoop {}\" \"hoop manual\"\n", env!("CARGO_PKG_VERSION"));
    page.push_str(&format!(".SH NAME\n{} \\- {about}\n.SH DESCRIPTION\n", escape(name)));
    let mut cells: Vec<String> = Vec::new();
    let (mut in_code, mut in_cell, mut in_title) = (false, false, false);
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => in_title = true,
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => in_title = false,
            _ if in_title => {}
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => page.push_str("\n.SH \""),
            Event::Start(Tag::Heading { .. }) => page.push_str("\n.SS \""),
            Event::End(TagEnd::Heading(_)) => page.push_str("\"\n"),
            Event::Start(Tag::Paragraph) => page.push_str("\n.PP\n"),
            Event::End(TagEnd::Paragraph | TagEnd::Item) => page.push('\n'),
            Event::Start(Tag::Item) => page.push_str("\n.IP \\(bu 2\n"),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented)) => {
                in_code = true;
                page.push_str("\n.PP\n.RS 4\n.nf\n");
            }
            Event::End(TagEnd::CodeBlock) => {
                in_code = false;
                page.push_str(".fi\n.RE\n");
            }
            Event::Start(Tag::Strong) => page.push_str("\\fB"),
            Event::Start(Tag::Emphasis) => page.push_str("\\fI"),
            Event::End(TagEnd::Strong | TagEnd::Emphasis) => page.push_str("\\fR"),
            Event::Start(Tag::TableCell) => {
                in_cell = true;
                cells.push(String::new());
            }
            Event::End(TagEnd::TableCell) => in_cell = false,
            Event::End(TagEnd::TableHead) => cells.clear(),
            Event::End(TagEnd::TableRow) => {
                page.push_str(&format!(
                    "\n.TP\n{}\n{}\n",
                    cells.first().map_or("", String::as_str),
                    cells.get(1..).unwrap_or_default().join("  ")
                ));
                cells.clear();
            }
            Event::Code(code) => {
                let code = format!("\\fB{}\\fR", escape(&code));
                cells.last_mut().filter(|_| in_cell).unwrap_or(&mut page).push_str(&code);
            }
            Event::Text(words) if in_code => page.push_str(&lines(&words)),
            Event::Text(words) => {
                let words = escape(&words);
                cells.last_mut().filter(|_| in_cell).unwrap_or(&mut page).push_str(&words);
            }
            Event::SoftBreak | Event::HardBreak => page.push('\n'),
            _ => {}
        }
    }
    page
}

/// Text that roff takes literally, also at the start of a line.
pub fn lines(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| if line.starts_with(['.', '\'']) { format!("\\&{}", escape(line)) } else { escape(line) })
        .collect()
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}
