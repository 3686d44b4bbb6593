//! The payload of a Slack incoming webhook: a text, and blocks with the card's facts.
//!
//! Limits are Slack's: 150 characters of a header, 3,000 of a section's text, 2,000 of a field, 10 fields, 50 blocks
//! (docs.slack.dev, Block Kit reference). Nothing that comes from a call can mention people, make links or leave its
//! quotes: `&`, `<` and `>` are written as entities, and values stand in code quotes, which they cannot end.

use serde_json::Value;
use serde_json::json;

use crate::approval::Card;
use crate::approval::Difference;
use crate::control::facts;
use crate::control::notify::event::Event;
use crate::control::notify::event::moment;
use crate::term::safe;
use crate::term::safe_lines;

/// Characters of a header.
const HEADER: usize = 150;
/// Characters of a section's text, with room for what stands around it.
const SECTION: usize = 2_900;
/// Characters of a field.
const FIELD: usize = 1_900;
/// Fields of a section.
const FIELDS: usize = 10;
/// Characters of the plain text, which notifications show, and readers of the format that know no blocks.
const TEXT: usize = 1_500;
/// Slack's longest address in a link.
const LINK: usize = 3_000;

/// The payload for `event`.
pub(super) fn payload(event: &Event) -> Vec<u8> {
    let value = match event.ending() {
        Some(ending) => settled(event, &ending),
        None => asked(event),
    };
    value.to_string().into_bytes()
}

fn asked(event: &Event) -> Value {
    let card = &event.card;
    let title = format!("Approval wanted: {}", card.question.action);
    let mut blocks = vec![
        json!({"type": "header", "text": {"type": "plain_text", "text": clipped(&title, HEADER), "emoji": false}}),
    ];
    blocks.extend(facts_of(card));
    let parameters: Vec<String> =
        card.question.parameters.iter().map(|fact| format!("{} = {}", fact.name, fact.value)).collect();
    blocks.extend(listing("Parameters", &parameters));
    let found: Vec<String> =
        card.findings.facts.iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect();
    blocks.extend(listing("Found out", &found));
    let difference: Vec<String> = card.findings.difference.iter().map(line).collect();
    let compared = format!("Difference of the {}", escaped(&card.findings.compared, 200));
    blocks.extend(listing(&compared, &difference));
    let until = card.deadline / 1_000_000;
    let until = format!("<!date^{until}^{{time_secs}}|{}>", moment(until * 1_000_000));
    let needs = escaped(&facts::missing(card), 400);
    blocks.push(section(&format!("*Until* {until}, by {needs}")));
    let name = card.name();
    let how = format!("`hoopctl approvals allow {name}` · `hoopctl approvals deny {name}`");
    let link = event.link.as_ref().filter(|link| link.len() <= LINK && !link.contains(['<', '>', '|']));
    let how = match link {
        Some(link) => format!("<{}|Look at it and answer> · {how}", link.replace('&', "&amp;")),
        None => how,
    };
    blocks.push(section(&how));
    let mut text = escaped(&format!("Approval wanted: {} ({name})", card.question.line()), TEXT);
    if let Some(link) = link {
        text.push_str(&format!("\n{}", link.replace('&', "&amp;")));
    }
    json!({"text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
}

fn settled(event: &Event, ending: &str) -> Value {
    let name = event.card.name();
    let line = escaped(&event.card.question.line(), TEXT / 2);
    let ending = escaped(ending, TEXT / 2);
    let told = format!("{name} {ending}\n{line}");
    let block = format!("*{name}* {ending}\n`{}`", line.replace('`', "ˋ"));
    json!({"text": told, "blocks": [section(&block)], "unfurl_links": false, "unfurl_media": false})
}

/// Facts: short ones side by side, long ones below each other.
fn facts_of(card: &Card) -> Vec<Value> {
    let (mut blocks, mut fields) = (Vec::new(), Vec::new());
    for fact in facts::of(card) {
        if fact.is_code {
            blocks.extend(listing(fact.name, &fact.lines));
        } else {
            let value = escaped(&fact.lines.join(", "), FIELD);
            fields.push(json!({"type": "mrkdwn", "verbatim": true, "text": format!("*{}*\n{}", fact.name, quoted(&value))}));
        }
    }
    fields.truncate(FIELDS);
    if !fields.is_empty() {
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    blocks
}

/// Lines as they are, under a title; as many as there is room for.
fn listing(title: &str, lines: &[String]) -> Option<Value> {
    if lines.is_empty() {
        return None;
    }
    let text = safe_lines(&lines.join("\n")).into_owned();
    let text = escaped_lines(&text, SECTION - title.chars().count() - 20);
    Some(section(&format!("*{title}*\n```{}```", text.replace('`', "ˋ"))))
}

fn line(line: &Difference) -> String {
    let (mark, text) = match line {
        Difference::Same(text) => (' ', text),
        Difference::Added(text) => ('+', text),
        Difference::Removed(text) => ('-', text),
    };
    format!("{mark} {}", safe(text))
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "verbatim": true, "text": text}})
}

/// Escaped text in code quotes.
fn quoted(escaped: &str) -> String {
    format!("`{}`", escaped.replace('`', "ˋ"))
}

/// One line without anything that Slack acts on, of at most `room` characters.
fn escaped(text: &str, room: usize) -> String {
    escaped_lines(&safe(text), room)
}

fn escaped_lines(text: &str, room: usize) -> String {
    let mut escaped = String::new();
    let mut used = 0;
    for c in text.chars() {
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => "",
        };
        let length = piece.len().max(1);
        if used + length >= room {
            escaped.push('…');
            break;
        }
        used += length;
        if piece.is_empty() { escaped.push(c) } else { escaped.push_str(piece) }
    }
    escaped
}

/// Text in which Slack acts on nothing, of at most `room` characters.
fn clipped(text: &str, room: usize) -> String {
    let text = safe(text);
    match text.chars().count() > room {
        true => text.chars().take(room - 1).chain(['…']).collect(),
        false => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Fact;
    use crate::approval::Outcome;
    use crate::approval::Scope;
    use crate::control::notify::event::tests::event;

    /// Every text of a payload, with the most characters that Slack takes there.
    fn texts(value: &Value) -> Vec<(String, usize)> {
        let mut found = vec![(value["text"].as_str().unwrap().to_owned(), 4_000)];
        let blocks = value["blocks"].as_array().unwrap();
        assert!(blocks.len() <= 50);
        for block in blocks {
            let most = if block["type"] == "header" { 150 } else { 3_000 };
            if let Some(text) = block["text"]["text"].as_str() {
                found.push((text.to_owned(), most));
            }
            let fields = block["fields"].as_array().cloned().unwrap_or_default();
            assert!(fields.len() <= 10);
            found.extend(fields.iter().map(|field| (field["text"].as_str().unwrap().to_owned(), 2_000)));
        }
        found
    }

    #[test]
    fn nothing_from_a_call_acts_in_slack() {
        let mut event = event();
        event.link = Some("http://127.0.0.1:7468/a/x?a=1&b=2".to_owned());
        let value: Value = serde_json::from_slice(&payload(&event)).unwrap();
        for (text, _) in texts(&value) {
            let ours = text.replace("<http://127.0.0.1:7468/a/x?a=1&amp;b=2|", "").replace("<!date^", "");
            assert!(!ours.contains("<!") && !ours.contains("<b>") && !ours.contains('\u{202e}'), "{text}");
            // Quotes come in pairs: three by three, or one by one.
            assert!(text.matches('`').count() % 2 == 0, "{text}");
        }
        let all = value.to_string();
        assert!(all.contains("aws s3 rm ˋs3://billingˋ &lt;b&gt;&amp;amp;"), "{all}");
        assert!(all.contains("ana &lt;!channel&gt;") && all.contains("1,000 or more"), "{all}");
        assert!(all.contains("<http://127.0.0.1:7468/a/x?a=1&amp;b=2|Look at it and answer>"), "{all}");
    }

    #[test]
    fn everything_has_room() {
        let mut event = event();
        let question = &mut event.card.question;
        question.action = "a".repeat(1_000);
        question.resources = vec!["&<`".repeat(900); 300];
        question.agent = Some(">".repeat(5_000));
        question.command = Some("\u{1f600}&".repeat(5_000));
        question.parameters = vec![Fact { name: "<".repeat(90), value: "&".repeat(9_000) }; 40];
        event.card.findings.compared = "c".repeat(4_000);
        event.card.findings.difference = vec![Difference::Added("+".repeat(100)); 500];
        for outcome in [None, Some(Outcome::Allowed { scope: Scope::Session, by: "&".repeat(9_000) })] {
            event.outcome = outcome;
            let value: Value = serde_json::from_slice(&payload(&event)).unwrap();
            for (text, most) in texts(&value) {
                assert!(
                    text.chars().count() <= most && !text.is_empty(),
                    "{} of {most}",
                    text.chars().count()
                );
            }
        }
    }
}
