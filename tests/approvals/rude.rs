//! Approvers that stall, babble or die.

use std::io::Read;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Duration;

use crate::world::World;

fn connect(world: &World) -> UnixStream {
    let folder = world.path().join(".local/state/hoop/control");
    let socket = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).next().unwrap();
    let stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

#[test]
fn others_answer_beside_those_who_stall_or_babble() {
    let world = World::new();
    let running = world.start(&["--approve-via", "hoopctl"], "touch a && echo went");
    let name = world.wait_for(1).remove(0);
    // Says nothing; watches and never reads; says half a line.
    let silent = connect(&world);
    let mut watcher = connect(&world);
    watcher.write_all(b"{\"request\":\"watch\"}\n").unwrap();
    let mut half = connect(&world);
    half.write_all(b"{\"request\":").unwrap();
    for garbage in [
        &b"\n"[..],
        b"{}\n",
        b"\xff\xfe\x00\n",
        b"GET / HTTP/1.1\n",
        b"[[[[[[[[[[\n",
        b"{\"request\":\"answer\",\"id\":-1}\n",
    ] {
        let mut stream = connect(&world);
        stream.write_all(garbage).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.contains("cannot be read"), "{garbage:?}: {reply}");
    }
    // A line without an end: hung up on, long before it is through.
    let mut endless = connect(&world);
    let piece = [b'x'; 65_536];
    let sent = (0..1_000).take_while(|_| endless.write_all(&piece).is_ok()).count();
    assert!(sent < 100, "{sent} pieces were taken");
    // Deep JSON and an unknown question.
    let mut deep = connect(&world);
    deep.write_all(format!("{}\n", "{\"request\":".repeat(5_000)).as_bytes()).unwrap();
    let mut reply = String::new();
    deep.read_to_string(&mut reply).unwrap();
    assert!(reply.contains("cannot be read"), "{reply}");
    let mut other = connect(&world);
    other
        .write_all(b"{\"request\":\"answer\",\"id\":99,\"answer\":\"allow\",\"via\":\"hoopctl\"}\n")
        .unwrap();
    other.shutdown(std::net::Shutdown::Write).unwrap();
    let mut reply = String::new();
    other.read_to_string(&mut reply).unwrap();
    assert_eq!(reply.trim(), "{\"answered\":\"not_waiting\"}");
    // As if it were the session's own terminal: it is not.
    let mut sly = connect(&world);
    sly.write_all(b"{\"request\":\"answer\",\"id\":1,\"answer\":\"allow\",\"via\":\"terminal\"}\n").unwrap();
    sly.shutdown(std::net::Shutdown::Write).unwrap();
    let mut reply = String::new();
    sly.read_to_string(&mut reply).unwrap();
    assert_eq!(reply.trim(), "{\"answered\":\"settled\"}");
    assert!(running.end().1.contains("went"));
    let answered = world.events("approval.answered");
    assert_eq!(answered[0]["via"], "hoopctl", "{name}");
    drop((silent, watcher, half));
}

#[test]
fn more_approvers_than_there_is_room_for_do_not_stop_the_session() {
    let world = World::new();
    let running = world.start(&["--approve-via", "hoopctl"], "touch a && echo went");
    let name = world.wait_for(1).remove(0);
    let many: Vec<UnixStream> = (0..100).map(|_| connect(&world)).collect();
    let (status, told) = world.approvals(&["allow", &name]);
    assert!(status == 0 || told.contains("connected already"), "{status} {told}");
    drop(many);
    if status != 0 {
        world.wait_for(1);
        assert_eq!(world.approvals(&["allow", &name]).0, 0);
    }
    assert!(running.end().1.contains("went"));
}

#[test]
fn an_approver_that_is_killed_has_answered_or_has_not() {
    let world = World::new();
    let running =
        world.start(&["--approve-via", "hoopctl"], "for n in 1 2 3 4 5 6 7 8; do touch f$n; done; echo done");
    let mut made = 0;
    for number in 1..=8_u64 {
        let name = world.wait_for(1).remove(0);
        let mut command = world.command(env!("CARGO_BIN_EXE_hoopctl"));
        command
            .args(["approvals", "allow", &name])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(number * 4));
        child.kill().unwrap();
        child.wait().unwrap();
        // Either it went through, or it waits as before and is denied now.
        let (status, told) = world.approvals(&["deny", &name, "--reason", "killed"]);
        match status {
            0 => {}
            _ => {
                assert!(told.contains("it was allowed by"), "{told}");
                made += 1;
            }
        }
    }
    assert!(running.end().1.contains("done"));
    let found = (1..=8).filter(|number| world.path().join(format!("f{number}")).exists()).count();
    assert_eq!(found, made);
}
