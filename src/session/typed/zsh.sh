# Tells hoop-run what is typed at the prompt of this zsh. The only file of a ZDOTDIR that is left at once: everything
# else is read from where it always is. Read once, then removed.
@ZDOTDIR@
typeset -gH __hoop_nonce='@NONCE@'
builtin print -rn -- $'\e]4667;'"$__hoop_nonce;R"$'\a' 2>/dev/null >/dev/tty

# A text of one line without the separator: into REPLY.
__hoop_encode() {
  emulate -L zsh
  setopt no_multibyte
  local -i 10 code
  local sign
  REPLY=$1
  (( $#REPLY > 8192 )) && REPLY=${REPLY[1,8192]}$'\xe2\x80\xa6'
  REPLY=${REPLY//\%/%25}
  REPLY=${REPLY//\;/%3B}
  [[ $REPLY == *[[:cntrl:]]* ]] || return 0
  for code in {0..31} 127; do
    sign=${(#)code}
    REPLY=${REPLY//$sign/%${(l:2::0:)$(( [##16] code ))}}
  done
}

__hoop_preexec() {
  emulate -L zsh
  local REPLY directory
  __hoop_encode "$PWD"
  directory=$REPLY
  __hoop_encode "${1:-$3}"
  builtin print -rn -- $'\e]4667;'"$__hoop_nonce;C;;;$directory;$REPLY"$'\a' 2>/dev/null >/dev/tty
}

__hoop_precmd() {
  local -i code=$?
  emulate -L zsh
  builtin print -rn -- $'\e]4667;'"$__hoop_nonce;D;$code;"$'\a' 2>/dev/null >/dev/tty
}

typeset -ga precmd_functions preexec_functions
precmd_functions=(__hoop_precmd $precmd_functions)
preexec_functions=(__hoop_preexec $preexec_functions)

[[ -r ${ZDOTDIR:-$HOME}/.zshenv ]] && builtin source ${ZDOTDIR:-$HOME}/.zshenv
