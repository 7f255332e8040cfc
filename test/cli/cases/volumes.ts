import type { CaseArea } from '../cliCase.ts';

export const volumeCases: CaseArea = {
  area: 'volumes',
  cases: [
    { docker: 'volume create prints the name; ls -q, inspect and rm take it', sh: `container volume create -l a=b v-one; container volume ls -q | grep -x v-one; container volume inspect v-one | grep -E '"(name|driver|a)"'; container volume rm v-one`, out: 'v-one\nv-one\n    "name": "v-one",\n    "driver": "ext4",\n      "a": "b"\nv-one\n' },
    { docker: 'volume ls --filter label, name and dangling', sh: `container volume create -l of=$N v-f1 >/dev/null; container volume create v-f2 >/dev/null; container create --name $N -v v-f2:/d $IMAGE >/dev/null; container volume ls -q --filter label=of=$N; container volume ls -q --filter 'name=^v-f[12]$' --filter dangling=false; container rm $N >/dev/null; container volume rm v-f1 v-f2 >/dev/null`, out: 'v-f1\nv-f2\n' },
    { docker: 'creating a volume again is no error', sh: `container volume create v-two; container volume create v-two; container volume rm v-two`, out: 'v-two\nv-two\nv-two\n' },
    { docker: 'but with another driver it is', sh: `container volume create v-three; container volume create -d shared v-three; s=$?; container volume rm v-three; exit $s`, out: 'v-three\nv-three\n', error: /v-three.*driver “ext4”/, status: 1 },
    { docker: 'a volume without a name has 64 digits', sh: `v=$(container volume create); echo $v; container volume rm $v >/dev/null`, out: /^[0-9a-f]{64}\n$/ },
    { docker: 'a volume that is not there', sh: `container volume rm nowhere`, error: /no volume “nowhere”/, status: 1 },
    { docker: 'which rm -f does not mind', sh: `container volume rm -f nowhere`, out: 'nowhere\n' },
    { docker: 'a name with a slash is refused', sh: `container volume create a/b`, error: /name/, status: 1 },
    { docker: '-v NAME makes the volume, and what is in it stays', sh: `container run --rm -v v-kept:/d $IMAGE sh -c 'echo kept > /d/file'; container run --rm --mount source=v-kept,target=/e,readonly $IMAGE sh -c 'cat /e/file; touch /e/x 2>/dev/null || echo refused'; container volume rm v-kept`, out: 'kept\nrefused\nv-kept\n' },
    { docker: '-v without a source is an anonymous volume, gone with --rm', sh: `container create --rm --name $N -v /data $IMAGE sh -c 'mount | grep -c " on /data type ext4 "' >/dev/null; v=$(container inspect $N | grep -oE '"[0-9a-f]{64}"' | tail -1 | tr -d '"'); container start -a $N; container volume inspect $v 2>&1 >/dev/null | grep -c 'no volume'`, out: '1\n1\n' },
    { docker: 'rm leaves anonymous volumes, rm -v does not', sh: `container create --name $N -v /data $IMAGE >/dev/null; v=$(container inspect $N | grep -oE '"[0-9a-f]{64}"' | tail -1 | tr -d '"'); container rm -v $N >/dev/null; container volume inspect $v 2>&1 >/dev/null | grep -c 'no volume'`, out: '1\n' },
    { docker: 'a volume that a container refers to is in use', sh: `container create --name $N -v v-used:/d $IMAGE >/dev/null; container volume rm v-used; s=$?; container rm $N >/dev/null; container volume rm v-used; exit $s`, out: 'v-used\n', error: /in use/, status: 1 },
    { docker: 'two containers write one volume', differs: 'an ext4 disk has one writer; the message says what else there is', sh: `container run -d --name $N-a -v v-busy:/d $IMAGE sleep 1000 >/dev/null; container run --rm -v v-busy:/d $IMAGE true; s=$?; container rm -f $N-a >/dev/null; container volume rm v-busy; exit $s`, out: 'v-busy\n', error: /being written by container “.*-a”.*--driver shared/, status: 125 },
    { docker: 'two containers write one volume of the driver shared', sh: `container volume create -d shared v-both >/dev/null; container run -d --name $N-a -v v-both:/d $IMAGE sleep 1000 >/dev/null; container run --rm -v v-both:/d $IMAGE sh -c 'echo one > /d/1'; container exec $N-a sh -c 'cat /d/1; echo two > /d/2'; container run --rm -v v-both:/d:ro $IMAGE cat /d/2; container rm -f $N-a >/dev/null; container volume rm v-both`, out: 'one\ntwo\nv-both\n' },
    { docker: '--mount type=bind and type=tmpfs', sh: `echo host > file; container run --rm --mount type=bind,src=.,dst=/here,ro --mount type=tmpfs,target=/t,tmpfs-size=1m $IMAGE sh -c 'cat /here/file; df -k /t | tail -1 | tr -s " " | cut -d" " -f2; touch /here/x 2>/dev/null || echo refused'`, out: 'host\n1024\nrefused\n' },
    { docker: '--mount with a type that there is not', sh: `container run --rm --mount type=npipe,source=a,target=/b $IMAGE true`, error: /npipe/, status: 125 },
    { docker: 'a size that is too small for a file system', differs: 'docker has sizes for few drivers; here 256 MiB are the least', sh: `container volume create --opt size=1m v-tiny`, error: /256 MiB/, status: 1 },
  ],
};
