//! Guards, limits and variables, as calls meet them.

use crate::client::s3_call;
use crate::upstream::empty_json;
use crate::upstream::json;
use crate::upstream::upstream;
use crate::world::Plan;

fn status(world: &crate::world::World, method: &'static str, path: &str) -> (u16, String) {
    let reply = s3_call(world, method, path, b"").send(world);
    (reply.status, reply.text())
}

#[test]
fn a_limit_counts_what_is_forwarded_and_nothing_else() {
    let upstream = empty_json();
    let rules = "[[limit]]\nname = \"calm\"\nmax_calls = 2\n\
                 [[statement]]\neffect = \"deny\"\naction = \"s3:DeleteObject\"\n";
    let world = Plan::observe(&upstream.url).policy(rules).start();
    assert_eq!(status(&world, "DELETE", "/b/k").0, 403);
    assert_eq!(status(&world, "GET", "/b/k").0, 200);
    assert_eq!(status(&world, "GET", "/b/k").0, 200);
    let (refused, text) = status(&world, "GET", "/b/k");
    assert_eq!(refused, 403);
    assert!(
        text.replace("&quot;", "\"")
            .contains("limit \"calm\", policy.toml:3: 2 of 2 calls in this session are made"),
        "{text}"
    );
    assert_eq!(upstream.take().len(), 2);
    let last = world.events_of("decision").pop().unwrap();
    assert_eq!((last["effect"].as_str(), last["rule"].as_str()), (Some("deny"), Some("calm")));
}

#[test]
fn bytes_of_answers_are_a_budget() {
    let upstream = upstream(|_, _| json(&format!("{{\"a\":\"{}\"}}", "x".repeat(992))));
    let world = Plan::observe(&upstream.url).policy("[[limit]]\nmax_bytes_out = \"1500B\"\n").start();
    assert_eq!(status(&world, "GET", "/b/k").0, 200);
    world.call_end();
    assert_eq!(status(&world, "GET", "/b/k").0, 200, "the answer that goes over is given in full");
    for _ in 0..200 {
        if world.events_of("call.end").len() == 2 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let (refused, text) = status(&world, "GET", "/b/k");
    assert_eq!(refused, 403);
    assert!(text.contains("2000 of 1500 bytes of answers"), "{text}");
}

#[test]
fn calls_that_come_at_once_do_not_slip_through_a_limit() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).policy("[[limit]]\nmax_calls = 10\n").start();
    let allowed: usize = std::thread::scope(|scope| {
        let some = || (0..5).filter(|_| status(&world, "GET", "/b/k").0 == 200).count();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(some)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(allowed, 10);
    assert_eq!(upstream.take().len(), 10);
}

#[test]
fn a_guard_is_stronger_than_every_statement() {
    let upstream = empty_json();
    let rules = "[guard]\nregions = [\"us-*\"]\n[[statement]]\neffect = \"allow\"\naction = \"*\"\n";
    let world = Plan::observe(&upstream.url).policy(rules).start();
    let (refused, text) = status(&world, "GET", "/b/k");
    assert_eq!(refused, 403);
    assert!(text.contains("the guard at policy.toml:3: only the regions us-* may be used"), "{text}");
    assert!(upstream.take().is_empty());
}

#[test]
fn a_read_only_session_reads() {
    let upstream = empty_json();
    let world = Plan::observe(&upstream.url).policy("[guard]\nread_only = true\n").start();
    assert_eq!(status(&world, "GET", "/b/k").0, 200);
    let (refused, text) = status(&world, "PUT", "/b/k");
    assert_eq!(refused, 403);
    assert!(text.contains("the session is read-only, and this is s3:PutObject (write)"), "{text}");
    assert_eq!(upstream.take().len(), 1);
}

#[test]
fn the_account_of_the_credential_is_asked_for_and_guarded() {
    let upstream = empty_json();
    let guard = |account: &str| format!("[guard]\naccounts = [\"{account}\"]\n");
    let world = Plan::observe(&upstream.url).policy(&guard("123456789012")).start();
    assert_eq!(status(&world, "GET", "/b/k").0, 200);
    let world = Plan::observe(&upstream.url).policy(&guard("111122223333")).start();
    let (refused, text) = status(&world, "GET", "/b/k");
    assert_eq!(refused, 403);
    assert!(text.contains("and the credential is of 123456789012"), "{text}");
}

#[test]
fn a_session_has_a_folder_of_its_own() {
    let upstream = empty_json();
    let rules = "[[statement]]\neffect = \"deny\"\naction = \"s3:*\"\n\
                 not_resource = \"arn:aws:s3:::b/${hoop:user}/*\"\n";
    let world = Plan::observe(&upstream.url).policy(rules).start();
    assert_eq!(status(&world, "GET", "/b/ana/k").0, 200);
    assert_eq!(status(&world, "GET", "/b/bob/k").0, 403);
    assert_eq!(upstream.take().len(), 1);
}

#[test]
fn a_prefix_is_told_by_the_call() {
    let upstream = empty_json();
    let rules = "[[statement]]\neffect = \"deny\"\naction = \"s3:ListBucket\"\n\
                 condition = { StringNotLike = { \"s3:prefix\" = \"public/*\" } }\n";
    let world = Plan::observe(&upstream.url).policy(rules).start();
    assert_eq!(status(&world, "GET", "/b?list-type=2&prefix=public%2Fa").0, 200);
    assert_eq!(status(&world, "GET", "/b?list-type=2&prefix=private%2Fa").0, 403);
    assert_eq!(status(&world, "GET", "/b?list-type=2").0, 403);
}
