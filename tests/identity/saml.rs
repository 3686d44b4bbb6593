//! Sign-in with a real SAML provider (npm samlp, which signs with xml-crypto), and with what it could do wrong.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;

use hoop::identity::Proof;
use hoop::identity::saml::roles;
use hoop::identity::saml::session;

use crate::person::Home;
use crate::person::cache;
use crate::person::text;
use crate::sts;
use crate::terminal::Session;

/// The provider; ends with its owner.
struct Saml {
    base: String,
    process: Child,
    _keys: tempfile::TempDir,
}

impl Saml {
    /// `None` where scripts/setup.sh could not install it.
    #[allow(clippy::print_stderr, reason = "a test that is left out says why")]
    fn start() -> Option<Self> {
        let folder = cache().join("saml");
        if !folder.join("node_modules/samlp").exists() {
            eprintln!("left out: there is no SAML provider; run scripts/setup.sh test");
            return None;
        }
        let keys = tempfile::tempdir().unwrap();
        for name in ["provider", "stranger"] {
            let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048);
            let key = key.unwrap();
            let made = rcgen::CertificateParams::new(vec![format!("{name}.example.com")]).unwrap();
            let certificate = made.self_signed(&key).unwrap();
            fs::write(keys.path().join(format!("{name}.key")), key.serialize_pem()).unwrap();
            fs::write(keys.path().join(format!("{name}.crt")), certificate.pem()).unwrap();
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/identity/saml_provider.cjs");
        let mut process = Command::new("node")
            .arg(script)
            .arg(folder)
            .arg(keys.path())
            .env("NODE_NO_WARNINGS", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let base = lines.map_while(Result::ok).find(|line| line.starts_with("http://127.0.0.1:"));
        Some(Self { base: base.expect("the provider starts"), process, _keys: keys })
    }
}

impl Drop for Saml {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A home whose provider `corp` goes wrong in this `way`.
fn home(saml: &Saml, way: &str, more: &str) -> Home {
    let home = Home::new(&[]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let table = format!(
        "[identity.corp]\nkind = \"saml\"\nmetadata = \"{}/metadata/{way}\"\nentity_id = \"urn:amazon:webservices\"\n\
         acs_port = {port}\n{more}\n",
        saml.base
    );
    fs::write(home.path().join(".config/hoop/config.toml"), table).unwrap();
    home
}

/// Signs in; nothing that is told holds an assertion.
fn login(home: &Home, user: &str) -> Output {
    let output = home.command("hoopctl", &["login", "corp"], user).output().unwrap();
    for told in [&output.stdout, &output.stderr] {
        let told = text(told);
        assert!(!told.contains("PHNhbWxw") && !told.contains("<saml"), "an assertion: {told}");
    }
    output
}

#[test]
fn a_person_signs_in_by_a_browser() {
    let Some(saml) = Saml::start() else { return };
    for way in ["good", "response", "both"] {
        let home = home(&saml, way, "tags = { mail = \"email\" }");
        let output = login(&home, "alice");
        assert!(output.status.success(), "{way}: {}", text(&output.stderr));
        let told = text(&output.stdout);
        for part in ["signed in as alice (corp, verified)", "dev, sre", "alice@corp.example", "urn:test:idp"]
        {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(home.page().contains("Signed in"), "{}", home.page());
        let kept = home.store().load("corp").unwrap().unwrap();
        assert_eq!(kept.identity.tags.len(), 2, "{:?}", kept.identity.tags);
        assert!(matches!(kept.proof, Proof::Saml(_)) && kept.renewal.is_none());
        let offered = roles(&kept.proof).unwrap();
        let names: Vec<&str> = offered.iter().map(|role| role.role.as_str()).collect();
        assert_eq!(names, ["arn:aws:iam::123456789012:role/dev", "arn:aws:iam::123456789012:role/ops"]);
        assert!(offered.iter().all(|role| role.provider == "arn:aws:iam::123456789012:saml-provider/lab"));
        let session = session(&kept.proof).unwrap();
        assert_eq!(session.name.as_deref(), Some("alice"));
        assert_eq!(session.duration, Some(Duration::from_secs(3_600)));
        let shown = home.command("hoopctl", &["whoami", "--json"], "alice").output().unwrap();
        let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
        assert_eq!((shown["user"].as_str(), shown["assurance"].as_str()), (Some("alice"), Some("verified")));
        assert_eq!(shown["is_renewed"], false);
        // Two people on one machine, each with a home.
        assert!(
            text(&login(&home, "bob").stdout).contains("signed in as bob"),
            "somebody else takes the place"
        );
    }
}

#[test]
fn what_a_provider_or_an_attacker_gets_wrong_is_refused_and_said() {
    let Some(saml) = Saml::start() else { return };
    let ways = [
        ("sha1", "rsa-sha1`, which is not taken"),
        ("unsigned", "neither it nor its assertion is signed"),
        ("stripped", "neither it nor its assertion is signed"),
        ("stranger", "does not hold with any certificate"),
        ("tampered", "does not hold with any certificate"),
        ("audience", "it is meant for `https://other.example.com`, not for `urn:amazon:webservices`"),
        ("recipient", "its recipient is `https://signin.aws.amazon.com/saml`"),
        ("destination", "its destination is `https://signin.aws.amazon.com/saml`"),
        ("unasked", "it answers another request than ours"),
        ("issuer", "it is from `https://evil.example.com`"),
        ("encrypted", "it is encrypted"),
        ("denied", "the provider says `AuthnFailed`\n"),
        ("expired", "its time ended at 2020-01-01"),
        ("nowhere", "it answers with 404"),
    ];
    for (way, part) in ways {
        let home = home(&saml, way, "");
        let output = login(&home, "alice");
        assert!(!output.status.success(), "{way}");
        let told = text(&output.stderr);
        assert!(told.contains(part), "{way}: {told}");
        assert!(home.store().load("corp").unwrap().is_none(), "{way}: nothing is kept");
        if !["expired", "nowhere"].contains(&way) {
            assert!(home.page().contains("Not signed in"), "{way}");
        }
    }
}

#[test]
fn a_lacking_attribute_is_said_with_those_there_are() {
    let Some(saml) = Saml::start() else { return };
    let home = home(&saml, "good", "user_attribute = \"login\"");
    let told = text(&login(&home, "alice").stderr);
    assert!(told.contains("it has no attribute `login`") && told.contains("`mail`"), "{told}");
    let home = self::home(&saml, "good", "user_attribute = \"mail\"\ngroups_attribute = \"teams\"");
    let told = text(&login(&home, "alice").stdout);
    assert!(told.contains("signed in as alice@corp.example") && told.contains("not known"), "{told}");
}

/// A request to the waiting port, and the answer's first line.
fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // Who is refused early may be cut off while sending.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    text(&answer).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn only_the_right_form_is_an_answer_and_only_once() {
    let Some(saml) = Saml::start() else { return };
    let home = home(&saml, "good", "");
    let mut command = home.command("hoopctl", &["login", "corp", "--no-browser"], "alice");
    let mut waiting = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(waiting.stderr.take().unwrap()).lines();
    let url = lines.map_while(Result::ok).find(|line| line.starts_with("http")).unwrap();
    let config = fs::read_to_string(home.path().join(".config/hoop/config.toml")).unwrap();
    let port = config.lines().find_map(|line| line.strip_prefix("acs_port = ")).unwrap();
    let address = format!("127.0.0.1:{port}");
    let post = |host: &str, path: &str, sort: &str, body: &str| {
        ask(
            &address,
            &format!(
                "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {sort}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
        )
    };
    let form = "application/x-www-form-urlencoded";
    let right = &url[url.rfind("RelayState=").unwrap()..];
    let cases = [
        (ask(&address, &format!("GET /saml/acs?{right} HTTP/1.1\r\nHost: {address}\r\n\r\n")), "405"),
        (post(&address, "/other", form, right), "404"),
        (post("evil.example.com", "/saml/acs", form, right), "421"),
        (post(&address, "/saml/acs", "text/plain", right), "415"),
        (post(&address, "/saml/acs", form, "RelayState=wrong&SAMLResponse=x"), "400"),
        (post(&address, "/saml/acs", form, "SAMLResponse=x"), "400"),
        (post(&address, "/saml/acs", form, &format!("{right}&{right}&SAMLResponse=x")), "400"),
        (post(&address, "/saml/acs", form, &format!("{right}&SAMLResponse={}", "A".repeat(600_000))), "413"),
    ];
    for (answer, status) in cases {
        assert!(answer.contains(status), "{status}: {answer}");
    }
    // None of those was an answer: the login still waits for the right one.
    assert!(waiting.try_wait().unwrap().is_none());
    crate::person::browse("alice", &home.path().join("page"), &url);
    assert!(waiting.wait().unwrap().success());
    assert!(home.page().contains("Signed in"));
    assert!(TcpStream::connect(&address).is_err(), "nobody listens any more");
}

#[test]
fn a_session_has_a_role_that_the_login_offers() {
    let Some(saml) = Saml::start() else { return };
    let home = home(&saml, "good", "");
    let (url, asked) = sts::start();
    let policy = home.path().join("policy.toml");
    fs::write(&policy, "version = 1\ndefault = \"allow\"\n[session]\nsource = \"saml\"\n").unwrap();
    let command = |more: &[&str]| {
        let aws = cache().join("venv/bin/aws");
        let fixed = ["-p", policy.to_str().unwrap(), "--identity", "corp", "--sandbox", "off"];
        let call = ["--", aws.to_str().unwrap(), "sts", "get-caller-identity", "--output", "text"];
        let mut command = home.command("hoop-run", &[&fixed, more, &call].concat(), "alice");
        command.env("HOOP_UPSTREAM_ENDPOINT_URL", &url).env("AWS_REGION", "eu-central-1");
        command
    };
    let run = |more: &[&str]| {
        let output = command(more).output().unwrap();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    // Nobody has signed in: nothing starts, and the command to sign in is told.
    let (success, _, told) = run(&[]);
    assert!(!success && told.contains("hoopctl login corp"), "{told}");
    assert!(login(&home, "alice").status.success());
    // Two roles, and nobody to ask.
    let (success, _, told) = run(&[]);
    assert!(!success && told.contains("--role dev") && told.contains("--role ops"), "{told}");
    assert!(asked.lock().unwrap().is_empty());
    let (success, shown, told) = run(&["--role", "ops"]);
    assert!(success && shown.contains("assumed-role/ops/alice"), "{shown}{told}");
    // On a terminal a person chooses.
    let mut session = Session::start(command(&[]));
    session.wait_for("with which role?");
    session.wait_for("> 1  dev");
    session.send("\x1b[B");
    session.wait_for("> 2  ops");
    session.send("\r");
    assert!(session.wait().success(), "{}", session.text());
    assert!(session.text().contains("assumed-role/ops/alice"), "{}", session.text());
    let mut session = Session::start(command(&[]));
    session.wait_for("with which role?");
    session.send("q");
    assert!(!session.wait().success() && session.text().contains("no role was chosen"), "{}", session.text());
    assert!(session.is_cooked());
    let asked = asked.lock().unwrap();
    let roles = asked.iter().filter(|(form, _)| form.contains("Action=AssumeRoleWithSAML"));
    assert!(roles.clone().count() == 2 && roles.clone().all(|(form, _)| form.contains("role%2Fops")));
    let (form, is_signed) = &asked[0];
    assert!(!is_signed, "the assertion stands in for a signature");
    for part in [
        "Action=AssumeRoleWithSAML",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fops",
        "PrincipalArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Asaml-provider%2Flab",
        "DurationSeconds=3600",
        "SAMLAssertion=",
    ] {
        assert!(form.contains(part), "{part}");
    }
    let others = asked.iter().filter(|(form, _)| !form.contains("Action=AssumeRoleWithSAML"));
    assert!(others.clone().count() > 0 && others.clone().all(|(_, is_signed)| *is_signed));
    assert!(!told.contains("a-secret-that-is-real") && !shown.contains("ASIASAMLSAMLSAML0001"));
}

#[test]
fn hoop_run_signs_in_by_itself() {
    let Some(saml) = Saml::start() else { return };
    let home = home(&saml, "good", "");
    let arguments = ["--login", "--identity", "corp", "--no-gateway", "--", "true"];
    let output = home.command("hoop-run", &arguments, "bob").output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(home.store().load("corp").unwrap().unwrap().identity.user, "bob");
}
