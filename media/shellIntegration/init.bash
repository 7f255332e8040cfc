# Read by an interactive bash instead of its own file: reads that, or those of a login shell, and then marks prompts and commands
# with VS Code's sequences (OSC 633).
exec 9<&-
if [ -n "${BERTH_LOGIN-}" ]; then
  unset BERTH_LOGIN
  if [ -r /etc/profile ]; then . /etc/profile; fi
  for __berth_file in ~/.bash_profile ~/.bash_login ~/.profile; do
    if [ -r "$__berth_file" ]; then
      . "$__berth_file"
      break
    fi
  done
  unset __berth_file
else
  unset BERTH_LOGIN
  if [ -r ~/.bashrc ]; then . ~/.bashrc; fi
fi

# What stands between the parts of a sequence, as VS Code wants it.
__berth_escaped() {
  local LC_ALL=C text=$1
  text=${text//\\/\\\\}
  text=${text//;/\\x3b}
  text=${text//$'\n'/\\x0a}
  printf '%s' "${text//[$'\x01'-$'\x1f'$'\x7f']/}"
}

# The number that the history gave to the last command.
__berth_last() {
  local line
  line=$(HISTTIMEFORMAT= builtin history 1 2>/dev/null)
  [[ $line =~ ^[[:space:]]*([0-9]+) ]] && printf '%s' "${BASH_REMATCH[1]}"
}

# Runs in a copy of the shell when a command line was read. One that the history did not take VS Code reads from the screen.
__berth_begin() {
  local line
  if [ "$(__berth_last)" != "$__berth_number" ]; then
    line=$(HISTTIMEFORMAT= builtin history 1 2>/dev/null)
    if [[ $line =~ ^[[:space:]]*[0-9]+[*]?[[:space:]][[:space:]](.*)$ ]]; then
      printf '\e]633;E;%s\a' "$(__berth_escaped "${BASH_REMATCH[1]}")"
    fi
  fi
  printf '\e]633;C\a'
}

# Before the user's own prompt command, which finds the status as it was.
__berth_before_prompt() {
  local status=$?
  if [ -n "$__berth_ran" ]; then printf '\e]633;D;%s\a' "$status"; else printf '\e]633;D\a'; fi
  printf '\e]633;P;Cwd=%s\a' "$(__berth_escaped "$PWD")"
  __berth_ran=$__berth_always
  return "$status"
}

# After it: it may have made another prompt.
__berth_after_prompt() {
  local status=$?
  __berth_number=$(__berth_last)
  if [ "$PS1" != "$__berth_ps1" ]; then
    PS1=${PS1//"$__berth_prompt_start"/}
    PS1=$__berth_prompt_start${PS1//"$__berth_prompt_end"/}$__berth_prompt_end
    __berth_ps1=$PS1
  fi
  return "$status"
}

if [ -n "${PS1-}" ] && [ -z "${__berth_prompt_start-}" ]; then
  __berth_prompt_start='\[\e]633;A\a\]' __berth_prompt_end='\[\e]633;B\a\]'
  __berth_ps1= __berth_ran= __berth_always= __berth_number=
  PS2='\[\e]633;F\a\]'${PS2-}'\[\e]633;G\a\]'
  if ((BASH_VERSINFO[0] > 4 || (BASH_VERSINFO[0] == 4 && BASH_VERSINFO[1] >= 4))); then
    # The assignment takes place in this shell, the function runs in a copy of it.
    PS0=${PS0-}'${__berth_ran:$((__berth_ran = 1, 0)):0}$(__berth_begin)'
    printf '\e]633;P;HasRichCommandDetection=True\a'
  else
    __berth_always=1
  fi
  if [[ "$(declare -p PROMPT_COMMAND 2>/dev/null)" == 'declare -a'* ]]; then
    PROMPT_COMMAND=(__berth_before_prompt "${PROMPT_COMMAND[@]}" __berth_after_prompt)
  else
    PROMPT_COMMAND=__berth_before_prompt$'\n'${PROMPT_COMMAND-}$'\n'__berth_after_prompt
  fi
fi
