import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BerthError } from '../../runtime-host/protocol/errors.ts';

const relativePath = '.devcontainer/devcontainer.json';

/**
 * Writes a small configuration into a folder that has none.
 * @returns the path of the file
 * @throws BerthError FolderInvalid when the folder cannot be written, or has such a file by now
 */
export async function writeConfiguration(folder: string, name: string, image: string): Promise<string> {
  const file = join(folder, relativePath);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, starterText(name, image), { flag: 'wx' });
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'EEXIST' ? 'it exists already' : (error as Error).message;
    throw new BerthError('FolderInvalid', `${file} cannot be written: ${why}.`, { cause: error });
  }
  return file;
}

/** What the file says: what applies, and what else could be said; valid also when a comment is taken away. */
export function starterText(name: string, image: string): string {
  return `// Describes the container of this folder. All properties: https://containers.dev/implementors/json_reference/
{
  "name": ${JSON.stringify(name)},
  "image": ${JSON.stringify(image)},

  // Run once in every new container, such as "npm install":
  // "postCreateCommand": "",

  // Ports of servers in the container that this machine should reach:
  // "forwardPorts": [3000],

  "customizations": {
    "vscode": {
      // What is offered to whoever opens the folder:
      "extensions": []
    }
  }
}
`;
}
