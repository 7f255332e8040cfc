import type { CaseArea } from '../cliCase.ts';
import { logged } from './waiting.ts';

export const lifeCases: CaseArea = {
  area: 'create, start, stop, wait, rm',
  cases: [
    { docker: 'create prints the id and starts nothing', sh: `container create --name $N $IMAGE echo hello; container inspect $N | grep -o '"state": "[a-z]*"'`, out: /^[0-9a-f]{64}\n"state": "created"\n$/ },
    { docker: 'start runs what create made, and prints the name', sh: `container create --name $N $IMAGE echo hello >/dev/null; container start $N; container wait $N; container logs $N`, out: /^case\d+-\n0\nhello\n$/ },
    { docker: 'start of what runs does nothing', sh: `container start $BOX`, out: 'box\n' },
    { docker: 'a disk keeps its content over stop and start', sh: `container run -d --name $N $IMAGE sh -c 'echo x >> /root/f; echo lines $(wc -l < /root/f); exec sleep 1000' >/dev/null; ${logged('lines 1')}; container stop -t 0 $N >/dev/null; container start $N >/dev/null; ${logged('lines 2')}; container exec $N cat /root/f`, out: 'x\nx\n' },
    { docker: 'stop of what does not run does nothing', sh: `container stop $ENDED`, out: 'ended\n' },
    { docker: 'wait prints the status and ends with 0', sh: `container wait $ENDED`, out: '3\n' },
    { docker: 'wait waits', sh: `container run -d --name $N $IMAGE sh -c 'sleep 0.5; exit 0' >/dev/null; container wait $N`, out: '0\n' },
    { docker: 'wait for several prints a line each', sh: `container create --name $N $IMAGE >/dev/null; container wait $N $ENDED`, out: '0\n3\n' },
    { docker: 'rm refuses what runs', sh: `container rm $BOX`, error: /running/, status: 1 },
    { docker: 'rm -f removes what runs', sh: `container run -d --name $N $IMAGE sleep 1000 >/dev/null; container rm -f $N; container ls -a | grep -c "$N"`, out: /^case\d+-\n0\n$/, status: 1 },
    { docker: 'rm of several goes on after an error', sh: `container create --name $N $IMAGE >/dev/null; container rm nowhere $N`, out: /^case\d+-\n$/, error: /nowhere/, status: 1 },
    { docker: 'rm -f of what is not there succeeds', sh: `container rm -f nowhere`, error: /nowhere/ },
    { docker: 'stop, start and rm take ids and their beginnings', sh: `id=$(container create --name $N $IMAGE true); container start $(echo $id | cut -c1-12) >/dev/null; container wait $id; container rm $(echo $id | cut -c1-20) | wc -c`, out: '0\n21\n' },
    { docker: 'a container can be started again and again', sh: `container run --name $N $IMAGE sh -c 'echo turn'; for i in 1 2; do container start $N >/dev/null; container wait $N; done; container logs $N`, out: 'turn\n0\n0\nturn\nturn\nturn\n' },
    { docker: 'attach to what does not run is an error', sh: `container attach $ENDED`, error: /not running/, status: 1 },
    { docker: 'create does not need a terminal for -it', sh: `container create -it --name $N $IMAGE </dev/null | wc -c`, out: '65\n' },
    { docker: 'start -a shows the output and ends with the status', sh: `container create --name $N $IMAGE sh -c 'echo shown; exit 8' >/dev/null; container start -a $N`, out: 'shown\n', status: 8 },
    { docker: 'start -ai joins the input, too', sh: `container create -i --name $N $IMAGE cat >/dev/null; echo through | container start -ai $N`, out: 'through\n' },
    { docker: 'start -a takes one container', sh: `container start -a $ENDED $BOX`, error: /One container/, status: 1 },
  ],
};
