import type { CaseArea } from '../cliCase.ts';
import { request } from './request.ts';
import { listens } from './waiting.ts';

const differs = 'docker has no such policies';
/** What waits on a port of the host's loopback, and says which; it ends with the script. */
const server = `python3 -u -c 'import http.server,os; s = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler); open("port.new", "w").write(str(s.server_port)); os.rename("port.new", "port"); s.serve_forever()' >/dev/null 2>&1 & l=$!; trap 'kill $l' EXIT; until [ -s port ]; do :; done; P=$(cat port); echo content > file`;
const get = request('host.berth.internal', '$P', '/file');

export const policyCases: CaseArea = {
  area: 'policies',
  cases: [
    { docker: 'a policy that there is not', differs, sh: `container run --rm --network-policy closed $IMAGE true`, error: /open, host-only, none, allowlist, learn/, status: 125 },
    { docker: 'an entry that is none', differs, sh: `container run --rm --allow https://example.com $IMAGE true`, error: /URL/, status: 125 },
    { docker: 'allowing something under none', differs, sh: `container run --rm --network-policy none --allow example.com $IMAGE true`, error: /allowlist/, status: 125 },
    { docker: 'network policy shows and changes it', differs, sh: `container create --name $N $IMAGE >/dev/null; container network policy $N; container network policy $N --network-policy allowlist --allow example.com:443; container network policy $N --allow 10.0.0.0/8; container network policy $N --format json | tr -d ' \\n'`, out: 'open\nallowlist\nexample.com:443\nallowlist\nexample.com:443\n10.0.0.0/8\n{"mode":"allowlist","allow":["example.com:443","10.0.0.0/8"]}' },
    { docker: 'entries come from a file', differs, sh: `printf '# kept\\nexample.com\\n' > list; container create --name $N --network-policy allowlist --allow-file list $IMAGE >/dev/null; container network policy $N`, out: 'allowlist\nexample.com\n' },
    { docker: 'activity of what never ran', differs, sh: `container create --name $N $IMAGE >/dev/null; container network activity $N; container network activity --format json $N; container network activity --allow-list $N`, out: /^VERDICT .*\n\[\]\n$/ },
    { docker: 'the host’s loopback is closed until it is allowed, and that changes while it runs', differs, sh: `${server}; container run -d --name $N $IMAGE sleep 1000 >/dev/null; container exec -e P=$P $N sh -c '${get}'; container network policy $N --allow host.berth.internal:$P >/dev/null; container exec -e P=$P $N sh -c '${get}'; container network policy $N --network-policy none >/dev/null; container exec -e P=$P $N sh -c '${get}'; container network activity --denied $N | grep -c "denied *$P/tcp *2 "`, out: 'refused\ncontent\nrefused\n1\n' },
    { docker: 'what is learned can be kept', differs, sh: `${server}; container run --rm -e P=$P --name $N --network-policy host-only $IMAGE sh -c '${get}'; container run -e P=$P --name $N --network-policy learn --allow host.berth.internal $IMAGE sh -c '${get}'; container network activity --allow-list $N | sed "s/$P/P/"`, out: 'content\ncontent\nhost.berth.internal:P\n' },
    { docker: 'under none, nothing outside and no neighbour; under allowlist, what is listed', differs, sh: `container network create $N >/dev/null; container run -d --name $N-web --network $N $IMAGE httpd -f -p 80 -h /etc >/dev/null; ${listens('$N-web', 80)}; for p in none 'allowlist --allow 10.0.0.0/8' "allowlist --allow $N-web:80" open; do container run --rm --network $N --network-policy $p -e N=$N $IMAGE sh -c '${request('$N-web', '80', '/passwd')} | cut -d: -f1'; done; container rm -f $N-web >/dev/null; container network rm $N >/dev/null`, out: 'refused\nrefused\nnobody\nnobody\n' },
  ],
};
