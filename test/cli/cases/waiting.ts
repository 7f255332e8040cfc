/** For a script: goes on once the condition, a command, is true. */
export const until = (condition: string): string => `until ${condition}; do :; done`;

/** For a script: goes on once a container's log has a line so often. */
export const logged = (line: string, container = '$N', times = 1): string => until(`[ "$(container logs ${container} 2>&1 | grep -c -x "${line}")" = ${times} ]`);

/** For a script: goes on once a process of the container listens on the port. */
export const listens = (container: string, port: number): string => `container exec ${container} sh -c 'until nc -w 60 127.0.0.1 ${port} </dev/null >/dev/null 2>&1; do sleep 0.1; done'`;
