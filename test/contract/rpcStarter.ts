/** Connects as often as it is told, all at once, and prints the process id of the host behind each connection. */
import { connect } from '../../runtime-host/client/index.ts';

const [hostPath = '', count = '1'] = process.argv.slice(2);
const clients = await Promise.all(Array.from({ length: Number(count) }, () => connect({ hostPath })));
for (const client of clients) {
  console.log((await client.system.status()).pid);
  client.close();
}
