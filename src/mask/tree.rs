//! A body as a tree whose texts know where they stand, so that a mask changes them and nothing else.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Engine;
use super::Masks;
use super::benign;
use super::code;
use super::fields::FieldPath;
use super::fields::How;
use super::json;
use super::rules::Confidence;
use super::table;
use super::table::Table;
use super::text::Found;
use super::units::Units;
use super::vault::Origin;
use super::vault::Place;

/// Bodies nested deeper than this are refused: no AWS answer is.
pub const DEEPEST: usize = 100;
/// How many texts in texts are read.
const DEEPEST_TEXT: usize = 4;
/// Members that only wrap an element of a list.
const WRAPPERS: &[&str] = &["member", "item", "entry"];
/// Members that name their neighbour, and the neighbours they name.
const NAMING: &[&str] = &["name", "key", "field", "parameterkey", "parametername", "outputkey", "optionname"];
const NAMED: &[&str] = &["value", "parametervalue", "outputvalue", "optionvalue", "stringvalue"];
/// The types of DynamoDB and of typed parameters: they name no value of their own.
const TYPES: &[&str] = &[
    "s",
    "ss",
    "n",
    "ns",
    "l",
    "b",
    "bs",
    "stringvalue",
    "value",
    "binaryvalue",
    "varcharvalue",
    "scalarvalue",
    "longvalue",
    "doublevalue",
    "blobvalue",
];
/// Of these, those that clients decode from base64, and those that they read as numbers.
const BLOBS: &[&str] = &["b", "bs", "binaryvalue", "blobvalue"];
const NUMBERS: &[&str] = &["n", "ns"];
/// Members that say which type their neighbour has, and nothing else.
const TYPE_NAMES: &[&str] = &["datatype"];
/// A time that tells nothing, for members that must stay times.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// A value and where it stands in the body.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Members, in their order; a name may come twice.
    Map(Vec<(String, Node)>),
    /// Elements.
    List(Vec<Node>),
    /// A text, without its format's escapes.
    Text(Range<usize>, String),
    /// Bytes of a format that has them.
    Bytes(Range<usize>, Vec<u8>),
    /// A number.
    Number(Range<usize>),
    /// True, false, nothing.
    Other,
}

/// What comes instead of a text, number or bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it stands.
    pub range: Range<usize>,
    /// What stands there instead, without the format's escapes.
    pub new: New,
}

/// See [`Change`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum New {
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A number.
    Zero,
}

/// Decides what of a tree is hidden.
pub struct Decider<'a> {
    /// Rules, known values, tags.
    pub engine: &'a Engine,
    /// Members to hide.
    pub fields: &'a [(FieldPath, How)],
    /// What was hidden.
    pub masks: Masks,
    pub(super) changes: Vec<Change>,
    /// What each change hides: the leaf's place in the body, and the secrets by their places in its text.
    pub(super) places: Vec<(Range<usize>, Vec<Found>)>,
    /// The secrets of the text that is being read.
    pub(super) leaf: Vec<Found>,
    /// Where the node stands, and the same without what only wraps elements of lists.
    path: Vec<String>,
    members: Vec<String>,
    /// The neighbours that name the maps around the node.
    names: Vec<Option<String>>,
    inside: usize,
    /// Whose answer it is, where masks may be put back later.
    pub origin: Option<&'a Origin>,
    /// Texts may be numbers and booleans, because the format has nothing else.
    pub untyped: bool,
    /// Whether only the members of `fields` are hidden; rules are for somebody else.
    pub only_fields: bool,
    /// Whether a result came in rows without the names of its columns.
    pub has_unnamed_rows: bool,
}

impl<'a> Decider<'a> {
    /// Hides `fields`, sensitive names and whatever the rules find.
    pub fn new(engine: &'a Engine, fields: &'a [(FieldPath, How)]) -> Self {
        Self {
            engine,
            fields,
            masks: Masks::default(),
            changes: Vec::new(),
            places: Vec::new(),
            leaf: Vec::new(),
            path: Vec::new(),
            members: Vec::new(),
            names: Vec::new(),
            inside: 0,
            origin: None,
            untyped: false,
            only_fields: false,
            has_unnamed_rows: false,
        }
    }

    /// The changes that hide what is to be hidden in `root`, in the order of the body.
    pub fn decide(&mut self, root: &Node) -> Vec<Change> {
        self.node(root, None, None);
        let mut changes = std::mem::take(&mut self.changes);
        changes.sort_by_key(|change| change.range.start);
        changes
    }

    /// `name`: what the node is called; `how`: what a path above it says.
    pub(super) fn node(&mut self, node: &Node, name: Option<&str>, how: Option<How>) {
        match node {
            Node::Map(members) => self.map(members, name, how),
            Node::List(elements) => elements.iter().for_each(|element| self.node(element, name, how)),
            Node::Text(range, text) => {
                if let Some(new) = self.text(text, name, how) {
                    self.change(range, New::Text(new));
                }
            }
            Node::Bytes(range, bytes) => {
                if let Some(new) = self.bytes(bytes, name, how) {
                    self.change(range, New::Bytes(new));
                }
            }
            Node::Number(range) if matches!(how, Some(How::Whole | How::Blob)) => {
                self.masks.add("field".into(), 1);
                self.note(0..range.len(), "field", name, Confidence::High);
                self.change(range, New::Zero);
            }
            Node::Number(_) | Node::Other => {}
        }
    }

    /// Writes down that what stands at `range` becomes `new`.
    pub(super) fn change(&mut self, range: &Range<usize>, new: New) {
        self.places.push((range.clone(), std::mem::take(&mut self.leaf)));
        self.changes.push(Change { range: range.clone(), new });
    }

    /// Writes down a secret of the text that is being read.
    pub(super) fn note(
        &mut self,
        range: Range<usize>,
        rule: &str,
        name: Option<&str>,
        confidence: Confidence,
    ) {
        let kind = kind_of(name).into();
        self.leaf.push(Found { range, rule: rule.into(), kind, confidence });
    }

    fn map(&mut self, members: &[(String, Node)], outer: Option<&str>, how: Option<How>) {
        let naming = naming(members);
        let secure = members.iter().any(|(name, node)| {
            name.eq_ignore_ascii_case("type") && matches!(node, Node::Text(_, text) if text == "SecureString")
        });
        let table = Table::of(members);
        self.has_unnamed_rows |= table.is_none() && table::has_rows(members);
        let types = members.iter().filter(|(name, _)| TYPE_NAMES.contains(&name.to_lowercase().as_str()));
        let is_typed = members.len() == 1 + types.count();
        self.names.push(naming.map(str::to_owned));
        for (name, node) in members {
            let lower = name.to_lowercase();
            let wraps = WRAPPERS.contains(&name.as_str());
            let is_named = NAMED.contains(&lower.as_str()) && naming.is_some();
            let own = if is_typed && TYPES.contains(&lower.as_str()) || wraps {
                outer
            } else if is_named {
                naming
            } else {
                Some(name.as_str())
            };
            let found = naming
                .filter(|_| is_named)
                .and_then(|naming| self.leads(&naming.to_lowercase(), wraps))
                .or_else(|| self.leads(&lower, wraps));
            let how = match found.or(how) {
                Some(How::IfSecure) => secure.then_some(How::Whole),
                Some(How::Whole) if is_typed && BLOBS.contains(&lower.as_str()) => Some(How::Blob),
                other => other,
            };
            self.enter(&lower, wraps);
            match &table {
                Some(table) if table.rows == *name => self.rows(node, table, how),
                _ => self.node(node, own, how),
            }
            self.leave(wraps);
        }
        self.names.pop();
    }

    pub(super) fn enter(&mut self, lower: &str, wraps: bool) {
        self.path.push(lower.to_owned());
        if !wraps {
            self.members.push(lower.to_owned());
        }
    }

    pub(super) fn leave(&mut self, wraps: bool) {
        self.path.pop();
        if !wraps {
            self.members.pop();
        }
    }

    /// What a path says about the member `lower` of the map that is being read.
    pub(super) fn leads(&mut self, lower: &str, wraps: bool) -> Option<How> {
        self.enter(lower, wraps);
        let leads = |path: &FieldPath| path.leads_to(&self.path) || path.leads_to(&self.members);
        let found = self.fields.iter().find(|(path, _)| leads(path)).map(|(_, how)| *how);
        self.leave(wraps);
        found
    }

    /// What is shown instead of `text`, if it may not be shown.
    pub(super) fn text(&mut self, text: &str, name: Option<&str>, how: Option<How>) -> Option<String> {
        self.leaf.clear();
        if text.is_empty() || text.starts_with("hoopmask:") {
            return None;
        }
        if self.only_fields && how.is_none() {
            return None;
        }
        match how {
            Some(How::Whole) => return self.valid(text, name),
            Some(How::Blob) => {
                if is_blob_mask(text) {
                    return None;
                }
                let decoded = STANDARD.decode(text).ok();
                let plain = decoded.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
                let tag = self.whole(text, name);
                self.learn_parts(plain.unwrap_or_default(), name);
                // Registries' tokens are `user:password`; a client splits them.
                let user = plain.and_then(|plain| plain.split_once(':')).filter(|(user, _)| *user == "AWS");
                let shown = if user.is_some() { format!("AWS:{tag}") } else { tag };
                return Some(STANDARD.encode(shown));
            }
            Some(How::Inside) => {
                let plain = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
                let masked = self.by_rules(&plain)?;
                // The letters of base64 cannot be told apart by what they stand for.
                self.leaf.truncate(1);
                self.leaf.iter_mut().for_each(|found| found.range = 0..text.len());
                return Some(STANDARD.encode(masked));
            }
            Some(How::IfSecure) | None => {}
        }
        let sensitive = name.is_some_and(|name| self.engine.is_sensitive_name(name))
            && !benign::value(text.as_bytes(), true)
            && !code::is_version(text.as_bytes());
        if let Some(masked) = self.nested(text) {
            return Some(masked);
        }
        if sensitive {
            return Some(match self.is_number(text) {
                true => {
                    self.note(0..text.len(), "sensitive-name", name, Confidence::Medium);
                    "0".to_owned()
                }
                false => self.named(text, name),
            });
        }
        self.by_rules(text)
    }

    /// Whether a text is one that clients read as a number.
    fn is_number(&self, text: &str) -> bool {
        let typed = self.path.last().is_some_and(|last| NUMBERS.contains(&last.as_str()));
        (typed || self.untyped) && text.len() <= 40 && text.parse::<f64>().is_ok()
    }

    /// A mask that clients can read where `text` stood: numbers stay numbers, times stay times, booleans stay.
    fn valid(&mut self, text: &str, name: Option<&str>) -> Option<String> {
        if self.untyped && matches!(text, "true" | "false") {
            return None;
        }
        let other = match text {
            "0" | NO_TIME => return None,
            _ if self.is_number(text) => "0",
            _ if is_time(text) => NO_TIME,
            _ => return Some(self.whole(text, name)),
        };
        self.masks.add("field".into(), 1);
        self.note(0..text.len(), "field", name, Confidence::High);
        self.engine.learn(&kind_of(name), text);
        Some(other.to_owned())
    }

    /// Keeps what a mask stands for, so that it can be put back where it came from.
    fn keep(&self, tag: &str, value: &str) {
        if let Some(origin) = self.origin {
            let naming = self.names.last().cloned().flatten();
            let place = Place {
                service: &origin.service,
                members: &self.members,
                naming,
                resources: &origin.resources,
            };
            self.engine.vault().put(tag, &place, value);
        }
    }

    /// A body in a text: `{"password":"x"}`.
    fn nested(&mut self, text: &str) -> Option<String> {
        let begins =
            text.trim_ascii_start().as_bytes().first().is_some_and(|byte| matches!(byte, b'{' | b'['));
        if !begins || self.inside >= DEEPEST_TEXT {
            return None;
        }
        let tree = json::parse(text.as_bytes()).ok()?;
        let mut inner = Decider {
            inside: self.inside + 1,
            origin: self.origin,
            members: self.members.clone(),
            names: self.names.clone(),
            ..Decider::new(self.engine, self.fields)
        };
        let changes = inner.decide(&tree);
        self.masks.merge(inner.masks);
        self.leaf.extend(inner.places.iter().flat_map(|(range, found)| {
            let units = Units::of_json(text.as_bytes(), range.clone());
            found.iter().map(move |found| Found { range: units.raw(found.range.clone()), ..found.clone() })
        }));
        let changed = json::apply(text.as_bytes(), &changes);
        (!changes.is_empty()).then(|| String::from_utf8(changed).ok()).flatten()
    }

    pub(super) fn by_rules(&mut self, text: &str) -> Option<String> {
        let found = self.engine.find(text.as_bytes());
        if found.is_empty() {
            return None;
        }
        self.leaf.extend_from_slice(&found);
        for found in &found {
            if let Some(secret) = text.get(found.range.clone()) {
                self.engine.learn(&found.kind, secret);
                self.keep(&self.engine.tag(&found.kind, secret.as_bytes()), secret);
            }
        }
        Some(self.engine.text_counted(text, &mut self.masks).into_owned())
    }

    fn bytes(&mut self, bytes: &[u8], name: Option<&str>, how: Option<How>) -> Option<Vec<u8>> {
        if bytes.starts_with(b"hoopmask:") {
            return None;
        }
        self.leaf.clear();
        let text = std::str::from_utf8(bytes).ok();
        match (how, text) {
            (Some(How::Whole | How::Blob), Some(text)) => Some(self.whole(text, name).into_bytes()),
            (Some(How::Whole | How::Blob), None) => {
                let kind = kind_of(name);
                self.masks.add("field".into(), 1);
                self.note(0..bytes.len(), "field", name, Confidence::High);
                self.engine.learn(&kind, &STANDARD.encode(bytes));
                Some(self.engine.tag(&kind, bytes).into_bytes())
            }
            (_, Some(text)) => self.by_rules(text).map(String::into_bytes),
            (_, None) => None,
        }
    }

    /// Hides all of a text that a path leads to.
    pub(super) fn whole(&mut self, text: &str, name: Option<&str>) -> String {
        let kind = kind_of(name);
        self.masks.add("field".into(), 1);
        self.note(0..text.len(), "field", name, Confidence::High);
        self.engine.learn(&kind, text);
        self.learn_parts(text, name);
        let tag = self.engine.tag(&kind, text.as_bytes());
        self.keep(&tag, text);
        tag
    }

    /// A secret that is a body itself (`SecretString`): its values are what turns up elsewhere.
    fn learn_parts(&self, text: &str, name: Option<&str>) {
        let kind = kind_of(name);
        if text.trim_start().starts_with('{')
            && let Ok(Node::Map(members)) = json::parse(text.as_bytes())
        {
            for (name, node) in members {
                if let Node::Text(_, value) = node
                    && self.engine.is_sensitive_name(&name)
                {
                    self.engine.learn(&kind, &value);
                }
            }
        }
        if let Some((user, password)) = text.split_once(':')
            && user == "AWS"
        {
            self.engine.learn(&kind, password);
        }
    }

    fn named(&mut self, text: &str, name: Option<&str>) -> String {
        let kind = kind_of(name);
        self.masks.add("sensitive-name".into(), 1);
        self.note(0..text.len(), "sensitive-name", name, Confidence::Medium);
        self.engine.learn(&kind, text);
        let tag = self.engine.tag(&kind, text.as_bytes());
        self.keep(&tag, text);
        tag
    }
}

/// The text of the member that names its neighbours.
pub fn naming(members: &[(String, Node)]) -> Option<&str> {
    members.iter().find_map(|(name, node)| match node {
        Node::Text(_, text) if NAMING.contains(&name.to_lowercase().as_str()) => Some(text.as_str()),
        _ => None,
    })
}

/// Whether a text in base64 is a mask already.
fn is_blob_mask(text: &str) -> bool {
    STANDARD
        .decode(text)
        .is_ok_and(|plain| plain.starts_with(b"hoopmask:") || plain.starts_with(b"AWS:hoopmask:"))
}

/// `2026-07-14T10:11:12Z`, with a fraction or an offset or without.
fn is_time(text: &str) -> bool {
    let shape = b"0000-00-00T00:00:00";
    let fits = |(byte, shape): (u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == *shape };
    (20..=35).contains(&text.len())
        && text.bytes().zip(shape).all(fits)
        && text.bytes().skip(shape.len()).all(|byte| byte.is_ascii_digit() || b".+-:Z".contains(&byte))
}

/// `SecretAccessKey` → `secret-access-key`
fn kind_of(name: Option<&str>) -> String {
    let name = name.unwrap_or("field");
    let mut kind = String::with_capacity(name.len() + 4);
    let mut before_small = false;
    for letter in name.chars().take(40) {
        let cut = letter.is_ascii_uppercase() && before_small || !letter.is_ascii_alphanumeric();
        if cut && !kind.ends_with('-') && !kind.is_empty() {
            kind.push('-');
        }
        if letter.is_ascii_alphanumeric() {
            kind.push(letter.to_ascii_lowercase());
        }
        before_small = letter.is_ascii_lowercase();
    }
    let kind = kind.trim_end_matches('-');
    if kind.is_empty() { "field".to_owned() } else { kind.to_owned() }
}
