//! Tests that measure this process: each runs in one of its own.

use std::process::Command;

/// Whether the test `name` (`module::function`) is alone in its process. If not, it has now run in another one.
pub fn alone(name: &str) -> bool {
    const VARIABLE: &str = "HOOP_TEST_ALONE";
    if std::env::var(VARIABLE).is_ok_and(|own| own == name) {
        return true;
    }
    let program = std::env::current_exe().unwrap();
    let output =
        Command::new(program).args([name, "--exact", "--nocapture"]).env(VARIABLE, name).output().unwrap();
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    false
}
