//! The keys in force: the table's, with the user's own laid over it.

mod file;
mod stroke;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::replay::action::Action;
use crate::replay::action::kebab;
use crate::replay::keymap::Binding;
use crate::replay::keymap::Context;
use crate::replay::keymap::TABLE;
pub use file::read;
pub use stroke::label;

/// The table as it is, for those who have no keys of their own.
static USUAL: LazyLock<Keys> = LazyLock::new(|| Keys::over(&[]));

/// One way to a line of the table.
#[derive(Clone, Debug)]
struct Way {
    /// The line's place in the table.
    line: usize,
    /// The keys, to be pressed one after the other.
    strokes: Vec<String>,
    /// Whether the user's file says so.
    is_own: bool,
}

/// What the user's file says about one action in one context: these keys, and no others.
#[derive(Clone, Debug)]
struct Own {
    context: Context,
    name: String,
    keys: Vec<Vec<String>>,
}

/// What has been pressed means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// This.
    Action(Action),
    /// More is to follow.
    Prefix,
    /// Nothing.
    Nothing,
}

/// A line of help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The title of what follows.
    Title(&'static str),
    /// Keys, what they do, and a word for the footer, which may be empty.
    Keys {
        /// The keys as people read them; empty: it has none.
        shown: String,
        /// What they do.
        help: &'static str,
        /// For the footer.
        hint: &'static str,
        /// Whether they work everywhere.
        is_everywhere: bool,
    },
}

/// Every key in force, by context.
#[derive(Clone, Debug)]
pub struct Keys {
    contexts: Vec<(Context, Vec<Way>)>,
}

impl Default for Keys {
    fn default() -> Self {
        USUAL.clone()
    }
}

impl Keys {
    /// The table as it is.
    #[must_use]
    pub fn usual() -> &'static Self {
        &USUAL
    }

    fn over(own: &[Own]) -> Self {
        let mut contexts: Vec<(Context, Vec<Way>)> = Vec::new();
        for context in contexts_of_table() {
            let mut ways: Vec<Way> = Vec::new();
            let here = |of: Context| of == context;
            let everywhere = |of: Context| of == Context::Anywhere && context != Context::Anywhere;
            for layer in [&here as &dyn Fn(Context) -> bool, &everywhere] {
                for said in own.iter().filter(|said| layer(said.context)) {
                    said.keys.iter().for_each(|keys| ways.extend(said.way(keys)));
                }
            }
            let own_ways = ways.clone();
            for layer in [&here as &dyn Fn(Context) -> bool, &everywhere] {
                for (line, binding) in TABLE.iter().enumerate().filter(|(_, binding)| layer(binding.context))
                {
                    let name = binding.action.name();
                    if own.iter().any(|said| said.context == binding.context && said.name == name) {
                        continue;
                    }
                    for keys in binding.keys {
                        let strokes: Vec<String> = keys.split(' ').map(str::to_owned).collect();
                        // The user's own key takes the place of one of the table's.
                        if !own_ways.iter().any(|way| clash(&way.strokes, &strokes)) {
                            ways.push(Way { line, strokes, is_own: false });
                        }
                    }
                }
            }
            contexts.push((context, ways));
        }
        Self { contexts }
    }

    fn ways(&self, context: Context) -> &[Way] {
        self.contexts.iter().find(|(known, _)| *known == context).map_or(&[], |(_, ways)| ways)
    }

    /// What `key` means in `context` after the keys `before`.
    #[must_use]
    pub fn resolve(&self, context: Context, before: &[String], key: &str) -> Found {
        let begins = |way: &&Way| {
            way.strokes.len() > before.len()
                && way.strokes[..before.len()] == *before
                && way.strokes[before.len()] == key
        };
        match self.ways(context).iter().find(begins) {
            Some(way) if way.strokes.len() == before.len() + 1 => Found::Action(TABLE[way.line].action),
            Some(_) => Found::Prefix,
            None => Found::Nothing,
        }
    }

    /// The first key that means `action` in `context`, as people read it; empty: none does.
    #[must_use]
    pub fn first(&self, context: Context, action: Action, ascii: bool) -> String {
        let way = self.ways(context).iter().find(|way| TABLE[way.line].action == action);
        way.map(|way| label(&way.strokes.join(" "), ascii)).unwrap_or_default()
    }

    /// What may follow the keys `before`: the next key as people read it, and what it leads to.
    #[must_use]
    pub fn following(&self, context: Context, before: &[String], ascii: bool) -> Vec<(String, String)> {
        let mut following: Vec<(String, String)> = Vec::new();
        for way in self.ways(context) {
            let Some([key, rest @ ..]) = way.strokes.strip_prefix(before) else { continue };
            let key = label(key, ascii);
            if following.iter().any(|(known, _)| *known == key) {
                continue;
            }
            let binding = &TABLE[way.line];
            // A line of its own in help tells of more than this key.
            let is_told = binding.shown.is_empty() && !binding.help.is_empty();
            let words = match rest {
                [_, ..] => "…".to_owned(),
                [] if is_told => binding.help.to_owned(),
                [] => binding.action.name().replace('-', " "),
            };
            following.push((key, words));
        }
        following
    }

    /// The lines of help for `context`: its own, then those for everywhere. `ascii`: arrows are written out.
    #[must_use]
    pub fn lines(&self, context: Context, ascii: bool) -> Vec<Line> {
        let mut lines = Vec::new();
        for of in [context, Context::Anywhere] {
            let mut rows = TABLE.iter().enumerate().filter(|(_, binding)| binding.context == of).peekable();
            while let Some((at, binding)) = rows.next() {
                if binding.keys.is_empty() {
                    lines.push(Line::Title(binding.help));
                    continue;
                }
                let mut members = vec![at];
                while let Some((mate, _)) =
                    rows.next_if(|(_, mate)| !mate.keys.is_empty() && mate.shown.is_empty())
                {
                    members.push(mate);
                }
                lines.push(Line::Keys {
                    shown: self.shown(context, &members, ascii),
                    help: binding.help,
                    hint: binding.hint,
                    is_everywhere: of == Context::Anywhere,
                });
            }
        }
        // A title that nothing follows says nothing.
        let is_empty = |at: usize| !matches!(lines.get(at + 1), Some(Line::Keys { .. }));
        let kept: Vec<bool> = lines
            .iter()
            .enumerate()
            .map(|(at, line)| !matches!(line, Line::Title(_)) || !is_empty(at))
            .collect();
        lines.into_iter().zip(kept).filter_map(|(line, kept)| kept.then_some(line)).collect()
    }

    /// The keys that lead to `members`: in the table's own words if they are the table's.
    fn shown(&self, context: Context, members: &[usize], ascii: bool) -> String {
        let keys = |line: usize| {
            self.ways(context).iter().filter(move |way| way.line == line).map(|way| way.strokes.join(" "))
        };
        let is_usual =
            members.iter().all(|line| keys(*line).eq(TABLE[*line].keys.iter().map(|key| (*key).to_owned())));
        let words = members.first().map_or("", |line| TABLE[*line].shown);
        if is_usual {
            let plain = words.replace('…', "..");
            if !ascii || plain.is_ascii() {
                return if ascii { plain } else { words.to_owned() };
            }
        }
        let labels = |line: &usize| {
            let labels: Vec<String> = keys(*line).take(2).map(|keys| label(&keys, ascii)).collect();
            // Several of several keys would run into each other.
            labels.join(if labels.iter().any(|keys| keys.contains(' ')) { "  " } else { " " })
        };
        let all: Vec<String> =
            members.iter().take(3).map(labels).filter(|labels| !labels.is_empty()).collect();
        all.join("  ")
    }

    /// All keys as a key file: what is the table's behind a comment sign, the user's own as it is.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = TOML_HEAD.to_owned();
        for (context, ways) in &self.contexts {
            text.push_str(&format!("\n[{}]\n", context_name(*context)));
            let mut told: Vec<String> = Vec::new();
            let mut help = "";
            for binding in TABLE.iter().filter(|binding| binding.context == *context) {
                if binding.keys.is_empty() {
                    text.push_str(&format!("\n# {}\n", binding.help));
                    continue;
                }
                if !binding.help.is_empty() {
                    help = binding.help;
                }
                let name = binding.action.name();
                if told.contains(&name) {
                    continue;
                }
                let same = |way: &&Way| {
                    TABLE[way.line].action == binding.action && TABLE[way.line].context == *context
                };
                let mine: Vec<&Way> = ways.iter().filter(same).collect();
                let usual: usize = TABLE
                    .iter()
                    .filter(|other| other.context == *context && other.action == binding.action)
                    .map(|other| other.keys.len())
                    .sum();
                let is_own = mine.iter().any(|way| way.is_own) || mine.is_empty();
                let note = match (is_own, mine.len() < usual) {
                    (true, _) | (false, false) => String::new(),
                    (false, true) => "; a key of your own took one of these".to_owned(),
                };
                let keys: Vec<String> =
                    mine.iter().map(|way| format!("{:?}", way.strokes.join(" "))).collect();
                let sign = if is_own { "" } else { "#" };
                let said = format!("{sign}{name} = [{}]", keys.join(", "));
                text.push_str(&format!("{said:<44} # {help}{note}\n"));
                told.push(name);
            }
        }
        text
    }
}

const TOML_HEAD: &str = "\
# The keys of hoop-replay, as they are in force now. Lines behind # are built in; take the # away to change one.
#
#   toggle-play = [\"p\", \"space\"]     several keys
#   seek-start = [\"g g\"]             one key after the other
#   next-marker = []                 no key
#
# Keys: a character, or space enter esc tab backspace delete insert up down left right home end pageup pagedown f1 to f12,
# with ctrl- alt- shift- before it. A key of yours takes the place of a built-in one; two of yours may not be the same.
";

impl Own {
    /// The way to the line that has these keys anyway, else to the first with that action.
    fn way(&self, strokes: &[String]) -> Option<Way> {
        let keys = strokes.join(" ");
        let fits = |binding: &&Binding| self.is_about(binding);
        let line = TABLE.iter().position(|binding| fits(&binding) && binding.keys.contains(&keys.as_str()));
        let line = line.or_else(|| TABLE.iter().position(|binding| fits(&binding)))?;
        Some(Way { line, strokes: strokes.to_vec(), is_own: true })
    }

    fn is_about(&self, binding: &Binding) -> bool {
        !binding.keys.is_empty() && binding.context == self.context && binding.action.name() == self.name
    }
}

/// Whether two sequences cannot both be: they are the same, or one begins the other.
fn clash(one: &[String], other: &[String]) -> bool {
    let both = one.len().min(other.len());
    one[..both] == other[..both]
}

/// Every context in which the table has keys, in its order; `anywhere` last.
fn contexts_of_table() -> Vec<Context> {
    let mut contexts: Vec<Context> = Vec::new();
    for binding in TABLE {
        if !contexts.contains(&binding.context) && binding.context != Context::Anywhere {
            contexts.push(binding.context);
        }
    }
    contexts.push(Context::Anywhere);
    contexts
}

/// What a key file calls a context.
fn context_name(context: Context) -> String {
    kebab(&format!("{context:?}"))
}
