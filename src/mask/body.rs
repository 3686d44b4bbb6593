//! Masks a request's or response's body by its structure.

use super::Engine;
use super::Masks;
use super::cbor;
use super::fields;
use super::fields::FieldPath;
use super::fields::How;
use super::form;
use super::json;
use super::tree::Change;
use super::tree::Decider;
use super::tree::New;
use super::tree::Node;
use super::user::UserFields;
use super::vault::Origin;
use super::xml;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// Which way a body goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To AWS: only its record is masked.
    Request,
    /// From AWS: masked for the record and for the program.
    Response,
}

/// What is known of a body.
#[derive(Clone, Copy, Debug)]
pub struct BodyContext<'a> {
    /// botocore's name of the service: `secretsmanager`.
    pub service: &'a str,
    /// The operation: `GetSecretValue`.
    pub operation: &'a str,
    /// The IAM action: `secretsmanager:GetSecretValue`.
    pub action: &'a str,
    /// The body's type, as its header says; may be empty.
    pub content_type: &'a str,
    /// Which way it goes.
    pub direction: Direction,
}

/// A body that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedBody {
    /// The bytes: the same as before if nothing was found.
    pub bytes: Vec<u8>,
    /// What was hidden.
    pub masks: Masks,
    /// Whether the bytes differ; checksums and lengths have to be made right then.
    pub changed: bool,
}

/// The formats of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Xml,
    Cbor,
    Form,
    Text,
    Binary,
}

impl Engine {
    /// Masks a whole body: the members that AWS or the user say are secret, values under sensitive names, and whatever
    /// the rules find in other texts. What it hides is learnt.
    ///
    /// Fails with `Record` where a body has members that must be hidden and cannot be read: nothing of it may be shown.
    pub fn body(&self, what: &BodyContext<'_>, body: &[u8]) -> Result<MaskedBody> {
        self.body_about(what, &[], body)
    }

    /// Like [`Engine::body`], for a call about `resources` (ARNs): what is hidden may be put back into calls about the
    /// same, where a rule says so.
    pub fn body_about(
        &self,
        what: &BodyContext<'_>,
        resources: &[String],
        body: &[u8],
    ) -> Result<MaskedBody> {
        let fields = self.fields_of(what);
        if body.trim_ascii().is_empty() {
            return Ok(unchanged(body));
        }
        let Some((format, tree)) = read(what.content_type, body) else {
            if !fields.is_empty() && what.service != "s3" {
                return Err(unreadable(what));
            }
            let format = format_of(what.content_type, body);
            let masked = self.opaque(format, body);
            // What was found has its length in front of it: replaced, the body could not be read by anybody.
            if format == Format::Cbor && masked.changed {
                return Err(unreadable(what));
            }
            return Ok(masked);
        };
        let is_kept = what.direction == Direction::Response && self.restores();
        let origin =
            is_kept.then(|| Origin { service: what.service.to_owned(), resources: resources.to_vec() });
        let mut decider = Decider::new(self, &fields);
        decider.origin = origin.as_ref();
        decider.untyped = format == Format::Xml;
        let changes = decider.decide(&tree);
        let is_column_named = |rule: &UserFields| rule.names_columns(what.action);
        if decider.has_unnamed_rows
            && what.direction == Direction::Response
            && self.fields().iter().any(is_column_named)
        {
            return Err(unnamed(what));
        }
        let masks = decider.masks;
        if changes.is_empty() {
            return Ok(unchanged(body));
        }
        let bytes = apply(format, body, &changes);
        let changed = bytes != body;
        Ok(MaskedBody { bytes, masks, changed })
    }

    /// Masks a value that is in memory: texts by rules and by their names, and all that `fields` lead to.
    pub fn json_value(&self, value: &mut serde_json::Value, fields: &[FieldPath]) -> Masks {
        let fields: Vec<_> = fields.iter().map(|path| (path.clone(), How::Whole)).collect();
        let Ok(text) = serde_json::to_vec(value) else { return Masks::default() };
        let Ok(tree) = json::parse(&text) else {
            // Deeper than anything that is read: nothing of it is shown.
            *value = serde_json::Value::String(self.tag("unreadable", &text));
            return Masks::default();
        };
        let mut decider = Decider::new(self, &fields);
        let changes = decider.decide(&tree);
        if !changes.is_empty() {
            let changed = serde_json::from_slice(&json::apply(&text, &changes));
            *value = changed.unwrap_or_else(|_| serde_json::Value::String(self.tag("unreadable", &text)));
        }
        decider.masks
    }

    /// The members that a user's rules name for exactly this action: an answer of which they cannot be told must not
    /// pass. Rules for every action ask for no such thing.
    pub(super) fn row_paths(&self, action: &str) -> Vec<FieldPath> {
        let rules = self.fields().iter().filter(|rule| rule.names(action));
        rules.flat_map(|rule| rule.paths.iter().cloned()).collect()
    }

    /// Whether the answer to a call must be read by its structure: something in it has to be hidden.
    #[must_use]
    pub fn demands_structure(&self, service: &str, operation: &str, action: &str) -> bool {
        fields::has_any(service, operation) || self.fields().iter().any(|rule| rule.names(action))
    }

    fn fields_of(&self, what: &BodyContext<'_>) -> Vec<(FieldPath, How)> {
        let mut fields = fields::of_call(what.service, what.operation, what.direction == Direction::Response);
        for rule in self.fields().iter().filter(|rule| rule.applies_to(what.action)) {
            fields.extend(rule.paths.iter().map(|path| (path.clone(), How::Whole)));
        }
        fields
    }

    /// A text without a structure is masked by rules; other bytes are left alone.
    fn opaque(&self, format: Format, body: &[u8]) -> MaskedBody {
        if format == Format::Binary {
            return unchanged(body);
        }
        let mut masks = Masks::default();
        let mut bytes = Vec::with_capacity(body.len());
        let mut at = 0;
        for found in self.find(body) {
            bytes.extend_from_slice(&body[at..found.range.start]);
            bytes.extend(self.tag(&found.kind, &body[found.range.clone()]).into_bytes());
            masks.add(found.rule, 1);
            at = found.range.end;
        }
        bytes.extend_from_slice(&body[at..]);
        let changed = bytes != body;
        MaskedBody { bytes, masks, changed }
    }
}

fn unchanged(body: &[u8]) -> MaskedBody {
    MaskedBody { bytes: body.to_vec(), masks: Masks::default(), changed: false }
}

/// A body's format and what is in it; `None`: it has no structure, or cannot be read.
pub(super) fn read(content_type: &str, body: &[u8]) -> Option<(Format, Node)> {
    let format = format_of(content_type, body);
    let tree = match format {
        Format::Json => json::parse(body).ok(),
        Format::Xml => xml::parse(body),
        Format::Cbor => cbor::parse(body),
        Format::Form => Some(form::parse(body)),
        Format::Text | Format::Binary => None,
    };
    tree.map(|tree| (format, tree))
}

/// The body with `changes`, which are in order.
pub(super) fn apply(format: Format, body: &[u8], changes: &[Change]) -> Vec<u8> {
    match format {
        Format::Json => json::apply(body, changes),
        Format::Xml => xml::apply(body, changes),
        Format::Cbor => cbor::apply(body, changes),
        _ => form::apply(body, changes),
    }
}

fn unreadable(what: &BodyContext<'_>) -> Error {
    let way = if what.direction == Direction::Response { "response" } else { "request" };
    Error::new(Kind::Record, format!("the {way} of {}:{} is not shown", what.service, what.operation))
        .why("it has members that must be masked, and its body could not be read")
        .fix("run the call outside this session, or report the body's format")
}

fn unnamed(what: &BodyContext<'_>) -> Error {
    Error::new(Kind::Record, format!("the rows of {}:{} are not shown", what.service, what.operation))
        .why("a rule masks columns of them, and the answer does not name its columns")
        .fix("ask for the names too (`includeResultMetadata` of RDS Data)")
}

/// Puts what `encode` makes of each change in its place.
pub(super) fn splice(bytes: &[u8], changes: &[Change], encode: impl Fn(&New) -> Vec<u8>) -> Vec<u8> {
    let mut spliced = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for change in changes {
        spliced.extend_from_slice(bytes.get(at..change.range.start).unwrap_or_default());
        spliced.extend(encode(&change.new));
        at = change.range.end;
    }
    spliced.extend_from_slice(bytes.get(at..).unwrap_or_default());
    spliced
}

/// The format by the header, or, where it says nothing, by the first byte.
pub(super) fn format_of(content_type: &str, body: &[u8]) -> Format {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let first = body.trim_ascii_start().first().copied();
    match kind.as_str() {
        "application/cbor" => Format::Cbor,
        "application/x-www-form-urlencoded" => Format::Form,
        kind if kind.contains("json") => Format::Json,
        kind if kind.ends_with("/xml") || kind.ends_with("+xml") => Format::Xml,
        "" | "binary/octet-stream" | "application/octet-stream" | "text/plain" => match first {
            Some(b'{' | b'[') if json::parse(body).is_ok() => Format::Json,
            Some(b'<') => Format::Xml,
            _ if is_textual(content_type, body) => Format::Text,
            _ => Format::Binary,
        },
        _ if is_textual(content_type, body) => Format::Text,
        _ => Format::Binary,
    }
}

/// Whether a body should go through [`Engine::stream`]: by its type, and by its first bytes where that says little.
#[must_use]
pub fn is_textual(content_type: &str, head: &[u8]) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let texts =
        ["json", "xml", "yaml", "toml", "javascript", "csv", "x-sh", "x-pem", "graphql", "sql", "x-ndjson"];
    if kind.starts_with("text/") || texts.iter().any(|text| kind.contains(text)) {
        return true;
    }
    let pictures = ["image/", "audio/", "video/", "font/"];
    if pictures.iter().any(|picture| kind.starts_with(picture)) && kind != "image/svg+xml" {
        return false;
    }
    let head = &head[..head.len().min(1024)];
    let odd =
        head.iter().filter(|byte| **byte < 0x09 || (0x0e..0x20).contains(*byte) && **byte != 0x1b).count();
    let utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(cause) => cause.valid_up_to() + 4 > head.len(),
    };
    odd == 0 && utf8
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use crate::mask::UserRule;

    fn response<'a>(service: &'a str, operation: &'a str, content_type: &'a str) -> BodyContext<'a> {
        BodyContext { service, operation, action: "x:Y", content_type, direction: Direction::Response }
    }

    fn masked(engine: &Engine, what: &BodyContext<'_>, body: &str) -> String {
        String::from_utf8(engine.body(what, body.as_bytes()).unwrap().bytes).unwrap()
    }

    fn what_xml(service: &str) -> BodyContext<'_> {
        response(service, "GetSecretValue", XML)
    }

    const JSON: &str = "application/x-amz-json-1.1";
    const XML: &str = "text/xml;charset=UTF-8";

    #[test]
    fn a_secret_of_secrets_manager_is_masked_and_the_rest_stays() {
        let engine = std::sync::Arc::new(Engine::builtin());
        let body = r#"{"ARN":"arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-a1B2c3","CreatedDate":1.7600000001E9, "SecretString":"{\"username\":\"app\",\"password\":\"Falcon2019!\"}","VersionId":"0e9c2f1a-1b2c-4d3e-8f90-a1b2c3d4e5f6"}"#;
        let out = masked(&engine, &response("secretsmanager", "GetSecretValue", JSON), body);
        let (head, tail) = out.split_once(r#""SecretString":"hoopmask:secret-string:"#).unwrap();
        assert!(body.starts_with(head), "{out}");
        assert!(body.ends_with(&tail[8..]), "{out}");
        // What was hidden once is hidden everywhere.
        let mut shown = Vec::new();
        let mut stream = engine.stream();
        stream.push(b"psql says Falcon2019! is fine\n", &mut shown);
        assert_eq!(shown, b"psql says *********** is fine\n");
    }

    #[test]
    fn credentials_in_xml_are_masked() {
        let body = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
            <Credentials><AccessKeyId>AROAEXAMPLE</AccessKeyId><SecretAccessKey>a&amp;b/c+d</SecretAccessKey>\
            <SessionToken>tok&lt;en</SessionToken><Expiration>2026-07-14T10:11:12Z</Expiration></Credentials>\
            </AssumeRoleResult><Empty/></AssumeRoleResponse>";
        let out = masked(&Engine::builtin(), &response("sts", "AssumeRole", XML), body);
        assert!(out.contains("<SecretAccessKey>hoopmask:secret-access-key:"), "{out}");
        assert!(out.contains("<SessionToken>hoopmask:session-token:") && !out.contains("a&amp;b"), "{out}");
        assert!(
            out.contains("<Expiration>2026-07-14T10:11:12Z</Expiration></Credentials>")
                && out.ends_with("<Empty/></AssumeRoleResponse>")
        );
    }

    #[test]
    fn a_parameter_is_masked_if_it_is_secure() {
        let engine = Engine::builtin();
        let what = response("ssm", "GetParameter", JSON);
        let secure =
            r#"{"Parameter":{"Name":"/prod/x","Value":"Zq8Falcon","Type":"SecureString","Version":3}}"#;
        assert!(masked(&engine, &what, secure).contains(r#""Value":"hoopmask:"#));
        for plain in [
            r#"{"Parameter":{"Name":"/prod/ami","Type":"String","Value":"ami-0123456789abcdef0","Version":1}}"#,
            r#"{"Parameter":{"Name":"/prod/ami","Type":"StringList","Value":"a,b"}}"#,
        ] {
            assert_eq!(masked(&engine, &what, plain), plain);
        }
        let named = r#"{"Parameter":{"Name":"/prod/db/password","Type":"String","Value":"Zq8Falcon1"}}"#;
        assert!(!masked(&engine, &what, named).contains("Zq8Falcon1"));
    }

    #[test]
    fn environments_are_masked_by_name_and_keep_their_keys() {
        let engine = Engine::builtin();
        let lambda = r#"{"Environment":{"Variables":{"STAGE":"prod","DB_PASSWORD":"Falcon2019!","LOG_LEVEL":"info"}}}"#;
        let out =
            masked(&engine, &response("lambda", "GetFunctionConfiguration", "application/json"), lambda);
        assert!(
            out.starts_with(
                r#"{"Environment":{"Variables":{"STAGE":"prod","DB_PASSWORD":"hoopmask:db-password:"#
            ),
            "{out}"
        );
        assert!(out.ends_with(r#","LOG_LEVEL":"info"}}}"#), "{out}");
        let ecs = r#"{"containerDefinitions":[{"environment":[{"value":"Falcon2019!","name":"DB_PASSWORD"},{"name":"A","value":"b"}]}]}"#;
        let out = masked(&engine, &response("ecs", "DescribeTaskDefinition", JSON), ecs);
        assert!(!out.contains("Falcon") && out.contains(r#"{"name":"A","value":"b"}"#), "{out}");
    }

    #[test]
    fn blobs_stay_base64_and_user_data_is_masked_inside() {
        let engine = Engine::builtin();
        let body = format!(
            r#"{{"CiphertextBlob":"AQIDAHg=","KeyId":"k","Plaintext":"{}"}}"#,
            STANDARD.encode([7; 32])
        );
        let out = masked(&engine, &response("kms", "GenerateDataKey", JSON), &body);
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        let plain = STANDARD.decode(value["Plaintext"].as_str().unwrap()).unwrap();
        assert!(plain.starts_with(b"hoopmask:plaintext:") && value["CiphertextBlob"] == "AQIDAHg=");
        let script = STANDARD.encode("#!/bin/sh\nexport DB_PASSWORD=Falcon2019!\nyum -y update\n");
        let body = format!("<R><userData><value>{script}</value></userData></R>");
        let out = masked(&engine, &response("ec2", "DescribeInstanceAttribute", XML), &body);
        let inner = out
            .strip_prefix("<R><userData><value>")
            .unwrap()
            .strip_suffix("</value></userData></R>")
            .unwrap();
        let plain = String::from_utf8(STANDARD.decode(inner).unwrap()).unwrap();
        assert!(
            plain.starts_with("#!/bin/sh\nexport DB_PASSWORD=hoopmask:")
                && plain.ends_with("\nyum -y update\n")
        );
        let token = format!(
            r#"{{"authorizationData":[{{"authorizationToken":"{}"}}]}}"#,
            STANDARD.encode("AWS:Zq8Falcon")
        );
        let out = masked(&engine, &response("ecr", "GetAuthorizationToken", JSON), &token);
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        let plain =
            STANDARD.decode(value["authorizationData"][0]["authorizationToken"].as_str().unwrap()).unwrap();
        assert!(plain.starts_with(b"AWS:hoopmask:"));
    }

    #[test]
    fn cbor_is_masked_with_its_lengths() {
        let text = |text: &str| [&[0x60 | text.len() as u8][..], text.as_bytes()].concat();
        let body = [
            &[0xbf][..],
            &text("Name"),
            &text("prod/x"),
            &text("SecretString"),
            &text("Falcon2019!"),
            &[0xff],
        ]
        .concat();
        let what = response("secretsmanager", "GetSecretValue", "application/cbor");
        let out = Engine::builtin().body(&what, &body).unwrap().bytes;
        let Some(crate::mask::tree::Node::Map(members)) = cbor::parse(&out) else { panic!() };
        assert!(
            matches!(&members[1].1, crate::mask::tree::Node::Text(_, text) if text.starts_with("hoopmask:secret-string:"))
        );
        assert_eq!(members[0].0, "Name");
    }

    #[test]
    fn a_request_is_masked_for_the_record() {
        let engine = Engine::builtin();
        let what = |service, operation, content_type| BodyContext {
            direction: Direction::Request,
            ..response(service, operation, content_type)
        };
        let form = "Action=ModifyDBInstance&DBInstanceIdentifier=orders&MasterUserPassword=Fal%2Bcon2019&Tags.member.1.Key=a&Tags.member.1.Value=b";
        let out =
            masked(&engine, &what("rds", "ModifyDBInstance", "application/x-www-form-urlencoded"), form);
        assert!(
            out.contains("&MasterUserPassword=hoopmask%3A")
                && out.ends_with("&Tags.member.1.Key=a&Tags.member.1.Value=b"),
            "{out}"
        );
        let json = r#"{"Name":"x","SecretString":"anything","ClientRequestToken":"0e9c2f1a-1b2c-4d3e-8f90-a1b2c3d4e5f6"}"#;
        let out = masked(&engine, &what("secretsmanager", "CreateSecret", JSON), json);
        assert!(!out.contains("anything") && out.contains("0e9c2f1a-1b2c"), "{out}");
    }

    #[test]
    fn what_must_be_masked_and_cannot_be_read_is_not_shown() {
        let engine = Engine::builtin();
        let what = response("secretsmanager", "GetSecretValue", JSON);
        for body in [
            "{\"SecretString\":\"x",
            "\u{1}\u{2}",
            "<a>",
            &format!("{{\"SecretString\":{}", "[".repeat(9000)),
        ] {
            assert!(engine.body(&what, body.as_bytes()).is_err(), "{body:.40}");
        }
        assert!(engine.body(&what, b"").is_ok_and(|body| !body.changed));
        let cbor = response("secretsmanager", "GetSecretValue", "application/cbor");
        assert!(engine.body(&cbor, b"\xbfgarbage").is_err());
        let unknown = response("ec2", "DescribeRegions", "application/cbor");
        assert!(engine.body(&unknown, b"\xa1aax\x1dDB_PASSWORD=Falcon2019! \xff\xfe\xff\xfe").is_err());
        assert!(engine.body(&unknown, b"\xa1aax\x02\xff\xfe").is_ok_and(|body| !body.changed));
        // Where nothing is known to be secret, the rules alone decide, in any encoding.
        let latin = [&b"caf\xe9 password=Falcon2019!\n"[..], b"x"].concat();
        let out = engine.body(&response("s3", "GetObject", "text/plain"), &latin).unwrap();
        assert!(out.bytes.starts_with(b"caf\xe9 password=hoopmask:") && out.bytes.ends_with(b"\nx"));
        let mixed = engine.body(&what_xml("secretsmanager"), b"<a>ghp_x<SecretString>y</SecretString></a>");
        assert!(mixed.is_err());
        assert!(
            engine.body(&response("ec2", "DescribeRegions", XML), b"<a>").is_ok_and(|body| !body.changed)
        );
    }

    #[test]
    fn a_body_without_secrets_comes_out_byte_for_byte() {
        let engine = Engine::builtin();
        for (content_type, body) in [
            (
                JSON,
                " {\"a\" : 1.0e5, \"b\":[null,true,\"x\\u00e9\\/\"],\"NextToken\":\"eyJNYXJrZXIiOiBudWxsfQ==\" }\n",
            ),
            (XML, "<?xml version=\"1.0\"?>\n<a><b x='1'>t &amp; u</b><!-- c --><d/></a>"),
            ("application/x-www-form-urlencoded", "Action=ListUsers&Version=2010-05-08&MaxItems=5"),
            ("image/png", "\u{89}PNG ghp_"),
        ] {
            let out = engine.body(&response("iam", "ListUsers", content_type), body.as_bytes()).unwrap();
            assert!(!out.changed && out.bytes == body.as_bytes() && out.masks.is_empty(), "{body}");
        }
    }

    #[test]
    fn a_users_fields_and_columns_are_masked() {
        let rule = UserRule {
            name: "staff".into(),
            actions: vec!["dynamodb:Get*".into()],
            fields: vec!["Item.ssn".into()],
            columns: vec!["card".into()],
            regex: Some(r"EMP-\d{5}".into()),
            restore: false,
        };
        let engine = Engine::with_rules(&[rule]).unwrap();
        let body = r#"{"Item":{"ssn":{"S":"078-05-1120"},"card":{"N":4111},"note":{"S":"for EMP-12345 only"},"n":{"N":"1"}}}"#;
        let what = BodyContext { action: "dynamodb:GetItem", ..response("dynamodb", "GetItem", JSON) };
        let out = masked(&engine, &what, body);
        assert!(
            out.starts_with(r#"{"Item":{"ssn":{"S":"hoopmask:ssn:"#) && out.contains(r#""card":{"N":0}"#),
            "{out}"
        );
        assert!(out.contains(r#""for hoopmask:staff:"#) && out.ends_with(r#""n":{"N":"1"}}}"#), "{out}");
        let other = BodyContext { action: "dynamodb:PutItem", ..what };
        assert!(!masked(&engine, &other, body).contains("078-05-1120"), "it has been learnt");
        let fresh = r#"{"Item":{"ssn":{"S":"078-05-1121"}}}"#;
        assert_eq!(masked(&engine, &other, fresh), fresh);
        let engine = std::sync::Arc::new(engine);
        let mut shown = Vec::new();
        let mut stream = engine.stream();
        for byte in b"is EMP-12345 or EMP-1234\n" {
            stream.push(&[*byte], &mut shown);
        }
        assert_eq!(String::from_utf8(shown).unwrap(), "is ********* or EMP-1234\n");
    }

    #[test]
    fn columns_of_results_are_masked_by_their_names() {
        let rule = UserRule {
            name: "cards".into(),
            actions: vec!["x:Y".into()],
            columns: vec!["card".into(), "born".into()],
            ..UserRule::default()
        };
        let engine = Engine::with_rules(&[rule]).unwrap();
        let athena = r#"{"ResultSet":{"Rows":[{"Data":[{"VarCharValue":"id"},{"VarCharValue":"card"}]},{"Data":[{"VarCharValue":"7"},{"VarCharValue":"4111"}]},{"Data":[{"VarCharValue":"8"},{}]}],"ResultSetMetadata":{"ColumnInfo":[{"Name":"id","Type":"int"},{"Name":"card","Type":"varchar"}]}}}"#;
        let out = masked(&engine, &response("athena", "GetQueryResults", JSON), athena);
        let (head, tail) = athena.split_once("4111").unwrap();
        assert!(out.starts_with(head) && out.ends_with(tail) && out.contains("hoopmask:card:"), "{out}");
        let rds = r#"{"columnMetadata":[{"label":"c","name":"card"},{"label":"password","name":"p"},{"name":"n"}],"records":[[{"longValue":4111},{"stringValue":"Falcon2019!"},{"stringValue":"x"},{"blobValue":"AQI="}]]}"#;
        let out = masked(&engine, &response("rds-data", "ExecuteStatement", JSON), rds);
        assert!(out.contains(r#"[{"longValue":0},{"stringValue":"hoopmask:password:"#), "{out}");
        assert!(out.ends_with(r#""},{"stringValue":"x"},{"blobValue":"AQI="}]]}"#), "{out}");
        let csv = r#"{"ColumnMetadata":[{"name":"id"},{"name":"card"}],"Records":[{"CSVRecords":"id,card\r\n1,4111\r\n"}]}"#;
        let out = masked(&engine, &response("redshift-data", "GetStatementResultV2", JSON), csv);
        assert!(out.contains(r#""id,card\r\n1,hoopmask:card:"#) && out.ends_with(r#"\r\n"}]}"#), "{out}");
        let timestream = r#"{"ColumnInfo":[{"Name":"born","Type":{"ScalarType":"TIMESTAMP"}}],"Rows":[{"Data":[{"ScalarValue":"2001-02-03T04:05:06Z"}]}]}"#;
        let out = masked(&engine, &response("timestream-query", "Query", JSON), timestream);
        assert!(out.contains(r#""ScalarValue":"1970-01-01T00:00:00Z""#), "{out}");
        let insights = r#"{"results":[[{"field":"card","value":"4111"},{"field":"@ptr","value":"Cm"}]]}"#;
        let out = masked(&engine, &response("logs", "GetQueryResults", JSON), insights);
        assert!(out.contains(r#""value":"hoopmask:card:"#) && out.contains(r#""value":"Cm""#), "{out}");
        // Rows whose columns nobody names.
        let what = response("rds-data", "ExecuteStatement", JSON);
        assert!(engine.body(&what, br#"{"records":[[{"longValue":4111}]]}"#).is_err());
        assert!(Engine::builtin().body(&what, br#"{"records":[[{"longValue":4111}]]}"#).is_ok());
    }

    #[test]
    fn types_stay_what_they_are() {
        let rule = UserRule {
            name: "all".into(),
            fields: ["Item.n", "Item.b", "Item.s", "Item.yes", "t"].map(str::to_owned).to_vec(),
            ..UserRule::default()
        };
        let engine = Engine::with_rules(&[rule]).unwrap();
        let body = r#"{"Item":{"n":{"N":"12.5"},"b":{"B":"AQI="},"s":{"NS":["1","2"]},"yes":{"BOOL":true}},"t":"2001-02-03T04:05:06.5+01:00"}"#;
        let out = masked(&engine, &response("dynamodb", "GetItem", JSON), body);
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        let item = &value["Item"];
        assert_eq!((&item["n"]["N"], &item["s"]["NS"]), (&json!("0"), &json!(["0", "0"])));
        assert!(STANDARD.decode(item["b"]["B"].as_str().unwrap()).unwrap().starts_with(b"hoopmask:"));
        assert_eq!((&item["yes"]["BOOL"], &value["t"]), (&json!(true), &json!("1970-01-01T00:00:00Z")));
        let again = masked(&engine, &response("dynamodb", "GetItem", JSON), &out);
        assert_eq!(again, out);
        let xml = "<R><t>12</t><u>x</u></R>";
        assert_eq!(masked(&engine, &response("iam", "X", XML), xml), "<R><t>0</t><u>x</u></R>");
    }

    #[test]
    fn values_in_memory_are_masked() {
        let engine = Engine::builtin();
        let mut value = json!({"DBInstanceIdentifier": "x", "MasterUserPassword": "Falcon2019!", "n": 1.5, "ssn": ["1", 2]});
        let masks = engine.json_value(&mut value, &[FieldPath::parse("ssn").unwrap()]);
        assert!(value["MasterUserPassword"].as_str().unwrap().starts_with("hoopmask:master-user-password:"));
        assert!(
            value["ssn"][0].as_str().unwrap().starts_with("hoopmask:")
                && value["ssn"][1] == 0
                && value["n"] == 1.5
        );
        assert_eq!(masks.total(), 3);
    }

    #[test]
    fn texts_are_told_from_other_bytes() {
        assert!(
            is_textual("text/plain", b"")
                && is_textual("", b"key: value\n")
                && is_textual("application/json", b"\0")
        );
        assert!(
            !is_textual("image/png", b"abc")
                && !is_textual("application/octet-stream", b"\x7fELF\x02\x01\x01\0\0")
        );
        assert!(is_textual("application/octet-stream", &[b"a".repeat(1023), "é".into()].concat()[..1024]));
    }
}
