//! What is kept between two runs, and its renewal.

use std::fs;
use std::sync::Mutex;

use hoop::clock::Clock;
use hoop::identity;
use hoop::identity::Assurance;
use hoop::identity::Login;
use hoop::identity::LoginStore;
use hoop::identity::Surroundings;
use serde_json::Value;
use serde_json::json;

use crate::stub::NOW;
use crate::stub::Stub;
use crate::stub::around;

fn signed_in(stub: &Stub) -> (tempfile::TempDir, LoginStore, Login) {
    let dir = tempfile::tempdir().unwrap();
    let store = LoginStore::open(dir.path()).unwrap();
    let login = stub.sign_in().0.unwrap();
    store.save(&login).unwrap();
    stub.script.lock().unwrap().claims = json!({"exp": NOW + 4_200, "nonce": null});
    (dir, store, login)
}

#[test]
fn a_renewed_login_is_kept_before_it_is_given() {
    let stub = Stub::new();
    let (_dir, store, login) = signed_in(&stub);
    stub.script.lock().unwrap().tokens = json!({"refresh_token": "a-newer-refresh-token"});
    let renewed = identity::renew(&stub.provider(), &around(), &store, &login).unwrap();
    assert_eq!(renewed.identity.expires, Some(NOW + 4_200));
    assert_eq!(renewed.renewal.as_ref().unwrap().expose(), "a-newer-refresh-token");
    assert_eq!(store.load("corp").unwrap(), Some(renewed));
    let script = stub.script.lock().unwrap();
    let form = &script.asked.iter().rev().find(|(path, _)| path == "/token").unwrap().1;
    assert_eq!(form["grant_type"], "refresh_token");
    assert_eq!(form["refresh_token"], "the-refresh-token-of-the-stub");
}

#[test]
fn a_newer_refresh_token_is_kept_even_where_its_id_token_is_refused() {
    let stub = Stub::new();
    let (_dir, store, login) = signed_in(&stub);
    stub.script.lock().unwrap().tokens = json!({"refresh_token": "a-newer-refresh-token"});
    stub.script.lock().unwrap().signs = (1, "k0");
    identity::renew(&stub.provider(), &around(), &store, &login).unwrap_err();
    let kept = store.load("corp").unwrap().unwrap();
    assert_eq!(kept.renewal.unwrap().expose(), "a-newer-refresh-token");
    assert_eq!(kept.proof, login.proof);
}

#[test]
fn many_renew_once() {
    let stub = Stub::new();
    let (dir, _store, login) = signed_in(&stub);
    let before = stub.hits("/token");
    let proofs = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let store = LoginStore::open(dir.path()).unwrap();
                let renewed = identity::renew(&stub.provider(), &around(), &store, &login).unwrap();
                proofs.lock().unwrap().push(renewed.proof);
            });
        }
    });
    let proofs = proofs.into_inner().unwrap();
    assert!(proofs.iter().all(|proof| *proof == proofs[0]), "all have the same");
    assert_eq!(stub.hits("/token") - before, 1);
}

#[test]
fn what_cannot_be_renewed_says_how_to_sign_in() {
    let error = |change: &dyn Fn(&Stub, &LoginStore, &mut Login)| {
        let stub = Stub::new();
        let (_dir, store, mut login) = signed_in(&stub);
        change(&stub, &store, &mut login);
        let error = identity::renew(&stub.provider(), &around(), &store, &login).unwrap_err();
        let text = error.report("hoopctl");
        assert!(!text.contains("-token-of-the-stub") && !text.contains("eyJ"), "{text}");
        text
    };
    let told = |answer: Value| {
        move |stub: &Stub, _: &LoginStore, _: &mut Login| {
            stub.script.lock().unwrap().refusal = Some((400, answer.to_string()));
        }
    };
    let revoked = error(&told(json!({"error": "invalid_grant",
        "error_description": "the-refresh-token-of-the-stub was revoked"})));
    assert!(revoked.contains("‹secret› was revoked") && revoked.contains("hoopctl login corp"), "{revoked}");
    let out = error(&|_, store, _| assert!(store.remove("corp").unwrap()));
    assert!(out.contains("you have signed out of corp"), "{out}");
    let none = error(&|_, store, login| {
        login.renewal = None;
        store.save(login).unwrap();
    });
    assert!(none.contains("nothing to renew it with"), "{none}");
    let other = error(&|stub, _, _| stub.script.lock().unwrap().claims = json!({"sub": "8", "nonce": null}));
    assert!(other.contains("somebody else's"), "{other}");
    let lacking = error(&|stub, _, _| stub.script.lock().unwrap().tokens = json!({"id_token": null}));
    assert!(lacking.contains("gave no ID token"), "{lacking}");
    let exchanged = error(&|_, store, login| {
        let mut other = login.clone();
        other.identity.subject = "8".to_owned();
        store.save(&other).unwrap();
    });
    assert!(exchanged.contains("somebody else has signed in"), "{exchanged}");
}

#[test]
fn a_job_of_a_configured_issuer_is_verified() {
    let stub = Stub::new().told(|script| script.claims = json!({"sub": "repo:o/r:ref:refs/heads/main"}));
    let variables = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/github?api-version=2", stub.issuer)),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "the-key-of-the-job".to_owned()),
    ];
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let around = Surroundings { clock: Clock::fixed(NOW * 1_000_000), environment: environment.collect() };
    let ask = || identity::ci(&around, &[stub.provider()], None);
    let login = ask().unwrap().unwrap();
    assert_eq!((login.identity.assurance, login.identity.groups.len()), (Assurance::Verified, 1));
    assert_eq!((login.provider.as_str(), login.identity.provider.as_deref()), ("ci", Some("corp")));
    assert_eq!(stub.script.lock().unwrap().asked[0].1["audience"], "sts.amazonaws.com");
    stub.script.lock().unwrap().signs = (1, "k0");
    assert!(ask().unwrap_err().to_string().contains("its signature is wrong"));
    stub.script.lock().unwrap().signs = (0, "k0");
    stub.script.lock().unwrap().claims = json!({"aud": "another"});
    let error = ask().unwrap_err().to_string();
    assert!(error.contains("another") && !error.contains("the-key-of-the-job"), "{error}");
    let unknown = identity::ci(&around, &[], None).unwrap().unwrap();
    assert_eq!(unknown.identity.assurance, Assurance::Claimed);
}

/// A keyring that keeps what it is given in a file, spoken to as `secret-tool` is.
const KEYRING: &str = "#!/bin/sh\ncase \"$1\" in\nstore) cat > \"$HOME/keyring-$6\" ;;\nlookup) cat \"$HOME/keyring-$5\" ;;\nesac\n";

#[test]
fn with_a_keyring_the_files_alone_open_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let Some(real) = crate::person::Real::start() else { return };
    let home = crate::person::Home::new(&[("corp", &real.issuer)]);
    let tool = home.path().join("bin/secret-tool");
    fs::create_dir(home.path().join("bin")).unwrap();
    fs::write(&tool, KEYRING).unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    let ask = |arguments: &[&str], path: &str| {
        home.command("hoopctl", arguments, "alice").env("PATH", path).output().unwrap()
    };
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", home.path().join("bin").display());
    assert!(ask(&["login"], &path).status.success());
    assert!(ask(&["whoami"], &path).status.success());
    let without = ask(&["whoami"], "/usr/local/bin:/usr/bin:/bin");
    let told = crate::person::text(&without.stderr);
    assert!(!without.status.success() && told.contains("in your keyring"), "{told}");
    for entry in fs::read_dir(home.path()).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("keyring-") {
            fs::write(entry.path(), "0".repeat(64)).unwrap();
        }
    }
    let other = ask(&["whoami"], &path);
    assert!(crate::person::text(&other.stderr).contains("cannot be opened"), "{other:?}");
}

#[test]
fn a_crash_between_two_writes_leaves_the_login_before() {
    let stub = Stub::new();
    let (_dir, store, login) = signed_in(&stub);
    // What a process leaves that is killed while it writes.
    fs::write(store.folder().join("corp.0123456789abcdef.new"), "half").unwrap();
    assert_eq!(store.load("corp").unwrap(), Some(login));
    assert_eq!(store.list().unwrap(), ["corp"]);
}
