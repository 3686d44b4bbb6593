//! The page in a real browser, with a real call that waits for it. Left out where there is no Chromium
//! (scripts/setup.sh brings it).

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use crate::page::serve;
use crate::stub::Stub;
use crate::stub::say;
use crate::world::KEY;
use crate::world::World;
use crate::world::cache;
use crate::world::free_port;

struct Browser {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Browser {
    #[allow(clippy::print_stderr, reason = "whoever runs the tests is to know what was left out")]
    fn start() -> Option<Self> {
        let program = cache().join("chromium/browser");
        if !program.exists() {
            eprintln!("left out: there is no {}", program.display());
            return None;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/notify/browser.mjs");
        let mut child = Command::new("node")
            .arg("--experimental-websocket")
            .args([&script, &program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, input, output })
    }

    fn ask(&mut self, command: Value) -> Result<Value, String> {
        writeln!(self.input.as_mut().unwrap(), "{command}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("the browser has died: {command}"));
        match answer.get("error") {
            Some(error) => Err(error.to_string()),
            None => Ok(answer["ok"].clone()),
        }
    }

    #[track_caller]
    fn does(&mut self, command: Value) -> String {
        let answer = self.ask(command.clone()).unwrap_or_else(|error| panic!("{command}: {error}"));
        answer.as_str().map_or_else(|| answer.to_string(), str::to_owned)
    }

    /// The text of the page there.
    #[track_caller]
    fn go(&mut self, url: &str) -> String {
        self.does(json!({"do": "goto", "url": url}))
    }

    /// The text of the page that it leads to.
    #[track_caller]
    fn press(&mut self, at: &str) -> String {
        self.does(json!({"do": "press", "at": at}))
    }

    #[track_caller]
    fn eval(&mut self, script: &str) -> String {
        self.does(json!({"do": "eval", "script": script}))
    }

    /// Waits until the page says so by itself.
    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        let deadline = std::time::Instant::now() + crate::world::PATIENCE;
        loop {
            let shown = self.eval("document.body.innerText");
            if shown.contains(text) {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "no {text:?}: {shown}");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }

    /// Pictures for people to look at, at the sizes of a desktop and of a phone, light and dark; nothing is cut off.
    fn shots(&mut self, name: &str) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        for (size, width, height, dark) in
            [("desktop", 1000, 1000, false), ("phone", 390, 844, false), ("phone-dark", 390, 844, true)]
        {
            let file = folder.join(format!("{name}-{size}.png"));
            let shot = json!({"do": "shot", "file": file, "width": width, "height": height, "dark": dark});
            assert_eq!(self.does(shot), "true", "{name} is wider than the screen of a {size}");
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends the browser when its commands end.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

#[test]
fn a_link_of_a_notification_is_clicked_and_the_call_goes_on() {
    let Some(mut browser) = Browser::start() else { return };
    let hook = Stub::new(|_, _| say(200, ""));
    let port = free_port();
    let world = World::new(&format!(
        "webhook = \"{}\"\nwebhook_secret_file = \"~/webhook.secret\"\npage = \"http://127.0.0.1:{port}\"",
        hook.url()
    ));
    let session = world.session(&[], &[KEY, "2026/08.csv"]);
    let link = hook.wait(1)[0].json()["link"].as_str().unwrap().to_owned();
    let page = serve(&world, &["--listen", &format!("127.0.0.1:{port}")]);
    // The chat program looks first.
    assert_eq!(page.get(link.split_once(&page.authority).unwrap().1).status, 200);
    let shown = browser.go(&link);
    for fact in ["s3:DeleteObject", KEY, "no deletes", "You answer as", "boto3", "Time left"] {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }
    browser.shots("question");
    // Enter in the field of the reason answers nothing.
    browser.does(json!({"do": "type", "at": "#reason", "text": "it is July's"}));
    browser.does(json!({"do": "enter"}));
    let card = world.card();
    assert!(browser.press("button[value=once]").contains("It goes on"));
    browser.shots("allowed");
    assert!(browser.go(&link).contains("has been used"));
    // The second one, by the list.
    hook.wait(3);
    let list = browser.go(&page.url);
    assert!(list.contains("2026/08.csv"), "{list}");
    browser.shots("list");
    browser.press("ul.cards a");
    browser.does(json!({"do": "type", "at": "#reason", "text": "August stays"}));
    assert!(browser.press("button[value=deny]").contains("It is refused"));
    let (stdout, stderr, _) = session.wait();
    assert!(stdout.starts_with(&format!("deleted {KEY}\n")), "{stdout} {stderr}");
    assert!(stdout.contains("refused") && stdout.contains("August stays"), "{stdout}");
    let answered = world.events_of("approval.answered");
    assert_eq!(answered[0]["id"], format!("q{}", card.id));
    assert_eq!((&answered[0]["via"], &answered[0]["reason"]), (&"page".into(), &"it is July's".into()));
    assert_eq!(world.upstream.seen().iter().filter(|seen| seen.method == "DELETE").count(), 1);
    browser.go(&page.url);
    browser.wait_for("Nothing waits");
}

#[test]
fn other_pages_cannot_answer_nor_show_it_and_it_works_without_scripts() {
    let Some(mut browser) = Browser::start() else { return };
    let world = World::new("");
    let session = world.session(&[], &["a", "b"]);
    let card = world.card();
    let page = serve(&world, &[]);
    let at = format!("{}{}/{}", page.url, card.session, card.id);
    let token = page.token(at.split_once(&page.authority).unwrap().1);
    // Another server of this machine, such as one of the agent's: it even knows address and token.
    let form = format!(
        "<form id=f method=post action=\"{at}\"><input name=token value=\"{token}\"><input name=answer value=once></form>\
         <iframe id=i src=\"{at}\"></iframe><button id=b onclick=\"f.submit()\">x</button>"
    );
    let evil = Stub::new(move |_, _| {
        crate::stub::Reply::Say(200, "Content-Type: text/html\r\n".to_owned(), form.clone())
    });
    browser.go(&evil.url());
    // It sees nothing of the page that it frames.
    assert_eq!(browser.eval("(() => { try { return i.contentDocument ? i.contentDocument.body.innerText : 'closed' } catch { return 'closed' } })()"), "closed");
    let refused = browser.eval(&format!(
        "fetch({at:?}, {{method: 'POST', mode: 'no-cors', body: new URLSearchParams({{token: {token:?}, answer: 'once'}})}}).then(() => 'sent', () => 'not sent')"
    ));
    assert!(refused.contains("sent"), "{refused}");
    assert!(browser.press("#b").contains("does not come from a page of hoop"));
    assert_eq!(world.cards().len(), 1, "nothing of that was an answer");
    // Scripts of others do not run in it, whatever they get into it.
    browser.go(&at);
    let ran = browser.eval("(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.head.append(s); return String(window.ran) })()");
    assert_eq!(ran, "undefined");
    // It is settled elsewhere, and the page says so by itself.
    world.answer(&card, hoop::control::wire::Word::Allow, "");
    browser.wait_for("Not waiting any more");
    // Without scripts.
    browser.does(json!({"do": "scripts", "on": false}));
    let deadline = std::time::Instant::now() + crate::world::PATIENCE;
    let next = loop {
        match world.cards().into_iter().find(|next| next.id != card.id) {
            Some(next) => break next,
            None => assert!(std::time::Instant::now() < deadline),
        }
    };
    browser.go(&format!("{}{}/{}", page.url, next.session, next.id));
    browser.does(json!({"do": "click", "at": "summary"}));
    assert!(browser.press("button[value=time]").contains("It goes on"));
    let (stdout, ..) = session.wait();
    assert_eq!(stdout, "deleted a\ndeleted b\n");
    assert_eq!(world.events_of("approval.answered")[1]["scope"], "10m");
}
