//! The real hoop-run: clients in the sandbox, which no variable leads anywhere, with a person at another terminal.

use std::collections::HashSet;
use std::fs;
use std::process::Child;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use hoop::approval::Via;
use hoop::control::client::Session;
use hoop::control::client::sessions;
use hoop::control::wire::Given;
use hoop::control::wire::Word;

use crate::all_wait::BOTO3;
use crate::all_wait::CURL;
use crate::all_wait::EMPTY;
use crate::all_wait::JAVASCRIPT;
use crate::all_wait::THINKING;
use crate::clients::STARTING;
use crate::clients::aws;
use crate::clients::cache;
use crate::clients::came;
use crate::clients::count;
use crate::clients::has;
use crate::ended::events;
use crate::support::Home;
use crate::world::REAL_KEY;
use crate::world::REAL_SECRET;

/// What each client is, what it does, what marks its request, and what its output has when all is well.
struct Inside {
    name: &'static str,
    line: String,
    mark: &'static str,
    says: &'static str,
}

fn clients(home: &Home) -> Vec<Inside> {
    let cache = cache().display().to_string();
    let python = home.file("call.py", BOTO3);
    let javascript = home.file("sdk.js", &JAVASCRIPT.replace("slice(1)", "slice(2)"));
    let curl = home.file("curl.sh", CURL);
    let made = |name, line: String, mark, says| Inside { name, line, mark, says };
    let mut clients = vec![
        made("cli1", "aws dynamodb describe-table --table-name in-cli1".to_owned(), "in-cli1", "TableName"),
        made("py", format!("python3 {} in-py=table==10", python.display()), "in-py", "in-py done"),
        made(
            "js",
            format!("NODE_PATH={cache}/js/node_modules node {} in-js=table", javascript.display()),
            "in-js",
            "in-js done",
        ),
        made(
            "curl",
            format!("sh {} /held/asked-in-curl --http2 -H '{EMPTY}'", curl.display()),
            "asked-in-curl",
            "hello",
        ),
    ];
    if has("debian/bin/aws2") {
        let line = "aws2 s3api delete-object --bucket held --key asked-in-cli2; echo $?";
        clients.push(made("cli2", line.to_owned(), "asked-in-cli2 DELETE", "0"));
    }
    if has("go-client/go-client") {
        let line = format!("{cache}/go-client/go-client ops json");
        clients.push(made("go", line, "", "\"attempts\":1,\"name\":\"json\",\"status\":200"));
    }
    if has("rust-client/rust-client") {
        let line = format!("{cache}/rust-client/rust-client rusty");
        clients.push(made("rust", line, "", "identity 123456789012"));
    }
    clients
}

/// Says yes to what waits, once each, until nothing more does.
fn allow_all(session: &Session, count: usize) {
    let mut allowed = HashSet::new();
    while allowed.len() < count {
        for card in session.cards().unwrap() {
            if allowed.insert(card.id) {
                let (answer, reason, via) = (Word::Allow, String::new(), Via::Hoopctl);
                let given = Given { id: card.id, answer, scope: None, reason, via, login: None };
                session.answer(given).unwrap();
            }
        }
    }
}

/// Ends with the test, however that ends.
struct Started(Option<Child>);

impl Started {
    fn waits(&mut self) -> bool {
        self.0.as_mut().unwrap().try_wait().unwrap().is_none()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Ninety seconds, then yes.
pub fn waits() {
    let (home, upstream) = (Home::new(), aws());
    let clients = clients(&home);
    let policy = format!("version = 1\ndefault = \"allow\"\n{}", crate::clients::POLICY);
    let policy = home.file("policy.toml", &policy).display().to_string();
    let mut script = String::new();
    for Inside { name, line, .. } in &clients {
        script.push_str(&format!("({line}) > out.{name} 2>&1 &\n"));
    }
    script.push_str("wait\n");
    let script = home.file("all.sh", &script).display().to_string();
    let arguments = ["--quiet", "--approve-via", "hoopctl", "--policy", &policy, "--", "sh", &script];
    let mut command = home.hoop_run(arguments);
    command.env("HOOP_UPSTREAM_ENDPOINT_URL", &upstream.url);
    command.env("AWS_ACCESS_KEY_ID", REAL_KEY).env("AWS_SECRET_ACCESS_KEY", REAL_SECRET);
    command.env("AWS_REGION", "eu-central-1").env("AWS_DEFAULT_REGION", "eu-central-1");
    let (venv, debian) = (cache().join("venv/bin"), cache().join("debian/bin"));
    command.env("PATH", format!("{}:{}:/usr/local/bin:/usr/bin:/bin", venv.display(), debian.display()));
    let mut child = Started(Some(
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(),
    ));
    let said = |name: &str| fs::read_to_string(home.path().join(format!("out.{name}"))).unwrap_or_default();
    let all = || clients.iter().map(|client| (client.name, said(client.name))).collect::<Vec<_>>();
    let until = Instant::now() + STARTING;
    let folder = loop {
        if let Some(folder) = home.recordings().pop()
            && events(&folder, "approval.asked").len() == clients.len()
        {
            break folder;
        }
        assert!(Instant::now() < until && child.waits(), "{:?}", all());
        std::thread::sleep(Duration::from_millis(100));
    };
    if events(&folder, "session.start")[0]["capture"] != "sandbox" {
        eprintln!("there are no namespaces here: the clients came by proxy and endpoint");
    }
    std::thread::sleep(THINKING);
    assert!(child.waits());
    assert_eq!(events(&folder, "approval.joined").len(), 0, "nobody had to come again: {:?}", all());
    assert!(came(&upstream).is_empty());
    let state = home.path().join(".local/state/hoop");
    let session = sessions(&state, None).pop().expect("a session that can be answered");
    allow_all(&session, clients.len());
    let output = child.0.take().unwrap().wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let came = came(&upstream);
    for client in &clients {
        let text = said(client.name);
        assert!(text.contains(client.says), "{}: {text} {told}", client.name);
        if !client.mark.is_empty() {
            assert_eq!(count(&came, client.mark), 1, "{}: {text}", client.name);
        }
    }
    assert_eq!(events(&folder, "approval.asked").len(), clients.len());
    let identity = events(&folder, "call.begin");
    assert_eq!(identity.iter().filter(|call| call["action"] == "sts:GetCallerIdentity").count(), 1);
}
