//! What others are told, and how often it is tried.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hoop::approval::Answered;
use hoop::control::wire::Word;
use ring::hmac;

use crate::stub::Reply;
use crate::stub::Seen;
use crate::stub::Stub;
use crate::stub::say;
use crate::world::KEY;
use crate::world::SECRET;
use crate::world::World;
use crate::world::free_port;

/// Checks a signature as a receiver does: from what the specification says, with none of hoop's code.
#[track_caller]
fn check(seen: &Seen) {
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let (id, timestamp) = (seen.header("webhook-id"), seen.header("webhook-timestamp"));
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(&seen.body);
    let signature = seen.header("webhook-signature").strip_prefix("v1,").unwrap();
    hmac::verify(&key, &signed, &STANDARD.decode(signature).unwrap()).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert!(timestamp.parse::<u64>().unwrap().abs_diff(now) < 60, "{timestamp}");
    assert_eq!(seen.header("content-type"), "application/json");
}

/// The receiver that the manual shows, by itself.
fn manual_says(seen: &Seen, body: &[u8], secret: &str) -> bool {
    let manual = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/approvals.md")).unwrap();
    let code = manual.split_once("```python\n").unwrap().1.split_once("```").unwrap().0;
    let script = format!(
        "{code}\nimport sys, json\nprint(check(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3].encode()))\n"
    );
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> =
        names.map(|name| (name.to_owned(), seen.header(name).into())).into_iter().collect();
    let headers = serde_json::Value::from(headers).to_string();
    let output = std::process::Command::new("python3")
        .args(["-c", &script, secret, &headers, std::str::from_utf8(body).unwrap()])
        .output()
        .unwrap();
    match output.stdout.as_slice() {
        b"True\n" => true,
        b"False\n" => false,
        _ => panic!("{}", output.stderr.escape_ascii()),
    }
}

#[test]
fn a_webhook_learns_what_waits_and_how_it_ended() {
    let hook = Stub::new(|_, _| say(200, ""));
    let lines = format!(
        "webhook = \"{}/approvals?token=in-the-address\"\nwebhook_secret_file = \"~/webhook.secret\"\n\
         page = \"http://127.0.0.1:7468/\"",
        hook.url()
    );
    let world = World::new(&lines);
    let session = world.session(&[], &[KEY]);
    let asked = hook.wait(1).remove(0);
    check(&asked);
    assert!(manual_says(&asked, &asked.body, SECRET));
    assert!(
        !manual_says(&asked, b"{}", SECRET)
            && !manual_says(&asked, &asked.body, "another secret of 24 bytes")
    );
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/approvals?token=in-the-address"));
    let card = world.card();
    let told = asked.json();
    assert_eq!((&told["version"], &told["type"]), (&1.into(), &"approval.asked".into()));
    assert_eq!(told["name"], card.name());
    assert_eq!(told["card"]["question"]["action"], "s3:DeleteObject");
    assert_eq!(told["card"]["question"]["resources"][0], format!("arn:aws:s3:::billing/{KEY}"));
    let link = told["link"].as_str().unwrap();
    assert!(link.starts_with(&format!("http://127.0.0.1:7468/a/{}.{}.", card.session, card.id)), "{link}");
    assert_eq!(world.answer(&card, Word::Allow, ""), Answered::Settled);
    let settled = hook.wait(2).remove(1);
    check(&settled);
    let told = settled.json();
    assert_eq!((&told["type"], &told["outcome"]["answer"]), (&"approval.settled".into(), &"granted".into()));
    assert!(told.get("link").is_none());
    assert_ne!(asked.header("webhook-id"), settled.header("webhook-id"));
    let (stdout, stderr, status) = session.wait();
    assert_eq!((stdout.trim(), status), (format!("deleted {KEY}").as_str(), 0), "{stderr}");
    let shown = world.told("webhook");
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0]["to"], hook.address.to_string());
    assert!(shown[0].get("error").is_none());
    assert!(!world.is_kept("in-the-address") && !world.is_kept(SECRET));
}

/// Servers in every kind of trouble, at once: the question waits all the same.
#[test]
fn who_does_not_answer_is_asked_again_and_who_leads_elsewhere_is_not_followed() {
    let late = Stub::new(|_, before| match before {
        0 => say(500, "<html>"),
        1 => Reply::Say(429, "Retry-After: 3\r\n".to_owned(), "slow down".to_owned()),
        _ => say(202, ""),
    });
    let hanging = Stub::new(|_, before| if before == 0 { Reply::Hang } else { say(200, "") });
    let elsewhere = Stub::new(|_, _| say(200, ""));
    let to = format!("Location: {}/\r\n", elsewhere.url());
    let leading = Stub::new(move |_, _| Reply::Say(307, to.clone(), String::new()));
    let wrong = Stub::new(|_, _| say(403, "invalid_token"));
    let nobody = free_port();
    let lines = format!(
        "webhook = \"{}, {}, {}, {}, http://127.0.0.1:{nobody}/\"\nwebhook_secret_file = \"~/webhook.secret\"",
        late.url(),
        hanging.url(),
        leading.url(),
        wrong.url()
    );
    let world = World::new(&lines);
    let session = world.session(&[], &["a"]);
    let tries = late.wait(3);
    tries.iter().for_each(check);
    assert!(tries.iter().all(|seen| seen.header("webhook-id") == tries[0].header("webhook-id")));
    let time = |at: usize| tries[at].header("webhook-timestamp").parse::<u64>().unwrap();
    // The server's own wish counts where it is longer.
    assert!(time(2) - time(1) >= 2, "{} {}", time(1), time(2));
    hanging.wait(2).iter().for_each(check);
    let card = world.card();
    let deadline = std::time::Instant::now() + crate::world::PATIENCE;
    while world.told("webhook").len() < 5 {
        assert!(std::time::Instant::now() < deadline, "{:?}", world.told("webhook"));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let shown = world.told("webhook");
    let error = |stub: &str| {
        let event = shown.iter().find(|event| event["to"] == stub).unwrap();
        event.get("error").map(|error| error.as_str().unwrap().to_owned()).unwrap_or_default()
    };
    assert_eq!(error(&late.address.to_string()), "");
    assert_eq!(error(&hanging.address.to_string()), "");
    assert_eq!(error(&leading.address.to_string()), "it answered 307, and redirections are not followed");
    assert_eq!(error(&wrong.address.to_string()), "it answered 403 (invalid_token)");
    let refused = error(&format!("127.0.0.1:{nobody}"));
    assert!(refused.contains("refused, 4 times"), "{refused}");
    assert_eq!(elsewhere.seen().len(), 0);
    assert_eq!((leading.seen().len(), wrong.seen().len()), (1, 1));
    assert_eq!(world.answer(&card, Word::Deny, "not today"), Answered::Settled);
    let (stdout, stderr, _) = session.wait();
    assert!(stdout.contains("not today"), "{stdout}");
    assert!(
        stderr.contains(&format!("nobody was told of approval {} by the webhook", card.name())),
        "{stderr}"
    );
    assert!(!stderr.contains(SECRET) && !stderr.contains("MfKQ9r8G"), "{stderr}");
}

#[test]
fn slack_gets_a_message_that_nobody_can_write_into() {
    let slack = Stub::new(|_, _| say(200, "ok"));
    let world = World::new("slack_file = \"~/slack\"\npage = \"http://127.0.0.1:7468\"");
    let file = world
        .write("slack", &format!("# the channel of the team\n{}/services/T0/B0/verysecret\n", slack.url()));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let session = world.session(&[], &[KEY]);
    let asked = slack.wait(1).remove(0);
    assert_eq!(asked.path, "/services/T0/B0/verysecret");
    assert_eq!(asked.header("webhook-signature"), "");
    let told = asked.json();
    let text = told["text"].as_str().unwrap();
    assert!(
        text.starts_with("Approval wanted: s3:DeleteObject on arn:aws:s3:::billing/2026/&lt;script&gt;"),
        "{text}"
    );
    assert!(text.contains("http://127.0.0.1:7468/a/"), "{text}");
    assert_eq!(told["blocks"][0]["text"]["text"], "Approval wanted: s3:DeleteObject");
    assert!(!asked.body.windows(7).any(|bytes| bytes == b"<script"));
    world.answer(&world.card(), Word::Deny, "use `staging` <!here>");
    let told = slack.wait(2).remove(1).json();
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("denied") && text.contains("use `staging` &lt;!here&gt;"), "{text}");
    session.wait();
    assert_eq!(world.told("slack")[0]["to"], slack.address.to_string());
    assert!(!world.is_kept("verysecret"));
}

#[test]
fn a_command_is_run_for_each_question_outside_the_sandbox_and_its_failure_is_told() {
    let world = World::new("");
    let out = world.path().join("out");
    let script = format!(
        "cat >> {out}; echo >> {out}; echo $HOOP_EVENT $HOOP_QUESTION $HOOP_ACTION >> {out}; test $HOOP_EVENT = asked",
        out = out.display()
    );
    // A webhook beside it, whose secret a password store would print.
    let hook = Stub::new(|_, _| say(200, ""));
    world.configure(&format!(
        "command = [\"/bin/sh\", \"-c\", \"{script}\"]\nwebhook = \"{}\"\nwebhook_secret_command = [\"/bin/cat\", \"{}\"]",
        hook.url(),
        world.path().join("webhook.secret").display()
    ));
    let session = world.session(&[], &["a"]);
    let card = world.card();
    check(&hook.wait(1)[0]);
    let deadline = std::time::Instant::now() + crate::world::PATIENCE;
    while world.told("command").is_empty() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    world.answer(&card, Word::Allow, "");
    let (stdout, stderr, _) = session.wait();
    assert_eq!(stdout.trim(), "deleted a");
    let got = fs::read_to_string(&out).unwrap();
    let lines: Vec<&str> = got.lines().collect();
    assert_eq!(lines[1], format!("asked {} s3:DeleteObject", card.name()));
    assert!(lines[0].starts_with(r#"{"version":1,"type":"approval.asked""#), "{got}");
    assert_eq!(lines[3], format!("settled {} s3:DeleteObject", card.name()));
    assert!(stderr.contains("by the command /bin/sh\n  why: it ended with exit status: 1"), "{stderr}");
}
