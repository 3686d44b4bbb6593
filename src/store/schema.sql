CREATE TABLE sessions (
    n INTEGER PRIMARY KEY,              -- newer sessions have higher numbers, some 16 apart (store/texts.rs)
    id TEXT NOT NULL UNIQUE,
    started INTEGER NOT NULL,           -- microseconds since the Unix epoch
    user TEXT NOT NULL,
    host TEXT NOT NULL,
    identity TEXT,                      -- how it is known who the user is
    agent TEXT,
    command TEXT NOT NULL,
    title TEXT,
    cwd TEXT NOT NULL,
    profile TEXT,
    region TEXT,
    last INTEGER NOT NULL DEFAULT 0,    -- microseconds since it began, as all times below
    ended INTEGER,
    reason TEXT,
    status INTEGER,
    signal INTEGER,
    sealed TEXT,
    calls INTEGER NOT NULL DEFAULT 0,
    denied INTEGER NOT NULL DEFAULT 0,
    asked INTEGER NOT NULL DEFAULT 0,
    granted INTEGER NOT NULL DEFAULT 0,
    used INTEGER NOT NULL DEFAULT 0,
    commands INTEGER NOT NULL DEFAULT 0,
    alerts INTEGER NOT NULL DEFAULT 0,
    masks INTEGER NOT NULL DEFAULT 0,
    audit_offset INTEGER NOT NULL DEFAULT 0,
    cast_offset INTEGER NOT NULL DEFAULT 0,
    cast_time INTEGER NOT NULL DEFAULT 0,
    screen_bytes INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX sessions_started ON sessions (started);

-- What calls have in common: few rows stand for very many calls, so that a search looks at them first.
-- Empty, and 0 for the status: there is none (yet).
CREATE TABLE kinds (
    n INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    action TEXT NOT NULL,
    access TEXT NOT NULL,
    region TEXT NOT NULL,
    account TEXT NOT NULL,
    effect TEXT NOT NULL,
    rule TEXT NOT NULL,
    status INTEGER NOT NULL,
    error TEXT NOT NULL,
    UNIQUE (action, effect, status, error, rule, region, account, access, service)
);

CREATE TABLE calls (
    session INTEGER NOT NULL,
    call INTEGER NOT NULL,
    began INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    resource TEXT NOT NULL,             -- the first ARN
    command INTEGER,                    -- number of the command that made it
    PRIMARY KEY (session, call)
) WITHOUT ROWID;
CREATE INDEX calls_kind ON calls (kind, session);
CREATE INDEX calls_command ON calls (session, command) WHERE command IS NOT NULL;

-- number: that of the command; for what has none (kinds 1 to 3), minus the place of its line in the audit log.
CREATE TABLE commands (
    session INTEGER NOT NULL,
    number INTEGER NOT NULL,
    kind INTEGER NOT NULL,              -- 0 ran, 1 could not be executed, 2 refused, 3 typed at a prompt
    began INTEGER NOT NULL,
    ended INTEGER,
    took INTEGER,
    pid INTEGER,
    ppid INTEGER,
    parent INTEGER,
    line TEXT NOT NULL,
    exe TEXT,
    cwd TEXT,
    status INTEGER,
    signal INTEGER,
    replaced_by INTEGER,
    rule TEXT,
    PRIMARY KEY (session, number)
) WITHOUT ROWID;
-- Few commands fail and few take long; a query has to hold the condition word for word to use them.
CREATE INDEX commands_failed ON commands (session, number, status, signal, kind) WHERE status <> 0 OR signal IS NOT NULL;
CREATE INDEX commands_long ON commands (session, number, took, kind) WHERE took >= 1000000;
CREATE INDEX commands_end ON commands (session, number, kind, status, signal, took);

-- at: when it was asked, in microseconds since the Unix epoch; text: where in `texts` it can be found.
CREATE TABLE approvals (
    n INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    id TEXT NOT NULL,
    call INTEGER,
    asked INTEGER NOT NULL,
    at INTEGER NOT NULL,
    question TEXT NOT NULL,
    rule TEXT,
    needs TEXT,
    answered INTEGER,
    answer TEXT,
    person TEXT,
    identity TEXT,
    via TEXT,
    reason TEXT,
    scope TEXT,
    took INTEGER,
    shown INTEGER NOT NULL DEFAULT 0,
    unreached INTEGER NOT NULL DEFAULT 0,
    used INTEGER NOT NULL DEFAULT 0,
    expired INTEGER,
    expiry TEXT,
    text INTEGER,
    UNIQUE (session, id)
);
CREATE INDEX approvals_at ON approvals (at);
CREATE INDEX approvals_answer ON approvals (answer, at);
CREATE INDEX approvals_used ON approvals (session) WHERE used > 0;

-- Everybody who had a part in an answer.
CREATE TABLE approval_people (
    approval INTEGER NOT NULL,
    person TEXT NOT NULL COLLATE NOCASE
);
CREATE INDEX approval_people_person ON approval_people (person, approval);
CREATE INDEX approval_people_approval ON approval_people (approval);

-- part: 0 the call it was asked for, 1 a retry that joined it, 2 one that the yes let through later.
CREATE TABLE approval_calls (
    approval INTEGER NOT NULL,
    call INTEGER NOT NULL,
    part INTEGER NOT NULL,
    PRIMARY KEY (approval, call)
) WITHOUT ROWID;

CREATE TABLE alerts (
    session INTEGER NOT NULL,
    at INTEGER NOT NULL,
    name TEXT NOT NULL,
    message TEXT NOT NULL
);
CREATE INDEX alerts_session ON alerts (session);

-- Groups of the session's person.
CREATE TABLE groups (
    session INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (session, name)
) WITHOUT ROWID;

-- Rules that masked something in a session, and how often.
CREATE TABLE secrets (
    session INTEGER NOT NULL,
    rule TEXT NOT NULL,
    hits INTEGER NOT NULL,
    PRIMARY KEY (session, rule)
) WITHOUT ROWID;

-- What commands, calls and questions say. A body is text, or zstd of text when it is a blob; `words` holds only the
-- positions. id: the session's n << 24, and a number within the session; so the texts of a session stand together.
CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    source INTEGER NOT NULL,            -- 1 command, 2 call, 3 approval
    item INTEGER,                       -- number of the command or call, row of the approval
    body NOT NULL
);
CREATE VIRTUAL TABLE words USING fts5 (
    text, content = '', contentless_delete = 1, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2'
);

-- What screens showed, in stretches of some 128 KiB. `screen_words` knows only which words a stretch has (store/terms.rs):
-- what stands where is looked up in the stretch itself. id: the session's n << 10, and a number within the session.
CREATE TABLE screens (
    id INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL,             -- of the text
    marks BLOB NOT NULL,                -- where its pieces begin, and when they were shown
    body BLOB NOT NULL,                 -- zstd of the text
    dictionary INTEGER                  -- what it is packed with
);
CREATE INDEX screens_dictionary ON screens (dictionary);

-- What screens have in common (store/packing.rs). Numbers are not given again: other processes may know the old one.
CREATE TABLE dictionaries (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    retired INTEGER NOT NULL DEFAULT 0, -- a session it was made of is gone
    body BLOB NOT NULL
);
CREATE TABLE dictionary_sources (
    session INTEGER NOT NULL,
    dictionary INTEGER NOT NULL,
    PRIMARY KEY (session, dictionary)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE screen_words USING fts5 (
    text, content = '', contentless_delete = 1, detail = none, prefix = '2 3',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
);

-- Each three letters in a row of command lines and ARNs, so that a part of one is found. rowid: the session's n << 20,
-- and a number for each batch.
CREATE VIRTUAL TABLE grams USING fts5 (
    text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram'
);

PRAGMA user_version = 7;
