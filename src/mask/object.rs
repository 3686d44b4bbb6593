//! Stored objects of which a rule hides fields or columns: masked without changing their length, because clients fetch
//! objects in ranges and ask for their length first.

use std::sync::Arc;

use super::BodyContext;
use super::Engine;
use super::MaskedBody;
use super::Masks;
use super::body::Format;
use super::body::format_of;
use super::channel::STAR;
use super::csv;
use super::fields::FieldPath;
use super::fields::How;
use super::json;
use super::tree::Decider;
use super::tree::Node;
use super::xml;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

impl Engine {
    /// Whether a rule names fields or columns for exactly this action, so that its content must be read as a whole.
    #[must_use]
    pub fn demands_fields(&self, action: &str) -> bool {
        !self.row_paths(action).is_empty()
    }

    /// Masks an object of JSON, JSON lines, XML or CSV: what the rules for this action name, and what every text is
    /// masked for. Fails with `Record` on anything else.
    pub fn object(self: &Arc<Self>, what: &BodyContext<'_>, body: &[u8]) -> Result<MaskedBody> {
        let fields: Vec<_> = self.row_paths(what.action).into_iter().map(|path| (path, How::Whole)).collect();
        let mut bytes = body.to_vec();
        let mut masks = Masks::default();
        let is_json = body.trim_ascii_start().first().is_some_and(|first| matches!(first, b'{' | b'['));
        match format_of(what.content_type, body) {
            _ if body.trim_ascii().is_empty() => {}
            Format::Xml => {
                let tree = xml::parse(body).ok_or_else(|| unreadable("it is no XML that can be read"))?;
                self.hide(&fields, (&tree, 0), &mut bytes, &mut masks);
            }
            _ if is_json => self.json(&fields, body, &mut bytes, &mut masks)?,
            Format::Text => self.csv(&fields, body, &mut bytes, &mut masks)?,
            _ => return Err(unreadable("it is neither JSON nor XML nor CSV")),
        }
        let mut shown = Vec::with_capacity(bytes.len());
        let mut stream = self.stream();
        stream.push(&bytes, &mut shown);
        stream.finish(&mut shown);
        masks.merge(stream.take_masks());
        let changed = shown != body;
        Ok(MaskedBody { bytes: shown, masks, changed })
    }

    /// One JSON text, or one on each line.
    fn json(
        &self,
        fields: &[(FieldPath, How)],
        body: &[u8],
        bytes: &mut [u8],
        masks: &mut Masks,
    ) -> Result<()> {
        if let Ok(tree) = json::parse(body) {
            self.hide(fields, (&tree, 0), bytes, masks);
            return Ok(());
        }
        let mut at = 0;
        for line in body.split_inclusive(|byte| *byte == b'\n') {
            if !line.trim_ascii().is_empty() {
                let tree = json::parse(line).map_err(|_| unreadable("it begins like JSON and is none"))?;
                self.hide(fields, (&tree, at), bytes, masks);
            }
            at += line.len();
        }
        Ok(())
    }

    fn csv(
        &self,
        fields: &[(FieldPath, How)],
        body: &[u8],
        bytes: &mut [u8],
        masks: &mut Masks,
    ) -> Result<()> {
        let head = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let separator = [b',', b'\t', b';', b'|'].into_iter().max_by_key(|separator| {
            // The first of those that are equally frequent.
            (head.iter().filter(|byte| *byte == separator).count(), *separator == b',')
        });
        let rows = csv::rows(body, separator.unwrap_or(b','));
        let (Some(header), true) = (rows.first(), rows.first().is_some_and(|header| header.len() > 1)) else {
            return Err(unreadable("it is no table with a header"));
        };
        let hidden: Vec<bool> = header
            .iter()
            .map(|cell| {
                let name = String::from_utf8_lossy(&body[cell.clone()]).trim().to_lowercase();
                fields.iter().any(|(path, _)| path.leads_to(std::slice::from_ref(&name)))
            })
            .collect();
        for cell in rows.iter().skip(1).flat_map(|row| row.iter().zip(&hidden).filter(|(_, hidden)| **hidden))
        {
            let (cell, _) = cell;
            if !cell.is_empty() {
                masks.add("field".into(), 1);
                bytes[cell.clone()].fill(STAR);
            }
        }
        Ok(())
    }

    /// Stars over what `fields` lead to; `tree` begins at `start`.
    fn hide(
        &self,
        fields: &[(FieldPath, How)],
        (tree, start): (&Node, usize),
        bytes: &mut [u8],
        masks: &mut Masks,
    ) {
        let mut decider = Decider::new(self, fields);
        decider.only_fields = true;
        for change in decider.decide(tree) {
            let Some(place) = bytes.get_mut(start + change.range.start..start + change.range.end) else {
                continue;
            };
            match place {
                [b'"', inner @ .., b'"'] => inner.fill(STAR),
                // A JSON number stays one: zero, and spaces.
                [first, rest @ ..] if matches!(change.new, super::tree::New::Zero) => {
                    *first = b'0';
                    rest.fill(b' ');
                }
                all => all.fill(STAR),
            }
        }
        masks.merge(decider.masks);
    }
}

fn unreadable(why: &str) -> Error {
    Error::new(Kind::Record, "a mask rule names fields of this object, and they cannot be told")
        .why(why.to_owned())
        .fix("fetch the whole object as JSON, XML or CSV with a header, or take the action out of the rule")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Direction;
    use crate::mask::UserRule;

    fn masked(content_type: &str, body: &str) -> Result<String> {
        let rule = UserRule {
            name: "cards".into(),
            actions: vec!["s3:GetObject".into()],
            fields: vec!["holder.id".into()],
            columns: vec!["card".into()],
            ..UserRule::default()
        };
        let engine = Arc::new(Engine::with_rules(&[rule]).unwrap());
        let action = "s3:GetObject";
        let direction = Direction::Response;
        let what = BodyContext { service: "s3", operation: "GetObject", action, content_type, direction };
        let masked = engine.object(&what, body.as_bytes())?;
        assert_eq!(masked.bytes.len(), body.len());
        assert_eq!(masked.changed, masked.bytes != body.as_bytes());
        Ok(String::from_utf8(masked.bytes).unwrap())
    }

    #[test]
    fn fields_and_columns_of_objects_are_starred() {
        let csv = "id,card,note\n1,4111 11,\"a, b\"\n2,\"41,12\",x\n";
        assert_eq!(masked("text/csv", csv).unwrap(), "id,card,note\n1,*******,\"a, b\"\n2,\"*****\",x\n");
        let json = r#"{"holder": {"id": "a\"b", "n": 1}, "card": -12.50, "x": [1.0]}"#;
        assert_eq!(
            masked("application/json", json).unwrap(),
            r#"{"holder": {"id": "****", "n": 1}, "card": 0     , "x": [1.0]}"#
        );
        let lines = "{\"card\":\"1234\"}\n\n{\"card\":\"5\"}\n";
        assert_eq!(
            masked("binary/octet-stream", lines).unwrap(),
            "{\"card\":\"****\"}\n\n{\"card\":\"*\"}\n"
        );
        let xml = "<a><card>12&amp;3</card><b>x</b></a>";
        assert_eq!(masked("application/xml", xml).unwrap(), "<a><card>********</card><b>x</b></a>");
        assert_eq!(masked("text/csv", "").unwrap(), "");
        for (content_type, other) in
            [("text/plain", "just words\n"), ("image/png", "\u{89}PNG\0"), ("application/json", "{\"card\":")]
        {
            assert!(masked(content_type, other).is_err(), "{other}");
        }
    }
}
