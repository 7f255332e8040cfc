/** A login shell: bash where the image has it, else sh. */
export const loginShell = ['/bin/sh', '-c', 'if command -v bash >/dev/null 2>&1; then exec bash -l; else exec sh -l; fi'] as const;

/** The same for where the environment that a login would give is there already. */
export const plainShell = ['/bin/sh', '-c', 'if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi'] as const;
