import type { CaseArea } from '../cliCase.ts';

/**
 * What waits on a port that nobody else has, and says which; it ends with the script's shell. It is none of those that the
 * system gives to whoever asks for any: in two cases it is let go of, and must not be given to others meanwhile.
 */
const listener = `python3 -c 'import random,socket,time
while True:
  s = socket.socket()
  try: s.bind(("127.0.0.1", random.randrange(15000, 32000))); break
  except OSError: pass
s.listen(); print(s.getsockname()[1], flush=True); time.sleep(600)' > port & l=$!; until [ -s port ]; do :; done; P=$(cat port)`;

export const portCases: CaseArea = {
  area: 'ports',
  cases: [
    { docker: 'a port that is none', sh: `container run --rm -p 70000:80 $IMAGE true`, error: /“70000” is not a port/, status: 125 },
    { docker: 'ranges of different lengths', differs: 'docker chooses one of the host’s range when the container’s is a single port', sh: `container run --rm -p 8000-8001:80 $IMAGE true`, error: /different lengths/, status: 125 },
    { docker: 'a protocol that there is not', differs: 'docker has sctp, too', sh: `container run --rm -p 80/sctp $IMAGE true`, error: /tcp and udp/, status: 125 },
    { docker: 'a name instead of an address', sh: `container run --rm -p localhost:8080:80 $IMAGE true`, error: /127\.0\.0\.1/, status: 125 },
    { docker: 'port of what does not run', sh: `container create --name $N -p 0:80 $IMAGE >/dev/null; container port $N; echo $?; container port $N 80`, out: '0\n', error: /does not run/, status: 1 },
    { docker: 'inspect tells what is published', sh: `container create --name $N -p 127.0.0.1:8080-8081:80-81 -p 53:53/udp $IMAGE >/dev/null; container inspect $N | python3 -c 'import json,sys; print([(p.get("hostAddress"), p["hostPort"], p["containerPort"], p["protocol"]) for p in json.load(sys.stdin)[0]["ports"]])'`, out: `[('127.0.0.1', 8080, 80, 'tcp'), ('127.0.0.1', 8081, 81, 'tcp'), (None, 53, 53, 'udp')]\n` },
    { docker: 'a published port leads to the container; ls and port tell it', sh: `container run -d --name $N -p 127.0.0.1:0:80 $IMAGE httpd -f -p 80 -h /etc >/dev/null; a=$(container port $N 80); until wget -q -t 1 -O name http://$a/hostname 2>/dev/null; do :; done; grep -c . name; container port $N | sed "s/$a/there/"; container ls | grep $N | grep -c -F "$a->80/tcp"; container port $N 81`, out: '1\n80/tcp -> there\n1\n', error: /81\/tcp of case\d+- is not published/, status: 1 },
    { docker: 'a port that is taken', sh: `${listener}; container run -d --name $N -p 127.0.0.1:$P:80 $IMAGE sleep 100 2>&1 | grep -c "$P.*"; kill $l; container ls -a | grep -c $N`, out: '1\n0\n', status: 1 },
    { docker: '-P and --expose publish on free ports', sh: `container run -d --name $N -P --expose 80-81 --expose 53/udp $IMAGE sleep 1000 >/dev/null; container port $N | grep -v ::1 | sed 's/:[0-9]*$/:N/'`, out: '53/udp -> 127.0.0.1:N\n80/tcp -> 127.0.0.1:N\n81/tcp -> 127.0.0.1:N\n' },
    { docker: 'a port is free again when the container has ended', sh: `container run --rm --name $N-a -p 127.0.0.1:0:80 $IMAGE true; ${listener}; kill $l; wait $l 2>/dev/null; container run --rm --name $N-b -p 127.0.0.1:$P:80 $IMAGE true; container run --rm --name $N-c -p 127.0.0.1:$P:80 $IMAGE echo again`, out: 'again\n', error: /^(Terminated\n)?$/ },
    { docker: 'a restart keeps a port that was named', sh: `${listener}; kill $l; wait $l 2>/dev/null; container run -d --name $N -p 127.0.0.1:$P:80 $IMAGE sleep 1000 >/dev/null; container restart -t 0 $N >/dev/null; container port $N | sed "s/$P/N/"`, out: '80/tcp -> 127.0.0.1:N\n', error: /^(Terminated\n)?$/ },
    { docker: '--ssh without an agent', differs: 'docker run has no such option', sh: `SSH_AUTH_SOCK= container run --rm --ssh $IMAGE true`, error: /SSH_AUTH_SOCK is not set/, status: 125 },
    { docker: '--publish-socket that is none', differs: 'docker has none', sh: `container run --rm --publish-socket a:b $IMAGE true`, error: /HOST:CONTAINER/, status: 125 },
    { docker: 'proxies of one’s own come along, and -e wins', differs: 'docker takes them from its configuration', sh: `HTTP_PROXY=http://a.example:3128 HTTPS_PROXY=http://b.example:3128 no_proxy=.example container run --rm -e HTTP_PROXY=mine $IMAGE sh -c 'echo $HTTP_PROXY$http_proxy $https_proxy $no_proxy'; HTTP_PROXY=http://proxy.example:3128 container run --rm --no-host-proxies $IMAGE sh -c 'echo $HTTP_PROXY.'`, out: /^mine http:\/\/b\.example:3128 \.example.*\n\.\n$/ },
  ],
};
