//! One key: as people may write it, as the table writes it, as a screen shows it.

/// Names that people use, and ours.
const NAMES: &[(&str, &str)] = &[
    ("space", "space"),
    ("spc", "space"),
    ("enter", "enter"),
    ("return", "enter"),
    ("ret", "enter"),
    ("cr", "enter"),
    ("esc", "esc"),
    ("escape", "esc"),
    ("tab", "tab"),
    ("backspace", "backspace"),
    ("bs", "backspace"),
    ("delete", "delete"),
    ("del", "delete"),
    ("insert", "insert"),
    ("ins", "insert"),
    ("up", "up"),
    ("down", "down"),
    ("left", "left"),
    ("right", "right"),
    ("home", "home"),
    ("end", "end"),
    ("pageup", "pageup"),
    ("pgup", "pageup"),
    ("pagedown", "pagedown"),
    ("pgdn", "pagedown"),
    ("pgdown", "pagedown"),
    ("f1", "f1"),
    ("f2", "f2"),
    ("f3", "f3"),
    ("f4", "f4"),
    ("f5", "f5"),
    ("f6", "f6"),
    ("f7", "f7"),
    ("f8", "f8"),
    ("f9", "f9"),
    ("f10", "f10"),
    ("f11", "f11"),
    ("f12", "f12"),
];

/// Keys pressed one after the other, at most.
const MOST: usize = 4;

/// Reads `text` - one key, or several apart by spaces - as the table would write it.
///
/// Fails with what is wrong, and a suggestion if there is one.
pub fn parse(text: &str) -> Result<Vec<String>, (String, Option<String>)> {
    let strokes: Result<Vec<String>, _> = text.split_ascii_whitespace().map(one).collect();
    match strokes? {
        strokes if strokes.is_empty() => {
            Err(("no key".to_owned(), Some("write \"space\" for the space bar".to_owned())))
        }
        strokes if strokes.len() > MOST => Err((format!("more than {MOST} keys one after the other"), None)),
        strokes => Ok(strokes),
    }
}

fn one(text: &str) -> Result<String, (String, Option<String>)> {
    let (mut alt, mut ctrl, mut shift) = (false, false, false);
    let mut base = text;
    while let Some((modifier, rest)) = base.split_once(['-', '+']).filter(|(_, rest)| !rest.is_empty()) {
        match modifier.to_ascii_lowercase().as_str() {
            "ctrl" | "control" | "c" => ctrl = true,
            "alt" | "meta" | "m" | "a" => alt = true,
            "shift" | "s" => shift = true,
            _ => break,
        }
        base = rest;
    }
    let mut chars = base.chars();
    let key = match (chars.next(), chars.next()) {
        (Some(c), None) if c.is_control() => return Err(("a key that cannot be written".to_owned(), None)),
        (Some(c), None) if ctrl => c.to_ascii_lowercase().to_string(),
        (Some(c), None) if shift && c.is_ascii_alphabetic() => {
            shift = false;
            c.to_ascii_uppercase().to_string()
        }
        (Some(c), None) if shift => {
            return Err((
                format!("Shift and `{c}` are another character"),
                Some("write that one".to_owned()),
            ));
        }
        (Some(c), None) => c.to_string(),
        _ => {
            let lower = base.to_ascii_lowercase();
            match NAMES.iter().find(|(known, _)| *known == lower) {
                Some((_, name)) => (*name).to_owned(),
                None => {
                    let near =
                        crate::config::diagnostic::nearest(&lower, NAMES.iter().map(|(known, _)| *known));
                    let shown = crate::config::diagnostic::shown(text);
                    let fix = match near {
                        Some(near) => format!("did you mean \"{near}\"?"),
                        None => "write a character, or a name such as space, enter, pageup, f5, ctrl-x; \
                                 keys one after the other stand apart: \"g g\""
                            .to_owned(),
                    };
                    return Err((format!("`{shown}` is no key"), Some(fix)));
                }
            }
        }
    };
    let shift = shift && !(ctrl && key.chars().count() == 1);
    let modifiers = [(alt, "alt-"), (ctrl, "ctrl-"), (shift, "shift-")];
    let modifiers: String = modifiers.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
    Ok(modifiers + &key)
}

/// `keys`, as the table writes them, for people to read: `Ctrl-Z`, `←`; `ascii`: `Left`.
#[must_use]
pub fn label(keys: &str, ascii: bool) -> String {
    keys.split(' ').map(|key| label_of(key, ascii)).collect::<Vec<_>>().join(" ")
}

fn label_of(key: &str, ascii: bool) -> String {
    for (modifier, word, apart) in [("alt-", "Alt", "-"), ("ctrl-", "Ctrl", "-"), ("shift-", "Shift", " ")] {
        if let Some(rest) = key.strip_prefix(modifier).filter(|rest| !rest.is_empty()) {
            let rest = label_of(rest, ascii);
            let rest = if modifier == "ctrl-" { upper(&rest) } else { rest };
            return format!("{word}{apart}{rest}");
        }
    }
    match key {
        "up" if !ascii => "↑".to_owned(),
        "down" if !ascii => "↓".to_owned(),
        "left" if !ascii => "←".to_owned(),
        "right" if !ascii => "→".to_owned(),
        "pageup" => "PgUp".to_owned(),
        "pagedown" => "PgDn".to_owned(),
        key if key.chars().count() == 1 => key.to_owned(),
        key => {
            let mut chars = key.chars();
            let first: String = chars.next().into_iter().map(|c| c.to_ascii_uppercase()).collect();
            first + chars.as_str()
        }
    }
}

fn upper(label: &str) -> String {
    if label.chars().count() == 1 { label.to_ascii_uppercase() } else { label.to_owned() }
}
