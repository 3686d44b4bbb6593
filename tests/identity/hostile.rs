//! What a provider, or somebody in its name, may say, and what is not believed.

use hoop::clock::Clock;
use hoop::error::Error;
use hoop::identity::Assurance;
use hoop::identity::Surroundings;
use hoop::identity::oidc;
use serde_json::Value;
use serde_json::json;

use crate::stub::NOW;
use crate::stub::Script;
use crate::stub::Stub;
use crate::stub::around;
use crate::stub::provider;
use crate::stub::sign_in;

/// The error of a sign-in, whole; nothing of the exchange may be in it.
fn refusal(change: impl FnOnce(&mut Script)) -> String {
    let stub = Stub::new().told(change);
    let (outcome, page) = stub.sign_in();
    let text = outcome.expect_err("it should have been refused").report("hoopctl");
    for told in [&text, &page] {
        for secret in ["the-code-of-the-stub", "-token-of-the-stub", "eyJ"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
    text
}

#[test]
fn an_honest_provider_is_believed() {
    let stub = Stub::new();
    let (outcome, page) = stub.sign_in();
    let login = outcome.unwrap();
    let who = &login.identity;
    assert_eq!((who.user.as_str(), who.subject.as_str()), ("ana@corp.example", "7"));
    assert_eq!((who.groups.as_slice(), who.groups_known), (["dev".to_owned()].as_slice(), true));
    assert_eq!((who.assurance, who.expires, who.remarks.len()), (Assurance::Verified, Some(NOW + 600), 0));
    assert_eq!(login.renewal.unwrap().expose(), "the-refresh-token-of-the-stub");
    assert!(page.contains("Signed in") && page.contains("ana@corp.example, by corp"), "{page}");
    let script = stub.script.lock().unwrap();
    let asked = |path: &str| script.asked.iter().find(|(asked, _)| asked == path).unwrap().1.clone();
    assert_eq!(asked("/auth")["code_challenge_method"], "S256");
    assert_eq!(asked("/auth")["scope"], "openid email profile");
    assert!(asked("/token")["code_verifier"].len() >= 43);
    assert!(!asked("/token").contains_key("client_secret"));
}

#[test]
fn what_a_token_must_not_say_is_refused() {
    for (claims, why) in [
        (json!({"aud": "another"}), "another"),
        (json!({"aud": null}), "udience"),
        (json!({"aud": ["hoop", "another"]}), "several audiences"),
        (json!({"aud": ["hoop", "another"], "azp": "another"}), "made for another client"),
        (json!({"azp": "another"}), "made for another client"),
        (json!({"iss": "https://login.example.com"}), "issuer"),
        (json!({"iss": null}), "cannot be read"),
        (json!({"exp": NOW - 120}), "expired 2 minutes ago"),
        (json!({"exp": null}), "cannot be read"),
        (json!({"iat": NOW + 3_600}), "60 minutes from now"),
        (json!({"nbf": NOW + 3_600}), "60 minutes from now"),
        (json!({"nonce": "of another login"}), "does not answer this login"),
        (json!({"nonce": null}), "does not answer this login"),
        (json!({"sub": null}), "cannot be read"),
    ] {
        let text = refusal(|script| script.claims = claims.clone());
        assert!(text.contains("cannot sign in with corp") && text.contains(why), "{claims}: {text}");
    }
}

#[test]
fn a_token_with_several_audiences_that_we_asked_for_is_taken() {
    let stub = Stub::new().told(|script| script.claims = json!({"aud": ["hoop", "another"], "azp": "hoop"}));
    stub.sign_in().0.unwrap();
}

#[test]
fn a_signature_that_proves_nothing_is_refused() {
    for algorithm in ["none", "HS256", "ES512"] {
        let text = refusal(|script| script.algorithm = algorithm);
        assert!(text.contains(&format!("signed by `{algorithm}`, which proves nothing")), "{text}");
    }
    let swapped = refusal(|script| script.signs = (1, "k0"));
    assert!(swapped.contains("its signature is wrong"), "{swapped}");
    let tampered = refusal(|script| script.is_tampered = true);
    assert!(tampered.contains("its signature is wrong"), "{tampered}");
}

#[test]
fn a_key_that_is_not_known_is_asked_for_once() {
    let rotated = Stub::new().told(|script| {
        script.signs = (1, "k1");
        script.shown_later = Some(vec![("k1", 1)]);
    });
    rotated.sign_in().0.unwrap();
    assert_eq!(rotated.hits("/jwks"), 2);
    let unknown = Stub::new().told(|script| script.signs = (1, "k1"));
    let text = unknown.sign_in().0.unwrap_err().to_string();
    assert!(text.contains("a key that the provider does not have"), "{text}");
    assert_eq!(unknown.hits("/jwks"), 2);
}

#[test]
fn discovery_must_be_that_of_the_issuer_and_safe() {
    let other = refusal(|script| script.document = json!({"issuer": "https://login.example.com"}));
    assert!(other.contains("that of another issuer, `https://login.example.com`"), "{other}");
    for endpoint in ["jwks_uri", "token_endpoint", "authorization_endpoint", "userinfo_endpoint"] {
        let text = refusal(|script| script.document = json!({endpoint: "http://login.example.com/x"}));
        assert!(text.contains("is not safe: not https"), "{endpoint}: {text}");
    }
    let plain = refusal(|script| script.document = json!({"code_challenge_methods_supported": ["plain"]}));
    assert!(plain.contains("PKCE"), "{plain}");
    for lacking in ["token_endpoint", "authorization_endpoint"] {
        refusal(|script| script.document = json!({lacking: Value::Null}));
    }
}

#[test]
fn clocks_may_differ_by_a_minute_and_more_is_said() {
    let at = |ours: i64, ahead: i64| {
        let stub = Stub::new().told(|script| script.ahead = ahead);
        let now = NOW.checked_add_signed(ours).unwrap();
        let around = Surroundings { clock: Clock::fixed(now * 1_000_000), ..around() };
        sign_in(&stub.provider(), &around).0
    };
    // The token holds from NOW to NOW + 600.
    at(-59, 0).unwrap();
    at(659, 0).unwrap();
    let behind: Error = at(-300, 0).unwrap_err();
    assert!(
        behind.to_string().contains("this machine's clock is 5 minutes behind the provider's"),
        "{behind}"
    );
    assert!(behind.advice().unwrap().contains("timedatectl"));
    let ahead = at(3_600 * 5, 0).unwrap_err();
    assert!(ahead.to_string().contains("clock is 5 hours ahead of the provider's"), "{ahead}");
    let late = at(700, 700).unwrap_err();
    assert!(!late.to_string().contains("clock"), "both agree: {late}");
    assert!(late.advice().unwrap().contains("hoopctl login corp"));
    let remark = &at(300, 0).unwrap().identity.remarks;
    assert!(remark[0].contains("5 minutes ahead"), "{remark:?}");
}

#[test]
fn a_denial_is_told_and_cannot_steer_the_terminal() {
    let text = refusal(|script| {
        script.redirect =
            json!({"code": null, "error": "access_denied", "error_description": "no\u{1b}[2J\r\nway"});
    });
    assert!(text.contains("the request was denied (access_denied: no\u{fffd}[2J  way)"), "{text}");
    let stub = Stub::new().told(|script| {
        script.redirect = json!({"code": null, "error": "server_error", "error_description": "<script>alert(1)</script>"});
    });
    let (_, page) = stub.sign_in();
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
    let nothing = refusal(|script| script.redirect = json!({"code": null}));
    assert!(nothing.contains("without a code"), "{nothing}");
    let mixed = refusal(|script| script.redirect = json!({"iss": "https://login.example.com"}));
    assert!(mixed.contains("another issuer (iss)"), "{mixed}");
}

#[test]
fn what_the_token_endpoint_says_is_bounded_and_told_without_secrets() {
    let echo = json!({"error": "invalid_grant", "error_description": "code the-code-of-the-stub is used"});
    let text = refusal(|script| script.refusal = Some((400, echo.to_string())));
    assert!(text.contains("expired, revoked or used (invalid_grant: code ‹secret› is used)"), "{text}");
    for (status, body) in [
        (200, "the-access-token-of-the-stub".to_owned()),
        (500, "<html>".to_owned()),
        (200, "{}".to_owned()),
        (400, json!({"error": "x".repeat(1_000_000)}).to_string()),
        (200, "x".repeat(5_000_000)),
    ] {
        let text = refusal(|script| script.refusal = Some((status, body)));
        assert!(text.len() < 1_500, "{} bytes", text.len());
    }
    let lacking = refusal(|script| script.tokens = json!({"id_token": null}));
    assert!(lacking.contains("gave no ID token"), "{lacking}");
}

#[test]
fn groups_are_asked_for_only_where_the_token_has_none() {
    let stub = Stub::new();
    stub.sign_in().0.unwrap();
    assert_eq!(stub.hits("/userinfo"), 0);
    let asked = |userinfo: Value| {
        let stub = Stub::new().told(|script| {
            script.claims = json!({"groups": null});
            script.userinfo = Some(userinfo);
        });
        let who = stub.sign_in().0.unwrap().identity;
        assert_eq!(stub.hits("/userinfo"), 1);
        who
    };
    let who = asked(json!({"sub": "7", "groups": ["sre"], "email": "other@corp.example"}));
    assert_eq!(
        (who.groups.as_slice(), who.user.as_str()),
        (["sre".to_owned()].as_slice(), "ana@corp.example")
    );
    let who = asked(json!({"sub": "8", "groups": ["admins"]}));
    assert!(
        who.groups.is_empty() && !who.groups_known && who.remarks[1].contains("somebody else's"),
        "{who:?}"
    );
}

#[test]
fn a_provider_that_is_not_there_is_said_to_be_so() {
    let (outcome, _) = sign_in(&provider("corp", "http://127.0.0.1:1"), &around());
    let text = outcome.unwrap_err().report("hoopctl");
    assert!(text.contains("127.0.0.1 cannot be reached: connection refused"), "{text}");
    assert!(text.contains("fix: look at the network"), "{text}");
}

#[test]
fn a_code_is_polled_for_until_it_is_entered_denied_or_expired() {
    let waiting = |error: &str| (400, json!({"error": error}).to_string());
    let device = |first: Vec<(u16, String)>| {
        let stub = Stub::new().told(|script| script.first = first);
        (oidc::device(&stub.provider(), &around(), &|_| {}), stub.hits("/token"))
    };
    let (outcome, polls) = device(vec![waiting("authorization_pending"), waiting("slow_down")]);
    assert_eq!((outcome.unwrap().identity.user.as_str(), polls), ("ana@corp.example", 3));
    let (outcome, polls) = device(vec![waiting("access_denied")]);
    assert!(outcome.unwrap_err().to_string().contains("denied") && polls == 1);
    let (outcome, _) = device(vec![waiting("expired_token")]);
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains("the code has expired"), "{error}");
    assert!(error.advice().unwrap().contains("--device"));
    let stub = Stub::new().told(|script| script.document = json!({"device_authorization_endpoint": null}));
    let error = oidc::device(&stub.provider(), &around(), &|_| {}).unwrap_err();
    assert!(error.to_string().contains("no sign-in by code"), "{error}");
}
