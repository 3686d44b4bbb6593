//! What a person can ask of the viewer, whatever the key.

use crate::replay::panes::Tab;
use crate::types::Micros;

/// One wish. Names are stable: they will be used in a key configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Leave the program.
    Quit,
    /// Leave what is open: an overlay, the query line, the recording, the query, at last the program.
    Back,
    /// Show or hide the keys.
    ToggleHelp,
    /// The next theme.
    NextTheme,
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
