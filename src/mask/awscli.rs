//! Arguments of the aws CLI that are secret because of the operation that they are for, whatever they look like:
//! `aws ssm put-parameter --type SecureString --value X`.

use std::ops::Range;

use super::Engine;
use super::fields;
use super::fields::FieldPath;
use super::fields::How;

/// Words after `aws` among which service and operation are looked for: flags for every command may come first.
const NEAR: usize = 16;

/// A word of a command line: where it stands, and what it says without quotes. No text: a command ends here.
type Word = (Range<usize>, Option<String>);

/// The secret ones of a command's `words`: which, and where in it the secret begins (`--value=X`).
pub fn secrets<W: AsRef<str>>(words: &[W]) -> Vec<(usize, usize)> {
    let is_aws = |word: &W| matches!(word.as_ref().rsplit('/').next(), Some("aws" | "aws2"));
    let Some(start) = words.iter().position(is_aws) else { return Vec::new() };
    let words = &words[start..];
    let fields = words.windows(2).take(NEAR).find_map(|pair| {
        let fields = fields::of_call(service(pair[0].as_ref()), &operation(pair[1].as_ref()), false);
        (!fields.is_empty()).then_some(fields)
    });
    let Some(fields) = fields else { return Vec::new() };
    let is_secure = words.iter().any(|word| word.as_ref().contains("SecureString"));
    let mut found = Vec::new();
    for (number, word) in words.iter().enumerate() {
        let Some(flag) = word.as_ref().strip_prefix("--") else { continue };
        let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        let member = [name.replace('-', "").to_lowercase()];
        let hides = |(path, how): &(FieldPath, How)| {
            path.leads_to(&member) && (*how != How::IfSecure || is_secure) && *how != How::Inside
        };
        if !fields.iter().any(hides) {
            continue;
        }
        match value {
            Some(_) => found.push((start + number, "--".len() + name.len() + "=".len())),
            None if number + 1 < words.len() => found.push((start + number + 1, 0)),
            None => {}
        }
    }
    found
}

/// The service as botocore calls it.
fn service(word: &str) -> &str {
    match word {
        "s3api" => "s3",
        other => other,
    }
}

/// `put-parameter` as `PutParameter`.
fn operation(word: &str) -> String {
    let part = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    word.split('-').filter_map(part).collect()
}

/// The words of a shell's line, as far as that can be told without being the shell.
fn words(line: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut open: Option<(usize, String)> = None;
    let mut letters = line.char_indices();
    let mut quote = None;
    while let Some((at, letter)) = letters.next() {
        let mut take = |letter: Option<char>| {
            let (_, text) = open.get_or_insert_with(|| (at, String::new()));
            text.extend(letter);
        };
        match (quote, letter) {
            (Some(end), letter) if letter == end => quote = None,
            (None | Some('"'), '\\') => take(letters.next().map(|(_, letter)| letter)),
            (Some(_), letter) => take(Some(letter)),
            (None, '\'' | '"') => {
                take(None);
                quote = Some(letter);
            }
            (None, ' ' | '\t' | '\n' | '\r' | ';' | '|' | '&' | '(' | ')') => {
                if let Some((start, text)) = open.take() {
                    words.push((start..at, Some(text)));
                }
                if !matches!(letter, ' ' | '\t' | '\r') {
                    words.push((at..at, None));
                }
            }
            (None, letter) => take(Some(letter)),
        }
    }
    if let Some((start, text)) = open {
        words.push((start..line.len(), Some(text)));
    }
    words
}

impl Engine {
    /// A line for a shell, as [`Engine::text`] masks it, and without the secrets that only the aws CLI's commands tell.
    #[must_use]
    pub fn line(&self, line: &str) -> String {
        if !line.contains("aws") {
            return self.text(line).into_owned();
        }
        let words = words(line);
        let mut masked = String::with_capacity(line.len());
        let mut at = 0;
        for command in words.split(|(_, text)| text.is_none()) {
            let texts: Vec<&str> = command.iter().filter_map(|(_, text)| text.as_deref()).collect();
            for (number, offset) in secrets(&texts) {
                let (range, text) = (&command[number].0, texts[number]);
                if range.start < at || text.len() == offset {
                    continue;
                }
                masked.push_str(&line[at..range.start]);
                masked.push_str(&text[..offset]);
                masked.push_str(&self.tag("argument", &text.as_bytes()[offset..]));
                at = range.end;
            }
        }
        masked.push_str(&line[at..]);
        self.text(&masked).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUT: &[&str] = &[
        "/usr/bin/aws",
        "--region",
        "eu-west-1",
        "ssm",
        "put-parameter",
        "--name",
        "/a",
        "--value",
        "plain-words",
    ];

    fn argv(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Engine::builtin().argv(&words).join(" ")
    }

    #[test]
    fn a_value_is_secret_where_its_operation_makes_it_so() {
        let secure = argv(&[PUT, &["--type", "SecureString"]].concat());
        assert!(secure.contains("--name /a --value hoopmask:argument:"), "{secure}");
        assert!(argv(&[PUT, &["--type", "String"]].concat()).contains("--value plain-words"));
        let glued = argv(&["aws", "ssm", "put-parameter", "--type=SecureString", "--value=plain-words"]);
        assert!(glued.contains("--value=hoopmask:argument:") && !glued.contains("plain-words"), "{glued}");
        let other = ["aws", "ssm", "get-parameter", "--value", "plain-words", "--type", "SecureString"];
        assert!(argv(&other).contains("plain-words"), "no such operation");
        assert!(argv(&["python3", "-m", "aws", "ssm"]).ends_with("aws ssm"));
        let _ = argv(&["aws", "ssm", "put-parameter", "--type", "SecureString", "--value"]);
    }

    #[test]
    fn a_shells_line_is_read_as_one() {
        let engine = Engine::builtin();
        let line = "cd x && aws ssm put-parameter --type SecureString --value 'two words' --name b; echo two";
        let masked = engine.line(line);
        assert!(
            masked.starts_with("cd x && aws ssm put-parameter --type SecureString --value hoopmask:"),
            "{masked}"
        );
        assert!(masked.ends_with(" --name b; echo two"), "{masked}");
        let shell = argv(&["bash", "-c", line]);
        assert!(!shell.contains("two words") && shell.ends_with("echo two"), "{shell}");
        for plain in
            ["ls -l 'aws files'", "aws s3 ls", "echo 'aws", "aws \\", "aws ssm put-parameter --value 'é"]
        {
            assert_eq!(engine.line(plain), plain);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_safe(line in "(aws |ssm put-parameter |--value|=|SecureString| |'|\"|\\\\|;|é|x){0,20}") {
            let _ = Engine::builtin().line(&line);
        }
    }
}
