//! Forms of the query and ec2 protocols: `IpPermissions.1.IpRanges.1.CidrIp=…` becomes a tree with lists. The levels that
//! only the wire has (`member`, `entry`) are still in it; see `shapes`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Map;
use serde_json::Value;

use crate::aws::sigv4::decode;

/// How deep a name may nest; AWS shapes stay under 10.
const DEEPEST: usize = 32;

/// Splits and decodes a form: `+` is a blank, as in every form. `None` if something is not UTF-8.
pub fn pairs(form: &str) -> Option<Vec<(String, String)>> {
    form.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((text(name)?, text(value)?))
        })
        .collect()
}

fn text(raw: &str) -> Option<String> {
    let spaced = raw.replace('+', " ");
    String::from_utf8(decode(spaced.as_bytes()).into_owned()).ok()
}

/// The parameters as a tree. `None` if a name is given twice, nests too deeply, or is a value and a parent at once.
pub(super) fn tree(pairs: &[(String, String)]) -> Option<Map<String, Value>> {
    let mut root = Node::default();
    for (name, value) in pairs {
        root.insert(name, value)?;
    }
    match root.value() {
        Value::Object(map) => Some(map),
        _ => Some(Map::new()),
    }
}

#[derive(Default)]
struct Node {
    text: Option<String>,
    kids: BTreeMap<String, Node>,
}

impl Node {
    fn insert(&mut self, path: &str, value: &str) -> Option<()> {
        let mut node = self;
        for (depth, part) in path.split('.').enumerate() {
            if depth >= DEEPEST || node.text.is_some() {
                return None;
            }
            node = match node.kids.entry(part.to_owned()) {
                Entry::Occupied(kid) => kid.into_mut(),
                Entry::Vacant(place) => place.insert(Node::default()),
            };
        }
        if node.text.is_some() || !node.kids.is_empty() {
            return None;
        }
        node.text = Some(value.to_owned());
        Some(())
    }

    fn value(self) -> Value {
        if let Some(text) = self.text {
            return Value::String(text);
        }
        let numbered = !self.kids.is_empty() && self.kids.keys().all(|key| key.parse::<u32>().is_ok());
        if numbered {
            let mut kids: Vec<(u32, Node)> =
                self.kids.into_iter().map(|(key, kid)| (key.parse().unwrap_or_default(), kid)).collect();
            kids.sort_by_key(|(number, _)| *number);
            return Value::Array(kids.into_iter().map(|(_, kid)| kid.value()).collect());
        }
        Value::Object(self.kids.into_iter().map(|(key, kid)| (key, kid.value())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(form: &str) -> Option<Value> {
        tree(&pairs(form)?).map(Value::Object)
    }

    #[test]
    fn lists_and_structures_are_rebuilt() {
        let form = "IpPermissions.1.FromPort=22&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0&GroupId=sg-1\
                    &Tags.member.2.Key=b&Tags.member.1.Key=a+c&Attributes.entry.1.key=k&Attributes.entry.1.value=v";
        let want = json!({
            "Attributes": {"entry": [{"key": "k", "value": "v"}]},
            "GroupId": "sg-1",
            "IpPermissions": [{"FromPort": "22", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
            "Tags": {"member": [{"Key": "a c"}, {"Key": "b"}]},
        });
        assert_eq!(read(form), Some(want));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_not_read() {
        for form in ["A=1&A=2", "A=1&A.1=2", "A.1=1&A=2", "A=%ff"] {
            assert_eq!(read(form), None, "{form}");
        }
        assert_eq!(read(&"a.".repeat(1_000)), None);
    }
}
