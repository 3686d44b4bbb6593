use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;

use super::*;

const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl";

fn login(provider: &str, user: &str) -> Login {
    Login {
        provider: provider.to_owned(),
        identity: Identity { provider: Some(provider.to_owned()), ..Identity::local(user) },
        proof: Proof::WebIdentity(Secret::new(TOKEN)),
        renewal: Some(Secret::new("refresh-me")),
        obtained: 1_763_700_000,
    }
}

#[test]
fn a_login_is_kept_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = LoginStore::open(dir.path()).unwrap();
    assert_eq!(store.load("corp").unwrap(), None);
    store.save(&login("corp", "ana")).unwrap();
    store.save(&login("other", "bob")).unwrap();
    let again = LoginStore::open(dir.path()).unwrap();
    assert_eq!(again.load("corp").unwrap(), Some(login("corp", "ana")));
    assert_eq!(again.list().unwrap(), ["corp", "other"]);
    assert!(again.remove("corp").unwrap() && !again.remove("corp").unwrap());
    assert_eq!(again.list().unwrap(), ["other"]);
}

#[test]
fn what_lies_on_the_disk_is_private_and_tells_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = LoginStore::open(dir.path()).unwrap();
    store.save(&login("corp", "ana")).unwrap();
    for entry in fs::read_dir(store.folder()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        let bytes = fs::read(&path).unwrap();
        for secret in [TOKEN, "refresh-me", "ana"] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{}", path.display());
        }
    }
    assert_eq!(store.folder().metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn what_is_damaged_exchanged_or_open_to_others_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = LoginStore::open(dir.path()).unwrap();
    store.save(&login("corp", "ana")).unwrap();
    let (corp, other) = (store.folder().join("corp"), store.folder().join("other"));
    fs::copy(&corp, &other).unwrap();
    let error = store.load("other").unwrap_err();
    assert!(error.advice().unwrap().contains("hoopctl login other"), "{error}");
    fs::set_permissions(&corp, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(store.load("corp").unwrap_err().to_string().contains("its mode is 640"));
    fs::set_permissions(&corp, fs::Permissions::from_mode(0o600)).unwrap();
    let whole = fs::read(&corp).unwrap();
    fs::write(&corp, &whole[..whole.len() / 2]).unwrap();
    assert!(store.load("corp").unwrap_err().to_string().contains("damaged"));
    fs::remove_file(&corp).unwrap();
    symlink(&other, &corp).unwrap();
    assert!(store.load("corp").unwrap_err().to_string().contains("it is a link"));
    fs::write(store.folder().join(".key"), "short").unwrap();
    let error = LoginStore::open(dir.path()).unwrap().load("other").unwrap_err();
    assert!(error.to_string().contains("5 bytes"), "{error}");
}

#[test]
fn no_name_leads_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let store = LoginStore::open(dir.path()).unwrap();
    for name in ["", ".key", "../x", "a/b", "corp.lock", "Ä", &"a".repeat(41)] {
        assert!(store.load(name).is_err() && store.remove(name).is_err(), "{name}");
    }
}

#[test]
fn many_at_once_make_one_key_and_leave_whole_logins() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let path = dir.path();
            scope.spawn(move || {
                let store = LoginStore::open(path).unwrap();
                for _ in 0..5 {
                    store.save(&login("corp", &format!("user{number}"))).unwrap();
                    assert!(store.load("corp").unwrap().unwrap().identity.user.starts_with("user"));
                }
            });
        }
    });
    let store = LoginStore::open(dir.path()).unwrap();
    assert!(store.load("corp").unwrap().is_some());
    assert_eq!(fs::read_dir(store.folder()).unwrap().count(), 3, "the login, the key, its lock, no remains");
}
