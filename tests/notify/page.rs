//! The page by itself, spoken to without a browser: what a browser would never send, too.

use std::collections::HashMap;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use hoop::approval::Card;
use hoop::control::links::Links;

use crate::world::KEY;
use crate::world::Running;
use crate::world::World;

/// `hoopctl approvals serve`.
pub struct Served {
    pub running: Running,
    /// The page's own address, whole.
    pub url: String,
    /// `127.0.0.1:PORT`
    pub authority: String,
    /// What it printed, up to its address.
    pub said: String,
}

pub fn serve(world: &World, arguments: &[&str]) -> Served {
    let listen = ["approvals", "serve", "--listen", "127.0.0.1:0"];
    let listen = if arguments.contains(&"--listen") { &listen[..2] } else { &listen[..] };
    let mut running = Running::start(world.hoopctl(&[listen, arguments].concat()));
    let mut said = String::new();
    for line in running.lines() {
        said.push_str(&format!("{line}\n"));
        if let Some(url) = line.trim().strip_prefix("http://") {
            let authority = url.split('/').next().unwrap().to_owned();
            return Served { running, url: format!("http://{url}"), authority, said };
        }
    }
    let (_, stderr, _) = running.wait();
    panic!("no address: {said} {stderr}");
}

/// An answer of the page.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Served {
    /// A path of the page.
    pub fn path(&self) -> &str {
        self.url.split_once(&self.authority).unwrap().1
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// As a browser's own form would be.
    pub fn post(&self, path: &str, body: &str) -> Answer {
        let origin = format!("http://{}", self.authority);
        self.send("POST", path, &[("Origin", &origin), ("Sec-Fetch-Site", "same-origin")], body)
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all: HashMap<&str, &str> = HashMap::from([("Host", self.authority.as_str())]);
        let length = body.len().to_string();
        if !body.is_empty() {
            all.insert("Content-Type", "application/x-www-form-urlencoded");
            all.insert("Content-Length", &length);
        }
        all.extend(headers.iter().copied());
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        for (name, value) in all {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut stream = TcpStream::connect(&self.authority).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // One that refuses what is too long does not read all of it.
        let _ = stream.write_all(format!("{request}\r\n{body}").as_bytes());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// The token of the form at `path`.
    #[track_caller]
    pub fn token(&self, path: &str) -> String {
        let page = self.get(path);
        let rest = page.body.split_once("name=\"token\" value=\"");
        rest.unwrap_or_else(|| panic!("no form: {}", page.body)).1.split('"').next().unwrap().to_owned()
    }
}

fn links(world: &World) -> Links {
    Links::open(&world.state()).unwrap()
}

fn link(world: &World, card: &Card) -> String {
    format!("/a/{}", links(world).make(card).unwrap())
}

#[test]
fn only_a_form_of_the_page_answers_and_only_once() {
    let world = World::new("");
    let session = world.session(&[], &[KEY]);
    let card = world.card();
    let page = serve(&world, &[]);
    assert!(page.said.contains("answers as"), "{}", page.said);
    // The list, and the guards of every page.
    let list = page.get(page.path());
    assert_eq!(list.status, 200);
    let at = format!("{}{}/{}", page.path(), card.session, card.id);
    assert!(list.body.contains(&format!("href=\"{at}\"")), "{}", list.body);
    for guard in [
        "content-security-policy: default-src 'none';",
        "frame-ancestors 'none'",
        "cache-control: no-store",
        "referrer-policy: no-referrer",
        "x-content-type-options: nosniff",
    ] {
        assert!(list.head.contains(guard), "{guard}: {}", list.head);
    }
    assert!(!list.head.contains("set-cookie") && !list.head.contains("unsafe"), "{}", list.head);
    // Whoever has no address learns nothing.
    let no_key = page.path().replace("/k/", "/k/x");
    for path in ["/", "/k/", &no_key, "/k//", "/a/", "/a/x.y.z", "/../etc/passwd", "/k/x/1"] {
        let answer = page.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("answer as") && !answer.body.contains(&card.name()), "{}", answer.body);
    }
    // A page elsewhere whose name leads here, and methods that mean nothing here.
    for host in ["evil.example", "evil.example:80", "127.0.0.1:1"] {
        assert_eq!(page.send("GET", page.path(), &[("Host", host)], "").status, 421, "{host}");
    }
    assert_eq!(page.send("PUT", &at, &[], "x").status, 405);
    // Looking changes nothing, however often: chat programs look at links before people do.
    let path = link(&world, &card);
    for _ in 0..3 {
        let seen = page.get(&path);
        assert_eq!(seen.status, 200);
        assert!(seen.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;07.csv"), "{}", seen.body);
        assert!(!seen.body.contains("<script>"), "{}", seen.body);
    }
    assert_eq!(page.send("HEAD", &path, &[], "").status, 200);
    // Forms that are none of ours.
    let token = page.token(&path);
    let form = format!("token={token}&answer=once&reason=");
    let own = format!("http://{}", page.authority);
    for headers in [
        &[][..],
        &[("Origin", "http://evil.example")],
        &[("Origin", "null")],
        &[("Origin", own.as_str()), ("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
    ] {
        assert_eq!(page.send("POST", &path, headers, &form).status, 403, "{headers:?}");
    }
    let other_form = page.token(&at);
    let long = format!("{form}{}", "x".repeat(20_000));
    for (body, status) in [
        ("answer=once", 409),
        ("token=x.y&answer=once", 409),
        (&format!("token={other_form}&answer=once"), 409),
        (&format!("token={token}&token={token}&answer=once"), 409),
        (&format!("token={token}"), 400),
        (&format!("token={token}&answer=time&time=session"), 400),
        (&format!("token={token}&answer=time&time=99d"), 400),
        (&long, 413),
    ] {
        assert_eq!(page.post(&path, body).status, status, "{body}");
    }
    let json = [("Origin", own.as_str()), ("Content-Type", "application/json")];
    assert_eq!(page.send("POST", &path, &json, "{\"answer\":\"once\"}").status, 415);
    assert_eq!(world.waiting(), [card.name()], "nothing of that was an answer");
    // One that is.
    let answered =
        page.post(&path, &format!("token={token}&answer=deny&reason=use+the+%3Cstaging%3E+bucket"));
    assert_eq!(answered.status, 200);
    assert!(answered.body.contains("<h1>Denied</h1>"), "{}", answered.body);
    assert_eq!(page.post(&path, &form).status, 410, "the link was used");
    assert_eq!(page.get(&path).status, 410);
    assert_eq!(page.get(&at).status, 410);
    let (stdout, _, _) = session.wait();
    assert!(stdout.contains("refused") && stdout.contains("use the <staging> bucket"), "{stdout}");
    let answered = world.events_of("approval.answered");
    assert_eq!((&answered[0]["via"], &answered[0]["answer"]), (&"page".into(), &"denied".into()));
    // What it would hit was looked at; nothing was deleted.
    assert!(world.upstream.seen().iter().all(|seen| seen.method != "DELETE"));
}

#[test]
fn a_link_that_is_not_for_this_question_now_is_not_good() {
    let world = World::new("");
    let session = world.session(&[], &[KEY]);
    let card = world.card();
    let page = serve(&world, &[]);
    let path = link(&world, &card);
    let tampered = format!("{}A", &path[..path.len() - 1]);
    let tampered = if tampered == path { format!("{}Q", &path[..path.len() - 1]) } else { tampered };
    assert_eq!(page.get(&tampered).status, 404);
    // The number of another question with this one's signature.
    assert_eq!(page.get(&path.replace(&format!(".{}.", card.id), ".9.")).status, 404);
    let mut expired = card.clone();
    expired.deadline = 1_000_000;
    assert_eq!(page.get(&link(&world, &expired)).status, 410);
    let mut changed = card.clone();
    changed.question.fingerprint = "another request".to_owned();
    let changed = link(&world, &changed);
    let answer = page.get(&changed);
    assert_eq!(answer.status, 409);
    assert!(!answer.body.contains("<form"), "{}", answer.body);
    let token = page.token(&path);
    assert_eq!(page.post(&changed, &format!("token={token}&answer=once")).status, 409);
    // A form is for the page that it stood on: another link to the same question has its own.
    let second = link(&world, &card);
    assert_eq!(page.post(&second, &format!("token={token}&answer=once")).status, 409);
    // Used up elsewhere, it is used up here.
    let used = links(&world).read(path.trim_start_matches("/a/"), 0).unwrap();
    assert!(links(&world).use_up(&used).unwrap());
    assert!(page.get(&path).body.contains("used already"));
    assert_eq!(page.post(&path, &format!("token={token}&answer=once")).status, 409);
    assert_eq!(world.waiting(), [card.name()]);
    // Twice at the same time: one answers.
    let token = page.token(&second);
    let form = format!("token={token}&answer=once");
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let send = || page.post(&second, &form).status;
        let all: Vec<_> = (0..4).map(|_| scope.spawn(send)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    let (stdout, ..) = session.wait();
    assert_eq!(stdout.trim(), format!("deleted {KEY}"));
    assert_eq!(world.events_of("approval.answered").len(), 1);
}

#[test]
fn one_question_alone_can_be_served() {
    let world = World::new("");
    let session = world.session(&[], &["a"]);
    let card = world.card();
    let page = serve(&world, &["--once", &card.name()]);
    assert!(page.path().starts_with("/a/"), "{}", page.url);
    let token = page.token(page.path());
    let answered = page.post(page.path(), &format!("token={token}&answer=session&reason=fine"));
    assert!(answered.body.contains("<h1>Allowed</h1>"), "{}", answered.body);
    let (_, stderr, status) = page.running.wait();
    assert_eq!(status, 0, "{stderr}");
    let (stdout, ..) = session.wait();
    assert_eq!(stdout.trim(), "deleted a");
    let answered = world.events_of("approval.answered");
    assert_eq!((&answered[0]["scope"], &answered[0]["reason"]), (&"session".into(), &"fine".into()));
}

#[test]
fn beyond_this_machine_it_takes_a_flag_and_a_browser_that_has_seen_the_page() {
    let world = World::new("");
    let output = world.hoopctl(&["approvals", "serve", "--listen", "0.0.0.0:0"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--beyond-this-machine"), "{said}");
    let session = world.session(&[], &["a"]);
    let card = world.card();
    let mut page = serve(&world, &["--listen", "0.0.0.0:0", "--beyond-this-machine"]);
    assert!(page.said.contains("not encrypted"), "{}", page.said);
    let port = page.authority.rsplit_once(':').unwrap().1.to_owned();
    page.authority = format!("127.0.0.1:{port}");
    let path = link(&world, &card);
    let seen = page.get(&path);
    assert!(seen.status == 200 && !seen.body.contains("<form"), "{}", seen.body);
    assert_eq!(page.post(&path, "token=x.y&answer=once").status, 403);
    let key = page.url.split_once("/k/").unwrap().1.to_owned();
    let list = page.get(&format!("/k/{key}"));
    let cookie = list.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap().to_owned();
    assert!(cookie.contains("httponly") && cookie.contains("samesite=lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let seen = page.send("GET", &path, &[("Cookie", cookie)], "");
    let token =
        seen.body.split_once("name=\"token\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let own = format!("http://{}", page.authority);
    let headers = [("Cookie", cookie), ("Origin", own.as_str())];
    let answered = page.send("POST", &path, &headers, &format!("token={token}&answer=once"));
    assert!(answered.body.contains("<h1>Allowed</h1>"), "{}", answered.body);
    session.wait();
}

#[test]
fn who_may_not_say_yes_is_told_and_the_link_is_still_good_for_a_no() {
    let world = World::new("");
    world.write(
        "policy.toml",
        "version = 1\ndefault = \"allow\"\n[[statement]]\neffect = \"ask\"\naction = [\"s3:DeleteObject\"]\n\
         approvers = { user = [\"ben\"], count = 1 }\nttl = \"5m\"\n",
    );
    let session = world.session(&[], &["a"]);
    let card = world.card();
    let page = serve(&world, &[]);
    let path = link(&world, &card);
    assert!(page.get(&path).body.contains("1 more of user ben"), "{}", page.get(&path).body);
    let token = page.token(&path);
    let answered = page.post(&path, &format!("token={token}&answer=once"));
    assert!(answered.body.contains("nobody approves their own request"), "{}", answered.body);
    assert_eq!(world.waiting(), [card.name()]);
    let token = page.token(&path);
    let answered = page.post(&path, &format!("token={token}&answer=stop&reason=enough"));
    assert!(answered.body.contains("the session ends"), "{}", answered.body);
    let (stdout, stderr, _) = session.wait();
    assert!(!stdout.contains("deleted") && stderr.contains("enough"), "{stdout} {stderr}");
}
