import type { CaseArea } from '../cliCase.ts';

export const listCases: CaseArea = {
  area: 'ls and inspect',
  cases: [
    { docker: 'the columns of ls', differs: 'ADDRESS, too: where it is in its networks', sh: `container ls | head -1`, out: /^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +ADDRESS +PORTS +NAMES\n$/ },
    { docker: 'ls shows what runs', sh: `container ls | grep -c -E ' (box|ended)$'`, out: '1\n' },
    { docker: 'ls -a shows all', sh: `container ls -a | grep -E ' (box|ended)$' | wc -l`, out: '2\n' },
    { docker: 'ls -q prints short ids only', sh: `container ls -q | grep -v -c -E '^[0-9a-f]{12}$'`, out: '0\n', status: 1 },
    { docker: 'Exited (STATUS) and how long ago', sh: `container ls -a | grep ' ended$'`, out: /Exited \(3\) .* ago/ },
    { docker: 'Up and how long', sh: `container ls | grep ' box$'`, out: / Up (\d+ |less than a )/i },
    { docker: 'Created for what never ran', sh: `container create --name $N $IMAGE >/dev/null; container ls -a | grep " $N$"`, out: / Created / },
    { docker: 'ps is another word for it', sh: `container ps -a | grep -c ' ended$'`, out: '1\n' },
    { docker: 'newest first', sh: `container create --name $N $IMAGE >/dev/null; container ls -a | awk 'NR > 1 { print $NF }' | grep -E -n "^($N|ended|box)$" | cut -d: -f2 | tr '\\n' ' '`, out: /^case\d+- ended box $/ },
    { docker: '--format json', differs: 'one array and not an object a line; docker\'s templates are not there', sh: `container ls --format json | python3 -c 'import json,sys; print([c["name"] for c in json.load(sys.stdin) if c["name"] == "box"])'`, out: `['box']\n` },
    { docker: '--filter name takes a regular expression, also with the slash of inspect', sh: `container ls -a --filter 'name=^(b[o]x|/ended)$' | grep -c -E ' (box|ended)$'; container ls -aq --filter 'name=^ox' | wc -l`, out: '2\n0\n' },
    { docker: '--last 0 is no limit, and shows what runs', sh: `container ls -n 0 | grep -c ' box$'; container ls -n 0 | grep -c ' ended$'`, out: '1\n0\n', status: 1 },
    { docker: 'inspect prints an array, in the order asked for', sh: `container inspect $ENDED $BOX | python3 -c 'import json,sys; print([c["name"] for c in json.load(sys.stdin)])'`, out: `['ended', 'box']\n` },
    { docker: 'inspect of what is not there prints what it found and fails', sh: `container inspect nowhere $BOX | grep -c '"box"'; container inspect nowhere 2>/dev/null`, out: '1\n[]\n', error: /nowhere/, status: 1 },
    { docker: 'inspect tells times, state and status', sh: `container inspect $ENDED | grep -c -E '"(createdAt|startedAt|finishedAt|exitCode|state)"'`, out: '5\n' },
  ],
};
