//! The programs, people, and a certified provider.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::process::Stdio;

use hoop::clock::Clock;
use hoop::identity;
use hoop::identity::Surroundings;
use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use serde_json::Value;

use crate::person::Home;
use crate::person::Real;
use crate::person::browse;
use crate::person::text;
use crate::stub::provider;

fn whoami(home: &Home, arguments: &[&str]) -> Value {
    let output = home.hoopctl(&[&["whoami", "--json"], arguments].concat(), "nobody");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn around() -> Surroundings {
    Surroundings { clock: Clock::system(), environment: std::collections::HashMap::new() }
}

#[test]
fn two_people_sign_in_at_once_in_two_homes() {
    let Some(real) = Real::start() else { return };
    std::thread::scope(|scope| {
        for (user, groups) in [("alice", "dev,sre"), ("bob", "dev")] {
            let issuer = &real.issuer;
            scope.spawn(move || {
                let home = Home::new(&[("corp", issuer)]);
                let output = home.hoopctl(&["login"], user);
                assert!(output.status.success(), "{output:?}");
                let told = text(&output.stdout);
                assert!(
                    told.starts_with(&format!("signed in as {user}@corp.example (corp, verified)\n")),
                    "{told}"
                );
                assert!(told.contains("renewed by itself"), "{told}");
                let page = home.page();
                assert!(
                    page.starts_with("200") && page.contains(&format!("hoop knows you as {user}@")),
                    "{page}"
                );
                let who = whoami(&home, &[]);
                assert_eq!((&who["subject"], &who["assurance"]), (&user.into(), &"verified".into()));
                let named: Vec<&str> =
                    who["groups"].as_array().unwrap().iter().map(|g| g.as_str().unwrap()).collect();
                assert_eq!(named.join(","), groups);
            });
        }
    });
}

#[test]
fn a_code_signs_in_from_another_machine() {
    let Some(real) = Real::start() else { return };
    let home = Home::new(&[("corp", &real.issuer)]);
    let mut login = home.command("hoopctl", &["login", "--device"], "nobody");
    let mut login = login.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let told = BufReader::new(login.stderr.take().unwrap()).lines().map_while(Result::ok);
    let url = told.filter(|line| line.contains("user_code=")).take(1).next().unwrap();
    browse("bob", &home.path().join("page"), &url);
    let output = login.wait_with_output().unwrap();
    assert!(
        text(&output.stdout).starts_with("signed in as bob@corp.example (corp, verified)\n"),
        "{output:?}"
    );
}

#[test]
fn whoever_says_no_is_not_signed_in() {
    let Some(real) = Real::start() else { return };
    let home = Home::new(&[("corp", &real.issuer)]);
    let output = home.hoopctl(&["login"], "nobody");
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("why: the request was denied (access_denied: nobody wants to)"), "{told}");
    assert!(home.page().contains("Not signed in"));
    let output = home.hoopctl(&["whoami"], "nobody");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("fix: sign in: hoopctl login corp"), "{output:?}");
}

#[test]
fn refresh_tokens_and_keys_change_and_the_login_goes_on_until_it_is_ended() {
    let Some(real) = Real::start() else { return };
    let home = Home::new(&[("corp", &real.issuer)]);
    assert!(home.hoopctl(&["login"], "alice").status.success());
    let (store, corp) = (home.store(), provider("corp", &real.issuer));
    let first = store.load("corp").unwrap().unwrap();
    real.change_keys();
    let second = identity::renew(&corp, &around(), &store, &first).unwrap();
    assert_ne!(second.renewal, first.renewal, "the provider gives a new one each time");
    assert_ne!(second.proof, first.proof);
    assert_eq!(second.identity.user, "alice@corp.example");
    // Somebody who has stolen the old one and uses it ends the login for all, as the provider sees to.
    store.save(&first).unwrap();
    let error = identity::renew(&corp, &around(), &store, &first).unwrap_err();
    assert!(error.to_string().contains("invalid_grant"), "{error}");
    assert!(error.advice().unwrap().contains("hoopctl login corp"));
}

#[test]
fn logout_is_told_to_the_provider_and_ends_renewal() {
    let Some(real) = Real::start() else { return };
    let home = Home::new(&[("corp", &real.issuer)]);
    assert!(home.hoopctl(&["login"], "alice").status.success());
    let (store, corp) = (home.store(), provider("corp", &real.issuer));
    let login = store.load("corp").unwrap().unwrap();
    let output = home.hoopctl(&["logout"], "nobody");
    assert_eq!((text(&output.stdout).as_str(), text(&output.stderr).as_str()), ("signed out of corp\n", ""));
    let error = identity::renew(&corp, &around(), &store, &login).unwrap_err();
    assert!(error.to_string().contains("you have signed out"), "{error}");
    // As if somebody had a copy.
    store.save(&login).unwrap();
    let error = identity::renew(&corp, &around(), &store, &login).unwrap_err();
    assert!(error.to_string().contains("invalid_grant"), "{error}");
    home.hoopctl(&["logout", "--all"], "nobody");
    assert_eq!(home.hoopctl(&["logout"], "nobody").status.code(), Some(1));
}

#[test]
fn several_issuers_have_names() {
    let (Some(one), Some(two)) = (Real::start(), Real::start()) else { return };
    let home = Home::new(&[("one", &one.issuer), ("two", &two.issuer)]);
    let output = home.hoopctl(&["login"], "alice");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("one, two"), "{output:?}");
    assert!(home.hoopctl(&["login", "one"], "alice").status.success());
    assert!(home.hoopctl(&["login", "two"], "bob").status.success());
    assert_eq!(whoami(&home, &["one"])["user"], "alice@corp.example");
    assert_eq!(whoami(&home, &["two"])["user"], "bob@corp.example");
    let all = text(&home.hoopctl(&["whoami", "--all"], "nobody").stdout);
    assert!(all.contains("(one, verified)") && all.contains("(two, verified)"), "{all}");
    let output = home.hoopctl(&["login", "tow"], "bob");
    assert!(text(&output.stderr).contains("did you mean `two`?"), "{output:?}");
}

#[test]
fn without_a_provider_the_local_user_is_called_unauthenticated() {
    let home = Home::new(&[]);
    let output = home.hoopctl(&["whoami"], "nobody");
    assert!(text(&output.stdout).contains("(local user, unauthenticated)"), "{output:?}");
    assert!(text(&home.hoopctl(&["login"], "nobody").stderr).contains("[identity.corp]"));
}

#[test]
fn ctrl_c_gives_up_and_leaves_nothing() {
    let Some(real) = Real::start() else { return };
    let home = Home::new(&[("corp", &real.issuer)]);
    for way in ["--no-browser", "--device"] {
        let mut login = home.command("hoopctl", &["login", way], "nobody");
        let mut login = login.stderr(Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(login.stderr.take().unwrap()).lines().map_while(Result::ok);
        assert!(told.any(|line| line.contains("Ctrl-C gives up")));
        kill(Pid::from_raw(i32::try_from(login.id()).unwrap()), Signal::SIGINT).unwrap();
        let status = login.wait().unwrap();
        assert!(!status.success(), "{status:?}");
        assert_eq!(home.store().list().unwrap(), Vec::<String>::new());
    }
}

/// The state folder is not there inside; neither are the variables that lead to tokens.
#[test]
fn no_program_in_the_sandbox_finds_a_login() {
    let Some(real) = Real::start() else { return };
    let home = Home::new(&[("corp", &real.issuer)]);
    assert!(home.hoopctl(&["login"], "alice").status.success());
    let login = home.store().load("corp").unwrap().unwrap();
    let script = "find \"$HOME/.local/state/hoop\" \"$HOME/.config/hoop\" -type f 2>/dev/null; cat \
                  \"$HOME/.local/state/hoop/logins/corp\" \"$HOME/.local/state/hoop/logins/.key\" 2>/dev/null; env | cut -d= -f1; \
                  echo end";
    let mut command = home.command("hoop-run", &["--", "sh", "-c", script], "nobody");
    for name in identity::ci_variables(None) {
        command.env(name, "/nowhere/secret-of-the-job");
    }
    let output = command
        .env("AWS_ACCESS_KEY_ID", "AKIAREALKEY2TEST2345")
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .output()
        .unwrap();
    let told = text(&output.stdout);
    if text(&output.stderr).contains("sandbox none") {
        // This machine can make no sandbox; then nothing is hidden, and hoop-run says so.
        return;
    }
    assert!(told.contains("end\n"), "{output:?}");
    assert!(
        !told.contains("logins") && !told.contains("hoop login") && !told.contains("config.toml"),
        "{told}"
    );
    for name in identity::ci_variables(None) {
        assert!(!told.lines().any(|line| line == name), "{name}");
    }
    assert_tells_nothing(&home.path().join(".local/state/hoop/sessions"), login.proof.secret().expose());
}

/// No file below holds the token.
fn assert_tells_nothing(folder: &std::path::Path, token: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_tells_nothing(&path, token);
        } else {
            let bytes = fs::read(&path).unwrap();
            assert!(!text(&bytes).contains(&token[..40]), "{}", path.display());
        }
    }
}
