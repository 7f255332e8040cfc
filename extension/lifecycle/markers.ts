/*
 * What has been run in a container is kept in the container, so that every window, and every host, finds the same. One
 * file for each stage says what it was run for, `container` or a boot of its machine, and there it stays (NAME.done).
 *
 * Whoever runs a stage has made the newest of the symbolic links NAME.1, NAME.2, … whose target names its process. A link can
 * be made only once and is never removed, so two cannot both make the next one; and it is worth as much as the process: the
 * process that waits for the end of the stage ends with its client, or when a new host hangs up for the old one.
 */

/** Belongs to the container's root. */
export const markerDirectory = '/var/lib/berth/lifecycle';

/** `key KIND` prints what a stage is run for; `started PID` when a process was, which tells it from later ones of the same number. */
const common = `
boot=
IFS= read -r boot 2>/dev/null < /proc/sys/kernel/random/boot_id
key() { if [ "$1" = start ]; then echo "start $boot"; else echo container; fi; }
is_done() { kept=; IFS= read -r kept 2>/dev/null < "$1.done"; [ "$kept" = "$2" ]; }
started() { stat=; IFS= read -r stat 2>/dev/null < "/proc/$1/stat" || return 1; stat=\${stat##*) }; set -- $stat; echo "\${20}"; }
`;

/** Arguments: the directory, and for each stage its name and how often it runs. Prints the names of those that have been run, after the boot. */
export const doneScript = `${common}
echo "boot $boot"
cd "$1" 2>/dev/null || exit 0
shift
while [ $# -gt 1 ]; do
  if is_done "$1" "$(key "$2")"; then echo "done $1"; fi
  shift 2
done
`;

/**
 * Arguments: the directory, the stage's name, how often it runs. Prints \`done\` and ends, or \`waiting\` while somebody else
 * runs it, and \`mine\` once nobody does. Then it waits to be told \`succeeded\`, notes that, and prints \`noted\`.
 */
export const claimScript = `${common}
directory=$1; name=$2; key=$(key "$3")
umask 022; mkdir -p "\${directory%/*}" && umask 077 && mkdir -p "$directory" && cd "$directory" || exit 3
me="$boot $$ $(started $$)"
said=
number=0
while :; do
  if is_done "$name" "$key"; then echo done; exit 0; fi
  while [ -L "$name.$((number + 1))" ]; do number=$((number + 1)); done
  if [ "$number" -gt 0 ]; then
    owner=$(readlink "$name.$number"); start=\${owner##* }; rest=\${owner% *}; pid=\${rest##* }
    if [ "\${rest% *}" = "$boot" ] && [ "$(started "$pid")" = "$start" ]; then
      if [ -z "$said" ]; then echo waiting; said=1; fi
      sleep 1
      continue
    fi
  fi
  if ln -s "$me" "$name.$((number + 1))" 2>/dev/null; then break; fi
  [ -L "$name.$((number + 1))" ] || exit 3
done
if is_done "$name" "$key"; then echo done; exit 0; fi
echo mine
IFS= read -r word
if [ "$word" != succeeded ]; then exit 0; fi
sync
printf '%s\\n' "$key" > ".$name.$$" && mv -f ".$name.$$" "$name.done" || exit 3
sync
echo noted
`;

/**
 * Runs its arguments as a process whose whole group ends when the script is hung up: a shell alone would leave behind what it
 * has started.
 */
export const groupScript = `
trap 'trap "" HUP TERM; kill -HUP 0; kill -TERM 0; (sleep 5; kill -KILL 0) & wait "$child"; exit 129' HUP
"$@" &
child=$!
wait "$child"
`;
