//! One moto server for the whole run: a real AWS emulator, started on first use, gone with the test process.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;

use super::home::cache;

/// Serves until its standard input closes, that is, until this test process is gone.
const SERVER: &str = r#"
import os, sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
app = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, app, threaded=True)
print(server.server_port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
"#;

/// The emulator's address, such as `http://127.0.0.1:40123`.
pub fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<(String, Child)> = OnceLock::new();
    &ENDPOINT.get_or_init(start).0
}

fn start() -> (String, Child) {
    let python = cache().join("venv/bin/python3");
    let mut child = Command::new(&python)
        .args(["-c", SERVER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; run scripts/setup.sh test", python.display()));
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.trim().is_empty(), "the moto server did not start");
    (format!("http://127.0.0.1:{}", line.trim()), child)
}
