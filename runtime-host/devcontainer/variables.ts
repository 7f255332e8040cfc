import { createHash } from 'node:crypto';
import { posix } from 'node:path';

/** What `${…}` in a devcontainer.json may refer to. */
export interface Variables {
  readonly localFolder: string;
  readonly containerFolder: string;
  readonly localEnv: NodeJS.ProcessEnv;
}

/** Replaces the variables that are known before a container exists; others, such as `${containerEnv:…}`, stay. */
export function substituteText(text: string, variables: Variables): string {
  return text.replace(/\$\{([^}]+)\}/g, (all, expression: string) => lookUp(expression, variables) ?? all);
}

export function substituteAll(values: Readonly<Record<string, string>>, variables: Variables): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, substituteText(value, variables)]));
}

function lookUp(expression: string, variables: Variables): string | undefined {
  const [kind, name, ...rest] = expression.split(':');
  switch (kind) {
    case 'localWorkspaceFolder': return variables.localFolder;
    case 'localWorkspaceFolderBasename': return posix.basename(variables.localFolder);
    case 'containerWorkspaceFolder': return variables.containerFolder;
    case 'containerWorkspaceFolderBasename': return posix.basename(variables.containerFolder);
    case 'devcontainerId': return createHash('sha256').update(variables.localFolder).digest('hex').slice(0, 52);
    case 'localEnv':
    case 'env':
      return name === undefined ? undefined : (variables.localEnv[name] ?? rest.join(':'));
    default: return undefined;
  }
}
