# Read by an interactive sh (busybox' ash, dash) after its profile: marks prompts and directory with VS Code's sequences
# (OSC 633). There is nothing by which it could tell when a command begins: VS Code takes the line end for that.
exec 9<&-
if [ -n "$BERTH_ENV" ]; then ENV=$BERTH_ENV; else unset ENV; fi
unset BERTH_ENV
if [ -r "${ENV-}" ]; then . "$ENV"; fi
__berth_escape=$(printf '\033]633;') __berth_bell=$(printf '\007')
# Busybox counts the width of what is not between these; the others print them, but count nothing.
__berth_open= __berth_close=
if [ -n "${BB_ASH_VERSION-}" ]; then __berth_open='\[' __berth_close='\]'; fi
PS1="$__berth_open${__berth_escape}D;\$?$__berth_bell${__berth_escape}P;Cwd=\$PWD$__berth_bell${__berth_escape}A$__berth_bell$__berth_close${PS1-\$ }$__berth_open${__berth_escape}B$__berth_bell$__berth_close"
unset __berth_escape __berth_bell __berth_open __berth_close
