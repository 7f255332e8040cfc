import type { CaseArea } from '../cliCase.ts';

export const imageCases: CaseArea = {
  area: 'images',
  cases: [
    { docker: 'image pull prints the reference', sh: `container image pull $IMAGE 2>/dev/null`, out: /^localhost:\d+\/cases\/busybox:1\n$/ },
    { docker: 'image pull of what is not there fails', sh: `container image pull $REGISTRY/no/such:1`, error: /no\/such/, status: 1 },
    { docker: 'a reference that is none is refused', sh: `container image pull 'Not A Reference'`, error: /Not A Reference/, status: 1 },
    { docker: 'the columns of image ls', differs: 'DIGEST and not IMAGE ID', sh: `container image ls | head -1`, out: /^REPOSITORY +TAG +DIGEST +CREATED +SIZE\n$/ },
    { docker: 'image ls shows repository and tag', sh: `container image ls | grep -E '/cases/busybox +1 ' | wc -l`, out: '1\n' },
    { docker: 'image ls -q prints ids', differs: 'references, with which everything else works, too', sh: `container image ls -q | grep -c '/cases/busybox:1$'`, out: '1\n' },
    { docker: 'image inspect prints an array', sh: `container image inspect $IMAGE | python3 -c 'import json,sys; [i] = json.load(sys.stdin); print(i["platform"]["os"], i["digest"][:7])'`, out: 'linux sha256:\n' },
    { docker: 'image inspect of what is not there fails', sh: `container image inspect nowhere:1`, out: '[]\n', error: /nowhere/, status: 1 },
    { docker: 'image rm refuses an image that a container uses', sh: `container image rm $IMAGE`, error: /use/, status: 1 },
    { docker: 'run by digest', sh: `d=$(container image inspect $IMAGE | grep -o '"digest": "[^"]*' | cut -d'"' -f4); container run --rm \${IMAGE%:1}@$d echo pinned`, out: 'pinned\n', error: /(?:)/ },
  ],
};
