# Starts the user's shell in a terminal of VS Code so that it tells VS Code of its prompts, commands and directory; as a login
# shell unless BERTH_LOGIN is empty. BERTH_SHELL names the shell; empty: the user's own, or bash. BERTH_INIT_BASH, …_ZSH, …_FISH and …_SH are the
# texts that do the telling; empty: it does not. Nothing of the user's is changed.
login=
if [ -z "$BERTH_SHELL" ]; then
  me=$(id -u 2>/dev/null)
  while IFS=: read -r _ _ number _ _ _ shell; do
    if [ "$number" = "$me" ]; then
      login=$shell
      break
    fi
  done </etc/passwd
  case ${login##*/} in
    bash | zsh | fish) BERTH_SHELL=$login ;;
  esac
fi 2>/dev/null
for shell in "$BERTH_SHELL" bash sh; do
  if [ -n "$shell" ] && command -v "$shell" >/dev/null 2>&1; then break; fi
  if [ -n "$shell" ] && [ "$shell" = "$BERTH_SHELL" ]; then echo "There is no shell “$shell” here." >&2; fi
done

login=${BERTH_LOGIN:+-l}
bash=$BERTH_INIT_BASH zsh=$BERTH_INIT_ZSH fish=$BERTH_INIT_FISH sh=$BERTH_INIT_SH
# The texts for bash want to know it, too.
if [ -z "$bash" ] || [ "${shell##*/}" != bash ]; then unset BERTH_LOGIN; fi
unset BERTH_SHELL BERTH_INIT_BASH BERTH_INIT_ZSH BERTH_INIT_FISH BERTH_INIT_SH

case ${shell##*/} in
  bash)
    if [ -n "$bash" ] && [ -e /dev/fd/0 ]; then
      exec "$shell" --init-file /dev/fd/9 9<<END
$bash
END
    fi
    ;;
  zsh)
    if [ -n "$zsh" ]; then
      for directory in /dev/shm "${TMPDIR:-/tmp}"; do
        directory=$directory/berth-zsh-$$
        if (umask 077 && mkdir "$directory") 2>/dev/null; then
          BERTH_ZDOTDIR=${ZDOTDIR-} BERTH_ZDOTDIR_SET=${ZDOTDIR+1} ZDOTDIR=$directory
          export BERTH_ZDOTDIR BERTH_ZDOTDIR_SET ZDOTDIR
          for file in .zshenv .zprofile .zshrc; do printf '%s\n' "$zsh" >"$directory/$file"; done
          break
        fi
      done
    fi
    ;;
  fish)
    if [ -n "$fish" ]; then exec "$shell" $login --init-command "$fish"; fi
    ;;
  sh | ash | dash)
    if [ -n "$sh" ] && [ -e /dev/fd/0 ]; then
      BERTH_ENV=${ENV-} ENV=/dev/fd/9
      export BERTH_ENV ENV
      exec "$shell" $login 9<<END
$sh
END
    fi
    ;;
esac
exec "$shell" $login
