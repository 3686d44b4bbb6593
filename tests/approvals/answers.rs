//! One answer counts, whoever gives it and however many try.

use std::process::Stdio;
use std::time::Duration;

use crate::world::World;
use crate::world::has_aws;

#[test]
fn a_call_is_allowed_and_another_denied_from_elsewhere() {
    if !has_aws() {
        return;
    }
    let world = World::new();
    let running = world
        .start(&["--approve-via", "hoopctl"], "aws s3 ls && echo went; aws s3 ls s3://b || echo refused");
    let first = world.wait_for(1).remove(0);
    let (status, told) = world.approvals(&["show", &first]);
    assert_eq!(status, 0, "{told}");
    for part in ["s3:ListAllMyBuckets", "aws s3 ls", "rule \"reading\"", "time left"] {
        assert!(told.contains(part), "no {part}: {told}");
    }
    assert_eq!(world.hits(), 0, "it is held");
    let (status, told) = world.approvals(&["allow", &first, "--reason", "it is mine"]);
    assert_eq!((status, told.contains("allowed once")), (0, true), "{told}");
    let second = world.wait_for(1).remove(0);
    assert_ne!(first, second);
    let (status, _) = world.approvals(&["deny", &second, "--reason", "use the staging bucket"]);
    assert_eq!(status, 0);
    let (_, said) = running.end();
    assert!(said.contains("went") && said.contains("refused"), "{said}");
    assert!(said.contains("use the staging bucket"), "{said}");
    assert!(said.contains("hoopctl approvals allow"), "it says how it is answered: {said}");
    assert_eq!(world.hits(), 1);
    let answered = world.events("approval.answered");
    assert_eq!(answered[0]["reason"], "it is mine");
    assert!(answered.iter().all(|event| event["via"] == "hoopctl"), "{answered:?}");
    assert!(world.events("approval.shown").iter().any(|event| event["via"] == "hoopctl"));
    assert_eq!(world.approvals(&["list"]), (0, "nothing waits\n".to_owned()));
}

#[test]
fn the_second_answer_is_told_what_the_first_was() {
    let world = World::new();
    let running = world.start(&["--approve-via", "hoopctl"], "touch a || echo refused; touch b; echo went");
    let name = world.wait_for(1).remove(0);
    assert_eq!(world.approvals(&["deny", &name, "--reason", "not now"]).0, 0);
    let (status, told) = world.approvals(&["allow", &name]);
    assert_eq!(status, 1, "{told}");
    assert!(told.contains("does not wait any more") && told.contains("it was denied by"), "{told}");
    let (status, told) = world.approvals(&["allow", "zzzz-1"]);
    assert_eq!((status, told.contains("no session has an id like that")), (1, true), "{told}");
    for wrong in ["1", "x", ""] {
        assert_eq!(world.approvals(&["allow", wrong]).0, 2, "{wrong:?}");
    }
    let name = world.wait_for(1).remove(0);
    assert_eq!(world.approvals(&["allow", &name, "--for", "2d"]).0, 2);
    assert_eq!(world.approvals(&["allow", &name, "--for", "10m"]).0, 0);
    let (_, said) = running.end();
    assert!(said.contains("refused") && said.contains("went"), "{said}");
    assert!(!world.path().join("a").exists() && world.path().join("b").exists());
}

#[test]
fn of_two_who_answer_at_once_one_is_first() {
    let world = World::new();
    let running =
        world.start(&["--approve-via", "hoopctl"], "for n in 1 2 3 4 5; do touch f$n; done; echo done");
    for number in 1..=5 {
        let name = world.wait_for(1).remove(0);
        let outcomes = std::thread::scope(|scope| {
            let yes = scope.spawn(|| world.approvals(&["allow", &name]));
            let no = scope.spawn(|| world.approvals(&["deny", &name, "--reason", "no"]));
            [yes.join().unwrap(), no.join().unwrap()]
        });
        let won = outcomes.iter().filter(|(status, _)| *status == 0).count();
        assert_eq!(won, 1, "{outcomes:?}");
        let loser = outcomes.iter().find(|(status, _)| *status != 0).unwrap();
        assert!(loser.0 == 1 && loser.1.contains("does not wait any more"), "{loser:?}");
        // What was told is what happened.
        let is_allowed = outcomes[0].0 == 0;
        let file = world.path().join(format!("f{number}"));
        let start = std::time::Instant::now();
        while is_allowed && !file.exists() {
            assert!(start.elapsed() < Duration::from_secs(20), "allowed, and not done");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert!(running.end().1.contains("done"));
    let made = (1..=5).filter(|number| world.path().join(format!("f{number}")).exists()).count();
    let granted =
        world.events("approval.answered").iter().filter(|event| event["answer"] == "granted").count();
    assert_eq!(made, granted);
}

#[test]
fn a_hundred_wait_at_once() {
    let world = World::new();
    let script = "i=0; while [ $i -lt 100 ]; do touch many-$i & i=$((i+1)); done; wait; echo done";
    let running = world.start(&["--approve-via", "hoopctl"], script);
    let names = world.wait_for(100);
    let (yes, no) = names.split_at(50);
    std::thread::scope(|scope| {
        for half in yes.chunks(25) {
            scope.spawn(|| half.iter().for_each(|name| assert_eq!(world.approvals(&["allow", name]).0, 0)));
        }
        for half in no.chunks(25) {
            scope.spawn(|| {
                half.iter()
                    .for_each(|name| assert_eq!(world.approvals(&["deny", name, "--reason", "x"]).0, 0));
            });
        }
    });
    assert!(running.end().1.contains("done"));
    let made = (0..100).filter(|number| world.path().join(format!("many-{number}")).exists()).count();
    assert_eq!(made, 50);
}

#[test]
fn where_nobody_can_answer_nobody_waits() {
    let world = World::new();
    let start = std::time::Instant::now();
    for (arguments, why) in [
        (&[][..], "no other way is set up"),
        (&["--approve-via", "terminal"][..], "there is no terminal to ask on"),
        (&["--approve-via", "none"][..], "approvals are switched off"),
    ] {
        let (_, said) = world.start(arguments, "touch a || echo refused").end();
        assert!(said.contains("refused"), "{said}");
        let answered = world.events("approval.answered");
        let reasons: Vec<&str> = answered.iter().filter_map(|event| event["reason"].as_str()).collect();
        assert!(reasons.iter().any(|reason| reason.contains(why)), "{why}: {reasons:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(45), "that is less than the ttl of one");
    let (status, said) = world.start(&["--approve-via", "webhook"], "true").end();
    assert_eq!((status, said.contains("approval.webhook")), (125, true), "{said}");
    let (status, said) = world.start(&["--approve-via", "none,hoopctl"], "true").end();
    assert_eq!((status, said.contains("contradicts itself")), (125, true), "{said}");
    // A project cannot choose.
    std::fs::create_dir_all(world.path().join("project")).unwrap();
    std::fs::write(world.path().join("project/.hoop.toml"), "[approval]\nvia = \"hoopctl\"\n").unwrap();
    let mut command = world.hoop_run(&[], "true");
    let output = command.current_dir(world.path().join("project")).stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("approval.via"), "{told}");
}

#[test]
fn a_session_that_was_killed_waits_for_nobody() {
    let world = World::new();
    let mut running = world.start(&["--approve-via", "hoopctl"], "touch a; echo went");
    let name = world.wait_for(1).remove(0);
    running.0.kill().unwrap();
    running.0.wait().unwrap();
    let (status, told) = world.approvals(&["allow", &name]);
    assert_eq!(status, 1, "{told}");
    assert!(!world.path().join("a").exists());
    assert_eq!(world.approvals(&["list"]), (0, "nothing waits\n".to_owned()));
    let left = std::fs::read_dir(world.path().join(".local/state/hoop/control")).unwrap().count();
    assert_eq!(left, 0, "what nobody listens at is removed");
}
