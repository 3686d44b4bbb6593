use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;
use crate::clock::Clock;

const NOW: u64 = 1_763_700_000;

fn around(variables: &[(&str, &str)]) -> Surroundings {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Surroundings { clock: Clock::fixed(NOW * 1_000_000), environment: environment.collect() }
}

fn token(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&json!({"alg": "RS256"})), part(claims))
}

fn job() -> Value {
    json!({"iss": "https://token.actions.githubusercontent.com", "sub": "repo:o/r:ref:refs/heads/main",
           "aud": "sts.amazonaws.com", "exp": NOW + 300, "email": "a@b", "email_verified": true, "groups": ["admins"]})
}

#[test]
fn a_token_in_a_file_is_read_and_not_believed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{}\n", token(&job()))).unwrap();
    let around = around(&[("AWS_WEB_IDENTITY_TOKEN_FILE", file.path().to_str().unwrap())]);
    let login = ci(&around, &[], None).unwrap().unwrap();
    let who = &login.identity;
    assert_eq!((who.user.as_str(), who.assurance), ("repo:o/r:ref:refs/heads/main", Assurance::Claimed));
    assert!(who.groups.is_empty() && !who.groups_known, "nobody has checked them");
    assert!(who.label().ends_with("(ci, not verified by hoop; AWS verifies it)"), "{}", who.label());
    assert_eq!(login.proof.secret().expose(), token(&job()));
}

#[test]
fn each_system_has_its_variable() {
    let token = token(&job());
    let token = token.as_str();
    for variables in [
        vec![("GITLAB_CI", "true"), ("GITLAB_OIDC_TOKEN", token)],
        vec![("CIRCLE_OIDC_TOKEN", token)],
        vec![("CIRCLE_OIDC_TOKEN_V2", token), ("CIRCLE_OIDC_TOKEN", "old")],
        vec![("BITBUCKET_STEP_OIDC_TOKEN", token)],
        vec![("BUILDKITE", "true"), ("BUILDKITE_OIDC_TOKEN", token)],
    ] {
        assert!(ci(&around(&variables), &[], None).unwrap().is_some(), "{:?}", variables[0]);
    }
    assert!(ci(&around(&[("ID_TOKEN", token)]), &[], None).unwrap().is_none(), "not in GitLab");
    assert!(ci(&around(&[("MINE", token)]), &[], Some("MINE")).unwrap().is_some());
    assert!(variables(Some("MINE")).any(|name| name == "MINE"));
    assert!(variables(Some("/a/file")).all(|name| !name.contains('/')));
}

#[test]
fn tokens_for_aws_are_found_under_any_name() {
    let (ours, theirs) = (token(&job()), token(&json!({"iss": "https://a", "aud": "my-service"})));
    let environment = [
        ("ANY", ours.as_str()),
        ("OTHER", &theirs),
        ("CIRCLE_OIDC_TOKEN", "x"),
        ("HOME", "/h"),
        ("MINE", "y"),
    ];
    assert_eq!(variables_with_tokens(environment, Some("MINE")), ["ANY", "CIRCLE_OIDC_TOKEN", "MINE"]);
}

#[test]
fn what_lacks_is_said_with_what_mends_it() {
    let fix = |variables: &[(&str, &str)], named: Option<&str>| {
        ci(&around(variables), &[], named).unwrap_err().advice().unwrap_or_default().to_owned()
    };
    assert!(fix(&[("GITHUB_ACTIONS", "true")], None).contains("id-token: write"));
    assert!(fix(&[("GITLAB_CI", "true")], None).contains("id_tokens"));
    assert!(fix(&[], Some("MINE")).contains("identity.ci_token"));
    assert!(fix(&[], Some("/nowhere/token")).contains("AWS_WEB_IDENTITY_TOKEN_FILE"));
    assert!(ci(&around(&[]), &[], None).unwrap().is_none());
}

#[test]
fn no_error_holds_the_token() {
    let mut old = job();
    old["exp"] = json!(NOW - 3_600);
    let huge = format!("{}{}", token(&job()), "A".repeat(30_000));
    for wrong in [token(&old), huge, "not.a.token".to_owned(), "x".to_owned(), token(&json!({"sub": 1.5}))] {
        let outcome = ci(&around(&[("CIRCLE_OIDC_TOKEN", &wrong)]), &[], None);
        if let Err(error) = outcome {
            let text = error.report("hoopctl");
            assert!(wrong.len() < 5 || !text.contains(&wrong[..wrong.len().min(20)]), "{text}");
        } else {
            assert!(wrong.contains("c2ln"), "{wrong}");
        }
    }
}
