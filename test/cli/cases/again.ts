import type { CaseArea } from '../cliCase.ts';
import { logged, until } from './waiting.ts';

/** What brings containers back, watches them, and finds them again. */
export const againCases: CaseArea = {
  area: 'restart, rename, policies, health, filters',
  cases: [
    { docker: 'restart keeps the files', sh: `container run -d --name $N $IMAGE sh -c 'echo x >> /root/f; echo lines $(wc -l < /root/f); exec sleep 1000' >/dev/null; ${logged('lines 1')}; container restart -t 0 $N; ${logged('lines 2')}`, out: /^case\d+-\n$/ },
    { docker: 'restart starts what does not run', sh: `container create --name $N $IMAGE sh -c 'exit 9' >/dev/null; container restart $N >/dev/null; container wait $N`, out: '9\n' },
    { docker: 'rename: the old name is gone, the new one is there', sh: `container create --name $N $IMAGE >/dev/null; container rename $N $N.new; container inspect $N.new | grep -o '"name": "[^"]*"'; container inspect $N >/dev/null`, out: /^"name": "case\d+-\.new"\n$/, error: /case\d+-/, status: 1 },
    { docker: 'rename to a name that is taken is an error', sh: `container rename $ENDED $BOX`, error: /box.*taken/, status: 1 },
    { docker: '--restart on-failure:2 tries twice more', sh: `container run -d --restart on-failure:2 --name $N $IMAGE sh -c 'echo turn; exit 4' >/dev/null; ${until('container inspect $N > now && grep -q \'"restartCount": 2\' now && grep -q \'"state": "stopped"\' now')}; container ls -a | grep -c "Exited (4).* $N$"; container logs $N`, out: '1\nturn\nturn\nturn\n' },
    { docker: '--restart on-failure leaves alone what succeeded', sh: `container run -d --restart on-failure --name $N $IMAGE true >/dev/null; container wait $N; container ls -a | grep " $N$"`, out: /^0\n.* Exited \(0\) / },
    { docker: 'what was stopped stays stopped under --restart always', sh: `container run -d --restart always --name $N $IMAGE sleep 1000 >/dev/null; container stop -t 0 $N >/dev/null; container ls -a | grep " $N$"`, out: / Exited \(137\) / },
    { docker: 'what was killed stays stopped, too', sh: `container run -d --restart unless-stopped --name $N $IMAGE sleep 1000 >/dev/null; container kill $N >/dev/null; container wait $N; container ls -a | grep " $N$"`, out: /^137\n.* Exited \(137\) / },
    { docker: '--rm and --restart exclude each other', sh: `container run --rm --restart always $IMAGE true`, error: /restart/, status: 125 },
    { docker: 'a policy that does not exist, or has a limit that it cannot have', sh: `container create --restart sometimes $IMAGE; echo $?; container create --restart always:3 $IMAGE; echo $?`, out: '125\n125\n', error: /on-failure/ },
    { docker: '--health-cmd: ls says that it is healthy', sh: `container run -d --health-cmd true --health-interval 100ms --name $N $IMAGE sleep 1000 >/dev/null; ${until('container ls | grep -q "Up .* (healthy) .* $N\\$"')}; container ls --filter health=healthy --filter name=$N | grep -c "$N"`, out: '1\n' },
    { docker: 'unhealthy after as many failures as --health-retries says, and it runs on', sh: `container run -d --health-cmd 'echo why; false' --health-retries 2 --health-interval 100ms --name $N $IMAGE sleep 1000 >/dev/null; ${until('container ls --filter health=unhealthy | grep -q $N')}; container inspect $N | grep -c 'why'; container ls | grep -c " $N$"`, out: /^[3-6]\n1\n$/ },
    { docker: '--no-healthcheck beside --health-cmd is an error', sh: `container create --no-healthcheck --health-cmd true $IMAGE`, error: /no-healthcheck/, status: 125 },
    { docker: '--label-file and ls --filter label', sh: `printf '# mine\\nof=%s\\nplain\\n' $N > f; container create --label-file f --name $N $IMAGE >/dev/null; for l in of=$N plain of=other; do container ls -aq --filter label=$l --filter name=$N | wc -l; done`, out: '1\n1\n0\n' },
    { docker: 'filters of one key are alternatives, of several they must all fit', sh: `container ls -a --filter name=box --filter name=ended --filter status=exited | grep -o -E ' (box|ended)$'`, out: ' ended\n' },
    { docker: '--filter ancestor: what was made of an image', sh: `container ls -a --filter ancestor=$IMAGE | grep -c -E ' (box|ended)$'; container ls -a --filter ancestor=no-such | wc -l`, out: '2\n1\n' },
    { docker: '--platform of another machine cannot run', differs: 'docker emulates some of them', sh: `container run --rm --platform linux/arm64 $IMAGE true`, error: /linux\/arm64/, status: 125 },
    { docker: 'the columns of system df', differs: 'no build cache, because there is no build', sh: `container system df | awk '{ print $1 }' | tr '\\n' ' '`, out: /^TYPE Images Containers / },
  ],
};
