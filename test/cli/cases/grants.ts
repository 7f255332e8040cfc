import type { CaseArea } from '../cliCase.ts';

export const grantCases: CaseArea = {
  area: 'directories that come and go',
  cases: [
    { docker: 'share and unshare a directory of a running container', differs: 'docker cannot', sh: `mkdir d; echo host > d/file; container run -d --name $N $IMAGE sleep 1000 >/dev/null; container share $N ./d:/here; container exec $N sh -c 'cat /here/file; echo guest > /here/made'; cat d/made; container inspect $N | grep -o revocable; container unshare $N /here; container exec $N ls -A /here; container inspect $N | grep -c revocable; container rm -f $N >/dev/null`, out: 'host\nguest\nrevocable\n0\n' },
    { docker: 'share read only, before a start', differs: 'docker cannot', sh: `mkdir d; echo host > d/file; container create --name $N $IMAGE sh -c 'cat /here/file; touch /here/x 2>/dev/null || echo refused' >/dev/null; container share $N $PWD/d:/here:ro; container start -a $N; container unshare $N /here/; container rm $N >/dev/null; ls d`, out: 'host\nrefused\nfile\n' },
    { docker: 'share what is protected, is not there, or is no directory of yours', differs: 'docker cannot', sh: `container share $BOX /etc:/x; container share $BOX ./nothing:/x; container share $BOX name:/x; container unshare $BOX /x`, error: /The folder \/etc holds.*\n.*does not exist.*\n(.*\n)*.*No directory is shared at “\/x”/, status: 1 },
    { docker: 'grant ls and revoke', differs: 'docker has no grants', sh: `container grant ls; container grant ls -q; container grant revoke nothing`, out: 'ID   DIRECTORY   DECISION   ACCESS   WORKSPACE   CONTAINERS\n', error: /There is no grant “nothing”/, status: 1 },
  ],
};
