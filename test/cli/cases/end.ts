import type { CaseArea } from '../cliCase.ts';
import { logged, until } from './waiting.ts';

const looping = `sh -c 'trap "echo caught; exit 6" INT TERM HUP USR1; echo ready; while :; do sleep 0.1; done'`;
const untilReady = until('grep -q ready out 2>/dev/null');

/** Signals, and how containers end. */
export const endCases: CaseArea = {
  area: 'signals and exit codes',
  cases: [
    { docker: 'a status over 255 is cut as everywhere', sh: `container run --rm $IMAGE sh -c 'exit 256'; echo $?; container exec $BOX sh -c 'exit 255'`, out: '0\n', status: 255 },
    { docker: '127: no such command, in PATH or by its path', sh: `container run --rm $IMAGE no-such; echo $?; container run --rm $IMAGE /no/such; echo $?`, out: '127\n127\n', error: /no-such[^]*\/no\/such/ },
    { docker: '126: a directory, or a file without the right to run it', sh: `container run --rm $IMAGE /etc; echo $?; container run --rm $IMAGE /etc/passwd; echo $?`, out: '126\n126\n', error: /\/etc/ },
    { docker: '125: run itself fails', sh: `container run --no-such-option $IMAGE; echo $?; container run $REGISTRY/no/such:1; echo $?`, out: '125\n125\n', error: /no-such-option/ },
    { docker: 'a child that a signal ends has 128 and the signal', sh: `container run --rm $IMAGE sh -c "sh -c 'kill -TERM \\$\\$'; exit \\$?" 2>/dev/null`, status: 143 },
    { docker: 'run passes SIGINT on to the process', sh: `container run --rm $IMAGE ${looping} > out & ${untilReady}; kill -INT $!; wait $!; echo $?; cat out`, out: '6\nready\ncaught\n' },
    { docker: 'run passes SIGTERM, SIGHUP and SIGUSR1 on', sh: `for s in TERM HUP USR1; do container run --rm $IMAGE ${looping} > out & ${untilReady}; kill -$s $!; wait $!; echo $s $?; rm out; done`, out: 'TERM 6\nHUP 6\nUSR1 6\n' },
    { docker: 'with --sig-proxy=false a signal ends only us', sh: `container run --name $N --sig-proxy=false $IMAGE ${looping} > out & ${untilReady}; kill -TERM $!; wait $!; echo $?; container inspect $N | grep -o running`, out: '143\nrunning\n' },
    { docker: 'a signal to exec ends only us, and its process goes on', sh: `container exec $BOX sh -c "echo \\$\\$ > /tmp/$N; echo ready; sleep 3000" > out & ${untilReady}; kill -TERM $!; wait $!; echo $?; container exec $BOX sh -c "kill -0 \\$(cat /tmp/$N) && kill -9 \\$(cat /tmp/$N) && echo alive"`,
      out: '143\nalive\n' },
    { docker: 'stop asks with SIGTERM', sh: `container run -d --name $N $IMAGE ${looping} >/dev/null; ${logged('ready')}; container stop $N; container logs $N | tail -1; container inspect $N | grep -o '"exitCode": [0-9]*'`, out: /^case\d+-\ncaught\n"exitCode": 6\n$/ },
    { docker: 'stop uses the image\'s stop signal', sh: `container run -d --name $N --entrypoint sh $ENTRY -c 'trap "exit 11" INT; trap "exit 12" TERM; echo ready; while :; do sleep 0.1; done' >/dev/null; ${logged('ready')}; container stop $N >/dev/null; container inspect $N | grep -o '"exitCode": [0-9]*'`, out: '"exitCode": 11\n' },
    { docker: '--stop-signal wins over it', sh: `container run -d --name $N --stop-signal USR1 --entrypoint sh $ENTRY -c 'trap "exit 13" USR1; echo ready; while :; do sleep 0.1; done' >/dev/null; ${logged('ready')}; container stop $N >/dev/null; container inspect $N | grep -o '"exitCode": [0-9]*'`, out: '"exitCode": 13\n' },
    { docker: 'stop -t 0 kills what does not listen', sh: `container run -d --name $N $IMAGE sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done' >/dev/null; ${logged('ready')}; container stop -t 0 $N >/dev/null; container inspect $N | grep -o '"exitCode": [0-9]*'`, out: '"exitCode": 137\n' },
    { docker: '--stop-timeout is the patience of stop', sh: `container run -d --name $N --stop-timeout 1 $IMAGE sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done' >/dev/null; ${logged('ready')}; container stop $N >/dev/null; container inspect $N | grep -o '"exitCode": [0-9]*'`, out: '"exitCode": 137\n' },
    { docker: 'stop waits ten seconds for a first process without a handler, then kills it', differs: 'such a process can never get the signal, so it is killed at once', sh: `container run -d --name $N $IMAGE sleep 1000 >/dev/null; container stop -t 600 $N >/dev/null; container inspect $N | grep -o '"exitCode": [0-9]*'`, out: '"exitCode": 137\n' },
    { docker: 'kill sends SIGKILL', sh: `container run -d --name $N $IMAGE ${looping} >/dev/null; ${logged('ready')}; container kill $N >/dev/null; container wait $N`, out: '137\n' },
    { docker: 'kill -s sends another, by name or number', sh: `container run -d --name $N $IMAGE ${looping} >/dev/null; ${logged('ready')}; container kill -s SIGUSR1 $N >/dev/null; container wait $N; container start $N >/dev/null; ${logged('ready', '$N', 2)}; container kill -s 1 $N >/dev/null; container wait $N`, out: '6\n6\n' },
    { docker: 'kill of what does not run is an error', sh: `container kill $ENDED`, error: /not running/, status: 1 },
    { docker: 'kill with an unknown signal is an error', sh: `container kill -s NOSUCH $BOX`, error: /NOSUCH/, status: 1 },
    { docker: 'orphans are collected by the first process\'s end', sh: `container run --rm $IMAGE sh -c 'sleep 1000 & sh -c "sleep 1000 &"; exit 2'`, status: 2 },
  ],
};
