//! The user's key file: tables by context, in them actions with their keys.

use toml::Spanned;
use toml::de::DeValue;

use crate::config::Diagnostics;
use crate::config::diagnostic::nearest;
use crate::config::diagnostic::shown;
use crate::config::document::Document;
use crate::config::document::Span;
use crate::config::document::kind;
use crate::config::document::texts_of;
use crate::replay::action::Action;
use crate::replay::keymap::Context;
use crate::replay::keymap::TABLE;
use crate::replay::keys::Keys;
use crate::replay::keys::Own;
use crate::replay::keys::clash;
use crate::replay::keys::context_name;
use crate::replay::keys::contexts_of_table;
use crate::replay::keys::stroke;

/// Keys that one action may have.
const MOST: usize = 16;

/// A key of the file, and where it stands there.
struct Placed {
    context: Context,
    name: String,
    strokes: Vec<String>,
    span: Span,
}

/// Reads a key file; `origin` is its name in messages.
///
/// # Errors
/// Every fault: unknown contexts, actions and keys, keys that stand there twice, and no key left to leave with.
pub fn read(text: &str, origin: &str) -> Result<Keys, Diagnostics> {
    let (document, root) = Document::parse(text, origin)?;
    let (mut own, mut placed): (Vec<Own>, Vec<Placed>) = (Vec::new(), Vec::new());
    let mut quit = 0..0;
    for (name, value) in &root {
        let Some(context) = context(&document, name.get_ref(), name.span()) else { continue };
        let DeValue::Table(table) = value.get_ref() else {
            let message = format!("`{}` is a table, not {}", name.get_ref(), kind(value.get_ref()));
            document.fault(value.span(), message, format!("write [{}]", name.get_ref()));
            continue;
        };
        for (action, keys) in table {
            let name: &str = action.get_ref();
            if !is_known(&document, context, name, action.span()) {
                continue;
            }
            if name == Action::Quit.name() {
                quit = action.span();
            }
            let Some(found) = sequences(&document, name, keys) else { continue };
            let keys = found.iter().map(|(strokes, _)| strokes.clone()).collect();
            own.push(Own { context, name: name.to_owned(), keys });
            placed.extend(found.into_iter().map(|(strokes, span)| Placed {
                context,
                name: name.to_owned(),
                strokes,
                span,
            }));
        }
    }
    conflicts(&document, &mut placed);
    let keys = Keys::over(&own);
    for context in contexts_of_table() {
        let can_leave = keys.ways(context).iter().any(|way| TABLE[way.line].action == Action::Quit);
        if !can_leave && document.is_sound() {
            let message = format!("no key is left to leave with in [{}]", context_name(context));
            document.fault(quit.clone(), message, "give `quit` a key in [anywhere]".to_owned());
        }
    }
    if document.is_sound() { Ok(keys) } else { Err(document.into_diagnostics()) }
}

fn context(document: &Document<'_>, name: &str, span: Span) -> Option<Context> {
    let all = contexts_of_table();
    let found = all.iter().find(|context| context_name(**context) == name);
    if found.is_none() {
        let names: Vec<String> = all.iter().map(|context| context_name(*context)).collect();
        let fix = match nearest(name, names.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean [{meant}]?"),
            None if is_action(name) => {
                format!("an action stands below its table: one of [{}]", names.join("] ["))
            }
            None => format!("there are [{}]", names.join("] [")),
        };
        document.fault(span, format!("unknown table `{}`", shown(name)), fix);
    }
    found.copied()
}

fn is_action(name: &str) -> bool {
    TABLE.iter().any(|binding| !binding.keys.is_empty() && binding.action.name() == name)
}

/// Whether the table has that action in that context; else it is a fault.
fn is_known(document: &Document<'_>, context: Context, name: &str, span: Span) -> bool {
    let bindings = || TABLE.iter().filter(|binding| !binding.keys.is_empty());
    if bindings().any(|binding| binding.context == context && binding.action.name() == name) {
        return true;
    }
    let here: Vec<String> = bindings()
        .filter(|binding| binding.context == context)
        .map(|binding| binding.action.name())
        .collect();
    let elsewhere = bindings().find(|binding| binding.action.name() == name).map(|binding| binding.context);
    let (message, fix) = match (elsewhere, nearest(name, here.iter().map(String::as_str))) {
        (Some(other), _) => (
            format!("`{}` means nothing in [{}]", shown(name), context_name(context)),
            format!("it stands in [{}]", context_name(other)),
        ),
        (None, Some(meant)) => {
            (format!("unknown action `{}`", shown(name)), format!("did you mean `{meant}`?"))
        }
        (None, None) => {
            (format!("unknown action `{}`", shown(name)), "all of them: hoop-replay keys".to_owned())
        }
    };
    document.fault(span, message, fix);
    false
}

/// The sequences of keys in one key or a list of them; none: something is wrong with it.
fn sequences(
    document: &Document<'_>,
    name: &str,
    value: &Spanned<DeValue<'_>>,
) -> Option<Vec<(Vec<String>, Span)>> {
    let texts = texts_of(document, name, value)?;
    if texts.value.len() > MOST {
        document.fault(texts.span, format!("more than {MOST} keys for one action"), None);
        return None;
    }
    let mut found = Vec::new();
    for text in texts.value {
        match stroke::parse(text.value) {
            Ok(strokes) => found.push((strokes, text.span)),
            Err((message, fix)) => {
                document.fault(text.span, message, fix);
                return None;
            }
        }
    }
    Some(found)
}

/// Two keys of the user's own that are the same, or of which one begins the other, where both hold.
fn conflicts(document: &Document<'_>, placed: &mut [Placed]) {
    placed.sort_by_key(|key| key.span.start);
    for (at, later) in placed.iter().enumerate() {
        let both = |one: Context, other: Context| {
            one == other || one == Context::Anywhere || other == Context::Anywhere
        };
        let earlier = placed[..at]
            .iter()
            .find(|earlier| both(earlier.context, later.context) && clash(&earlier.strokes, &later.strokes));
        let Some(earlier) = earlier else { continue };
        let line = document.line(earlier.span.start);
        let keys = later.strokes.join(" ");
        let message = if earlier.strokes == later.strokes {
            format!("`{keys}` means `{}` already, in line {line}", earlier.name)
        } else {
            format!(
                "`{keys}` and `{}` in line {line} begin alike: only one can be meant",
                earlier.strokes.join(" ")
            )
        };
        document.fault(later.span.clone(), message, "give one of them another key".to_owned());
    }
}
