# Tells hoop-run what is typed at the prompt of this fish. Read once, by `source`, then removed.
set --global --unexport __hoop_nonce '@NONCE@'
printf '\e]4667;%s;R\a' $__hoop_nonce 2>/dev/null >/dev/tty

function __hoop_encode
    set --local text $argv[1]
    if test (string length -- "$text") -gt 8192
        set text (string sub --length 8192 -- "$text" | string collect)…
    end
    string escape --style=url -- "$text"
end

function __hoop_preexec --on-event fish_preexec
    printf '\e]4667;%s;C;;;%s;%s\a' $__hoop_nonce (__hoop_encode "$PWD") (__hoop_encode "$argv[1]") 2>/dev/null >/dev/tty
end

function __hoop_postexec --on-event fish_postexec
    printf '\e]4667;%s;D;%s;\a' $__hoop_nonce $status 2>/dev/null >/dev/tty
end
