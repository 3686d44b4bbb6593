//! The network of the sandbox: no variable leads anywhere, and everything lands in the gateway all the same.
//!
//! They need namespaces; a machine without them is told of, and the tests are left out.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::support::home::Home;
use crate::support::home::finish;
use crate::support::moto;

/// Whether hoop-run can give a program a network of its own here.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn has_network(home: &Home) -> bool {
    home.run("observe", &["true"]).ok();
    let has = home.events_of("session.start").iter().all(|start| start["capture"] == "sandbox");
    if !has {
        eprintln!("left out: there are no namespaces here");
    }
    has
}

fn with_flags(home: &Home, flags: &[&str], argv: &[&str]) -> Command {
    let mut command = home.command("hoop-run");
    command.env("HOOP_UPSTREAM_ENDPOINT_URL", moto::endpoint());
    command.args(["-p", "observe"]).args(flags).arg("--").args(argv);
    command
}

/// Connects from inside and tells what happens, one word for each address.
const KNOCK: &str = r"
import socket, sys
for place in sys.argv[1:]:
    host, port = place.rsplit(':', 1)
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    s = socket.socket(family); s.settimeout(5)
    try:
        s.connect((host, int(port)))
        s.sendall(b'GET / HTTP/1.0\r\n\r\n')
        print(place, s.recv(4096).decode().split('\r\n')[0] or 'closed')
    except OSError as error:
        print(place, type(error).__name__)
";

#[test]
fn machine_credentials_and_this_machine_are_out_of_reach() {
    let home = Home::new();
    if !has_network(&home) {
        return;
    }
    let outside = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = outside.local_addr().unwrap().port();
    let own = format!("127.0.0.1:{port}");
    let script = home.write("knock.py", KNOCK);
    let places = [
        "169.254.169.254:80",
        "169.254.170.2:80",
        "169.254.169.254:443",
        "fd00:ec2::254:80",
        "127.0.0.1:80",
        "127.0.0.1:443",
        own.as_str(),
        "203.0.113.9:8080",
    ];
    let argv = [&["python3", script.to_str().unwrap()], &places[..]].concat();
    let outcome = home.run("observe", &argv);
    let seen: Vec<&str> =
        outcome.ok().lines().filter_map(|line| line.split_once(' ')).map(|(_, what)| what).collect();
    assert_eq!(seen.len(), places.len(), "{seen:?}");
    assert!(seen[0].contains("403") && seen[1].contains("403") && seen[3].contains("403"), "{seen:?}");
    for what in [seen[2], seen[4], seen[5], seen[6], seen[7]] {
        assert!(["ConnectionResetError", "ConnectionRefusedError", "closed"].contains(&what), "{seen:?}");
    }
    let refused = home.events_of("tunnel.refused");
    assert!(
        refused.iter().any(|event| event["host"] == "169.254.169.254:80" && event["command"] == 1),
        "{refused:?}"
    );
    outside.set_nonblocking(true).unwrap();
    assert!(outside.accept().is_err(), "somebody came out of the sandbox");
}

#[test]
fn names_are_answered_by_us_and_those_of_aws_need_nobody_outside() {
    let home = Home::new();
    if !has_network(&home) {
        return;
    }
    let script = home.write(
        "names.py",
        r"
import socket
def ask(name):
    try: return socket.getaddrinfo(name, 443, socket.AF_INET)[0][4][0]
    except OSError as error: return type(error).__name__
print(ask('sts.amazonaws.com')); print(ask('bucket.s3.eu-west-1.amazonaws.com'))
print(ask('sts.amazonaws.com')); print(ask('localhost')); print(ask('no-such-name.invalid'))
",
    );
    let outcome = home.run("observe", &["python3", script.to_str().unwrap()]);
    let lines: Vec<&str> = outcome.ok().lines().collect();
    assert!(lines[0].starts_with("198.18.") && lines[1].starts_with("198.18."), "{lines:?}");
    assert!(lines[0] != lines[1] && lines[0] == lines[2], "{lines:?}");
    assert_eq!(lines[3], "127.0.0.1");
    assert_eq!(lines[4], "gaierror");
}

#[test]
fn a_port_outside_is_let_in_and_a_port_inside_is_let_out() {
    let home = Home::new();
    if !has_network(&home) {
        return;
    }
    let outside = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = outside.local_addr().unwrap().port().to_string();
    let server = thread::spawn(move || {
        let (mut client, _) = outside.accept().unwrap();
        let mut asked = [0; 3];
        client.read_exact(&mut asked).unwrap();
        client.write_all(b"from outside").unwrap();
        asked
    });
    let script = home.write(
        "ask.py",
        "import socket,sys\ns=socket.create_connection(('127.0.0.1',int(sys.argv[1])),10)\ns.sendall(b'ask')\nprint(s.recv(99).decode())\n",
    );
    let flags = ["--connect", port.as_str()];
    let outcome = finish(with_flags(&home, &flags, &["python3", script.to_str().unwrap(), &port]));
    assert_eq!(outcome.ok(), "from outside\n");
    assert_eq!(&server.join().unwrap(), b"ask");
    assert!(
        home.events_of("tunnel.end")
            .iter()
            .any(|event| event["origin"] == "--connect" && event["bytes_in"] == 3)
    );

    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let script = home.write(
        "serve.py",
        "import socket,sys\ns=socket.create_server(('127.0.0.1',int(sys.argv[1])))\nprint('ready',flush=True)\nc,_=s.accept()\nc.sendall(b'from inside')\nc.close()\n",
    );
    let port = free.to_string();
    let mut command = with_flags(&home, &["--publish", &port], &["python3", script.to_str().unwrap(), &port]);
    let mut session = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = [0; 6];
    session.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", free)).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut heard = String::new();
    client.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "from inside");
    assert!(session.wait().unwrap().success());

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let told = finish(with_flags(&home, &["--publish", &port], &["true"])).failed();
    assert!(told.contains("--publish") && told.contains("choose another port"), "{told}");
    let told = finish(with_flags(&home, &["--sandbox", "off", "--publish", &port], &["true"])).failed();
    assert!(told.contains("--publish leads nowhere"), "{told}");
}

#[test]
fn other_hosts_can_be_closed_while_aws_stays_open() {
    let home = Home::new();
    if !has_network(&home) {
        return;
    }
    let script = home.write("knock.py", KNOCK);
    let program = format!(
        "python3 {} 203.0.113.9:80 203.0.113.9:443 && aws sts get-caller-identity --query Account",
        script.display()
    );
    let outcome = finish(with_flags(&home, &["--egress", "deny"], &["sh", "-c", &program]));
    let text = outcome.ok();
    assert!(text.contains("203.0.113.9:80 HTTP/1.1 403"), "{text}");
    assert!(text.contains("203.0.113.9:443 ConnectionResetError"), "{text}");
    assert!(text.contains("123456789012"), "{text}");
    assert!(home.events_of("tunnel.refused").iter().any(|event| event["origin"] == "--egress deny"));
}

#[test]
fn each_of_two_clients_is_known_by_its_command() {
    let home = Home::new();
    if !has_network(&home) {
        return;
    }
    let program = "aws s3api list-buckets >/dev/null & aws sts get-caller-identity >/dev/null & wait";
    home.run("observe", &["sh", "-c", program]).ok();
    let commands = home.events_of("command.start");
    let line = |number: &serde_json::Value| {
        let command = commands.iter().find(|command| command["id"] == *number).expect("a command");
        command["argv"].to_string()
    };
    for call in home.events_of("call.begin") {
        let wanted = if call["service"] == "s3" { "list-buckets" } else { "get-caller-identity" };
        assert!(line(&call["command"]).contains(wanted), "{call}");
        assert_eq!(call["via"], "sandbox");
    }
}

#[test]
fn a_connection_that_nobody_can_be_asked_about_is_refused_with_the_reason() {
    let home = Home::new();
    if !has_network(&home) {
        return;
    }
    let script = home.write("knock.py", KNOCK);
    let program =
        format!("python3 {} 203.0.113.9:80 203.0.113.9:443; curl -s http://other.example/", script.display());
    let outcome = finish(with_flags(&home, &["--egress", "ask"], &["sh", "-c", &program]));
    let text = outcome.ok();
    assert!(text.contains("203.0.113.9:80 HTTP/1.1 403"), "{text}");
    assert!(text.contains("203.0.113.9:443 ConnectionResetError"), "{text}");
    // The name is looked up: what is asked about is the connection.
    assert!(text.contains("hoop: connect other.example:80 was not approved (--egress ask)"), "{text}");
    let asked = home.events_of("approval.asked");
    assert_eq!(asked.len(), 3, "{asked:#?}");
    assert_eq!(home.events_of("tunnel.refused").len(), 3);
}
