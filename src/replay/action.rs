//! What a person can ask of the viewer, whatever the key.

use crate::replay::panes::Tab;
use crate::types::Micros;

/// One wish. Names are stable: a key file uses them ([`Action::name`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Leave the program.
    Quit,
    /// Leave what is open: an overlay, the query line, the recording, the query, at last the program.
    Back,
    /// Show or hide the keys.
    ToggleHelp,
    /// Show the themes to choose from.
    ChooseTheme,
    /// Stop the program as a shell job.
    Suspend,
    /// The row above.
    Up,
    /// The row below.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// The first row.
    First,
    /// The last row.
    Last,
    /// Open what is chosen, or jump there.
    Open,
    /// Type into the query line or the search.
    StartTyping,
    /// Choose among the hits of the chosen session; open it when it has none, or one is chosen.
    Into,
    /// Leave the hits of the chosen session.
    Out,
    /// Complete the word at the cursor of the query line.
    Complete,
    /// Show the queries asked before.
    History,
    /// Show the saved queries.
    SavedQueries,
    /// Save the query under a name.
    SaveQuery,
    /// Mark the chosen session, or no longer.
    MarkSession,
    /// Compare the marked sessions, or the marked one with the chosen one.
    CompareSessions,
    /// Read the list of sessions again.
    Reload,
    /// Play, or hold.
    TogglePlay,
    /// Twice as fast.
    Faster,
    /// Half as fast.
    Slower,
    /// On by one event.
    StepForward,
    /// Back by one event.
    StepBack,
    /// On by one picture.
    PictureForward,
    /// Back by one picture.
    PictureBack,
    /// On by that much.
    SeekForward(Micros),
    /// Back by that much.
    SeekBack(Micros),
    /// To that many per cent of the whole.
    SeekPercent(u8),
    /// To the beginning.
    SeekStart,
    /// To the end.
    SeekEnd,
    /// Shorten pauses, or not.
    ToggleIdle,
    /// The next search hit.
    NextHit,
    /// The search hit before.
    PreviousHit,
    /// Jump to the next call or command.
    NextEntry,
    /// Jump to the call or command before.
    PreviousEntry,
    /// Jump to the next command.
    NextCommand,
    /// Jump to the command before.
    PreviousCommand,
    /// Jump to the next AWS call.
    NextCall,
    /// Jump to the AWS call before.
    PreviousCall,
    /// Jump to the next refused call or command.
    NextDenial,
    /// Jump to the refused call or command before.
    PreviousDenial,
    /// Jump to the next marker.
    NextMarker,
    /// Jump to the marker before.
    PreviousMarker,
    /// Type a moment to go to.
    StartGoing,
    /// Choose the command behind the chosen call or command.
    ToCommand,
    /// Choose the first call of the chosen command.
    ToCalls,
    /// Show or hide the list of calls and commands.
    ToggleList,
    /// Show the next tab of the list.
    NextTab,
    /// Show the tab before.
    PreviousTab,
    /// Show that tab, or what was shown before it.
    ShowTab(Tab),
    /// Show that tab.
    TurnTo(Tab),
    /// Show the list of approvals, or what was shown before it.
    ToggleApprovals,
    /// List other approvals or calls: all, granted, denied, …
    NextWhich,
    /// Show or hide the summary of the session.
    Summary,
    /// The cell, or the session, at the left.
    Left,
    /// The cell, or the session, at the right.
    Right,
    /// Compare calls, or commands.
    NextTopic,
    /// Show what is the same too, or what differs only.
    OnlyDifferences,
    /// The next difference.
    NextDifference,
    /// The difference before.
    PreviousDifference,
    /// Type words that narrow the list.
    StartFilter,
    /// Type what to look for in the detail.
    StartFinding,
    /// Show or hide all about the chosen call or command.
    ToggleDetail,
    /// The recorded screen alone, or with everything around it.
    ToggleZoom,
    /// Move a cut screen's window by columns and rows.
    Pan(i8, i8),
    /// Let a cut screen's window follow the cursor again.
    FollowCursor,
    /// Look at the lines that have left the screen, or at the screen again.
    LookBack,
    /// Show where the links on the screen lead, or no more.
    ShowLinks,
}

impl Action {
    /// What a key file calls it: the variant in small letters with hyphens, `toggle-play`; one that holds a number says it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::SeekForward(by) => format!("seek-forward-{}s", by.0 / 1_000_000),
            Self::SeekBack(by) => format!("seek-back-{}s", by.0 / 1_000_000),
            Self::SeekPercent(part) => format!("seek-{part}-percent"),
            Self::Pan(x, _) if x < 0 => "pan-left".to_owned(),
            Self::Pan(x, _) if x > 0 => "pan-right".to_owned(),
            Self::Pan(_, y) => if y < 0 { "pan-up" } else { "pan-down" }.to_owned(),
            other => kebab(&format!("{other:?}")),
        }
    }
}

/// `TogglePlay` as `toggle-play`; whatever is no letter or digit becomes one hyphen.
#[must_use]
pub fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for c in name.chars() {
        let begins = c.is_ascii_uppercase() || !c.is_ascii_alphanumeric();
        if begins && !kebab.is_empty() && !kebab.ends_with('-') {
            kebab.push('-');
        }
        if c.is_ascii_alphanumeric() {
            kebab.push(c.to_ascii_lowercase());
        }
    }
    kebab.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_with_hyphens() {
        for (action, name) in [
            (Action::Quit, "quit"),
            (Action::TogglePlay, "toggle-play"),
            (Action::SeekForward(Micros(60_000_000)), "seek-forward-60s"),
            (Action::SeekPercent(30), "seek-30-percent"),
            (Action::Pan(-8, 0), "pan-left"),
            (Action::Pan(0, 4), "pan-down"),
        ] {
            assert_eq!(action.name(), name);
        }
        assert_eq!(kebab("SeekFoo(Micros(5), -3)"), "seek-foo-micros-5-3");
    }
}
