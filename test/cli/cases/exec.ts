import type { CaseArea } from '../cliCase.ts';

export const execCases: CaseArea = {
  area: 'exec',
  cases: [
    { docker: 'exec has streams and status of its process', sh: `container exec $BOX sh -c 'echo out; echo err >&2; exit 7'`, out: 'out\n', error: 'err\n', status: 7 },
    { docker: 'exec sees the container\'s variables and its own', sh: `container exec -e B=2 $BOX sh -c 'echo $A $B'`, out: '1 2\n' },
    { docker: 'exec -e wins over the container\'s', sh: `container exec -e A=9 $BOX sh -c 'echo $A'`, out: '9\n' },
    { docker: 'exec -w sets the working directory', sh: `container exec -w /etc $BOX pwd`, out: '/etc\n' },
    { docker: 'exec -u takes names, numbers and groups', sh: `container exec -u user $BOX id -un; container exec -u 7:8 $BOX sh -c 'id -u; id -g'`, out: 'user\n7\n8\n' },
    { docker: 'exec without -i has no input', sh: `echo x | container exec $BOX cat`, out: '' },
    { docker: 'exec -i reads standard input to its end', sh: `printf 'a\\nb\\n' | container exec -i $BOX wc -l`, out: '2\n' },
    { docker: 'exec options behind the container belong to the command', sh: `container exec $BOX echo -i -t -u x`, out: '-i -t -u x\n' },
    { docker: 'exec -d leaves the process running and prints nothing', sh: `container exec -d $BOX sh -c "echo ran > /tmp/$N"; container exec $BOX sh -c "until [ -s /tmp/$N ]; do sleep 0.1; done; cat /tmp/$N"`, out: 'ran\n' },
    { docker: 'exec of an unknown command ends with 127', sh: `container exec $BOX no-such-command`, error: /no-such-command/, status: 127 },
    { docker: 'exec of a directory ends with 126', sh: `container exec $BOX /etc`, error: /\/etc/, status: 126 },
    { docker: 'exec as an unknown user ends with 126', differs: 'only the command itself can make 126 or 127 of exec', sh: `container exec -u stranger $BOX true`, error: /stranger/, status: 1 },
    { docker: 'exec in a container that has stopped is an error', sh: `container exec $ENDED true`, error: /not running/, status: 1 },
    { docker: 'exec in no container is an error', sh: `container exec nowhere true`, error: /nowhere/, status: 1 },
    { docker: 'exec needs a command', sh: `container exec $BOX`, error: /argument/, status: 1 },
    { docker: 'exec -it needs a terminal', sh: `container exec -it $BOX sh </dev/null`, error: 'Error: the input device is not a TTY\n', status: 1 },
    { docker: 'exec -t without -i needs none', sh: `container exec -t $BOX tty </dev/null`, out: /^\/dev\/pts\/\d+\r\n$/ },
    { docker: 'the processes of exec are the container\'s', sh: `container exec $BOX sh -c 'ps | grep -c "[s]leep 1000000"; hostname' > f; head -1 f; container inspect $BOX | grep -o '"id": "[0-9a-f]\\{12\\}' | grep -c "$(tail -1 f)"`, out: '1\n1\n' },
    { docker: 'what exec writes stays in the container', sh: `container exec $BOX sh -c "echo kept > /tmp/f$N"; container exec $BOX cat /tmp/f$N`, out: 'kept\n' },
    { docker: 'a process of exec that is killed has 128 and the signal', sh: `container exec $BOX sh -c 'kill -9 $$'`, status: 137 },
    { docker: 'exec by the beginning of the id', sh: `container exec $(container ls -q --format table | head -1) true` },
  ],
};
