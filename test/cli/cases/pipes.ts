import type { CaseArea } from '../cliCase.ts';

export const pipeCases: CaseArea = {
  area: 'pipes',
  cases: [
    { docker: 'binary data passes unharmed both ways at once', sh: `head -c 20000000 /dev/urandom > f; container exec -i $BOX cat < f | cmp - f` },
    { docker: 'the same through run', sh: `head -c 8000000 /dev/urandom > f; container run -i --rm $IMAGE cat < f | cmp - f` },
    { docker: 'both outputs at once, each whole', sh: `container exec $BOX sh -c 'head -c 3000000 /dev/zero & head -c 2000000 /dev/zero >&2; wait' 2>e | wc -c; wc -c < e`, out: '3000000\n2000000\n' },
    { docker: 'what comes before a failure arrives', sh: `container exec $BOX sh -c 'seq 50000; exit 9' | tail -1; container exec $BOX sh -c 'seq 50000; exit 9' >/dev/null`, out: '50000\n', status: 9 },
    { docker: 'an input from /dev/null ends at once', sh: `container exec -i $BOX wc -c </dev/null`, out: '0\n' },
    { docker: 'a process that ends before its input is no error', sh: `head -c 5000000 /dev/zero | container exec -i $BOX head -c 1 | wc -c`, out: '1\n' },
    { docker: 'a reader that leaves ends us quietly', sh: `container exec $BOX yes | head -2`, out: 'y\ny\n' },
    { docker: 'containers in one pipe', sh: `seq 5 | container exec -i $BOX sed 's/$/0/' | container exec -i $BOX tail -1`, out: '50\n' },
    { docker: 'an input that comes slowly arrives as it comes', sh: `mkfifo p; container exec -i $BOX sh -c 'read a; echo got $a; read b; echo got $b' < p > out & exec 3> p; echo 1 >&3; until grep -q 'got 1' out 2>/dev/null; do :; done; echo 2 >&3; wait $!; cat out`, out: 'got 1\ngot 2\n' },
    { docker: 'no newline is added to the output', sh: `container exec $BOX printf abc`, out: 'abc' },
    { docker: 'a process may close its output and go on', sh: `container exec $BOX sh -c 'echo first; exec >&- 2>&-; sleep 0.3; exit 3'`, out: 'first\n', status: 3 },
    { docker: 'a terminal on one side only: -t makes CR LF of LF', sh: `container exec -t $BOX printf 'a\\nb\\n' | od -An -c | tr -d ' '`, out: 'a\\r\\nb\\r\\n\n' },
  ],
};
