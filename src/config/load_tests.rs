use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use super::*;
use crate::config::duration;

struct Machine {
    dir: tempfile::TempDir,
    sources: Sources,
}

fn machine() -> Machine {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for folder in ["etc", "home/.config/hoop", "work/project/deep"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let sources = Sources {
        machine: Some(root.join("etc")),
        user: Some(root.join("home/.config/hoop")),
        project: Some(root.join("work/project/.hoop.toml")),
        home: Some(root.join("home")),
        ..Sources::default()
    };
    Machine { dir, sources }
}

impl Machine {
    fn write(&self, name: &str, text: &str) -> &Self {
        fs::write(self.dir.path().join(name), text).unwrap();
        self
    }

    fn load(&self) -> Result<Config> {
        Config::load(&self.sources)
    }

    /// The report with the temporary folder taken out.
    fn report(&self) -> String {
        let root = format!("{}/", self.dir.path().display());
        self.load().unwrap_err().report("hoopctl").replace(&root, "")
    }

    fn policies(&self) -> Vec<String> {
        let root = format!("{}/", self.dir.path().display());
        let config = self.load().unwrap();
        config
            .policies()
            .iter()
            .map(|it| format!("{:?} {}", it.layer, it.policy.replace(&root, "")))
            .collect()
    }
}

#[test]
fn without_files_the_defaults_are_in_force() {
    let machine = machine();
    let config = machine.load().unwrap();
    assert_eq!(config.approval_ttl(), Duration::from_secs(300));
    assert_eq!(config.state_dir(), machine.dir.path().join("home/.local/state/hoop"));
    assert_eq!(config.upstream_endpoint_url(), None);
    assert_eq!(config.gateway_capture(), "auto");
    assert_eq!(machine.policies(), ["User guarded"]);
    assert!(config.list().all(|(_, entry)| entry.origin == Origin::Default));
}

#[test]
fn the_defaults_have_every_key_and_no_other() {
    let settings = read_settings(include_str!("defaults.toml"), Path::new("defaults.toml")).unwrap();
    let given: BTreeSet<&str> = settings.iter().map(|setting| setting.key.name).collect();
    let known: BTreeSet<&str> = KEYS.iter().map(|key| key.name).collect();
    assert_eq!(given, known);
    assert!(KEYS.iter().all(|key| key.doc.ends_with('.')));
}

#[test]
fn the_stronger_layer_wins_and_is_named() {
    let mut machine = machine();
    machine
        .write("etc/config.toml", "quiet = true\n[upstream]\nregion = \"us-east-1\"\nprofile = \"m\"\n")
        .write("home/.config/hoop/config.toml", "[upstream]\nregion = \"eu-west-1\"\n")
        .write("work/project/.hoop.toml", "\nupstream.region = \"eu-west-2\"\n");
    let origin = |machine: &Machine, key: &str| {
        let root = format!("{}/", machine.dir.path().display());
        machine.load().unwrap().entry(key).unwrap().origin.to_string().replace(&root, "")
    };
    assert_eq!(origin(&machine, "upstream.region"), "work/project/.hoop.toml:2");
    assert_eq!(origin(&machine, "upstream.profile"), "etc/config.toml:4");
    assert_eq!(origin(&machine, "record.input"), "default");
    machine.sources.variables = vec![("HOOP_UPSTREAM_REGION".to_owned(), "eu-north-1".to_owned())];
    assert_eq!(origin(&machine, "upstream.region"), "HOOP_UPSTREAM_REGION");
    machine.sources = machine.sources.clone().flag("--region", "upstream.region", "sa-east-1");
    assert_eq!(origin(&machine, "upstream.region"), "--region");
    assert_eq!(machine.load().unwrap().upstream_region(), Some("sa-east-1"));
}

#[test]
fn every_fault_of_every_file_is_reported() {
    let mut machine = machine();
    machine
        .write("etc/config.toml", "state_dri = \"/x\"\n")
        .write(
            "home/.config/hoop/config.toml",
            "[record]\ninput = \"yes\"\n\n[approval]\nttl = 5\n\n[replai]\ntheme = \"dark\"\n",
        )
        .write("work/project/.hoop.toml", "theme = \"dark\"\n");
    machine.sources.variables = vec![
        ("HOOP_APROVAL_TTL".to_owned(), "5m".to_owned()),
        ("HOOP_QUIET".to_owned(), "maybe".to_owned()),
        ("HOOP_SESSION_ID".to_owned(), "x".to_owned()),
    ];
    assert_eq!(
        machine.report(),
        r#"hoopctl: 7 faults in the settings
  why: etc/config.toml:1:1: unknown key `state_dri`
         1 | state_dri = "/x"
           | ^^^^^^^^^
         fix: did you mean `state_dir`?
       
       home/.config/hoop/config.toml:2:9: `record.input` is true or false, not a text
         2 | input = "yes"
           |         ^^^^^
         fix: write `record.input = true`
       
       home/.config/hoop/config.toml:5:7: `approval.ttl` is a duration, not a number
         5 | ttl = 5
           |       ^
         fix: write `approval.ttl = "5m"`
       
       home/.config/hoop/config.toml:7:2: unknown table `replai`
         7 | [replai]
           |  ^^^^^^
         fix: did you mean `[replay]`?
       
       work/project/.hoop.toml:1:1: unknown key `theme`
         1 | theme = "dark"
           | ^^^^^
         fix: did you mean `replay.theme`?
       
       HOOP_APROVAL_TTL: unknown variable: no setting has this name
         fix: did you mean `HOOP_APPROVAL_TTL`?
       
       HOOP_QUIET: `maybe`: this is neither true nor false
         fix: write true or false"#
    );
}

#[test]
fn what_could_weaken_hoop_is_ignored_in_a_project_and_said() {
    let machine = machine();
    machine.write(
        "work/project/.hoop.toml",
        "state_dir = \"/tmp/x\"\nquiet = true\n[upstream]\nendpoint_url = \"https://evil.example\"\nregion = \"eu-west-1\"\n",
    );
    let config = machine.load().unwrap();
    assert_eq!(config.upstream_endpoint_url(), None);
    assert_eq!(config.upstream_region(), Some("eu-west-1"));
    let warnings: Vec<&str> = config.warnings().iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(
        warnings,
        [
            "`quiet` is ignored: a project may not set it",
            "`state_dir` is ignored: a project may not set it",
            "`upstream.endpoint_url` is ignored: a project may not set it",
        ]
    );
    assert!(config.warnings()[2].to_string().contains(".hoop.toml:4:1"), "{}", config.warnings()[2]);
}

#[test]
fn policies_of_machine_user_and_project_all_hold() {
    let mut machine = machine();
    machine
        .write("etc/policy.toml", "")
        .write("home/.config/hoop/policy.toml", "")
        .write("work/project/.hoop.toml", "policy = \"policy.toml\"\n");
    let project = "Project work/project/policy.toml";
    assert_eq!(
        machine.policies(),
        ["Machine etc/policy.toml", "User home/.config/hoop/policy.toml", project]
    );
    machine.write("home/.config/hoop/config.toml", "policy = \"readonly\"\n");
    assert_eq!(machine.policies(), ["Machine etc/policy.toml", "User readonly", project]);
    machine.sources = machine.sources.clone().flag("--policy", "policy", "observe");
    assert_eq!(machine.policies(), ["Machine etc/policy.toml", "User observe", project]);
}

#[test]
fn a_project_alone_does_not_replace_the_default_policy_but_a_machine_does() {
    let machine = machine();
    machine.write("work/project/.hoop.toml", "policy = \"observe\"\n");
    assert_eq!(machine.policies(), ["User guarded", "Project observe"]);
    machine.write("etc/policy.toml", "");
    assert_eq!(machine.policies(), ["Machine etc/policy.toml", "Project observe"]);
}

#[test]
fn a_dangling_or_odd_policy_file_is_not_passed_over() {
    let machine = machine();
    std::os::unix::fs::symlink("/nowhere/at/all", machine.dir.path().join("etc/policy.toml")).unwrap();
    assert_eq!(machine.policies(), ["Machine etc/policy.toml"]);
    fs::create_dir(machine.dir.path().join("etc/config.toml")).unwrap();
    assert_eq!(machine.report(), "hoopctl: etc/config.toml: the file cannot be read: it is not a file");
}

#[test]
fn the_project_file_is_found_upwards_but_not_at_home() {
    let machine = machine();
    let root = machine.dir.path();
    machine.write("work/project/.hoop.toml", "").write("home/.hoop.toml", "");
    let at = |folder: &str| {
        let environment = [("HOME".to_owned(), root.join("home").display().to_string())];
        Sources::discover(environment, &root.join(folder)).project
    };
    assert_eq!(at("work/project/deep"), Some(root.join("work/project/.hoop.toml")));
    assert_eq!(at("home/.config"), None);
}

#[test]
fn durations_survive_being_shown() {
    let config = machine().load().unwrap();
    for (key, entry) in config.list() {
        if let Value::Duration(value) = entry.value {
            assert_eq!(duration::parse(&entry.value.to_plain()), Ok(value), "{}", key.name);
        }
    }
}
