# Tells hoop-run what is typed at the prompt of this bash, and then is what ~/.bashrc is. Read once, then removed.
#
# It leaves no trace in what a person has set up: the hooks are subshells, so that a DEBUG trap does not see them, $?
# stays as it is, and nothing is executed but bash itself. PROMPT_COMMAND keeps its first element, which is what
# `PROMPT_COMMAND=...` sets. Marks go to the terminal and not to where standard output may have been sent.
__hoop_nonce='@NONCE@'
builtin export -n __hoop_nonce
builtin printf '\e]4667;%s;R\a' "$__hoop_nonce" 2>/dev/null >/dev/tty

# A text of one line without the separator: into __hoop_text.
__hoop_encode() {
  builtin local LC_ALL=C first second sign
  __hoop_text=$1
  if [[ ${#__hoop_text} -gt 8192 ]]; then
    __hoop_text=${__hoop_text:0:8192}$'\xe2\x80\xa6'
  fi
  __hoop_text=${__hoop_text//\%/%25}
  __hoop_text=${__hoop_text//\;/%3B}
  [[ $__hoop_text == *[[:cntrl:]]* ]] || builtin return 0
  for first in 0 1 7; do
    for second in 0 1 2 3 4 5 6 7 8 9 A B C D E F; do
      [[ $first$second == 00 || $first == 7 && $second != F ]] && builtin continue
      builtin printf -v sign "\\x$first$second"
      __hoop_text=${__hoop_text//"$sign"/%$first$second}
    done
  done
}

# The number and the text of the last line in the history: into __hoop_number and __hoop_text.
__hoop_last() {
  __hoop_number=0 __hoop_text=
  [[ -o history ]] || builtin return 0
  if [[ "$(HISTTIMEFORMAT= builtin history 1)" =~ ^\ *([0-9]+)[\ *]\ (.*)$ ]]; then
    __hoop_number=${BASH_REMATCH[1]} __hoop_text=${BASH_REMATCH[2]}
  fi
}

# A line was read and is about to run. bash gives it only by its history, where a repeated line, and one that begins
# with a space, may not be: whoever reads the mark compares the numbers, and is told what it may mean if they are equal.
__hoop_typed() {
  builtin trap - DEBUG ERR
  builtin local why= directory
  __hoop_last
  if [[ -o history && -z ${HISTIGNORE-} && ${HISTCONTROL-} == *@(ignoredups|ignoreboth|erasedups)* ]]; then
    why=repeat
    [[ $HISTCONTROL == *@(ignorespace|ignoreboth)* ]] && why=repeat-or-space
  fi
  __hoop_encode "$__hoop_text"; builtin local line="$__hoop_text"
  __hoop_encode "$PWD"; directory=$__hoop_text
  builtin printf '\e]4667;%s;C;%s;%s;%s;%s\a' "$__hoop_nonce" "$__hoop_number" "$why" "$directory" "$line" >/dev/tty
}

# It is done, with this status.
__hoop_done() {
  builtin trap - DEBUG ERR
  __hoop_last
  builtin printf '\e]4667;%s;D;%s;%s\a' "$__hoop_nonce" "$1" "$__hoop_number" >/dev/tty
  builtin return 0
}

__hoop_install() {
  builtin unset -f __hoop_install
  if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 501)) || ! builtin shopt -q promptvars ||
    [[ ${PROMPT_COMMAND@a}${PS0@a} == *r* ]]; then
    builtin return "$1"
  fi
  if [[ ${PROMPT_COMMAND@a} == *x* ]]; then
    # It is for shells below, too: they find a text, as before, and do nothing by it.
    PROMPT_COMMAND='(__hoop_status=$?; ${__hoop_nonce:+__hoop_done "$__hoop_status"}; exit "$__hoop_status") &>/dev/null; '$PROMPT_COMMAND
  else
    PROMPT_COMMAND[4667]='(__hoop_done "$?") &>/dev/null'
  fi
  PS0=${PS0-}'${__hoop_nonce:+$({ __hoop_typed; } &>/dev/null)}'
  builtin return "$1"
}

[[ -f @RC@ && -r @RC@ ]] && builtin . @RC@
__hoop_install "$?"
