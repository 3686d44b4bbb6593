//! The tables in the program are what the models and the reference give now, and they load quickly.

use std::process::Command;

use super::operations::cache;

#[test]
fn the_tables_are_what_their_sources_give() {
    let output = Command::new(cache().join("venv/bin/python"))
        .args(["scripts/gen_catalog.py", "--check"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.is_empty(), "{said}");
    // What the docs say, from below.
    let figures = String::from_utf8(output.stdout).unwrap();
    let docs = std::fs::read_to_string("docs/aws.md").unwrap();
    for line in figures.lines().take(4) {
        assert!(docs.contains(line), "docs/aws.md does not have `{line}`");
    }
    for (what, least) in [
        ("IAM action in the reference ", 95.0),
        ("access level known ", 99.0),
        ("ARNs: all from the parameters ", 57.5),
    ] {
        let share =
            figures.split_once(what).and_then(|(_, rest)| rest.split(' ').next()?.parse::<f64>().ok());
        assert!(share.is_some_and(|share| share >= least), "{what}{share:?}");
    }
}
