//! Diagnostics, word for word: `cases/NAME.toml` and what is said about it in `cases/NAME.txt`.

use std::fs;
use std::path::Path;

use crate::policy::actions::ListedActions;
use crate::policy::model::Policy;
use crate::types::AccessLevel;

fn catalogue() -> ListedActions {
    let names = ["s3:GetObject", "s3:ListBucket", "s3:DeleteObject", "iam:CreateUser", "dynamodb:GetItem"];
    ListedActions::new(names.map(|name| (name.to_owned(), AccessLevel::Read)))
}

fn said_about(text: &str) -> String {
    match Policy::check(text, "policy.toml", &catalogue()) {
        Err(faults) => faults.to_string(),
        Ok(policy) => {
            let warnings: Vec<String> =
                policy.warnings.iter().map(|fault| format!("warning: {fault}")).collect();
            if warnings.is_empty() { "sound".to_owned() } else { warnings.join("\n\n") }
        }
    }
}

/// Set HOOP_BLESS to write the `.txt` files anew, and read them before committing.
#[test]
fn every_fault_is_said_as_written_down() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy/parse/cases");
    let mut seen = 0;
    for entry in fs::read_dir(&cases).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        seen += 1;
        let said = format!("{}\n", said_about(&fs::read_to_string(&path).unwrap()));
        let expected = path.with_extension("txt");
        if std::env::var_os("HOOP_BLESS").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        assert_eq!(said, fs::read_to_string(&expected).unwrap_or_default(), "{}", path.display());
    }
    assert!(seen >= 10, "only {seen} cases found");
}

#[test]
fn a_file_over_one_mebibyte_is_refused() {
    let said = said_about(&format!("version = 1\n#{}", "x".repeat(1024 * 1024)));
    assert_eq!(said, "policy.toml: the file is too large: 1048589 bytes, at most 1 MiB");
}

#[test]
fn a_thousand_faults_are_counted_not_shown() {
    let said = said_about(&format!("version = 1\n{}", "[[statement]]\nefect = 1\n".repeat(1_000)));
    assert!(said.ends_with("and 80 more faults"), "{said}");
}

#[test]
fn every_example_of_the_manual_is_sound() {
    let manual = include_str!("../../../docs/policy.md");
    let examples: Vec<&str> =
        manual.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() > 8, "only {} examples found", examples.len());
    for example in examples {
        let policy = Policy::check(example, "manual", &crate::policy::NoActions)
            .unwrap_or_else(|faults| panic!("{faults}\n{example}"));
        assert_eq!(policy.warnings, [], "{example}");
    }
}

#[test]
fn every_key_stands_in_the_manual() {
    let manual = include_str!("../../../docs/policy.md");
    for (name, _) in crate::policy::key::OWN_KEYS {
        assert!(manual.contains(&format!("`{name}`")), "{name}");
    }
    for name in crate::policy::derived::keys() {
        assert!(manual.contains(&format!("`{name}`")), "{name}");
    }
    for (name, _, _) in crate::policy::operator::OPERATORS {
        assert!(manual.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn the_built_in_policies_are_sound_and_say_what_they_are() {
    for builtin in crate::policy::builtin::BUILTINS {
        let policy = Policy::check(builtin.text, builtin.name, &crate::policy::NoActions)
            .unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(policy.warnings, []);
        assert_eq!(policy.description.as_deref(), Some(builtin.summary));
    }
}
