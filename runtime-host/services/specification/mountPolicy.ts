import { realpath } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { BerthError, isNodeError } from '../../protocol/errors.ts';
import type { BerthPaths } from '../../protocol/paths.ts';
import type { Mount, MountRefusal } from '../../protocol/types.ts';

/*
 * What is not shared with a container unless the user insists: what would give it the user's identity elsewhere (keys,
 * tokens, browsers' sessions), or this machine. A folder is refused when it is such a place, lies in one or contains
 * one, whether or not the place exists yet: it may tomorrow, and the folder is shared then.
 *
 * The home directory is refused for what lies directly in it (.netrc, .npmrc, .git-credentials, shells' histories, and
 * start-up files, which whoever may write them runs as the user), folders inside it are not.
 */

/** Below the home directory. */
const secretsOfHome: readonly (readonly [what: string, ...folders: string[]])[] = [
  ['your SSH keys', '.ssh'],
  ['your PGP keys', '.gnupg', '.local/share/gnupg'],
  ['what runs as you when you log in', '.config/autostart', '.config/systemd', '.config/environment.d', '.local/share/systemd', 'Library/LaunchAgents'],
  ['your certificates and their keys', '.pki'],
  ['your passwords', '.password-store', '.local/share/keyrings', '.local/share/kwalletd', '.gnome2/keyrings', '.config/Bitwarden', '.config/1Password', '.config/op', '.config/keepassxc', '.config/rclone', '.config/sops', '.electrum', '.bitcoin', '.ethereum', 'Library/Keychains'],
  ['your credentials of a cloud', '.aws', '.azure', '.config/gcloud', '.config/doctl', '.oci', '.terraform.d', '.config/hcloud', '.config/heroku', '.ibmcloud', '.aliyun'],
  ['your credentials of clusters', '.kube', '.minikube'],
  ['your credentials of registries', '.docker', '.config/containers', '.config/helm'],
  ['your credentials of code hosts', '.config/gh', '.config/glab-cli', '.config/hub', '.config/git'],
  ['what a browser or a mail program keeps of you', '.mozilla', '.thunderbird', '.config/google-chrome', '.config/chromium', '.config/BraveSoftware', '.config/microsoft-edge', '.config/vivaldi', '.config/opera',
    'snap/firefox', 'snap/chromium', '.var/app/org.mozilla.firefox', '.var/app/com.google.Chrome', '.var/app/org.chromium.Chromium', '.var/app/com.brave.Browser',
    'Library/Safari', 'Library/Cookies', 'Library/Application Support/Firefox', 'Library/Application Support/Google', 'Library/Application Support/Chromium', 'Library/Application Support/BraveSoftware', 'Library/Application Support/Microsoft Edge'],
];

/** Folders that programs are told to use instead, by the variable and what is in its place by default. */
const movedFolders: readonly (readonly [variable: string, folder: string])[] = [
  ['XDG_CONFIG_HOME', '.config'], ['XDG_DATA_HOME', '.local/share'], ['GNUPGHOME', '.gnupg'], ['PASSWORD_STORE_DIR', '.password-store'],
  ['DOCKER_CONFIG', '.docker'], ['AZURE_CONFIG_DIR', '.azure'], ['CLOUDSDK_CONFIG', '.config/gcloud'],
];

/** Of the machine: who may read or write them is or becomes its administrator. */
const placesOfSystem: readonly (readonly [path: string, what: string])[] = [
  ['/etc', 'this machine’s settings and passwords'],
  ['/proc', 'this machine’s processes'],
  ['/sys', 'this machine’s hardware'],
  ['/dev', 'this machine’s devices'],
  ['/boot', 'what this machine boots from'],
  ['/run', 'the sockets of this machine’s services'],
  ['/var/run', 'the sockets of this machine’s services'], // A link to the former on most systems.
  ['/root', 'the home directory of this machine’s administrator'],
  ['/var/db', 'this machine’s settings and passwords'], // macOS.
  ['/Library/Keychains', 'this machine’s passwords'],
];
/** Where desktops mount what is plugged in. */
const removableMedia = '/run/media';
const homesOfSystem = ['/home', '/Users'];
const home = 'your home directory';

interface Place {
  readonly path: string;
  readonly what: string;
  /** Whether folders inside it are as bad; what contains it always is. */
  readonly inside: boolean;
}

interface FoundPlace extends Place {
  readonly exists: boolean;
}

/** Decides which directories of the host may be shared. */
export class MountPolicy {
  readonly #paths: Pick<BerthPaths, 'home' | 'runtime'>;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(paths: Pick<BerthPaths, 'home' | 'runtime'>, environment: NodeJS.ProcessEnv = process.env) {
    this.#paths = paths;
    this.#environment = environment;
  }

  /**
   * Those of the mounts that are neither harmless nor forced. A source that cannot be resolved is left to whoever opens it.
   */
  async refusals(mounts: readonly Mount[]): Promise<MountRefusal[]> {
    const candidates = mounts.filter(({ force }) => !force);
    if (candidates.length === 0) return [];
    const places = await this.#places();
    const refusals = await Promise.all(candidates.map(async ({ source }) => {
      const path = await realpath(source).catch(() => source);
      const reason = reasonAgainst(path, places);
      return reason === undefined ? [] : [{ source, path, reason }];
    }));
    return refusals.flat();
  }

  /** @throws BerthError FolderProtected */
  async check(mounts: readonly Mount[]): Promise<void> {
    const [refusal] = await this.refusals(mounts);
    if (!refusal) return;
    const { path, reason } = refusal;
    throw new BerthError('FolderProtected', `The folder ${path} ${reason}, so it is not shared. Share a folder that holds only what the container needs, or force it, as with “-v ${path}:TARGET:force”.`, { data: { path, reason } });
  }

  async #places(): Promise<FoundPlace[]> {
    const homes = homesOf(this.#environment);
    const places: Place[] = [
      ...homes.map((path) => ({ path, what: home, inside: false })),
      ...homesOfSystem.map((path) => ({ path, what: 'home directories', inside: false })),
      ...homes.flatMap((path) => this.#secretsBelow(path)),
      ...placesOfSystem.filter(([path]) => !homes.some((one) => contains(path, one))).map(([path, what]) => ({ path, what, inside: true })),
      ...[this.#paths.home, this.#paths.runtime].map((path) => ({ path, what: 'Berth’s own data', inside: true })),
    ];
    return (await Promise.all(places.map(find))).flat();
  }

  #secretsBelow(directory: string): Place[] {
    return secretsOfHome.flatMap(([what, ...folders]) => folders.flatMap((folder) =>
      [join(directory, folder), ...this.#movedTo(folder)].map((path) => ({ path, what, inside: true }))));
  }

  #movedTo(folder: string): string[] {
    return movedFolders.flatMap(([variable, original]) => {
      const moved = this.#environment[variable];
      return moved && contains(original, folder) ? [join(moved, relative(original, folder))] : [];
    });
  }
}

/** By the environment and by the accounts; a process's user may have no account. */
function homesOf(environment: NodeJS.ProcessEnv): string[] {
  const homes = new Set([environment['HOME'] ?? '']);
  try {
    homes.add(userInfo().homedir);
  } catch (error) {
    if (!isNodeError(error)) throw error;
  }
  return [...homes].filter((path) => path !== '');
}

/** Why a folder, by its real path, is not shared: what follows its name in a sentence. */
function reasonAgainst(path: string, places: readonly FoundPlace[]): string | undefined {
  if (path === dirname(path)) return 'is the root of this machine';
  if (contains(removableMedia, path) && path !== removableMedia) return undefined;
  const same = places.find((place) => place.path === path);
  if (same) return same.what === home ? 'is your home directory, with the keys and settings in it' : `holds ${same.what}`;
  const around = places.find((place) => place.inside && contains(place.path, path));
  if (around) return `lies in ${around.path}, which holds ${around.what}`;
  const within = places.filter((place) => contains(path, place.path)).sort((one, other) => Number(other.exists) - Number(one.exists))[0];
  if (!within) return undefined;
  return within.exists ? `contains ${within.path}, which holds ${within.what}` : `is where ${within.path} would be, with ${within.what}`;
}

/** A place under the name that it is known by, and under its real one. */
async function find(place: Place): Promise<FoundPlace[]> {
  const path = await realPathOf(place.path);
  const exists = await realpath(path).then(() => true, () => false);
  return [...new Set([path, place.path])].map((spelling) => ({ ...place, path: spelling, exists }));
}

/** What does not exist has the real path that it would have. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realPathOf(parent), relative(parent, path));
  }
}

/** Whether `path` is `directory` or lies in it. */
function contains(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}
