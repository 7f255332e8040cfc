# Stands in for .zshenv, .zprofile and .zshrc, one after the other, in a directory of its own: each reads the user's file of
# that name, and the last one marks prompts and commands with VS Code's sequences (OSC 633).
__berth_here=$ZDOTDIR
if [[ -n $BERTH_ZDOTDIR_SET ]]; then ZDOTDIR=$BERTH_ZDOTDIR; else unset ZDOTDIR; fi
__berth_file=${${(%):-%x}:t}
if [[ -r ${ZDOTDIR:-$HOME}/$__berth_file ]]; then . "${ZDOTDIR:-$HOME}/$__berth_file"; fi

if [[ $__berth_file != .zshrc && -o interactive ]]; then
  # The user's file may have chosen another directory.
  BERTH_ZDOTDIR=${ZDOTDIR-} BERTH_ZDOTDIR_SET=${ZDOTDIR+1} ZDOTDIR=$__berth_here
  return
fi
# From here on zsh reads the user's own files.
command rm -f "$__berth_here"/.zshenv "$__berth_here"/.zprofile "$__berth_here"/.zshrc
command rmdir "$__berth_here" 2>/dev/null
unset BERTH_ZDOTDIR BERTH_ZDOTDIR_SET __berth_here __berth_file
if [[ ! -o interactive ]]; then return; fi

__berth_escaped() {
  emulate -L zsh
  local text=$1
  text=${text//\\/\\\\}
  text=${text//;/\\x3b}
  text=${text//$'\n'/\\x0a}
  print -rn -- "${text//[[:cntrl:]]/}"
}

__berth_preexec() {
  __berth_ran=1
  print -n -- "\e]633;E;"
  __berth_escaped "$1"
  print -n -- "\a\e]633;C\a"
}

__berth_precmd() {
  local code=$?
  if [[ -n $__berth_ran ]]; then print -n -- "\e]633;D;$code\a"; else print -n -- "\e]633;D\a"; fi
  __berth_ran=
  print -n -- "\e]633;P;Cwd="
  __berth_escaped "$PWD"
  print -n -- "\a"
}

# After the user's own functions, which may make another prompt.
__berth_prompt() {
  if [[ $PS1 == $__berth_ps1 ]]; then return; fi
  PS1=${PS1//"$__berth_start"/}
  PS1=$__berth_start${PS1//"$__berth_end"/}$__berth_end
  __berth_ps1=$PS1
}

__berth_start=$'%{\e]633;A\a%}' __berth_end=$'%{\e]633;B\a%}' __berth_ran= __berth_ps1=
PS2=$'%{\e]633;F\a%}'$PS2$'%{\e]633;G\a%}'
print -n -- "\e]633;P;HasRichCommandDetection=True\a"
precmd_functions=(__berth_precmd $precmd_functions __berth_prompt)
preexec_functions+=(__berth_preexec)
