import type { CaseArea } from '../cliCase.ts';

/** Rights and surroundings of the first process. */
export const worldCases: CaseArea = {
  area: 'rights and surroundings',
  cases: [
    { docker: 'the bounding set is docker\'s fourteen capabilities', sh: `container exec $BOX grep CapBnd /proc/1/status`, out: 'CapBnd:\t00000000a80425fb\n' },
    { docker: '--cap-drop ALL leaves none', sh: `container run --rm --cap-drop ALL $IMAGE sh -c 'grep CapEff /proc/self/status; chown 5 /tmp 2>/dev/null || echo refused'`, out: 'CapEff:\t0000000000000000\nrefused\n' },
    { docker: '--cap-add gives one more', sh: `container run --rm --cap-drop ALL --cap-add NET_ADMIN $IMAGE grep CapEff /proc/self/status`, out: 'CapEff:\t0000000000001000\n' },
    { docker: '--cap-add of what is none is refused', sh: `container run --rm --cap-add NO_SUCH $IMAGE true`, error: /NO_SUCH/, status: 125 },
    { docker: 'mount is not allowed', sh: `container exec $BOX mount -t tmpfs x /mnt 2>/dev/null`, out: '', status: 1 },
    { docker: '--privileged allows it', sh: `container run --rm --privileged $IMAGE sh -c 'mount -t tmpfs x /tmp && grep -c " /tmp tmpfs" /proc/mounts'`, out: '1\n' },
    { docker: 'a plain user has no capabilities', sh: `container exec -u user $BOX grep CapEff /proc/self/status`, out: 'CapEff:\t0000000000000000\n' },
    { docker: 'system calls are filtered, unless seccomp=unconfined', sh: `container exec $BOX grep Seccomp: /proc/self/status; container run --rm --security-opt seccomp=unconfined $IMAGE grep Seccomp: /proc/self/status`, out: 'Seccomp:\t2\nSeccomp:\t0\n' },
    { docker: '--security-opt no-new-privileges', sh: `container run --rm --security-opt no-new-privileges $IMAGE grep NoNewPrivs /proc/self/status`, out: 'NoNewPrivs:\t1\n' },
    { docker: 'what is secret in /sys and /proc reads as empty, and /proc/sys cannot be written', sh: `container exec $BOX sh -c 'ls /sys/firmware | wc -l; echo x > /proc/sys/kernel/domainname' 2>&1 | sed 's/.*: //'`, out: '0\nRead-only file system\n' },
    { docker: '--hostname names the machine, in /etc/hosts and /etc/hostname too', sh: `container run --rm --hostname mine $IMAGE sh -c 'hostname; cat /etc/hostname; grep -c "^[0-9.]*[[:space:]]mine$" /etc/hosts'`, out: 'mine\nmine\n1\n' },
    { docker: '--ulimit nofile=SOFT:HARD', sh: `container run --rm --ulimit nofile=100:200 $IMAGE sh -c 'ulimit -Sn; ulimit -Hn'`, out: '100\n200\n' },
    { docker: '--ulimit of what is no limit is refused', sh: `container run --rm --ulimit speed=1 $IMAGE true`, error: /speed/, status: 125 },
    { docker: '--read-only: the root cannot be written', sh: `container run --rm --read-only $IMAGE sh -c 'touch /x || echo refused' 2>/dev/null`, out: 'refused\n' },
    { docker: '--tmpfs is writable under --read-only, with its size', sh: `container run --rm --read-only --tmpfs /tmp:size=1m $IMAGE sh -c 'echo ok > /tmp/f; cat /tmp/f; df -k /tmp | tail -1 | tr -s " " | cut -d" " -f2'`, out: 'ok\n1024\n' },
    { docker: '--tmpfs: nothing there can be executed, nothing is left after a restart', sh: `container run --name $N --tmpfs /t $IMAGE sh -c 'ls /t; touch /t/f; grep " /t " /proc/mounts | grep -o noexec'; container start -a $N`, out: 'noexec\nnoexec\n' },
    { docker: '/dev/shm has 64 MiB, or --shm-size', sh: `container exec $BOX sh -c 'df -k /dev/shm | tail -1' | tr -s ' ' | cut -d' ' -f2; container run --rm --shm-size 16m $IMAGE sh -c 'df -k /dev/shm | tail -1' | tr -s ' ' | cut -d' ' -f2`, out: '65536\n16384\n' },
    { docker: '--group-add gives further groups, by name and number', sh: `container run --rm -u user --group-add 77 --group-add nogroup $IMAGE id -G | tr ' ' '\\n' | sort -n | tr '\\n' ' '`, out: '29 77 1000 65534 ' },
    { docker: '--init is the first process and collects orphans; the status is the process\'s', sh: `container run --rm --init $IMAGE sh -c 'test $$ != 1 && exit 9'`, status: 9 },
    { docker: '--pids-limit ends a flood', sh: `container run --rm --pids-limit 5 $IMAGE sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done' 2>/dev/null`, status: 2 },
    { docker: '--uid and --gid are not there', differs: 'they are apple/container\'s', sh: `container run --rm --uid 12 --gid 13 $IMAGE sh -c 'id -u; id -g'`, out: '12\n13\n' },
    { docker: '--platform of another architecture runs emulated', differs: 'a machine runs its own architecture only, and says so', sh: `container run --rm --platform linux/s390x $IMAGE true`, error: /s390x/, status: 125 },
    { docker: 'too little memory for the process: it is killed, with 137', sh: `container run --rm -m 128m $IMAGE sh -c 'tail /dev/zero; exit $?' 2>/dev/null`, status: 137 },
  ],
};
