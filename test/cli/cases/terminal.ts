import { resizes, shows, types } from '../cliCase.ts';
import type { CaseArea } from '../cliCase.ts';

const [ctrlC, ctrlD, ctrlP, ctrlQ] = ['\u0003', '\u0004', '\u0010', '\u0011'];

export const terminalCases: CaseArea = {
  area: 'terminal',
  cases: [
    { docker: 'run -it: a terminal of our size, the shell\'s status, and our terminal put back',
      sh: `exec container run -it --rm $IMAGE sh`, terminal: [shows(/# /), types('stty size; exit 33\n'), shows(/30 100/)], status: 33 },
    { docker: 'the terminal follows our window',
      sh: `exec container exec -it $BOX sh`, terminal: [shows(/# /), resizes(132, 50), types('until stty size | grep "50 132"; do sleep 0.1; done\n'), shows(/\n50 132\r\n/), types('exit\n')] },
    { docker: 'Ctrl-C is a key for the process in the terminal',
      sh: `exec container exec -it $BOX sh`, terminal: [shows(/# /), types('sh -c "echo begun; sleep 1000"\n'), shows(/\nbegun/), types(ctrlC), types('echo status $?\n'), shows(/status 130/), types('exit\n')], status: 0 },
    { docker: 'Ctrl-D ends the shell with the status of its last command',
      sh: `exec container exec -it $BOX sh`, terminal: [shows(/# /), types('sh -c "exit 5"\n'), shows(/# /), types(ctrlD)], status: 5 },
    { docker: 'Ctrl-P Ctrl-Q leaves the container running, with status 0',
      sh: `container run -it --name $N $IMAGE sh; echo left $?; container inspect $N | grep state`, terminal: [shows(/# /), types(ctrlP + ctrlQ), shows(/left 0/), shows(/running/)] },
    { docker: 'attach comes back to what was left',
      sh: `container run -it --name $N $IMAGE sh; echo left; container attach $N; echo status $?`,
      terminal: [shows(/# /), types('M=here\n'), shows(/# /), types(ctrlP + ctrlQ), shows(/left/), types('echo still $M; exit 4\n'), shows(/still here/), shows(/status 4/)] },
    { docker: '--detach-keys chooses other keys', sh: `container run -it --name $N --detach-keys ctrl-a,x $IMAGE sh; echo left $?`, terminal: [shows(/# /), types('\u0001x'), shows(/left 0/)] },
    { docker: 'with other --detach-keys Ctrl-P is a key like others',
      sh: `exec container exec -it --detach-keys ctrl-a,x $BOX sh -c 'stty raw -echo; echo ready; dd bs=1 count=2 2>/dev/null | od -An -tx1; stty -raw'`, terminal: [shows(/ready/), types(ctrlP + ctrlQ), shows(/10 11/)] },
    { docker: 'exec can be left with the keys, too; its process goes on', sh: `container exec -it $BOX sh -c "sleep 2000 & echo \\$! > /tmp/$N; echo begun; wait"; echo left $?; container exec $BOX sh -c "kill -0 \\$(cat /tmp/$N) && kill \\$(cat /tmp/$N) && echo alive"`,
      terminal: [shows(/begun/), types(ctrlP + ctrlQ), shows(/left 0/), shows(/alive/)] },
    { docker: '--detach-keys refuses what is no key', sh: `container run -it --detach-keys ctrl-alt-x $IMAGE sh`, terminal: [], out: /keys/, status: 125 },
    { docker: 'both outputs are one in a terminal', sh: `container exec -t $BOX sh -c 'echo a; echo b >&2' 2>/dev/null`, out: 'a\r\nb\r\n' },
    { docker: 'standard input, output and error are the terminal', sh: `exec container exec -it $BOX sh -c 'test -t 0 && test -t 1 && test -t 2 && echo all'`, terminal: [shows(/all/)] },
    { docker: 'the process leads a session, so that jobs can be controlled', sh: `exec container run -it --rm $IMAGE sh`, terminal: [shows(/# /), types('sleep 1000 &\n'), shows(/# /), types('jobs; kill %1; exit 0\n'), shows(/Running/)] },
    { docker: 'UTF-8 passes in both directions', sh: `exec container exec -it $BOX sh -c 'read line; echo "<$line>"'`, terminal: [types('grüße 語\n'), shows(/<gr\u00c3\u00bc\u00c3\u009fe \u00e8\u00aa\u009e>/)] },
    { docker: 'run -i without -t in a terminal: lines go to the process, Ctrl-D ends them', sh: `exec container exec -i $BOX wc -l`, terminal: [types('a\nb\n'), shows(/b\r\n/), types(ctrlD), shows(/2\r\n/)] },
  ],
};
