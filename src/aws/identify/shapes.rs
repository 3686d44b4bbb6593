//! What the inner members of parameters are called: forms and XML have levels of their own for lists and maps, and some
//! JSON services other names on the wire. The table is `shapes.tsv.zst`, written by `scripts/gen_catalog.py` and unpacked
//! when a request first needs it.

use std::collections::HashMap;
use std::sync::LazyLock;

use memchr::memmem;
use serde_json::Map;
use serde_json::Value;

use super::Params;

static PACKED: &[u8] = include_bytes!("../shapes.tsv.zst");
static TABLE: LazyLock<HashMap<&'static str, Shapes>> = LazyLock::new(load);

/// How deep a type may nest in itself before the rest is left as it came; bodies nest less deeply.
const DEEPEST: u8 = 64;

/// How parameters were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// `A.member.1=…`
    Form,
    /// Elements.
    Xml,
    /// JSON and CBOR.
    Json,
}

/// One service's rows.
struct Shapes {
    wire: Wire,
    rows: &'static str,
}

fn load() -> HashMap<&'static str, Shapes> {
    // Part of the program, as the catalogue is. Empty, inner members would keep their names on the wire.
    let text: &'static str = zstd::decode_all(PACKED)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .map_or("", |text| Box::leak(text.into_boxed_str()));
    text.split("\n@")
        .skip(1)
        .filter_map(|block| {
            let head = block.split('\n').next()?;
            let (service, wire) = head.split_once('\t')?;
            let wire = match wire {
                "form" => Wire::Form,
                "xml" => Wire::Xml,
                _ => Wire::Json,
            };
            Some((service, Shapes { wire, rows: &block[head.len()..] }))
        })
        .collect()
}

/// Gives the inner members of an operation's parameters the names and forms of the API reference. What the model does
/// not have stays as it came.
pub(super) fn apply(service: &str, operation: &str, wire: Wire, params: &mut Params) {
    let Some(shapes) = TABLE.get(service).filter(|shapes| shapes.wire == wire) else { return };
    let Some(row) = shapes.row(&format!("\n>{operation}\t")) else { return };
    for (_, name, kind) in members(row) {
        if let Some(value) = params.get_mut(name) {
            *value = shapes.shaped(value.take(), kind, DEEPEST);
        }
    }
}

/// Wire name, member name and type of every member in a row.
fn members(row: &'static str) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    row.split(';').filter_map(|member| {
        let (names, kind) = member.split_once(':')?;
        let (wire, name) = names.split_once('=').unwrap_or((names, names));
        Some((wire, name, kind))
    })
}

impl Shapes {
    fn row(&self, start: &str) -> Option<&'static str> {
        let at = memmem::find(self.rows.as_bytes(), start.as_bytes())?;
        self.rows.get(at + start.len()..)?.split('\n').next()
    }

    fn shaped(&self, value: Value, kind: &'static str, depth: u8) -> Value {
        let Some(depth) = depth.checked_sub(1) else { return value };
        if let Some(shape) = kind.strip_prefix('S') {
            return self.structure(value, shape, depth);
        }
        let Some((level, inner)) = kind.get(2..).and_then(|rest| rest.split_once(')')) else { return value };
        match kind.as_bytes().first() {
            Some(b'L') => self.list(value, level, inner, depth),
            _ => self.map(value, level, inner, depth),
        }
    }

    fn structure(&self, value: Value, shape: &str, depth: u8) -> Value {
        let mut had = match value {
            Value::Object(had) => had,
            // An element with nothing in it.
            Value::String(text) if self.wire != Wire::Json && text.trim().is_empty() => Map::new(),
            other => return other,
        };
        let mut out = Map::with_capacity(had.len());
        for (wire, name, kind) in self.row(&format!("\n{shape}\t")).into_iter().flat_map(members) {
            if let Some(value) = had.shift_remove(wire) {
                out.insert(name.to_owned(), self.shaped(value, kind, depth));
            }
        }
        // What AWS would not look at does not take the place of what it does.
        for (name, value) in had {
            if !name.starts_with('@') {
                out.entry(name).or_insert(value);
            }
        }
        Value::Object(out)
    }

    fn list(&self, value: Value, item: &str, inner: &'static str, depth: u8) -> Value {
        let items = match value {
            Value::Array(items) => items,
            value if self.wire == Wire::Json => return value,
            Value::String(text) if text.trim().is_empty() => Vec::new(),
            Value::Object(mut level) if !item.is_empty() && level.len() == 1 => {
                match level.shift_remove(item) {
                    Some(Value::Array(items)) => items,
                    Some(one) => vec![one],
                    None => return Value::Object(level),
                }
            }
            value => vec![value],
        };
        Value::Array(items.into_iter().map(|item| self.shaped(item, inner, depth)).collect())
    }

    fn map(&self, value: Value, level: &str, inner: &'static str, depth: u8) -> Value {
        let mut names = level.split(',');
        let (Some(entry), Some(key), Some(of)) = (names.next(), names.next(), names.next()) else {
            return value;
        };
        let entries = match value {
            Value::Object(map) if self.wire == Wire::Json => {
                return map.into_iter().map(|(key, value)| (key, self.shaped(value, inner, depth))).collect();
            }
            Value::Object(mut level) if level.len() == 1 && level.contains_key(entry) => {
                match level.shift_remove(entry) {
                    Some(Value::Array(entries)) => entries,
                    one => one.into_iter().collect(),
                }
            }
            Value::Array(entries) => entries,
            Value::String(text) if text.trim().is_empty() => Vec::new(),
            other => vec![other],
        };
        let mut out = Map::new();
        for found in &entries {
            let (Some(name), value) = (found.get(key).and_then(Value::as_str), found.get(of)) else {
                // Not a map after all.
                return Value::Array(entries);
            };
            let value = value.cloned().unwrap_or_default();
            if out.insert(name.to_owned(), self.shaped(value, inner, depth)).is_some() {
                return Value::Array(entries);
            }
        }
        Value::Object(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shaped(service: &str, operation: &str, wire: Wire, params: Value) -> Value {
        let Value::Object(mut params) = params else { return Value::Null };
        apply(service, operation, wire, &mut params);
        Value::Object(params)
    }

    #[test]
    fn levels_of_the_wire_go() {
        let tags = json!({"Tags": {"Tag": [{"Key": "a"}]}});
        assert_eq!(shaped("rds", "AddTagsToResource", Wire::Form, tags), json!({"Tags": [{"Key": "a"}]}));
        let one = json!({"Delete": {"Object": {"Key": "k"}, "Quiet": "true"}});
        let want = json!({"Delete": {"Objects": [{"Key": "k"}], "Quiet": "true"}});
        assert_eq!(shaped("s3", "DeleteObjects", Wire::Xml, one), want);
        let api = json!({"CorsConfiguration": {"allowCredentials": true}});
        let want = json!({"CorsConfiguration": {"AllowCredentials": true}});
        assert_eq!(shaped("apigatewayv2", "CreateApi", Wire::Json, api), want);
    }

    #[test]
    fn a_name_that_aws_ignores_hides_nothing() {
        let both = json!({"Delete": {"Objects": [{"Key": "harmless"}], "Object": [{"Key": "k"}]}});
        let want = json!({"Delete": {"Objects": [{"Key": "k"}]}});
        assert_eq!(shaped("s3", "DeleteObjects", Wire::Xml, both), want);
    }
}
