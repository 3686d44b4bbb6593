//! Texts that STS is strict about: session names, source identities, session tags.
//!
//! Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>.

/// The longest session name and source identity.
const LONGEST_NAME: usize = 64;

/// The longest key of a tag, in characters.
const LONGEST_KEY: usize = 128;

/// The longest value of a tag, in characters.
const LONGEST_VALUE: usize = 256;

/// Tags that one call takes.
const MOST_TAGS: usize = 50;

/// Tags of a role's session, which policies see as `aws:PrincipalTag/…` and CloudTrail keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionTags {
    /// Keys and values; what STS does not take in them is replaced by `_`, and empty values are left out.
    pub pairs: Vec<(String, String)>,
    /// Keys of those that stay through all further roles. Every such role's trust policy must allow `sts:TagSession`.
    pub transitive: Vec<String>,
    /// Rather no credential than one without tags, where the trust policy does not allow `sts:TagSession`.
    pub required: bool,
}

impl SessionTags {
    /// The members of `AssumeRole` that carry them.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        let mut given = Vec::<String>::new();
        for (key, value) in &self.pairs {
            let (key, value) = (tag_text(key, LONGEST_KEY), tag_text(value, LONGEST_VALUE));
            // Keys are told apart without regard to case.
            let is_known = given.iter().any(|known| known.eq_ignore_ascii_case(&key));
            // AWS keeps its own prefix to itself.
            let is_reserved = key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"));
            if key.is_empty() || value.is_empty() || is_known || is_reserved || given.len() == MOST_TAGS {
                continue;
            }
            let number = given.len() + 1;
            fields.push((format!("Tags.member.{number}.Key"), key.clone()));
            fields.push((format!("Tags.member.{number}.Value"), value));
            given.push(key);
        }
        let stays = |key: &&String| self.transitive.iter().any(|wanted| wanted.eq_ignore_ascii_case(key));
        for (key, number) in given.iter().filter(stays).zip(1..) {
            fields.push((format!("TransitiveTagKeys.member.{number}"), key.clone()));
        }
        fields
    }
}

/// A name for the role's session that tells CloudTrail who it was and which recording it is in: `ana-01J9ZK5WQ3H8V7T2M4N6P8R0S1`.
/// 2 to 64 letters, digits and `_+=,.@-`, as STS wants it; other characters are `_`.
#[must_use]
pub fn session_name(user: &str, session: &str) -> String {
    let (user, session) = (fitting(user), fitting(session));
    if session.is_empty() {
        return padded(user);
    }
    let room = LONGEST_NAME.saturating_sub(session.len() + 1);
    padded(match user.get(..user.len().min(room)) {
        Some(user) if !user.is_empty() => format!("{user}-{session}"),
        _ => session,
    })
}

/// A source identity: the person, for as long as the chain of roles goes on. As [`session_name`] for the characters.
#[must_use]
pub fn source_identity(user: &str) -> Option<String> {
    Some(fitting(user)).filter(|user| !user.is_empty()).map(padded)
}

fn fitting(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    text.chars().map(|c| if fits(c) { c } else { '_' }).take(LONGEST_NAME).collect()
}

fn padded(mut name: String) -> String {
    while name.len() < 2 {
        name.push('_');
    }
    name
}

/// Letters, digits, spaces and `_.:/=+-@` of all scripts; other characters are `_`.
fn tag_text(text: &str, longest: usize) -> String {
    let fits = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    let kept: String = text.trim().chars().map(|c| if fits(c) { c } else { '_' }).take(longest).collect();
    kept.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_the_characters_and_lengths_of_sts() {
        let id = "01J9ZK5WQ3H8V7T2M4N6P8R0S1";
        let long = "a.very.long.name.of.a.person@a.very.long.company.example.com";
        for (user, session, name) in [
            ("ana", id, format!("ana-{id}")),
            ("Ána Ž/x", id, format!("_na___x-{id}")),
            ("", id, id.to_owned()),
            ("a", "", "a_".to_owned()),
            ("", "", "__".to_owned()),
            (long, id, format!("a.very.long.name.of.a.person@a.very.l-{id}")),
        ] {
            assert_eq!(session_name(user, session), name);
            assert!((2..=64).contains(&name.len()), "{name}");
        }
        assert_eq!(source_identity("ana@example.com").as_deref(), Some("ana@example.com"));
        assert_eq!(source_identity(&"é".repeat(99)).map(|name| name.len()), Some(64));
        assert_eq!(source_identity(""), None);
    }

    #[test]
    fn tags_keep_to_the_characters_and_lengths_of_sts() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let tags = SessionTags {
            pairs: vec![
                pair("agent", "claude"),
                pair("repo", "github.com/a/b;rm *"),
                pair("Agent", "twice"),
                pair("aws:x", "reserved"),
                pair("empty", " "),
                pair("équipe", &"ü".repeat(300)),
            ],
            transitive: vec!["REPO".to_owned(), "nobody".to_owned()],
            required: false,
        };
        let fields = tags.fields();
        let field = |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        assert_eq!(field("Tags.member.1.Key"), Some("agent"));
        assert_eq!(field("Tags.member.2.Value"), Some("github.com/a/b_rm _"));
        assert_eq!(field("Tags.member.3.Key"), Some("équipe"));
        assert_eq!(field("Tags.member.3.Value").map(|text| text.chars().count()), Some(256));
        assert_eq!(field("Tags.member.4.Key"), None);
        assert_eq!(field("TransitiveTagKeys.member.1"), Some("repo"));
        assert_eq!(field("TransitiveTagKeys.member.2"), None);
        let many = (0..60).map(|n| pair(&format!("k{n}"), "v")).collect();
        assert_eq!(SessionTags { pairs: many, ..SessionTags::default() }.fields().len(), 100);
    }
}
