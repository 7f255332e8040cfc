import type { CaseArea } from '../cliCase.ts';

export const errorCases: CaseArea = {
  area: 'mistakes and help',
  cases: [
    { docker: 'an unknown command is named', sh: `container frobnicate`, error: /frobnicate/, status: 1 },
    { docker: 'an unknown option is named, with 125', sh: `container ls --frobnicate`, error: /--frobnicate/, status: 125 },
    { docker: 'run without an image says what is missing', sh: `container run`, error: /image/i, status: 1 },
    { docker: '--help prints usage and succeeds', sh: `container run --help | head -1; container --help | grep -c -E '^  (run|exec|ls|logs|rm)'`, out: /^Usage: container run .*IMAGE.*\n5\n$/ },
    { docker: '--version', sh: `container --version`, out: /^\d+\.\d+\.\d+\n$/ },
    { docker: 'run -it needs a terminal, and says so', differs: 'the status is 125, as whenever run fails before the process', sh: `container run -it --rm $IMAGE sh </dev/null`, error: 'Error: the input device is not a TTY\n', status: 125 },
    { docker: 'an option that wants a value says so', sh: `container run --name`, error: /--name/, status: 125 },
    { docker: 'a memory size that is none', sh: `container run -m lots $IMAGE true`, error: /lots/, status: 125 },
    { docker: 'memory that is too little', sh: `container run -m 4m $IMAGE true`, error: /at least/, status: 125 },
    { docker: '-e without a name', sh: `container run -e =x $IMAGE true`, error: /=x/, status: 125 },
    { docker: 'messages go to standard error, results to standard output', sh: `container inspect nowhere 2>/dev/null | wc -l; container rm nowhere 2>&1 >/dev/null | grep -c '^Error: '`, out: '1\n1\n' },
  ],
};
