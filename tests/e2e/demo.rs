//! The README's first command.

use std::process::Command;

use crate::support::home::finish;

#[test]
fn the_demo_shows_the_main_job() {
    let mut demo = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/demo.sh"));
    demo.env("NO_COLOR", "1").env_remove("HOOP_POLICY").stdin(std::process::Stdio::null());
    let outcome = finish(demo);
    let said = outcome.ok();
    assert!(said.contains("make_bucket: reports"), "{said}");
    assert!(said.contains("hoopmask:secret-string:"), "{said}");
    assert!(outcome.stderr.contains("nothing-is-destroyed"), "{}", outcome.stderr);
    assert!(said.contains("hoop-replay last"), "{said}");
}
