//! Which key means what, in one table. `keys` lays the user's own over it; the resolver, the help and the footer read
//! that.

use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyModifiers;

use crate::replay::action::Action;
use crate::replay::panes::Tab;
use crate::types::Micros;

/// Where a key is pressed. Names are stable: a key file calls the contexts so (`Recording` is `recording`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Everywhere but while typing.
    Anywhere,
    /// In the list of sessions.
    Sessions,
    /// In its query line: keys that are no text.
    Query,
    /// In an open recording.
    Recording,
    /// In the summary of a session.
    Summary,
    /// Where two sessions are compared.
    Diff,
    /// In the list of themes.
    Themes,
    /// In the list of keys.
    Help,
}

/// A line of the table.
pub struct Binding {
    /// Where it holds.
    pub context: Context,
    /// The keys: each a key, with `ctrl-`, `shift-` or `alt-` before it; or several, apart by spaces, to be pressed one after
    /// the other. None: this is no binding but the title of those below it.
    pub keys: &'static [&'static str],
    /// What they do.
    pub action: Action,
    /// The keys as help shows them; empty: told by another line.
    pub shown: &'static str,
    /// What help says.
    pub help: &'static str,
    /// Few words for the footer; empty: not there.
    pub hint: &'static str,
}

const fn bind(
    context: Context,
    keys: &'static [&'static str],
    action: Action,
    words: [&'static str; 3],
) -> Binding {
    let [shown, help, hint] = words;
    Binding { context, keys, action, shown, help, hint }
}

const fn group(context: Context, title: &'static str) -> Binding {
    Binding { context, keys: &[], action: Action::ToggleHelp, shown: "", help: title, hint: "" }
}

const SECOND: u64 = 1_000_000;

/// Every key. The first line that fits counts; footers show hints in this order for as long as there is room.
#[rustfmt::skip]
pub const TABLE: &[Binding] = &[
    group(Context::Sessions, "sessions"),
    bind(Context::Sessions, &["enter"], Action::Open, ["Enter", "open it at the chosen hit, or the first one", "open"]),
    bind(Context::Sessions, &["/", "i"], Action::StartTyping, ["/  i", "type a query: words, user:ana, after:2d …", "find"]),
    bind(Context::Sessions, &["right", "l"], Action::Into, ["→ ←  l h", "into the hits of a session, and back", "hits"]),
    bind(Context::Sessions, &["left", "h"], Action::Out, ["", "", ""]),
    bind(Context::Sessions, &["up", "k", "ctrl-p"], Action::Up, ["↑ ↓  k j", "move", ""]),
    bind(Context::Sessions, &["down", "j", "ctrl-n"], Action::Down, ["", "", ""]),
    bind(Context::Sessions, &["pageup", "ctrl-b"], Action::PageUp, ["PgUp PgDn", "move by a page", ""]),
    bind(Context::Sessions, &["pagedown", "ctrl-f"], Action::PageDown, ["", "", ""]),
    bind(Context::Sessions, &["home", "g"], Action::First, ["Home End  g G", "newest, oldest", ""]),
    bind(Context::Sessions, &["end", "G"], Action::Last, ["", "", ""]),
    bind(Context::Sessions, &["S", "f3"], Action::Summary, ["S  F3", "the summary of the session", "summary"]),
    bind(Context::Sessions, &["space", "f2"], Action::MarkSession, ["Space  F2", "mark the session (A, B), or no longer", "mark"]),
    bind(Context::Sessions, &["d", "f4"], Action::CompareSessions, ["d  F4", "compare A and B, or A and the chosen one", "compare"]),
    bind(Context::Sessions, &["ctrl-r"], Action::History, ["Ctrl-R", "queries asked before; Del forgets one", "history"]),
    bind(Context::Sessions, &["@", "ctrl-o"], Action::SavedQueries, ["@  Ctrl-O", "saved queries; Del deletes one", ""]),
    bind(Context::Sessions, &["s", "ctrl-s"], Action::SaveQuery, ["s  Ctrl-S", "save the query under a name", ""]),
    bind(Context::Sessions, &["r", "f5"], Action::Reload, ["r  F5", "look for new sessions", ""]),

    group(Context::Query, "query"),
    bind(Context::Query, &["enter"], Action::Open, ["Enter", "open it at the chosen hit, or the first one", "open"]),
    bind(Context::Query, &["up", "ctrl-p"], Action::Up, ["↑ ↓", "move; ↑ in an empty line: earlier queries", ""]),
    bind(Context::Query, &["down", "ctrl-n"], Action::Down, ["", "", ""]),
    bind(Context::Query, &["right"], Action::Into, ["→ ←", "behind the line's end: into the hits, and back", ""]),
    bind(Context::Query, &["left"], Action::Out, ["", "", ""]),
    bind(Context::Query, &["tab"], Action::Complete, ["Tab", "complete a field or value; again: the next", "complete"]),
    bind(Context::Query, &["pageup", "ctrl-b"], Action::PageUp, ["PgUp PgDn", "move by a page", ""]),
    bind(Context::Query, &["pagedown", "ctrl-f"], Action::PageDown, ["", "", ""]),
    bind(Context::Query, &["ctrl-r"], Action::History, ["Ctrl-R", "queries asked before; Del forgets one", "history"]),
    bind(Context::Query, &["ctrl-o"], Action::SavedQueries, ["@  Ctrl-O", "saved queries; Del deletes one", "saved"]),
    bind(Context::Query, &["ctrl-s"], Action::SaveQuery, ["Ctrl-S", "save the query under a name", "save"]),
    bind(Context::Query, &["f3"], Action::Summary, ["F3", "the summary of the session", ""]),
    bind(Context::Query, &["f2"], Action::MarkSession, ["F2", "mark the session (A, B), or no longer", ""]),
    bind(Context::Query, &["f4"], Action::CompareSessions, ["F4", "compare A and B, or A and the chosen one", ""]),
    bind(Context::Query, &["f5"], Action::Reload, ["F5", "look for new sessions", ""]),

    group(Context::Recording, "play"),
    bind(Context::Recording, &["space"], Action::TogglePlay, ["Space", "play, pause", "play"]),
    group(Context::Recording, "go to a moment"),
    bind(Context::Recording, &["right"], Action::SeekForward(Micros(5 * SECOND)), ["← →", "5 seconds back, on", "5 s"]),
    bind(Context::Recording, &["left"], Action::SeekBack(Micros(5 * SECOND)), ["", "", ""]),
    bind(Context::Recording, &["shift-right"], Action::SeekForward(Micros(60 * SECOND)), ["Shift ← →", "a minute back, on", ""]),
    bind(Context::Recording, &["shift-left"], Action::SeekBack(Micros(60 * SECOND)), ["", "", ""]),
    bind(Context::Recording, &["."], Action::StepForward, [", .", "one event back, on (output, or a new size)", ""]),
    bind(Context::Recording, &[","], Action::StepBack, ["", "", ""]),
    bind(Context::Recording, &[">"], Action::PictureForward, ["< >", "one picture back, on (1/30 s)", ""]),
    bind(Context::Recording, &["<"], Action::PictureBack, ["", "", ""]),
    bind(Context::Recording, &[":"], Action::StartGoing, [":", "to a moment: 1:02.5, 50%, or event #120", ""]),
    bind(Context::Recording, &["0"], Action::SeekPercent(0), ["0 … 9", "to 0 % … 90 %", ""]),
    bind(Context::Recording, &["1"], Action::SeekPercent(10), ["", "", ""]),
    bind(Context::Recording, &["2"], Action::SeekPercent(20), ["", "", ""]),
    bind(Context::Recording, &["3"], Action::SeekPercent(30), ["", "", ""]),
    bind(Context::Recording, &["4"], Action::SeekPercent(40), ["", "", ""]),
    bind(Context::Recording, &["5"], Action::SeekPercent(50), ["", "", ""]),
    bind(Context::Recording, &["6"], Action::SeekPercent(60), ["", "", ""]),
    bind(Context::Recording, &["7"], Action::SeekPercent(70), ["", "", ""]),
    bind(Context::Recording, &["8"], Action::SeekPercent(80), ["", "", ""]),
    bind(Context::Recording, &["9"], Action::SeekPercent(90), ["", "", ""]),
    bind(Context::Recording, &["home", "g"], Action::SeekStart, ["Home End  g G", "to the beginning, the end (running: follow it)", ""]),
    bind(Context::Recording, &["end", "G"], Action::SeekEnd, ["", "", ""]),
    group(Context::Recording, "search"),
    bind(Context::Recording, &["/"], Action::StartTyping, ["/", "search the screen's text", "search"]),
    bind(Context::Recording, &["n"], Action::NextHit, ["n N", "next hit, hit before", ""]),
    bind(Context::Recording, &["N"], Action::PreviousHit, ["", "", ""]),
    group(Context::Recording, "calls, commands, approvals"),
    bind(Context::Recording, &["c"], Action::ToggleList, ["c", "the list beside the screen: show, hide", "list"]),
    bind(Context::Recording, &["tab"], Action::NextTab, ["Tab", "its next tab (Shift-Tab: the one before)", "tabs"]),
    bind(Context::Recording, &["shift-tab"], Action::PreviousTab, ["", "", ""]),
    bind(Context::Recording, &["C"], Action::ShowTab(Tab::Calls), ["C", "the AWS calls as a table, and back", ""]),
    bind(Context::Recording, &["X"], Action::ShowTab(Tab::Commands), ["X", "the commands as a tree, and back", ""]),
    bind(Context::Recording, &["a"], Action::ToggleApprovals, ["a", "the approvals, and back", ""]),
    bind(Context::Recording, &["A"], Action::ShowTab(Tab::Alerts), ["A", "alerts and masked secrets, and back", ""]),
    bind(Context::Recording, &["I"], Action::ShowTab(Tab::Session), ["I", "the facts of the session, and back", ""]),
    bind(Context::Recording, &["down", "j"], Action::Down, ["↑ ↓  k j", "choose a row of the list", ""]),
    bind(Context::Recording, &["up", "k"], Action::Up, ["", "", ""]),
    bind(Context::Recording, &["enter"], Action::Open, ["Enter", "jump to the chosen one; again: to its end", "jump"]),
    group(Context::Recording, "jump"),
    bind(Context::Recording, &["]"], Action::NextEntry, ["[ ]", "jump to the one before, the next", ""]),
    bind(Context::Recording, &["["], Action::PreviousEntry, ["", "", ""]),
    bind(Context::Recording, &["}"], Action::NextCommand, ["{ }", "the command before, the next", ""]),
    bind(Context::Recording, &["{"], Action::PreviousCommand, ["", "", ""]),
    bind(Context::Recording, &[")"], Action::NextCall, ["( )", "the AWS call before, the next", ""]),
    bind(Context::Recording, &["("], Action::PreviousCall, ["", "", ""]),
    bind(Context::Recording, &["m"], Action::NextMarker, ["m M", "the next marker, the one before", ""]),
    bind(Context::Recording, &["M"], Action::PreviousMarker, ["", "", ""]),
    bind(Context::Recording, &["' d"], Action::NextDenial, ["' …", "go to a place: what may follow is shown", "go to"]),
    bind(Context::Recording, &["' D"], Action::PreviousDenial, ["", "", ""]),
    bind(Context::Recording, &["' c"], Action::NextCommand, ["", "", ""]),
    bind(Context::Recording, &["' C"], Action::PreviousCommand, ["", "", ""]),
    bind(Context::Recording, &["' a"], Action::NextCall, ["", "", ""]),
    bind(Context::Recording, &["' A"], Action::PreviousCall, ["", "", ""]),
    bind(Context::Recording, &["' m"], Action::NextMarker, ["", "", ""]),
    bind(Context::Recording, &["' M"], Action::PreviousMarker, ["", "", ""]),
    bind(Context::Recording, &["' g"], Action::SeekStart, ["", "beginning", ""]),
    bind(Context::Recording, &["' e"], Action::SeekEnd, ["", "end", ""]),
    bind(Context::Recording, &["u"], Action::ToCommand, ["u", "choose the command behind a call or a command", ""]),
    bind(Context::Recording, &["o"], Action::ToCalls, ["o", "choose the calls of a command, an approval", ""]),
    group(Context::Recording, "detail"),
    bind(Context::Recording, &["d"], Action::ToggleDetail, ["d", "all about the chosen one: show, hide", "detail"]),
    bind(Context::Recording, &["&"], Action::StartFilter, ["&", "only rows with these words; -word: without", "filter"]),
    bind(Context::Recording, &["w"], Action::NextWhich, ["w", "which calls or approvals: denied, granted, …", ""]),
    bind(Context::Recording, &["F"], Action::StartFinding, ["F", "find in the detail (then n N)", ""]),
    bind(Context::Recording, &["pageup"], Action::PageUp, ["PgUp PgDn", "scroll the detail, or page through the list", ""]),
    bind(Context::Recording, &["pagedown"], Action::PageDown, ["", "", ""]),
    group(Context::Recording, "speed"),
    bind(Context::Recording, &["+", "="], Action::Faster, ["- +", "half, twice the speed (0.5 to 16)", "speed"]),
    bind(Context::Recording, &["-", "_"], Action::Slower, ["", "", ""]),
    bind(Context::Recording, &["i"], Action::ToggleIdle, ["i", "shorten pauses, or play them in full", "idle"]),
    group(Context::Recording, "screen"),
    bind(Context::Recording, &["b"], Action::LookBack, ["b", "look back at lines that left the screen; also the wheel", ""]),
    bind(Context::Recording, &["l"], Action::ShowLinks, ["l", "links on the screen: where they lead", ""]),
    bind(Context::Recording, &["z"], Action::ToggleZoom, ["z", "the recorded screen alone", "zoom"]),
    bind(Context::Recording, &["H"], Action::Pan(-8, 0), ["H J K L", "move a cut screen's window", ""]),
    bind(Context::Recording, &["J"], Action::Pan(0, 4), ["", "", ""]),
    bind(Context::Recording, &["K"], Action::Pan(0, -4), ["", "", ""]),
    bind(Context::Recording, &["L"], Action::Pan(8, 0), ["", "", ""]),
    bind(Context::Recording, &["f"], Action::FollowCursor, ["f", "let that window follow the cursor", ""]),

    bind(Context::Recording, &["S"], Action::Summary, ["S", "the summary of the session", "summary"]),

    group(Context::Summary, "summary"),
    bind(Context::Summary, &["enter"], Action::Open, ["Enter", "to the first of the calls that the line counts; n N: the others", "jump"]),
    bind(Context::Summary, &["down", "j"], Action::Down, ["↑ ↓  k j", "choose a line", "choose"]),
    bind(Context::Summary, &["up", "k"], Action::Up, ["", "", ""]),
    bind(Context::Summary, &["right", "l"], Action::Right, ["← →  h l", "choose a cell: an access level, or what was denied", "cell"]),
    bind(Context::Summary, &["left", "h"], Action::Left, ["", "", ""]),
    bind(Context::Summary, &["pagedown", "space"], Action::PageDown, ["PgUp PgDn", "move by a page", ""]),
    bind(Context::Summary, &["pageup"], Action::PageUp, ["", "", ""]),
    bind(Context::Summary, &["home", "g"], Action::First, ["Home End  g G", "the top, the last line", ""]),
    bind(Context::Summary, &["end", "G"], Action::Last, ["", "", ""]),
    bind(Context::Summary, &["S"], Action::Summary, ["S", "back to where it was opened", ""]),

    group(Context::Diff, "comparison"),
    bind(Context::Diff, &["enter"], Action::Open, ["Enter", "open that session at that moment", "open"]),
    bind(Context::Diff, &["right", "l"], Action::Right, ["← →  h l", "choose the first or the second session", "session"]),
    bind(Context::Diff, &["left", "h"], Action::Left, ["", "", ""]),
    bind(Context::Diff, &["c", "tab"], Action::NextTopic, ["c  Tab", "calls, or commands", "calls, commands"]),
    bind(Context::Diff, &["o"], Action::OnlyDifferences, ["o", "only what differs, or all", "only differences"]),
    bind(Context::Diff, &["n", "]"], Action::NextDifference, ["n N  ] [", "the next difference, the one before", "next"]),
    bind(Context::Diff, &["N", "["], Action::PreviousDifference, ["", "", ""]),
    bind(Context::Diff, &["d"], Action::ToggleDetail, ["d", "how the two differ: show, hide", "detail"]),
    bind(Context::Diff, &["down", "j"], Action::Down, ["↑ ↓  k j", "choose a row", ""]),
    bind(Context::Diff, &["up", "k"], Action::Up, ["", "", ""]),
    bind(Context::Diff, &["pagedown", "space"], Action::PageDown, ["PgUp PgDn", "move by a page", ""]),
    bind(Context::Diff, &["pageup"], Action::PageUp, ["", "", ""]),
    bind(Context::Diff, &["home", "g"], Action::First, ["Home End  g G", "the first row, the last", ""]),
    bind(Context::Diff, &["end", "G"], Action::Last, ["", "", ""]),

    bind(Context::Themes, &["enter"], Action::Open, ["Enter", "keep this theme, also for later", "keep"]),
    bind(Context::Themes, &["up", "k", "ctrl-p"], Action::Up, ["↑ ↓  k j", "see another one", "see"]),
    bind(Context::Themes, &["down", "j", "ctrl-n"], Action::Down, ["", "", ""]),
    bind(Context::Themes, &["pageup"], Action::PageUp, ["PgUp PgDn", "move by a page", ""]),
    bind(Context::Themes, &["pagedown"], Action::PageDown, ["", "", ""]),
    bind(Context::Themes, &["home", "g"], Action::First, ["Home End  g G", "first, last", ""]),
    bind(Context::Themes, &["end", "G"], Action::Last, ["", "", ""]),

    bind(Context::Help, &["/"], Action::StartTyping, ["/", "show only keys about …", "search"]),
    bind(Context::Help, &["up", "k", "ctrl-p"], Action::Up, ["↑ ↓  k j", "scroll", ""]),
    bind(Context::Help, &["down", "j", "ctrl-n"], Action::Down, ["", "", ""]),
    bind(Context::Help, &["pageup"], Action::PageUp, ["PgUp PgDn", "scroll by a page", ""]),
    bind(Context::Help, &["pagedown", "space"], Action::PageDown, ["", "", ""]),
    bind(Context::Help, &["home", "g"], Action::First, ["Home End  g G", "to the first, the last line", ""]),
    bind(Context::Help, &["end", "G"], Action::Last, ["", "", ""]),

    group(Context::Anywhere, "everywhere"),
    bind(Context::Anywhere, &["?", "f1"], Action::ToggleHelp, ["?  F1", "these keys", "help"]),
    bind(Context::Anywhere, &["t"], Action::ChooseTheme, ["t", "themes: look at them, choose one", ""]),
    bind(Context::Anywhere, &["esc", "backspace"], Action::Back, ["Esc", "close, go back", "back"]),
    bind(Context::Anywhere, &["q", "ctrl-c"], Action::Quit, ["q  Ctrl-C", "leave", "quit"]),
    bind(Context::Anywhere, &["ctrl-z"], Action::Suspend, ["Ctrl-Z", "suspend; `fg` brings it back", ""]),
];

/// The name of a key as the table writes it.
#[must_use]
pub fn name(key: &KeyEvent) -> Option<String> {
    let base = match key.code {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Backspace => "backspace".to_owned(),
        KeyCode::Left => "left".to_owned(),
        KeyCode::Right => "right".to_owned(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        KeyCode::PageUp => "pageup".to_owned(),
        KeyCode::PageDown => "pagedown".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => return Some("shift-tab".to_owned()),
        KeyCode::Insert => "insert".to_owned(),
        KeyCode::Delete => "delete".to_owned(),
        KeyCode::F(n) => format!("f{n}"),
        _ => return None,
    };
    let alt = if key.modifiers.contains(KeyModifiers::ALT) { "alt-" } else { "" };
    let ctrl = if key.modifiers.contains(KeyModifiers::CONTROL) { "ctrl-" } else { "" };
    // A shifted character is another character already.
    let shifted = key.modifiers.contains(KeyModifiers::SHIFT) && !matches!(key.code, KeyCode::Char(_));
    Some(format!("{alt}{ctrl}{}{base}", if shifted { "shift-" } else { "" }))
}
