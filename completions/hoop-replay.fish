# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_hoop_replay_global_optspecs
    string join \n q/query= F/follow at= plain s/speed= i/idle-limit= theme= ascii h/help V/version
end

function __fish_hoop_replay_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_hoop_replay_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_hoop_replay_using_subcommand
    set -l cmd (__fish_hoop_replay_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -s q -l query -d 'Open the list of sessions with this query' -r
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -l at -d 'Begin at this moment: seconds, 1:02.5, 50%, #120 (an event) or `end`; with --plain, show its screen: may be repeated' -r
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -s s -l speed -d 'Play so many times as fast; the viewer takes 0.5, 1, 2, 4, 8 or 16' -r
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -s i -l idle-limit -d 'Shorten pauses to this: 2s, 500ms, or `off` to keep them' -r
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -l theme -d 'How it looks: `auto` (as the terminal is), a theme\'s name, two (for a dark terminal, for a light one), or a file [default: `replay.theme`, auto]' -r
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -s F -l follow -d 'Watch a running session, or a file that is still written, as it goes on; Space holds it, End catches up'
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -l plain -d 'Print what the viewer shows as plain lines, one fact a line, for screen readers and pipes'
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -l ascii -d 'Draw with ASCII only; without it, as the locale and the terminal are'
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -s h -l help -d 'Print help'
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -s V -l version -d 'Print version'
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -a "summary" -d 'A session in numbers: services, decisions, secrets masked, errors, commands'
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -a "diff" -d 'Which calls and commands differ between two sessions'
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -a "export" -d 'Write a recording, or a part of it, for others: asciicast, text, calls, a picture'
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -a "import" -d 'Take an asciinema recording into the store'
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -a "play" -d 'Play a recording in this terminal, without the viewer'
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -a "keys" -d 'List the viewer\'s keys, as a file to start your own from'
complete -c hoop-replay -n "__fish_hoop_replay_needs_command" -a "list" -d 'List recorded sessions, newest first'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand summary" -s n -l rows -d 'At most so many rows of each table' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand summary" -l json -d 'All of it as one JSON object; times in microseconds since the session began'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand summary" -s h -l help -d 'Print help'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand diff" -l only -d 'Only calls, or only commands' -r -f -a "calls\t'AWS calls'
commands\t'Commands'"
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand diff" -l plain -d 'Text, also on a terminal'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand diff" -l json -d 'One JSON object a line: first both sessions and how many differ, then each difference'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand diff" -l all -d 'What is the same too'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand diff" -l exact -d 'Let times, random names and numbers count'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -l query -d 'Only calls that fit this; without a RECORDING those of all sessions that do (jsonl, csv, ocsf, cloudtrail)' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -s f -l format -d 'What to write [default: by the name of the output file]' -r -f -a "cast\t'asciicast 3'
cast2\t'asciicast 2'
txt\t'text as seen'
screen\t'the text of one screen'
html\t'a page that plays'
svg\t'a picture of one moment'
png\t'the same in dots'
gif\t'a moving picture'
movie\t'a moving picture as SVG'
jsonl\t'calls, one a line'
csv\t'calls as a table'
ocsf\t'calls as OCSF events'
cloudtrail\t'calls in the shape of CloudTrail\'s records'"
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -s o -l output -d 'Write to this file instead of standard output' -r -F
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -l from -d 'Begin at this moment [default: the start]' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -l to -d 'End at this moment [default: the end]' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -l at -d 'The moment of a picture [default: the end]' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -l title -d 'Another title; `none` for no title [default: that of the recording, or the command]' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -l mask -d 'Mask once more, with these packs of rules besides those of the configuration: `pii`' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -l theme -d 'The colours of a picture: a theme\'s name or file [default: `replay.theme`, dark]' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -l font-size -d 'The height of letters in PNG and GIF, in dots: 8 to 96 [default: 28 for PNG, 16 for GIF]' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -l font -d 'Draw letters of PNG and GIF with this font file first (TrueType or OpenType, monospaced)' -r -F
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -s s -l speed -d 'Play so many times as fast; the viewer takes 0.5, 1, 2, 4, 8 or 16' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -s i -l idle-limit -d 'Shorten pauses to this: 2s, 500ms, or `off` to keep them' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -l overwrite -d 'Replace the output file if there is one'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand import" -l title -d 'What to call it [default: its own title, or its name]' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand import" -l skip-bad -d 'Leave out lines that cannot be read instead of refusing the file'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand import" -s h -l help -d 'Print help'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand play" -s s -l speed -d 'Play so many times as fast; the viewer takes 0.5, 1, 2, 4, 8 or 16' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand play" -s i -l idle-limit -d 'Shorten pauses to this: 2s, 500ms, or `off` to keep them' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand play" -s h -l help -d 'Print help'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand keys" -s h -l help -d 'Print help'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -l user -d 'Of this person' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -l since -d 'Began at or after this time' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -l until -d 'Began before this time' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -l service -d 'Called this AWS service' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -l action -d 'Called this IAM action; `*` stands for anything' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -l decision -d 'Had a call with this decision (of that action and service, if they are given)' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -l text -d 'Shows these words on its screen, in a command, a call or an approval' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -l command -d 'Ran a command with this in its line' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -l approval -d 'Put a question to people that ended so; may be repeated' -r -f -a "granted\t''
denied\t''
expired\t''
nobody\t''
withdrawn\t''
used\t''
waiting\t''"
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -l approver -d 'Had a question that this person had a part in answering; `*` stands for anything; may be repeated' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -s n -l limit -d 'At most so many' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -l offset -d 'After passing over so many' -r
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -l json -d 'One JSON object a line'
complete -c hoop-replay -n "__fish_hoop_replay_using_subcommand list" -s h -l help -d 'Print help'
