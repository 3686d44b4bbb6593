//! The code of an MFA device, asked for on hoop-run's own terminal before the program starts.

use std::fs;

use crate::person::Home;
use crate::person::cache;
use crate::sts;
use crate::terminal::Session;

const POLICY: &str = "version = 1\ndefault = \"allow\"\n[session]\nrole = \"arn:aws:iam::123456789012:role/ops\"\n\
    mfa_serial = \"arn:aws:iam::123456789012:mfa/ana\"\n";

fn start(home: &Home, url: &str) -> Session {
    let policy = home.path().join("policy.toml");
    fs::write(&policy, POLICY).unwrap();
    let aws = cache().join("venv/bin/aws");
    let arguments = ["-p", policy.to_str().unwrap(), "--sandbox", "off", "--", aws.to_str().unwrap(), "sts"];
    let call = ["get-caller-identity", "--output", "text"];
    let mut command = home.command("hoop-run", &[&arguments[..], &call].concat(), "nobody");
    command.env("HOOP_UPSTREAM_ENDPOINT_URL", url).env("AWS_REGION", "eu-central-1");
    command
        .env("AWS_ACCESS_KEY_ID", "AKIATHEPERSONSOWN001")
        .env("AWS_SECRET_ACCESS_KEY", "the-persons-own-secret");
    Session::start(command)
}

#[test]
fn a_code_is_asked_for_and_not_shown() {
    let home = Home::new(&[]);
    let (url, asked) = sts::start();
    let mut session = start(&home, &url);
    session.wait_for("MFA code of arn:aws:iam::123456789012:mfa/ana");
    session.send("74x\x7f0318\r");
    assert!(session.wait().success(), "{}", session.text());
    assert!(session.text().contains("assumed-role/ops/alice"), "{}", session.text());
    assert!(!session.text().contains("740318") && !session.text().contains("0318"), "{}", session.text());
    let asked = asked.lock().unwrap();
    let (form, is_signed) = asked.iter().find(|(form, _)| form.contains("TokenCode=")).unwrap();
    assert!(*is_signed && form.contains("TokenCode=740318"), "{form}");
    assert!(form.contains("SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Fana"), "{form}");
}

#[test]
fn who_gives_no_code_is_told_and_nothing_starts() {
    let home = Home::new(&[]);
    let (url, asked) = sts::start();
    for (keys, told) in [("\x03", "nobody gave one"), ("12\r", "is not a number of six digits")] {
        let mut session = start(&home, &url);
        session.wait_for("MFA code of");
        session.send(keys);
        assert!(!session.wait().success() && session.text().contains(told), "{}", session.text());
        assert!(session.is_cooked());
    }
    assert!(asked.lock().unwrap().is_empty());
}
