/**
 * For a shell in a container: asks an HTTP server, and prints the last line of what it says, or `refused`. BusyBox's wget is
 * not for that: linked statically, it crashes where names are looked up. There are no single quotes in it.
 */
export const request = (host: string, port: string, path: string): string =>
  `{ printf "GET ${path} HTTP/1.0\\r\\n\\r\\n" | nc -w 60 ${host} ${port} >/tmp/answer 2>/dev/null && tail -n 1 /tmp/answer || echo refused; }`;
