//! A session without a terminal: recorder, policy, gateway, and the record read back.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use hoop::approval::Broker;
use hoop::approval::Ways;
use hoop::audit;
use hoop::clock::Clock;
use hoop::gateway::Capture;
use hoop::gateway::Gateway;
use hoop::gateway::Setup;
use hoop::gateway::Upstreams;
use hoop::mask::Engine;
use hoop::mask::UserRule;
use hoop::policy::Policy;
use hoop::policy::PolicySet;
use hoop::policy::Principal;
use hoop::record::Recorder;
use hoop::types::SessionId;
use serde_json::Value;
use tempfile::TempDir;

use crate::broker::NOBODY;
use crate::broker::broker;

pub const REAL_KEY: &str = "AKIDREALREALREALREAL";
pub const REAL_SECRET: &str = "real/SECRET+kept0inside1of2hoop3only4567";

pub struct World {
    pub gateway: Gateway,
    pub recorder: Recorder,
    pub broker: Broker,
    pub clock: Clock,
    pub env: HashMap<String, String>,
    _dir: TempDir,
}

/// What a test may change.
pub struct Plan {
    pub policy: String,
    pub endpoint_url: String,
    pub capture: Capture,
    /// How people can be asked.
    pub ways: Ways,
    pub clock: Clock,
    pub environment: Vec<(String, String)>,
    pub principal: Principal,
    pub upstreams: Upstreams,
}

impl Plan {
    pub fn observe(endpoint_url: &str) -> Self {
        Self {
            policy: "version = 1\ndefault = \"allow\"\n".to_owned(),
            endpoint_url: endpoint_url.to_owned(),
            capture: Capture::Endpoint,
            ways: NOBODY,
            clock: Clock::system(),
            principal: Principal { user: "ana".to_owned(), ..Principal::default() },
            upstreams: Upstreams::default(),
            environment: vec![
                ("AWS_ACCESS_KEY_ID".to_owned(), REAL_KEY.to_owned()),
                ("AWS_SECRET_ACCESS_KEY".to_owned(), REAL_SECRET.to_owned()),
            ],
        }
    }

    pub fn policy(mut self, statements: &str) -> Self {
        self.policy = format!("version = 1\ndefault = \"allow\"\n{statements}");
        self
    }

    pub fn start(self) -> World {
        let dir = tempfile::tempdir().unwrap();
        let id = SessionId::new(self.clock.unix_micros(), 7);
        let mut begin = audit::Start::new(id, self.clock.unix_micros(), vec!["test".to_owned()]);
        begin.user = "ana".to_owned();
        let recorder = Recorder::create(dir.path(), &begin, self.clock.clone()).unwrap();
        let broker = broker(&self.clock, &recorder, self.ways);
        let policies = PolicySet::new(vec![Policy::parse(&self.policy, "policy.toml").unwrap()]);
        let rules: Vec<UserRule> = policies
            .masks()
            .map(|rule| UserRule {
                name: rule.name.clone(),
                actions: rule.actions.clone(),
                fields: rule.fields.clone(),
                columns: rule.columns.clone(),
                regex: rule.regex.clone(),
                restore: rule.restore,
            })
            .collect();
        let gateway = hoop::gateway::start(Setup {
            upstreams: Upstreams { roles: policies.session().roles_for(&self.principal), ..self.upstreams },
            policies,
            principal: self.principal,
            masks: Arc::new(Engine::with_rules(&rules).unwrap()),
            recorder: recorder.clone(),
            broker: broker.clone(),
            approval_ttl: Duration::from_secs(50),
            clock: self.clock.clone(),
            environment: self.environment.into_iter().collect(),
            profile: None,
            region: Some("eu-central-1".to_owned()),
            endpoint_url: Some(self.endpoint_url),
            capture: self.capture,
            program: "test".to_owned(),
            runtime_parent: dir.path().to_owned(),
            network: None,
            publish: Vec::new(),
            connect: Vec::new(),
            egress: hoop::types::Effect::Allow,
            find_caller: None,
            command_lines: None,
            is_running: None,
        })
        .unwrap();
        let env = gateway.env().into_iter().collect();
        World { gateway, recorder, broker, clock: self.clock, env, _dir: dir }
    }
}

/// A time that has begun to pass.
pub struct Since<'a>(&'a Clock, u64);

impl Since<'_> {
    pub fn elapsed(&self) -> Duration {
        Duration::from_micros(self.0.elapsed().0 - self.1)
    }
}

impl World {
    /// From now on.
    pub fn since(&self) -> Since<'_> {
        Since(&self.clock, self.clock.elapsed().0)
    }

    /// The audit log so far.
    pub fn events(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.recorder.folder().join("audit.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The events of one type.
    pub fn events_of(&self, kind: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["type"] == kind).collect()
    }

    /// The only `call.end`, waited for: it is written when the client may already have its answer.
    pub fn call_end(&self) -> Value {
        for _ in 0..200 {
            if let Some(end) = self.events_of("call.end").pop() {
                return end;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no call.end in {:#?}", self.events());
    }

    /// Everything on disk, as text.
    pub fn all_recorded(&self) -> String {
        let folder = self.recorder.folder();
        let mut text = fs::read_to_string(folder.join("audit.jsonl")).unwrap();
        text.push_str(&fs::read_to_string(folder.join("terminal.cast")).unwrap_or_default());
        for body in fs::read_dir(folder.join("bodies")).into_iter().flatten() {
            let packed = fs::read(body.unwrap().path()).unwrap();
            text.push_str(&zstd::decode_all(&packed[..]).unwrap().escape_ascii().to_string());
        }
        text
    }
}
