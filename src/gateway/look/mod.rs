//! What a held call would hit, found out while people think: bounded reads with the credential that the call itself would
//! be signed with, each one allowed by the policy and recorded like any other call. What cannot be found out says so.

mod acl;
mod change;
mod dynamodb;
mod ec2;
mod ecr;
mod groups;
mod iam;
mod kms;
mod lambda;
mod logs;
mod rds;
mod read;
mod s3;
mod secrets;
mod sns;
mod sqs;
mod stacks;
mod trails;
mod tree;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::approval::Difference;
use crate::approval::Fact;
use crate::approval::Findings;
use crate::approval::QuestionId;
use crate::aws::Call;
use crate::gateway::core::Core;
use crate::gateway::look::change::Change;
use crate::gateway::look::read::Answer;
use crate::gateway::look::read::Read;
use crate::gateway::readable;
use crate::gateway::whose::By;
use crate::gateway::whose::Whose;

pub use tree::grouped;

/// Requests for one question.
const MOST: usize = 6;
/// Of these, so many at once.
const AT_ONCE: usize = 3;
/// How long all of them may take together.
const TOGETHER: Duration = Duration::from_secs(4);
/// Lines of findings, and of a difference.
const MOST_FACTS: usize = 24;
const MOST_LINES: usize = 60;

/// How many requests of this kind are under way in a whole session: an agent that asks for much gets no more of them.
pub const IN_A_SESSION: usize = 6;

/// The call that is held.
pub struct Asked {
    pub question: QuestionId,
    pub call: Call,
    /// Its parameters as they may be shown.
    pub shown: Value,
    pub by: By,
    pub whose: Whose,
}

/// Something to be found out.
pub struct Look {
    /// What is told about: stands before `unknown` where it cannot be found out.
    name: &'static str,
    read: Read,
    /// Error codes that are an answer: there is no such thing. They are told as an empty answer.
    none: &'static [&'static str],
    tell: Box<dyn Fn(&Value) -> Told + Send + Sync>,
}

/// What an answer tells.
#[derive(Default)]
pub struct Told {
    facts: Vec<(String, String)>,
    change: Option<Change>,
    /// What can be asked for only now.
    then: Vec<Look>,
}

impl Look {
    fn new(name: &'static str, read: Read, tell: impl Fn(&Value) -> Told + Send + Sync + 'static) -> Self {
        Self { name, read, none: &[], tell: Box::new(tell) }
    }

    /// These errors mean that there is none.
    fn none(self, codes: &'static [&'static str]) -> Self {
        Self { none: codes, ..self }
    }
}

impl Told {
    fn fact(name: &str, value: impl Into<String>) -> Self {
        Self::default().and(name, value)
    }

    fn and(mut self, name: &str, value: impl Into<String>) -> Self {
        self.facts.push((name.to_owned(), value.into()));
        self
    }

    /// A line only where there is something to tell.
    fn maybe(self, name: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.and(name, value),
            None => self,
        }
    }

    fn changing(self, change: Option<Change>) -> Self {
        Self { change, ..self }
    }

    fn then(mut self, look: Look) -> Self {
        self.then.push(look);
        self
    }
}

/// Look-ups that are under way; they end with what has been found out.
pub struct Looking(JoinHandle<()>);

impl Looking {
    /// Nobody needs to know any more.
    pub fn stop(&self) {
        self.0.abort();
    }
}

/// What is worth knowing about a call of these parameters. `None`: hoop knows nothing to look up.
fn plan(asked: &Asked) -> Vec<Look> {
    let call = &asked.call;
    match call.service.as_str() {
        // Directory buckets are at hosts of their own, with credentials of their own.
        "s3" if call.signing_name == "s3" => s3::looks(call, &asked.shown),
        "ec2" => ec2::looks(call, &asked.shown),
        "iam" => iam::looks(call, &asked.shown),
        "dynamodb" => dynamodb::looks(call, &asked.shown),
        "rds" => rds::looks(call),
        "lambda" => lambda::looks(call),
        "kms" => kms::looks(call),
        "sqs" => sqs::looks(call),
        "sns" => sns::looks(call),
        "secretsmanager" => secrets::looks(call),
        "cloudformation" => stacks::looks(call),
        "logs" => logs::looks(call),
        "ecr" => ecr::looks(call),
        "cloudtrail" => trails::looks(call),
        _ => Vec::new(),
    }
}

/// Begins to look. `None`: there is nothing to look up, or nothing to sign with.
pub fn begin(core: &Arc<Core>, asked: Asked) -> Option<Looking> {
    if matches!(asked.by, By::Nobody) || asked.call.region == "*" {
        return None;
    }
    let plan = plan(&asked);
    if plan.is_empty() {
        return None;
    }
    // Before the question is shown for the first time.
    core.broker.found(asked.question, Findings { is_looking: true, ..Findings::default() });
    Some(Looking(tokio::spawn(look(core.clone(), Arc::new(asked), plan))))
}

/// What one look-up came to.
enum Slot {
    Waiting,
    Unknown(String),
    Told(Told),
}

/// What was found out so far, in the order in which it was asked for.
#[derive(Default)]
struct Board(Vec<(&'static str, Slot)>);

async fn look(core: Arc<Core>, asked: Arc<Asked>, plan: Vec<Look>) {
    let end = Instant::now() + TOGETHER;
    let mut board = Board::default();
    let mut queue: VecDeque<(usize, Look)> = VecDeque::new();
    let mut running: JoinSet<(usize, Look, Result<Answer, String>)> = JoinSet::new();
    let mut begun = 0;
    board.add(&mut queue, plan);
    loop {
        while running.len() < AT_ONCE
            && let Some((slot, look)) = queue.pop_front()
        {
            if begun == MOST {
                board.put(slot, Slot::Unknown(format!("not looked up: {MOST} look-ups are the most")));
                continue;
            }
            begun += 1;
            let (core, asked) = (core.clone(), asked.clone());
            running.spawn(async move {
                let answer = match core.looks.acquire().await {
                    Ok(_place) => read::read(&core, &asked, &look.read).await,
                    Err(_) => Err("the session has ended".to_owned()),
                };
                (slot, look, answer)
            });
        }
        tokio::select! {
            joined = running.join_next() => match joined {
                None => break,
                Some(Ok((slot, look, answer))) => {
                    let mut told = look.outcome(answer);
                    if let Slot::Told(told) = &mut told {
                        let then = std::mem::take(&mut told.then);
                        board.add(&mut queue, then);
                    }
                    board.put(slot, told);
                    if !queue.is_empty() || !running.is_empty() {
                        core.broker.found(asked.question, board.findings(&core, true));
                    }
                }
                // It panicked: its place on the board stays open and is closed below.
                Some(Err(_)) => {}
            },
            () = tokio::time::sleep_until(end) => break,
        }
    }
    drop(running);
    board.close();
    core.broker.found(asked.question, board.findings(&core, false));
}

impl Look {
    fn outcome(&self, answer: Result<Answer, String>) -> Slot {
        match answer {
            Ok(Answer::Good(value)) => Slot::Told((self.tell)(&value)),
            Ok(Answer::Error(code)) if self.none.contains(&code.as_str()) => {
                Slot::Told((self.tell)(&Value::Null))
            }
            Ok(Answer::Error(code)) => Slot::Unknown(code),
            Err(why) => Slot::Unknown(why),
        }
    }
}

impl Board {
    fn add(&mut self, queue: &mut VecDeque<(usize, Look)>, looks: Vec<Look>) {
        for look in looks {
            queue.push_back((self.0.len(), look));
            self.0.push((queue.back().map_or("", |(_, look)| look.name), Slot::Waiting));
        }
    }

    fn put(&mut self, slot: usize, told: Slot) {
        if let Some((_, place)) = self.0.get_mut(slot) {
            *place = told;
        }
    }

    /// What has not come will not come.
    fn close(&mut self) {
        for (_, slot) in &mut self.0 {
            if matches!(slot, Slot::Waiting) {
                *slot = Slot::Unknown(format!("no answer within {} s", TOGETHER.as_secs()));
            }
        }
    }

    fn findings(&self, core: &Core, is_looking: bool) -> Findings {
        let mut findings = Findings { is_looking, ..Findings::default() };
        let mut facts: Vec<Fact> = Vec::new();
        for (name, slot) in &self.0 {
            match slot {
                Slot::Waiting => {}
                Slot::Unknown(why) => {
                    facts.push(readable::fact(&core.masks, name, &format!("unknown ({why})")));
                }
                Slot::Told(told) => {
                    facts.extend(
                        told.facts.iter().map(|(name, value)| readable::fact(&core.masks, name, value)),
                    );
                    if let Some(change) = &told.change
                        && findings.compared.is_empty()
                    {
                        change.compared.clone_into(&mut findings.compared);
                        findings.difference = lines(core, change);
                    }
                }
            }
        }
        facts.truncate(MOST_FACTS);
        findings.facts = facts;
        findings
    }
}

fn lines(core: &Core, change: &Change) -> Vec<Difference> {
    let shown = |text: &str| core.masks.text(&readable::cut(text)).into_owned();
    let line = |difference: &Difference| match difference {
        Difference::Same(text) => Difference::Same(shown(text)),
        Difference::Added(text) => Difference::Added(shown(text)),
        Difference::Removed(text) => Difference::Removed(shown(text)),
    };
    change.lines(MOST_LINES).iter().map(line).collect()
}
