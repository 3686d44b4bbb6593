//! Questions to people in the index: filling it, and asking who approved what.

use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::params;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::Index;
use super::query::command_conditions;
use super::query::nothing_to_search;
use super::query::pattern;
use super::query::session_id;
use super::rows::CommandFilter;
use super::rows::Page;
use super::rows::Source;
use super::words;
use super::write::Batch;
use super::write::signed;
use super::write::unsigned;
use crate::error::Result;
use crate::types::Micros;
use crate::types::SessionId;

/// Stands among the words of every question, so that a search among questions does not go through all screens.
const WORD: &str = "hoopquestionq";

/// Levels of commands above a call that are looked at.
const MOST_LEVELS: u32 = 64;

/// A question to people.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// Its name, unique in the session.
    pub id: &'a str,
    /// The call it is about.
    pub call: Option<u64>,
    /// When.
    pub asked: Micros,
    /// The question.
    pub question: &'a str,
    /// The rule that asks.
    pub rule: Option<&'a str>,
    /// Whose yes it needs, in words; empty: whoever the session belongs to.
    pub needs: &'a str,
}

/// A question that is settled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answered<'a> {
    /// Its name.
    pub id: &'a str,
    /// When.
    pub answered: Micros,
    /// The answer, in one word.
    pub answer: &'a str,
    /// Who answered, in one line.
    pub person: Option<&'a str>,
    /// The same, each by name.
    pub people: &'a [String],
    /// What tells them apart.
    pub identity: Option<&'a str>,
    /// Where.
    pub via: Option<&'a str>,
    /// Why.
    pub reason: Option<&'a str>,
    /// How far it reaches.
    pub scope: Option<&'a str>,
    /// How long it took.
    pub took: Micros,
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// Answered with yes.
    Granted,
    /// Answered with no.
    Denied,
    /// Nobody answered in time.
    Expired,
    /// Nobody could have answered.
    Nobody,
    /// The client went away, or the session ended.
    Withdrawn,
    /// Answered with yes, and later calls went on because of it.
    Used,
    /// Not answered: it still waits, or the recording breaks off.
    Waiting,
}

impl Became {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Granted,
        Self::Denied,
        Self::Expired,
        Self::Nobody,
        Self::Withdrawn,
        Self::Used,
        Self::Waiting,
    ];

    /// The word that people write.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Nobody => "nobody",
            Self::Withdrawn => "withdrawn",
            Self::Used => "used",
            Self::Waiting => "waiting",
        }
    }
}

/// Which questions; every condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApprovalFilter {
    /// One of these became of it; empty: any.
    pub became: Vec<Became>,
    /// All of these had a part in the answer: names in letters of either case; `*` stands for anything.
    pub approvers: Vec<String>,
}

/// What to search for among questions.
#[derive(Clone, Debug, Default)]
pub struct ApprovalSearch {
    /// Which ones.
    pub filter: ApprovalFilter,
    /// Words of the question, its rule, its reason and the people; may be empty.
    pub words: String,
    /// Only those whose call was made by such a command, or by what such a command started.
    pub commands: Option<CommandFilter>,
    /// Only in this session.
    pub session: Option<SessionId>,
    /// Only in sessions of this person.
    pub user: Option<String>,
    /// Asked at or after this, in microseconds since the Unix epoch.
    pub since: Option<u64>,
    /// Asked before this.
    pub until: Option<u64>,
}

/// One question as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRow {
    /// The session.
    pub session: SessionId,
    /// Whose session it was.
    pub user: String,
    /// When it was asked, in microseconds since the Unix epoch.
    pub at: u64,
    /// The same, since the session began.
    pub asked: Micros,
    /// Its name in the session.
    pub id: String,
    /// The call it is about.
    pub call: Option<u64>,
    /// How many retries waited for the same answer.
    pub joined: u64,
    /// The question.
    pub question: String,
    /// The rule that asks.
    pub rule: Option<String>,
    /// Whose yes it needs; none: whoever the session belongs to.
    pub needs: Option<String>,
    /// When it was settled, since the session began.
    pub answered: Option<Micros>,
    /// The answer, in one word; none while there is none.
    pub answer: Option<String>,
    /// Who answered.
    pub person: Option<String>,
    /// What tells them apart.
    pub identity: Option<String>,
    /// Where.
    pub via: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// How far it reaches.
    pub scope: Option<String>,
    /// How long the answer took.
    pub took: Option<Micros>,
    /// Before how many it was put.
    pub shown: u64,
    /// How many it was to be put before, and did not reach.
    pub unreached: u64,
    /// How many went on later because of the yes.
    pub used: u64,
    /// When the yes ended, since the session began.
    pub expired: Option<Micros>,
    /// Why it ended.
    pub expiry: Option<String>,
}

impl Batch<'_> {
    /// Adds a question, which can then be found by its words.
    pub fn ask(&self, session: i64, asked: &Asked<'_>) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO approvals (session, id, call, asked, at, question, rule, needs)
             VALUES (?1, ?2, ?3, ?4, ?4 + (SELECT started FROM sessions WHERE n = ?1), ?5, ?6, nullif(?7, ''))",
            params![
                session,
                asked.id,
                asked.call.map(signed),
                signed(asked.asked.0),
                asked.question,
                asked.rule,
                asked.needs
            ],
        )?;
        self.link(session, asked.id, asked.call, 0)?;
        self.tell(session, asked.id)
    }

    /// A retry waits for the same answer.
    pub fn join(&self, session: i64, id: &str, call: Option<u64>) -> Result<()> {
        self.link(session, id, call, 1)
    }

    /// It was put before somebody, or was to be.
    pub fn show(&self, session: i64, id: &str, has_reached: bool) -> Result<()> {
        self.run(
            "UPDATE approvals SET shown = shown + ?3, unreached = unreached + 1 - ?3 WHERE session = ?1 AND id = ?2",
            params![session, id, has_reached],
        )
    }

    /// One of several people said yes.
    pub fn vote(&self, session: i64, id: &str, person: &str) -> Result<()> {
        self.run(
            "INSERT INTO approval_people (approval, person)
             SELECT n, ?3 FROM approvals WHERE session = ?1 AND id = ?2",
            params![session, id, person],
        )?;
        self.tell(session, id)
    }

    /// Who has said yes so far, in order.
    pub fn voters(&self, session: i64, id: &str) -> Result<Vec<String>> {
        self.get(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT p.person FROM approvals a JOIN approval_people p ON p.approval = a.n
                 WHERE a.session = ?1 AND a.id = ?2 ORDER BY p.rowid",
            )?;
            statement.query_map(params![session, id], |row| row.get(0))?.collect()
        })
    }

    /// Adds the answer.
    pub fn answer(&self, session: i64, answered: &Answered<'_>) -> Result<()> {
        let Answered { id, answered: at, answer, person, people, identity, via, reason, scope, took } =
            answered;
        self.run(
            "UPDATE approvals SET answered = ?3, answer = ?4, person = ?5, identity = ?6, via = ?7, reason = ?8,
             scope = ?9, took = ?10 WHERE session = ?1 AND id = ?2",
            params![
                session,
                id,
                signed(at.0),
                answer,
                person,
                identity,
                via,
                reason,
                scope,
                signed(took.0)
            ],
        )?;
        for person in *people {
            self.run(
                "INSERT INTO approval_people (approval, person)
                 SELECT n, ?3 FROM approvals WHERE session = ?1 AND id = ?2",
                params![session, id, person],
            )?;
        }
        self.tell(session, id)
    }

    /// Something went on because of the yes.
    pub fn use_yes(&self, session: i64, id: &str, call: Option<u64>) -> Result<()> {
        self.run(
            "UPDATE approvals SET used = used + 1 WHERE session = ?1 AND id = ?2",
            params![session, id],
        )?;
        self.link(session, id, call, 2)
    }

    /// The yes counts no longer; it was used so often.
    pub fn expire(&self, session: i64, id: &str, (at, reason, used): (Micros, &str, u64)) -> Result<()> {
        self.run(
            "UPDATE approvals SET expired = ?3, expiry = ?4, used = max(used, ?5) WHERE session = ?1 AND id = ?2",
            params![session, id, signed(at.0), reason, signed(used)],
        )
    }

    /// A call has a part in a question: 0 it was asked for, 1 it joined, 2 it was let through by the yes.
    fn link(&self, session: i64, id: &str, call: Option<u64>, part: u8) -> Result<()> {
        let Some(call) = call else { return Ok(()) };
        self.run(
            "INSERT OR REPLACE INTO approval_calls (approval, call, part)
             SELECT n, ?3, ?4 FROM approvals WHERE session = ?1 AND id = ?2",
            params![session, id, signed(call), part],
        )
    }

    /// Lets a question be found by all that is known of it now.
    fn tell(&self, session: i64, id: &str) -> Result<()> {
        let found = self.get(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT n, text, asked, concat_ws(' ', question, rule, needs, coalesce(person,
                 (SELECT group_concat(person, ' ') FROM approval_people WHERE approval = n)), reason)
                 FROM approvals WHERE session = ?1 AND id = ?2",
            )?;
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, unsigned(row.get(2)?), row.get(3)?));
            statement.query_row(params![session, id], read).optional()
        })?;
        let Some((row, old, asked, text)) = found else { return Ok(()) };
        let (row, old, text): (i64, Option<i64>, String) = (row, old, text);
        if let Some(old) = old {
            self.run("DELETE FROM words WHERE rowid = ?1", [old])?;
            self.run("DELETE FROM texts WHERE id = ?1", [old])?;
        }
        let place = self.add_item(session, Micros(asked), (Source::Approval, Some(row)), (&text, WORD))?;
        self.run("UPDATE approvals SET text = ?2 WHERE n = ?1", params![row, place])
    }

    /// Takes a session's questions out.
    pub(super) fn forget_approvals(&self, session: i64) -> Result<()> {
        for table in ["approval_people", "approval_calls"] {
            let sql =
                format!("DELETE FROM {table} WHERE approval IN (SELECT n FROM approvals WHERE session = ?1)");
            self.run(&sql, [session])?;
        }
        self.run("DELETE FROM approvals WHERE session = ?1", [session])
    }
}

impl Index {
    /// The questions that fit, those asked last first.
    ///
    /// Fails with `Usage` when words are given and none of them has a letter or digit.
    pub fn approvals(&self, search: &ApprovalSearch, page: Page) -> Result<Vec<ApprovalRow>> {
        let (mut conditions, mut values) = conditions(&search.filter);
        if let Some(session) = search.session {
            conditions.push("s.id = ?".to_owned());
            values.push(Value::from(session.to_string()));
        }
        if let Some(user) = &search.user {
            conditions.push("s.user = ?".to_owned());
            values.push(Value::from(user.clone()));
        }
        for (bound, sign) in [(search.since, ">="), (search.until, "<")] {
            if let Some(bound) = bound {
                conditions.push(format!("a.at {sign} ?"));
                values.push(Value::from(signed(bound)));
            }
        }
        if !search.words.trim().is_empty() {
            let query = words::query(&search.words).ok_or_else(nothing_to_search)?;
            conditions.push("a.text IN (SELECT rowid FROM words WHERE words MATCH ?)".to_owned());
            values.push(Value::from(format!("{WORD} {query}")));
        }
        if let Some(commands) = &search.commands {
            let (condition, more) = made_by(commands);
            conditions.push(condition);
            values.extend(more);
        }
        let sql = format!(
            "SELECT s.id, s.user, a.at, a.asked, a.id, a.call, a.question, a.rule, a.needs, a.answered, a.answer,
             a.person, a.identity, a.via, a.reason, a.scope, a.took, a.shown, a.unreached, a.used, a.expired,
             a.expiry, (SELECT count(*) FROM approval_calls WHERE approval = a.n AND part = 1)
             FROM approvals a JOIN sessions s ON s.n = a.session WHERE {}
             ORDER BY a.at DESC, a.n DESC LIMIT ? OFFSET ?",
            conditions.join(" AND ")
        );
        values.extend([Value::from(page.limit), Value::from(page.offset)]);
        self.get(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_map(params_from_iter(values), approval_row)?.collect()
        })
    }
}

/// Conditions on approvals `a`, with their values.
pub(super) fn conditions(filter: &ApprovalFilter) -> (Vec<String>, Vec<Value>) {
    let mut conditions = vec!["1".to_owned()];
    let mut values = Vec::new();
    let became: Vec<String> = filter
        .became
        .iter()
        .map(|became| match became {
            Became::Used => "a.used > 0".to_owned(),
            Became::Waiting => "a.answer IS NULL".to_owned(),
            answer => {
                values.push(Value::from(answer.as_str().to_owned()));
                "a.answer = ?".to_owned()
            }
        })
        .collect();
    if !became.is_empty() {
        conditions.push(format!("({})", became.join(" OR ")));
    }
    for approver in &filter.approvers {
        let (sign, value) = match approver.contains('*') {
            true => ("LIKE ? ESCAPE '\\'", pattern(approver)),
            // An index helps.
            false => ("= ?", approver.clone()),
        };
        conditions.push(format!("a.n IN (SELECT approval FROM approval_people WHERE person {sign})"));
        values.push(Value::from(value));
    }
    (conditions, values)
}

/// The condition that the call was made by such a command, or by one that such a command started, or that the question
/// is about such a command.
fn made_by(filter: &CommandFilter) -> (String, Vec<Value>) {
    let (conditions, mut values) = command_conditions(filter);
    let mut sql = format!(
        "(EXISTS (WITH RECURSIVE up (number, level) AS (
           SELECT k.command, 0 FROM approval_calls l JOIN calls k ON k.session = a.session AND k.call = l.call
           WHERE l.approval = a.n AND k.command IS NOT NULL
           UNION SELECT c.parent, up.level + 1 FROM up
           JOIN commands c ON c.session = a.session AND c.number = up.number
           WHERE c.parent IS NOT NULL AND up.level < {MOST_LEVELS})
         SELECT 1 FROM up JOIN commands c ON c.session = a.session AND c.number = up.number WHERE {})",
        conditions.join(" AND ")
    );
    let has_only_parts = CommandFilter { parts: filter.parts.clone(), ..CommandFilter::default() } == *filter;
    if has_only_parts {
        sql.push_str(" OR (a.question LIKE 'command %'");
        for part in &filter.parts {
            sql.push_str(" AND substr(a.question, 9) LIKE ? ESCAPE '\\'");
            values.push(Value::from(format!("%{}%", pattern(part))));
        }
        sql.push(')');
    }
    sql.push(')');
    (sql, values)
}

fn approval_row(row: &Row<'_>) -> rusqlite::Result<ApprovalRow> {
    let number = |column: usize| row.get(column).map(unsigned);
    let maybe = |column: usize| row.get::<_, Option<i64>>(column).map(|number| number.map(unsigned));
    Ok(ApprovalRow {
        session: session_id(row, 0)?,
        user: row.get(1)?,
        at: number(2)?,
        asked: Micros(number(3)?),
        id: row.get(4)?,
        call: maybe(5)?,
        question: row.get(6)?,
        rule: row.get(7)?,
        needs: row.get(8)?,
        answered: maybe(9)?.map(Micros),
        answer: row.get(10)?,
        person: row.get(11)?,
        identity: row.get(12)?,
        via: row.get(13)?,
        reason: row.get(14)?,
        scope: row.get(15)?,
        took: maybe(16)?.map(Micros),
        shown: number(17)?,
        unreached: number(18)?,
        used: number(19)?,
        expired: maybe(20)?.map(Micros),
        expiry: row.get(21)?,
        joined: number(22)?,
    })
}
