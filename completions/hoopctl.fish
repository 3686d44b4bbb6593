# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_hoopctl_global_optspecs
    string join \n h/help V/version
end

function __fish_hoopctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_hoopctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_hoopctl_using_subcommand
    set -l cmd (__fish_hoopctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c hoopctl -n "__fish_hoopctl_needs_command" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -s V -l version -d 'Print version'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "policy" -d 'Check, explain, show and list policies'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "config" -d 'Show settings and where they come from'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "login" -d 'Sign in with an identity provider'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "logout" -d 'Forget a login, and tell the provider'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "whoami" -d 'Show who hoop takes you for'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "approvals" -d 'See what waits for a person, and answer it'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "sessions" -d 'List recorded sessions, newest first'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "search" -d 'Find places in everything that was recorded: screens, commands, AWS calls, approvals'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "commands" -d 'List the commands of a session: everything that any program in it executed'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "calls" -d 'List the AWS calls of a session, and the command that made each'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "verify" -d 'Check that recordings are whole and unchanged'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "index" -d 'Look after the index that lists and searches use'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "prune" -d 'Remove old recordings'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "pack" -d 'Pack recordings (zstd)'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "identify" -d 'Explain a raw HTTP request: operation, IAM actions, resources, parameters'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "mask" -d 'Find secrets in files; show, list and check what is masked'
complete -c hoopctl -n "__fish_hoopctl_needs_command" -f -a "doctor" -d 'Say what works here and what does not, with the command that mends it'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and not __fish_seen_subcommand_from check explain compile show list" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and not __fish_seen_subcommand_from check explain compile show list" -f -a "check" -d 'Check policy files: every fault with its place, or a summary'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and not __fish_seen_subcommand_from check explain compile show list" -f -a "explain" -d 'Say how a call would be decided, and because of which statements'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and not __fish_seen_subcommand_from check explain compile show list" -f -a "compile" -d 'Print the session policy that AWS enforces with it, as far as IAM can say it'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and not __fish_seen_subcommand_from check explain compile show list" -f -a "show" -d 'Print a policy\'s text'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and not __fish_seen_subcommand_from check explain compile show list" -f -a "list" -d 'List the built-in policies'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from check" -l json -d 'JSON instead of text'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from explain" -l policy -d 'Decide by this policy instead of those in force; may be given several times' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from explain" -l region -d 'The region of the call' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from explain" -l account -d 'The account of the call' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from explain" -l user -d 'The person who calls; without it, you' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from explain" -l group -d 'A group the person is in; may be given several times' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from explain" -l agent -d 'The program that acts for the person' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from explain" -l issuer -d 'Who vouches for the person: an OIDC issuer, a SAML entity ID; hoop has checked it' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from explain" -l repository -d 'Where the program works: `github.com/shop/web`, or a folder' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from explain" -l role -d 'ARN of the role that the call is made with; a session of the role will do' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from explain" -l access -d 'What the action does: list, read, write, tagging, permissions; without it, what hoop knows of the action' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from explain" -l param -d 'A parameter of the call; the value is JSON or a text' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from explain" -l json -d 'JSON instead of text'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from compile" -l policy -d 'Compile this policy instead of those in force; may be given several times' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from compile" -l agent -d 'The program that acts for the person; without it, rules about programs only widen the document' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from compile" -l limit -d 'The longest document, in characters' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from compile" -l json -d 'The document, its length and what only hoop enforces, as JSON'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from compile" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from list" -l json -d 'JSON instead of text'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand policy; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand config; and not __fish_seen_subcommand_from list get path" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand config; and not __fish_seen_subcommand_from list get path" -f -a "list" -d 'Show every setting, its value and where it comes from'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand config; and not __fish_seen_subcommand_from list get path" -f -a "get" -d 'Show one setting\'s value, and nothing else'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand config; and not __fish_seen_subcommand_from list get path" -f -a "path" -d 'Show which files are read, in order, and whether they are there'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand config; and __fish_seen_subcommand_from list" -l json -d 'One JSON object instead of text'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand config; and __fish_seen_subcommand_from list" -l all -d 'Say what each setting means'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand config; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand config; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand login" -l device -d 'Enter a code in a browser on any machine'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand login" -l no-browser -d 'Print the address instead of opening a browser'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand logout" -l all -d 'Forget all logins'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand whoami" -l all -d 'Show every login that is kept'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand whoami" -l json -d 'One JSON object a line instead of text; never a token'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand whoami" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and not __fish_seen_subcommand_from list show allow deny serve log watch" -l identity -d 'As whom you answer: an identity provider of the configuration, or `local` [default: `identity.default`, the only provider, or local]' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and not __fish_seen_subcommand_from list show allow deny serve log watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and not __fish_seen_subcommand_from list show allow deny serve log watch" -f -a "list" -d 'List what waits, oldest first'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and not __fish_seen_subcommand_from list show allow deny serve log watch" -f -a "show" -d 'Show all that is known of a question'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and not __fish_seen_subcommand_from list show allow deny serve log watch" -f -a "allow" -d 'Let it go on'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and not __fish_seen_subcommand_from list show allow deny serve log watch" -f -a "deny" -d 'Refuse it'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and not __fish_seen_subcommand_from list show allow deny serve log watch" -f -a "serve" -d 'Show what waits on a page of your browser, and answer it there'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and not __fish_seen_subcommand_from list show allow deny serve log watch" -f -a "log" -d 'List the questions of past sessions, newest first: who approved what, when, how long it took, how often it was used'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and not __fish_seen_subcommand_from list show allow deny serve log watch" -f -a "watch" -d 'Tell what waits now and whenever something is asked, one JSON object a line; until it is stopped'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from list" -l identity -d 'As whom you answer: an identity provider of the configuration, or `local` [default: `identity.default`, the only provider, or local]' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from list" -l json -d 'One JSON object a line'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from show" -l identity -d 'As whom you answer: an identity provider of the configuration, or `local` [default: `identity.default`, the only provider, or local]' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from show" -l json -d 'One JSON object'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from allow" -l for -d 'How far the yes reaches: `once`, `session` (this action on these resources), or a time such as 10m (this action on anything)' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from allow" -l reason -d 'Why, for the record' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from allow" -l identity -d 'As whom you answer: an identity provider of the configuration, or `local` [default: `identity.default`, the only provider, or local]' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from allow" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from deny" -l reason -d 'Why: the agent reads it' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from deny" -l identity -d 'As whom you answer: an identity provider of the configuration, or `local` [default: `identity.default`, the only provider, or local]' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from deny" -l stop -d 'End the session, too'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from deny" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from serve" -l listen -d 'Where to listen [default: the port of `approval.page` on this machine, else 127.0.0.1:7468; with --once any free port]' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from serve" -l once -d 'Serve this question alone, and end when it is settled' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from serve" -l identity -d 'As whom you answer: an identity provider of the configuration, or `local` [default: `identity.default`, the only provider, or local]' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from serve" -l beyond-this-machine -d 'Let --listen reach beyond this machine: nothing is encrypted, and whoever connects with the page\'s address answers in your name. Better: forward the port by ssh, or put a server with TLS before it'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from log" -l answer -d 'Only those that ended so; may be repeated' -r -f -a "granted\t''
denied\t''
expired\t''
nobody\t''
withdrawn\t''
used\t''
waiting\t''"
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from log" -l approver -d 'Only those that this person had a part in answering; `*` stands for anything; may be repeated' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from log" -l user -d 'Only in sessions of this person' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from log" -l session -d 'Only in this session (the start of its id is enough, or `last`)' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from log" -l since -d 'Asked at or after this time' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from log" -l until -d 'Asked before this time' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from log" -s n -l limit -d 'At most so many' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from log" -l offset -d 'After passing over so many' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from log" -l identity -d 'As whom you answer: an identity provider of the configuration, or `local` [default: `identity.default`, the only provider, or local]' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from log" -l json -d 'One JSON object a line, with all that is known'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from watch" -l identity -d 'As whom you answer: an identity provider of the configuration, or `local` [default: `identity.default`, the only provider, or local]' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from watch" -l json -d 'As JSON, the only form there is'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand approvals; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -l user -d 'Of this person' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -l since -d 'Began at or after this time' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -l until -d 'Began before this time' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -l service -d 'Called this AWS service' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -l action -d 'Called this IAM action; `*` stands for anything' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -l decision -d 'Had a call with this decision (of that action and service, if they are given)' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -l text -d 'Shows these words on its screen, in a command, a call or an approval' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -l command -d 'Ran a command with this in its line' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -l approval -d 'Put a question to people that ended so; may be repeated' -r -f -a "granted\t''
denied\t''
expired\t''
nobody\t''
withdrawn\t''
used\t''
waiting\t''"
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -l approver -d 'Had a question that this person had a part in answering; `*` stands for anything; may be repeated' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -s n -l limit -d 'At most so many' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -l offset -d 'After passing over so many' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -l json -d 'One JSON object a line'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand sessions" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand search" -l session -d 'Only in this session (the start of its id is enough, or `last`)' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand search" -s n -l limit -d 'At most so many places' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand search" -l offset -d 'After passing over so many' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand search" -l json -d 'One JSON object a line'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand search" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand commands" -l text -d 'Only those with this in their line; `*` stands for anything' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand commands" -l exit -d 'Only those that ended with this status; `!0` for all but success' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand commands" -l took -d 'Only those that ran that long: `>5s`, `<100ms`' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand commands" -l tree -d 'Show who started what'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand commands" -l json -d 'One JSON object a line, with all that is known'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand commands" -l failed -d 'Only those that failed: refused, not found, ended by a signal or with another status than 0'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand commands" -l all -d 'Every step of searches along `PATH` too'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand commands" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand calls" -l decision -d 'Only those with this decision' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand calls" -l approval -d 'Only those that people were asked about, and that ended so' -r -f -a "granted\t''
denied\t''
expired\t''
nobody\t''
withdrawn\t''
used\t''
waiting\t''
any\t''"
complete -c hoopctl -n "__fish_hoopctl_using_subcommand calls" -l command -d 'Only those that this command made, by its number' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand calls" -l json -d 'One JSON object a line, with all that is known but parameters and bodies'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand calls" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand verify" -l all -d 'Check every recording, and the chain of this host\'s seals'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand verify" -l require-seal -d 'Count a recording without a seal as wrong'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand verify" -l json -d 'One JSON object for each recording'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand index; and not __fish_seen_subcommand_from rebuild" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand index; and not __fish_seen_subcommand_from rebuild" -f -a "rebuild" -d 'Make it anew from the recordings, which are the truth'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand index; and __fish_seen_subcommand_from rebuild" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand prune" -l older-than -d 'What began longer ago than this: 90d, 12w, 36h' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand prune" -l keep -d 'The newest so many stay' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand prune" -l max-size -d 'All together may take so much: 500M, 20G' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand prune" -l dry-run -d 'Only show what would go'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand prune" -l json -d 'One JSON object a line for each recording'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand pack" -l json -d 'One JSON object a line for each recording'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand pack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand identify" -l service -d 'The signing name (`s3`, `execute-api`) of a request without signature' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand identify" -l region -d 'The region of a request without signature' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand identify" -l account -d 'The account in ARNs, 12 digits' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand identify" -l json -d 'One JSON object'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand identify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and not __fish_seen_subcommand_from scan try rules check explain" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and not __fish_seen_subcommand_from scan try rules check explain" -f -a "scan" -d 'Find the secrets in files, with the rules that hide them in a session'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and not __fish_seen_subcommand_from scan try rules check explain" -f -a "try" -d 'Show a text as a session would show it: secrets hidden, everything else byte for byte'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and not __fish_seen_subcommand_from scan try rules check explain" -f -a "rules" -d 'List the rules, and whether each is in force'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and not __fish_seen_subcommand_from scan try rules check explain" -f -a "check" -d 'Check mask rules: that they work, and that they do to their examples what these say'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and not __fish_seen_subcommand_from scan try rules check explain" -f -a "explain" -d 'Tell a mask from a value: what `hoopmask:KIND:TAG` and rows of stars stand for'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from scan" -l type -d 'How the files are read; without it, guessed from their bytes' -r -f -a "text\t''
terminal\t''
json\t''
xml\t''
cbor\t''
eventstream\t''"
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from scan" -l call -d 'The AWS call whose answer the files are, such as `ssm:GetParameter`: members that are secrets in it count' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from scan" -l columns -d 'The width of the terminal that output in a file was written to' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from scan" -l rows -d 'The height of that terminal; a program that went further down had more' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from scan" -l confidence -d 'Only findings that are at least so sure: `certain`, `high` or `medium`' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from scan" -l packs -d 'The packs of rules in force, apart by commas, instead of the configuration\'s: `default, pii`' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from scan" -l rules -d 'Take the rules of this file or policy too; may be given several times' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from scan" -l json -d 'One JSON object a finding'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from scan" -l exit-zero -d 'Exit with 0 when something was found too'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from scan" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from try" -l packs -d 'The packs of rules in force, apart by commas, instead of the configuration\'s: `default, pii`' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from try" -l rules -d 'Take the rules of this file or policy too; may be given several times' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from try" -l tags -d 'Show tags instead of stars'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from try" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from rules" -l packs -d 'The packs of rules in force, apart by commas, instead of the configuration\'s: `default, pii`' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from rules" -l rules -d 'Take the rules of this file or policy too; may be given several times' -r
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from rules" -l json -d 'One JSON object a line'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from rules" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from explain" -l for-agents -d 'Print what an agent has to know, for its instructions, and nothing else'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand mask; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand doctor" -l offline -d 'Ask nothing over the network'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand doctor" -l json -d 'One JSON object a line for each finding: check, subject, state, fact, fix, advice'
complete -c hoopctl -n "__fish_hoopctl_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
