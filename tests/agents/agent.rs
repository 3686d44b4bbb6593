//! The agents: how each is told where its model is, and to do a task by itself without sending anything elsewhere.

use std::io;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use crate::support::home::Home;
use crate::support::home::cache;

/// The agent's own key, for its model.
pub const AGENT_KEY: &str = "sk-key-of-the-agent-for-its-model";

/// A program that does what a model says.
pub struct Agent {
    /// The command.
    pub name: &'static str,
    /// What follows it, for one task without anybody there.
    pub alone: &'static [&'static str],
    /// What follows it, for a first task with a person at the terminal.
    pub attended: &'static [&'static str],
    /// Writes its configuration: it knows its model, and has no questions of its own.
    configure: fn(&Home, u16),
    /// Its variables; `PORT` stands for the model's.
    environment: &'static [(&'static str, &'static str)],
}

pub const CLAUDE_CODE: Agent = Agent {
    name: "claude",
    alone: &["-p", "do what has to be done", "--allowedTools", "Bash"],
    attended: &["--permission-mode", "default", "--allowedTools", "Bash", "--", "do what has to be done"],
    configure: configure_claude_code,
    environment: &[
        ("ANTHROPIC_BASE_URL", "http://127.0.0.1:PORT"),
        ("ANTHROPIC_API_KEY", AGENT_KEY),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ("DISABLE_AUTOUPDATER", "1"),
        ("DISABLE_ERROR_REPORTING", "1"),
        ("DISABLE_TELEMETRY", "1"),
    ],
};

pub const CODEX: Agent = Agent {
    name: "codex",
    // hoop-run is the sandbox: Codex's own would shut its commands off from the gateway.
    alone: &["exec", "--skip-git-repo-check", "--sandbox", "danger-full-access", "do what has to be done"],
    attended: &[
        "--no-daemon",
        "--sandbox",
        "danger-full-access",
        "--ask-for-approval",
        "never",
        "do what has to be done",
    ],
    configure: configure_codex,
    environment: &[("OPENAI_API_KEY", AGENT_KEY)],
};

impl Agent {
    /// The program that was installed, if it was.
    fn program(&self) -> Option<PathBuf> {
        let wanted = std::env::var_os("HOOP_TEST_AGENTS").is_none_or(|word| word != "no");
        let program = cache().join("agents/bin").join(self.name);
        (wanted && program.exists()).then_some(program)
    }

    /// The same; says so where it is not.
    pub fn program_or_say(&self) -> Option<PathBuf> {
        let program = self.program();
        if program.is_none() {
            // Past the test harness, which keeps to itself what a test prints that passes.
            let name = self.name;
            let said =
                format!("agents: {name} is not installed; its tests are skipped (scripts/setup.sh test)\n");
            io::stderr().write_all(said.as_bytes()).unwrap();
        }
        program
    }

    /// Everything the agent needs, in `home` and in the environment of `command`.
    pub fn prepare(&self, home: &Home, model_port: u16, command: &mut Command) {
        (self.configure)(home, model_port);
        for (name, value) in self.environment {
            command.env(name, value.replace("PORT", &model_port.to_string()));
        }
    }
}

fn configure_claude_code(home: &Home, _model_port: u16) {
    let folder = home.path().to_str().unwrap();
    let settled = serde_json::json!({
        "hasCompletedOnboarding": true,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [&AGENT_KEY[AGENT_KEY.len() - 20..]], "rejected": []},
        "projects": {folder: {"hasTrustDialogAccepted": true, "hasCompletedProjectOnboarding": true}},
    });
    home.write(".claude.json", &settled.to_string());
}

fn configure_codex(home: &Home, model_port: u16) {
    let folder = home.path().display();
    home.write(
        ".codex/config.toml",
        &format!(
            r#"
model = "gpt-5-codex"
model_provider = "script"
check_for_update_on_startup = false

[analytics]
enabled = false

[features]
apps = false
plugins = false
remote_plugin = false

[projects."{folder}"]
trust_level = "trusted"

[model_providers.script]
name = "script"
base_url = "http://127.0.0.1:{model_port}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
"#
        ),
    );
}
