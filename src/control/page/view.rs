//! How questions look in a browser: a list, and one with everything that the terminal shows.

use std::fmt::Write;

use sha2::Digest;
use sha2::Sha256;

use crate::approval::Card;
use crate::approval::Difference;
use crate::control::facts;
use crate::control::page::html::escaped;
use crate::control::page::html::escaped_lines;
use crate::control::wire::REASON_CHARACTERS;

/// The list. `at`: where a card is, `gone`: what is to be said of sessions that do not answer.
pub(super) fn list(cards: &[Card], gone: &[String], now: u64, at: &dyn Fn(&Card) -> String) -> String {
    let mut html = String::from("<h1>Approvals</h1><div id=\"live\" data-state=\"");
    // Another list is another state; the time that passes is none.
    for card in cards {
        let _ = write!(html, "{}/{} ", card.name(), card.votes.len());
    }
    html.push_str("\">");
    if cards.is_empty() {
        html.push_str("<p class=\"box\">Nothing waits for an answer.</p>");
    }
    html.push_str("<ul class=\"cards\">");
    for card in cards {
        let question = &card.question;
        let first = question.resources.first().map(|resource| escaped(resource)).unwrap_or_default();
        let more = match question.resources.len() {
            0 | 1 => String::new(),
            many => format!(" and {} more", many - 1),
        };
        let who = [Some(&card.requester), question.agent.as_ref(), Some(&card.host)];
        let who: Vec<String> = who.into_iter().flatten().map(|text| escaped(text)).collect();
        let _ = write!(
            html,
            "<li><a class=\"box\" href=\"{}\"><span class=\"row\"><b>{}</b><span>{}</span></span><code>{first}</code>{more}\
             <br><span class=\"soft\">{} · {}</span></a></li>",
            escaped(&at(card)),
            escaped(&question.action),
            left(card, now),
            card.name(),
            who.join(" · "),
        );
    }
    html.push_str("</ul>");
    for text in gone {
        let _ = write!(html, "<p class=\"soft\">{}</p>", escaped(text));
    }
    html.push_str("</div>");
    html
}

/// One question. `form`: what can be answered, or why nothing can; HTML already.
pub(super) fn card(card: &Card, now: u64, form: &str) -> String {
    let question = &card.question;
    let mut html = String::new();
    let _ = write!(
        html,
        "<h1>{}</h1><p>May this {} go on? <span class=\"soft\">{}</span></p>",
        escaped(&question.action),
        facts::subject(card),
        card.name()
    );
    let facts = facts::of(card);
    let mut list = String::from("<div class=\"box\"><dl>");
    for fact in facts.iter().filter(|fact| fact.name != "Command" && fact.name != "Started by") {
        let lines: Vec<String> = fact.lines.iter().map(|line| escaped(line)).collect();
        let value = lines.join("\n");
        let value = if fact.is_code { format!("<code>{value}</code>") } else { value };
        let _ = write!(list, "<dt>{}</dt><dd>{value}</dd>", fact.name);
    }
    html.push_str(&list);
    html.push_str("</dl></div>");
    html.push_str(&live(card, now));
    if !question.parameters.is_empty() {
        html.push_str("<section><h2>Parameters</h2><div class=\"box\"><dl>");
        for fact in &question.parameters {
            let _ = write!(
                html,
                "<dt><code>{}</code></dt><dd><code>{}</code></dd>",
                escaped(&fact.name),
                escaped_lines(&fact.value)
            );
        }
        html.push_str("</dl></div></section>");
    }
    html.push_str(&tree(card));
    html.push_str(form);
    html
}

/// What changes while people think.
fn live(card: &Card, now: u64) -> String {
    let findings = &card.findings;
    let mut html = String::new();
    let _ = write!(
        html,
        "<p>Time left: {} <span class=\"soft\">· it needs the yes of {}</span></p>",
        left(card, now),
        escaped(&facts::missing(card))
    );
    if let Some(callers) = facts::callers(card) {
        let _ = write!(html, "<p class=\"soft\">{callers}</p>");
    }
    if !card.votes.is_empty() {
        html.push_str("<section><h2>Said yes</h2><div class=\"box\"><dl>");
        for vote in &card.votes {
            let reason =
                if vote.reason.is_empty() { String::new() } else { format!(": {}", escaped(&vote.reason)) };
            let _ = write!(html, "<dt>{}</dt><dd>by {}{reason}</dd>", escaped(&vote.by), vote.via.as_str());
        }
        html.push_str("</dl></div></section>");
    }
    if !findings.facts.is_empty() || findings.is_looking {
        html.push_str("<section><h2>What it would hit</h2><div class=\"box\"><dl>");
        for fact in &findings.facts {
            let _ = write!(html, "<dt>{}</dt><dd>{}</dd>", escaped(&fact.name), escaped_lines(&fact.value));
        }
        html.push_str("</dl>");
        if findings.is_looking {
            html.push_str("<p class=\"soft\">Still looking …</p>");
        }
        html.push_str("</div></section>");
    }
    if !findings.difference.is_empty() {
        let _ = write!(html, "<section><h2>Difference: {}</h2><pre>", escaped(&findings.compared));
        for line in &findings.difference {
            // The sign says it too: not everybody sees the colours.
            let (class, sign, text) = match line {
                Difference::Same(text) => ("same", ' ', text),
                Difference::Added(text) => ("added", '+', text),
                Difference::Removed(text) => ("removed", '-', text),
            };
            let _ = write!(html, "<span class=\"{class}\">{sign} {}</span>", escaped(text));
        }
        html.push_str("</pre></section>");
    }
    // The time that passes is no other state: the browser counts it by itself.
    let state = serde_json::to_vec(&(findings, &card.votes, &card.missing, card.callers)).unwrap_or_default();
    let state = hex::encode(&Sha256::digest(state)[..8]);
    format!("<div id=\"live\" data-state=\"{state}\">{html}</div>")
}

/// The command and those that started it, the outermost first.
fn tree(card: &Card) -> String {
    let question = &card.question;
    let lines: Vec<&String> = question.above.iter().rev().chain(&question.command).collect();
    if lines.is_empty() {
        return String::new();
    }
    let mut html = String::from("<section><h2>Command</h2><div class=\"box\"><ol class=\"tree\">");
    for (number, line) in lines.iter().enumerate() {
        let is_last = number + 1 == lines.len();
        let line = escaped_lines(line);
        let line = if is_last && question.command.is_some() { format!("<b>{line}</b>") } else { line };
        let _ = write!(html, "<li><code>{line}</code>");
        html.push_str(if is_last { "</li>" } else { "<ol>" });
    }
    html.push_str(&"</ol></li>".repeat(lines.len().saturating_sub(1)));
    html.push_str("</ol></div></section>");
    html
}

fn left(card: &Card, now: u64) -> String {
    let left = facts::left(card, now);
    let seconds = left.as_secs();
    let soon = if seconds < 15 { " soon" } else { "" };
    format!("<span class=\"left{soon}\" data-left=\"{seconds}\">{}</span>", facts::time(left))
}

/// What can be answered, with `token`, which is good for one answer.
pub(super) fn form(card: &Card, token: &str, who: &str) -> String {
    let what = facts::subject(card);
    let stop = match card.question.subject {
        _ if card.requester.is_empty() => "Deny and end the session".to_owned(),
        _ => format!("Deny and end {}’s session", escaped(&card.requester)),
    };
    // Whoever presses Enter in the field presses the first button of a form: one that does nothing.
    format!(
        "<form class=\"box\" method=\"post\" autocomplete=\"off\"><button type=\"submit\" disabled hidden></button>\
         <input type=\"hidden\" name=\"token\" value=\"{token}\">\
         <label for=\"reason\">Reason <small>(may be left out; the agent reads that of a no)</small></label>\
         <input type=\"text\" id=\"reason\" name=\"reason\" maxlength=\"{REASON_CHARACTERS}\" enterkeyhint=\"done\">\
         <div class=\"buttons\"><button class=\"yes\" name=\"answer\" value=\"once\">Allow once</button>\
         <button class=\"no\" name=\"answer\" value=\"deny\">Deny</button></div>\
         <details><summary>Other answers</summary>\
         <label for=\"time\">Allow this action, on whatever, for</label>\
         <select id=\"time\" name=\"time\"><option value=\"5m\">5 minutes</option><option value=\"10m\" selected>10 \
         minutes</option><option value=\"30m\">30 minutes</option><option value=\"1h\">1 hour</option></select>\
         <div class=\"buttons\"><button name=\"answer\" value=\"time\">Allow for that time</button>\
         <button name=\"answer\" value=\"session\">Allow for the session, on the same resources</button>\
         <button class=\"no\" name=\"answer\" value=\"stop\">{stop}</button></div></details>\
         <p class=\"soft\">The {what} is answered in the name of {}.</p></form>",
        escaped(who)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Fact;
    use crate::approval::Findings;
    use crate::approval::Question;
    use crate::approval::QuestionId;
    use crate::approval::Via;
    use crate::approval::Vote;
    use crate::types::SessionId;

    const EVIL: &str = "\"'><script>alert(1)</script>\u{202e}\u{1b}[2J";

    #[test]
    fn nothing_in_a_card_becomes_markup() {
        let fact = || Fact { name: EVIL.to_owned(), value: EVIL.to_owned() };
        let some = || Some(EVIL.to_owned());
        let vote = Vote {
            by: EVIL.to_owned(),
            groups: Vec::new(),
            key: EVIL.to_owned(),
            via: Via::Hoopctl,
            reason: EVIL.to_owned(),
        };
        let evil = Card {
            session: SessionId::new(1_763_700_000_000_000, 7),
            id: QuestionId(3),
            host: EVIL.to_owned(),
            requester: EVIL.to_owned(),
            asked: 0,
            deadline: 60_000_000,
            callers: 3,
            question: Question {
                action: EVIL.to_owned(),
                resources: vec![EVIL.to_owned(), EVIL.to_owned()],
                who: EVIL.to_owned(),
                agent: some(),
                repository: some(),
                command: some(),
                above: vec![EVIL.to_owned(), EVIL.to_owned()],
                identity: some(),
                account: some(),
                region: EVIL.to_owned(),
                rule: EVIL.to_owned(),
                reason: EVIL.to_owned(),
                parameters: vec![fact()],
                ..Question::default()
            },
            votes: vec![vote],
            missing: vec![EVIL.to_owned()],
            findings: Findings {
                facts: vec![fact()],
                compared: EVIL.to_owned(),
                difference: vec![
                    Difference::Same(EVIL.to_owned()),
                    Difference::Added(EVIL.to_owned()),
                    Difference::Removed(EVIL.to_owned()),
                ],
                is_looking: true,
            },
        };
        let html = card(&evil, 0, &form(&evil, "token", EVIL));
        let list = list(&[evil], &[EVIL.to_owned()], 0, &|_| format!("/a/{EVIL}"));
        for html in [html, list] {
            assert!(
                !html.contains("<script") && !html.contains('\u{1b}') && !html.contains('\u{202e}'),
                "{html}"
            );
            assert!(html.contains("&quot;&#39;&gt;&lt;script&gt;"));
            // As many elements end as begin.
            for name in ["ol", "li", "dl", "div", "section", "span", "ul", "code", "form"] {
                let begun =
                    html.matches(&format!("<{name}>")).count() + html.matches(&format!("<{name} ")).count();
                assert_eq!(begun, html.matches(&format!("</{name}>")).count(), "{name}: {html}");
            }
        }
    }
}
