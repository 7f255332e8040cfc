import type { CaseArea } from '../cliCase.ts';

/** What containers and the host use and do. */
export const observeCases: CaseArea = {
  area: 'stats, top, system',
  cases: [
    { docker: 'stats --no-stream shows one line for each', sh: `container stats --no-stream $BOX | tail -n +2 | grep -c box`, out: '1\n' },
    { docker: 'stats shows memory as used / limit', sh: `container stats --no-stream $BOX | tail -1`, out: /\d(\.\d+)?[kKMG]i?B \/ / },
    { docker: 'stats as JSON', sh: `container stats --no-stream --format json $BOX | python3 -c 'import json,sys; d=json.load(sys.stdin); print(len(d) if isinstance(d, list) else 1)'`, out: '1\n' },
    { docker: 'stats of no container fails', sh: `container stats --no-stream nowhere`, error: /nowhere/, status: 1 },
    { docker: 'top lists the processes', sh: `container top $BOX | grep -c 'sleep 1000000'`, out: '1\n' },
    { docker: 'top has the columns of ps -ef', sh: `container top $BOX | head -1`, out: /^UID +PID +PPID +C +STIME +TTY +TIME +CMD\n$/ },
    { docker: 'top -o chooses columns', sh: `container top $BOX -o pid,args | grep 'sleep 1000000' | awk '{ print $2, $3 }'`, out: 'sleep 1000000\n' },
    { docker: 'top of what does not run fails', sh: `container top $ENDED`, error: /not running/, status: 1 },
    { docker: 'system df has a line for images and one for containers', sh: `container system df | grep -c -E '^(Images|Containers)'`, out: '2\n' },
    { docker: 'system info: the state of the daemon', differs: 'it is called system status', sh: `container system status --format json | grep -c '"running": true'`, out: '1\n' },
    { docker: 'the daemon\'s story is with journald', differs: 'system logs tells it', sh: `container system logs | grep -c box`, out: /^[1-9]\d*\n$/ },
    { docker: 'prune asks first, and no keeps everything', sh: `echo n | container prune >/dev/null 2>&1; container inspect $ENDED | grep -c '"ended"'`, out: '1\n' },
    { docker: 'prune --filter label and until', sh: `container create -l of=$N --name $N-a $IMAGE >/dev/null; container create -l of=$N -l keep --name $N-b $IMAGE >/dev/null; container prune -f --filter label=of=$N --filter until=1h >/dev/null; container ls -aq --filter label=of=$N | wc -l; container prune -f --filter label=of=$N --filter label!=keep >/dev/null; container ls -a --filter label=of=$N | grep -c -- "-b$"; container ls -aq --filter label=of=$N | wc -l`, out: '2\n1\n1\n' },
    { docker: 'image and volume prune --filter label', sh: `container image prune -f --filter label=of=nobody; container volume create -l of=$N v-p1 >/dev/null; container volume create v-p2 >/dev/null; container volume prune -af --filter label=of=$N | head -2; container volume ls -q --filter name=v-p; container volume rm v-p2 >/dev/null`, out: 'Total reclaimed space: 0B\nRemoved volumes:\nv-p1\nv-p2\n' },
    { docker: 'volume prune has no filter until', sh: `container volume prune -f --filter until=1h`, error: /until=1h.*invalid/, status: 125 },
    { docker: 'system prune asks first, too', sh: `echo n | container system prune -a >/dev/null 2>&1; container inspect $ENDED | grep -c '"ended"'; container image inspect $ABSENT $USERED 2>/dev/null | grep -c '"reference"'`, out: /^1\n[12]\n$/ },
  ],
};
