//! Which members of which calls are secrets: the AWS table, and the paths of users.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// The table, compiled in. At the first call its lines are sorted by service; a line is read at the call that needs it.
const TABLE: &str = include_str!("fields.txt");

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A member of this name, in lower case.
    Member(String),
    /// Any member.
    Any,
    /// Any members, or none.
    Gap,
}

/// A path to members, such as `Items[].ssn` or `**.password`.
///
/// It holds at any depth, lists and letter case do not count, and `**` stands for any members in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath(Vec<Step>);

impl FieldPath {
    /// Reads a path. Fails with `Config` on an empty one or an empty step.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Err(Error::new(Kind::Config, format!("`{}` is no field path", text.escape_debug()))
                .why(why)
                .fix("write it like `Items[].ssn`, `**.password` or `Parameter.Value`"))
        };
        let plain =
            text.trim().trim_start_matches("$.").replace("[*]", "").replace("[]", "").replace("{}", "");
        let mut steps = Vec::new();
        for step in plain.split('.') {
            steps.push(match step {
                "" => return wrong("a step between two dots is empty"),
                "*" => Step::Any,
                "**" => Step::Gap,
                name if name.contains(['[', ']', '{', '}', '"']) => {
                    return wrong("only `[]` and `{}` may follow a name");
                }
                name => Step::Member(name.to_lowercase()),
            });
        }
        if !steps.iter().any(|step| matches!(step, Step::Member(_))) {
            return wrong("it names no member");
        }
        Ok(Self(steps))
    }

    /// A path of the table: other members may stand between its steps, because formats wrap them differently.
    fn loose(text: &str) -> Self {
        let mut steps = Vec::new();
        for step in text.split('.').filter(|step| *step != "*") {
            steps.push(Step::Gap);
            steps.push(Step::Member(step.to_lowercase()));
        }
        Self(steps)
    }

    /// Whether it leads to `members`, the outermost first, all in lower case.
    #[must_use]
    pub fn leads_to(&self, members: &[String]) -> bool {
        fn ends(steps: &[Step], members: &[String]) -> bool {
            match (steps.split_last(), members.split_last()) {
                (None, _) => true,
                (Some((Step::Gap, steps)), _) => {
                    (0..=members.len()).any(|count| ends(steps, &members[..count]))
                }
                (Some(_), None) => false,
                (Some((Step::Any, steps)), Some((_, members))) => ends(steps, members),
                (Some((Step::Member(name), steps)), Some((last, members))) => {
                    name == last && ends(steps, members)
                }
            }
        }
        ends(&self.0, members)
    }
}

/// How a member is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// All of it.
    Whole,
    /// All of it, by a mask in base64, because clients decode it.
    Blob,
    /// By rules, inside its base64.
    Inside,
    /// All of it, if its neighbour `Type` says so.
    IfSecure,
}

/// The lines of the table about one service.
struct Row {
    of_response: bool,
    operations: &'static str,
    paths: &'static str,
}

fn rows_of(service: &str) -> &'static [Row] {
    static ROWS: OnceLock<HashMap<&'static str, Vec<Row>>> = OnceLock::new();
    let rows = ROWS.get_or_init(|| {
        let mut rows: HashMap<_, Vec<Row>> = HashMap::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let (line, of_response) = match line.strip_prefix('>') {
                Some(line) => (line, false),
                None => (line, true),
            };
            let Some((service, rest)) = line.split_once(' ') else { continue };
            let (operations, paths) = rest.split_once(' ').unwrap_or((rest, ""));
            rows.entry(service).or_default().push(Row { of_response, operations, paths });
        }
        rows
    });
    rows.get(service).map_or(&[], Vec::as_slice)
}

fn rows_of_call<'a>(
    service: &str,
    operation: &'a str,
    response: bool,
) -> impl Iterator<Item = &'static Row> + 'a {
    let is_about = move |row: &&Row| {
        row.of_response == response && row.operations.split(',').any(|known| known == operation)
    };
    rows_of(service).iter().filter(is_about)
}

/// Whether the response of a call has members that are hidden.
pub fn has_any(service: &str, operation: &str) -> bool {
    rows_of_call(service, operation, true).next().is_some()
}

/// The members of one call that are hidden. `response`, or else the request.
pub fn of_call(service: &str, operation: &str, response: bool) -> Vec<(FieldPath, How)> {
    let words = rows_of_call(service, operation, response).flat_map(|row| row.paths.split_ascii_whitespace());
    let field = |word: &str| match word.as_bytes().last() {
        Some(b'!') => (FieldPath::loose(&word[..word.len() - 1]), How::Blob),
        Some(b'~') => (FieldPath::loose(&word[..word.len() - 1]), How::Inside),
        Some(b'?') => (FieldPath::loose(&word[..word.len() - 1]), How::IfSecure),
        _ => (FieldPath::loose(word), How::Whole),
    };
    words.map(field).collect()
}

/// The members that are secrets in whatever answer they stand; for files of which nobody says what they are.
pub fn of_any_call() -> Vec<(FieldPath, How)> {
    let whole = [
        "SecretString",
        "AuthorizationToken",
        "KeyMaterial",
        "SecretAccessKey",
        "SessionToken",
        "PasswordData",
    ];
    let whole = whole.iter().map(|path| (FieldPath::loose(path), How::Whole));
    let secure =
        ["Parameter.Value", "Parameters.Value"].iter().map(|path| (FieldPath::loose(path), How::IfSecure));
    let inside = ["UserData", "UserData.Value"].iter().map(|path| (FieldPath::loose(path), How::Inside));
    whole.chain(secure).chain(inside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(path: &str, members: &str) -> bool {
        let members: Vec<String> = members.split('.').map(str::to_lowercase).collect();
        FieldPath::parse(path).unwrap().leads_to(&members)
    }

    #[test]
    fn a_path_holds_at_any_depth() {
        assert!(
            leads("Items[].ssn", "Items.ssn")
                && leads("ssn", "Items.ssn")
                && leads("$.Item.*.ssn", "x.Item.a.ssn")
        );
        assert!(
            leads("**.password", "a.b.c.password") && leads("a.**.c", "a.c") && leads("a.**.c", "a.b.b.c")
        );
        assert!(
            !leads("Items[].ssn", "Items.ssn.x") && !leads("Items.ssn", "Item.ssn") && !leads("a.c", "a.b.c")
        );
        for wrong in ["", "a..b", "**", "*", "a[0].b"] {
            assert!(FieldPath::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_table_knows_the_call() {
        let of = |service, operation, response| of_call(service, operation, response).len();
        assert_eq!(of("secretsmanager", "GetSecretValue", true), 2);
        assert_eq!(of("sts", "AssumeRole", true), 2);
        assert_eq!(of("sts", "GetCallerIdentity", true), 0);
        assert_eq!(of("ssm", "PutParameter", false), 1);
        assert_eq!(of("secretsmanager", "GetSecretValue", false), 0);
        let total = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert!(total > 180, "{total}");
    }
}
