import type { CaseArea } from '../cliCase.ts';

export const logCases: CaseArea = {
  area: 'logs',
  cases: [
    { docker: 'logs keep the two outputs apart', sh: `container logs $BOX`, out: 'one\n', error: 'two\n' },
    { docker: 'logs of what has ended', sh: `container logs $ENDED`, out: 'said\n' },
    { docker: 'logs of what never ran are empty', sh: `container create --name $N $IMAGE >/dev/null; container logs $N`, out: '' },
    { docker: '-n shows the last lines', sh: `container run --name $N $IMAGE seq 100 >/dev/null; container logs -n 2 $N; container logs --tail 1 $N`, out: '99\n100\n100\n' },
    { docker: '-n 0 shows none', sh: `container logs -n 0 $ENDED`, out: '' },
    { docker: '-n all shows all', sh: `container logs --tail all $ENDED; container logs --tail -1 $ENDED`, out: 'said\nsaid\n' },
    { docker: '-f goes on until the container ends', sh: `container run -d --name $N $IMAGE sh -c 'echo first; sleep 1; echo last' >/dev/null; container logs -f $N`, out: 'first\nlast\n' },
    { docker: '-f ends with Ctrl-C and leaves the container', sh: `container logs -f $BOX > out 2>/dev/null & until grep -q one out 2>/dev/null; do :; done; kill -INT $!; wait $!; echo $?; container inspect $BOX | grep -o running`, out: '130\nrunning\n' },
    { docker: 'logs of several starts are one after the other', sh: `container run --name $N $IMAGE echo again; container start $N >/dev/null; container wait $N; container logs $N`, out: 'again\n0\nagain\nagain\n' },
    { docker: 'logs of no container fail', sh: `container logs nowhere`, error: /nowhere/, status: 1 },
    { docker: 'what exec prints is in no log', sh: `container exec $BOX echo secret; container logs $BOX 2>&1 | grep -c secret`, out: 'secret\n0\n', status: 1 },
    { docker: 'binary output is in the log as it was', sh: `container run --name $N $IMAGE head -c 300000 /dev/urandom > f; container logs $N | cmp - f` },
    { docker: '-t puts the time before each line', sh: `container logs -t $ENDED`, out: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z said\n$/ },
    { docker: '--since and --until choose by time', sh: `container logs --since 1h $ENDED; container logs --until 1h $ENDED`, out: 'said\n' },
    { docker: 'logs take one container', sh: `container logs $BOX $ENDED`, error: /argument/, status: 1 },
  ],
};
