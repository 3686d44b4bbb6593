use std::path::PathBuf;

use serde_json::json;

use super::*;
use crate::config::providers::ProviderKind;

fn read(settings: OidcSettings, tags: &[(&str, &str)], claims: &Value) -> Result<Identity> {
    let settings = OidcSettings {
        groups_claim: if settings.groups_claim.is_empty() {
            "groups".to_owned()
        } else {
            settings.groups_claim
        },
        ..settings
    };
    let provider = Provider {
        name: "corp".to_owned(),
        kind: ProviderKind::Oidc(settings.clone()),
        tags: tags.iter().map(|(claim, tag)| ((*claim).to_owned(), (*tag).to_owned())).collect(),
        ca_file: None,
        file: PathBuf::from("config.toml"),
        line: 1,
        is_machine: false,
    };
    identity(&provider, &settings, claims)
}

fn groups_of(claim: &str, claims: &Value) -> (Vec<String>, bool) {
    let settings = OidcSettings { groups_claim: claim.to_owned(), ..OidcSettings::default() };
    let identity = read(settings, &[], claims).unwrap();
    assert_eq!(identity.groups_known, identity.remarks.is_empty(), "{identity:?}");
    (identity.groups, identity.groups_known)
}

#[test]
fn the_user_is_the_verified_address_else_the_subject() {
    let user = |claims: Value| read(OidcSettings::default(), &[], &claims).unwrap();
    let ana = json!({"sub": "7", "email": "ana@example.com", "email_verified": true, "groups": []});
    assert_eq!(user(ana).user, "ana@example.com");
    let unsaid = user(json!({"sub": "7", "email": "ana@example.com", "groups": []}));
    assert_eq!((unsaid.user.as_str(), unsaid.email.as_deref()), ("7", Some("ana@example.com")));
    let denied =
        user(json!({"sub": "7", "email": "boss@example.com", "email_verified": "false", "groups": []}));
    assert_eq!((denied.user.as_str(), denied.email), ("7", None));
}

#[test]
fn a_user_claim_that_is_not_there_or_not_verified_is_an_error() {
    let settings =
        |claim: &str| OidcSettings { user_claim: Some(claim.to_owned()), ..OidcSettings::default() };
    let claims = json!({"sub": "7", "email": "a@b", "email_verified": false, "login": "ana\u{1b}[m", "org": {"id": 12}});
    assert!(read(settings("email"), &[], &claims).unwrap_err().to_string().contains("not verified"));
    assert!(read(settings("login"), &[], &claims).is_err(), "control characters");
    assert!(read(settings("nobody"), &[], &claims).unwrap_err().advice().unwrap().contains("user_claim"));
    assert_eq!(read(settings("org.id"), &[], &claims).unwrap().user, "12");
    assert!(read(OidcSettings::default(), &[], &json!({"sub": ""})).is_err());
}

#[test]
fn groups_are_found_by_path_and_flattened() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let keycloak = json!({"sub": "7", "realm_access": {"roles": ["dev", "sre", "dev"]}});
    assert_eq!(groups_of("realm_access.roles", &keycloak), (names(&["dev", "sre"]), true));
    let auth0 = json!({"sub": "7", "https://example.com/groups": "dev"});
    assert_eq!(groups_of("https://example.com/groups", &auth0), (names(&["dev"]), true));
    let nested = json!({"sub": "7", "a.b": {"groups": [["x", ["y"]], {"name": "team", "groups": [{"displayName": "org"}]}]}});
    assert_eq!(groups_of("a.b.groups", &nested), (names(&["org", "team", "x", "y"]), true));
    assert_eq!(groups_of("groups", &json!({"sub": "7", "groups": []})), (names(&[]), true));
}

#[test]
fn what_is_not_known_of_groups_is_said() {
    let azure = json!({"sub": "7", "_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "x"}}});
    let settings = OidcSettings { groups_claim: "groups".to_owned(), ..OidcSettings::default() };
    let identity = read(settings.clone(), &[], &azure).unwrap();
    assert!(!identity.groups_known && identity.remarks[0].contains("overage"), "{identity:?}");
    assert!(!lacks_groups(&settings, &azure), "userinfo has no groups either");
    assert!(lacks_groups(&settings, &json!({"sub": "7"})));
    for claims in [
        json!({"sub": "7", "hasgroups": "true"}),
        json!({"sub": "7"}),
        json!({"sub": "7", "groups": [{"x": 1}]}),
        json!({"sub": "7", "groups": [true]}),
        json!({"sub": "7", "groups": ["a\u{202e}b"]}),
        json!({"sub": "7", "groups": vec!["g"; 3_000]}),
        json!({"sub": "7", "groups": [[[[[[[[[["deep"]]]]]]]]]]}),
    ] {
        let (groups, is_known) = groups_of("groups", &claims);
        assert!(!is_known && groups.len() <= MOST_GROUPS, "{claims}");
    }
}

#[test]
fn tags_are_made_of_claims_that_aws_takes() {
    let claims = json!({"sub": "7", "groups": [], "org": {"unit": "R&D"}, "cost": 42, "site": "Basel"});
    let tags = [("org.unit", "unit"), ("cost", "cost"), ("site", "site"), ("gone", "gone")];
    let identity = read(OidcSettings::default(), &tags, &claims).unwrap();
    let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(identity.tags, [tag("cost", "42"), tag("site", "Basel")]);
    assert_eq!(identity.remarks.len(), 2);
}
