import { createHash } from 'node:crypto';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';

/*
 * Every file name that Berth uses, in one place.
 *
 *   <home>/                                 BERTH_HOME, or the platform's data directory
 *     content/                              OCI image layout: oci-layout, index.json, blobs/sha256/…
 *     content/index.json.damaged            a list of images that could not be read, for a person to look at
 *     content/ingest/                       blobs still arriving, and blobs on their way out
 *     disks/<key>.ext4                      flattened read-only root file systems (key: chain ID and platform)
 *     disks/<key>.<random>.partial          disks still being written
 *     containers/<id>.removing/             a container on its way out
 *     containers/<id>.damaged/              a container whose record could not be read, for a person to look at
 *     containers/<id>/container.json        the container's record
 *     containers/<id>/root.qcow2            its writable overlay
 *     containers/<id>/<volume>.qcow2        what a reader's guest has to write to a volume, such as its journal's rest
 *     containers/<id>/output.log[.<n>]      what its first process printed; the highest number is the newest
 *     containers/<id>/sessions/<id>.json    a session: what it is
 *     containers/<id>/sessions/<id>.log[.<n>]  the last of what it printed
 *     containers/<id>/boot.log              console of its VM
 *     containers/<id>/qemu.log              what QEMU itself had to say
 *     volumes/<name>/volume.json            the volume's record
 *     volumes/<name>/disk.ext4              driver ext4: its disk, raw and sparse
 *     volumes/<name>/data/                  driver shared: its directory
 *     volumes/<name>~<random>.removing/     a volume on its way out
 *     volumes/<name>~<random>.damaged/      a volume whose record could not be read, for a person to look at
 *     networks/<name>/network.json          the network's record
 *     networks/<name>/netd.log              what its netd had to say
 *     containers/<id>/activity.json         what its network policy denied or learned
 *     grants.json                           which directories workspaces may have
 *     grants.json.damaged                   the same, when it could not be read, for a person to look at
 *     kernels/<sha256>/vmlinux              unpacked kernels
 *     host.log                              log of the runtime host
 *     host.lock.<n>                         the highest number is the one runtime host of this home (hostLock.ts)
 *     accelerator.json                      answer of the accelerator probe
 *     compile-cache/                        Node's, for a quicker start of the host and the CLI
 *   <runtime>/                              BERTH_RUNTIME_DIR, or <home>/run; private (0700)
 *     host.sock                             the runtime host
 *     <id12>/{qmp,control,net<n>}.sock      a VM's QMP, control port and network interfaces
 *     netd-<hash8 of the name>.sock         a network's netd
 *     probe-<random>/                       the same and logs, for the VM of an accelerator probe
 *
 * Beside each file that is replaced whole, `<file>.<random>.tmp` is its next content (base/atomicFile.ts).
 */
/** Room for a path in a unix socket's address (sun_path, unix(7)) on Linux, without the final NUL. */
export const longestSocketPath = 107;
const controlSocketName = 'control.sock';
export const temporarySuffix = '.tmp';
export const partialSuffix = '.partial';
export const removingSuffix = '.removing';
export const damagedSuffix = '.damaged';
export const ingestDirectory = 'ingest';
export const probePrefix = 'probe-';

/** Where everything is, for one home and one runtime directory: what two of them name is two separate Berths. */
export class BerthPaths {
  readonly home: string;
  readonly runtime: string;

  constructor(environment: NodeJS.ProcessEnv = process.env) {
    // Absolute, because the host has another working directory than whoever starts it.
    this.home = resolve(environment['BERTH_HOME'] || defaultHome(environment));
    this.runtime = resolve(environment['BERTH_RUNTIME_DIR'] || runtimeDirectory(this.home));
  }

  get content(): string { return join(this.home, 'content'); }
  get disks(): string { return join(this.home, 'disks'); }
  get containers(): string { return join(this.home, 'containers'); }
  get volumes(): string { return join(this.home, 'volumes'); }
  get networks(): string { return join(this.home, 'networks'); }
  get kernels(): string { return join(this.home, 'kernels'); }
  get grants(): string { return join(this.home, 'grants.json'); }
  get hostLog(): string { return join(this.home, 'host.log'); }
  get hostLock(): string { return join(this.home, 'host.lock'); }
  get compileCache(): string { return join(this.home, 'compile-cache'); }
  get acceleratorProbe(): string { return join(this.home, 'accelerator.json'); }
  /** A named pipe on Windows, a unix socket elsewhere. */
  get hostSocket(): string {
    if (process.platform === 'win32') return `\\\\.\\pipe\\berth-${userInfo().username}-${shortHash(this.home)}`;
    return join(this.runtime, 'host.sock');
  }

  disk(key: string): string { return join(this.disks, `${key}.ext4`); }

  volume(name: string): VolumePaths {
    const directory = join(this.volumes, name);
    return { directory, record: join(directory, 'volume.json'), disk: join(directory, 'disk.ext4'), data: join(directory, 'data') };
  }

  network(name: string): NetworkPaths {
    const directory = join(this.networks, name);
    return { directory, record: join(directory, 'network.json'), log: join(directory, 'netd.log'), socket: join(this.runtime, `netd-${shortHash(name)}.sock`) };
  }

  container(id: string): ContainerPaths {
    const directory = join(this.containers, id);
    const sockets = join(this.runtime, id.slice(0, 12));
    return {
      directory,
      record: join(directory, 'container.json'),
      overlay: join(directory, 'root.qcow2'),
      volumeOverlay: (serial) => join(directory, `${serial}.qcow2`),
      outputLog: join(directory, 'output.log'),
      bootLog: join(directory, 'boot.log'),
      qemuLog: join(directory, 'qemu.log'),
      maintenanceLog: join(sockets, 'boot.log'),
      maintenanceQemuLog: join(sockets, 'qemu.log'),
      sockets,
      qmpSocket: join(sockets, 'qmp.sock'),
      controlSocket: join(sockets, controlSocketName),
      networkSocket: (index) => join(sockets, `net${index}.sock`),
      activity: join(directory, 'activity.json'),
      sessions: join(directory, 'sessions'),
    };
  }
}

export interface VolumePaths {
  readonly directory: string;
  readonly record: string;
  readonly disk: string;
  readonly data: string;
}

export interface NetworkPaths {
  readonly directory: string;
  readonly record: string;
  readonly log: string;
  /** On it netd is told what to do. */
  readonly socket: string;
}

export interface ContainerPaths {
  readonly directory: string;
  readonly record: string;
  readonly overlay: string;
  /** @param serial of the volume's disk in the VM */
  readonly volumeOverlay: (serial: string) => string;
  readonly outputLog: string;
  readonly bootLog: string;
  readonly qemuLog: string;
  /** Of a VM that only gives access to the files of a container that does not run. */
  readonly maintenanceLog: string;
  readonly maintenanceQemuLog: string;
  readonly sockets: string;
  readonly qmpSocket: string;
  readonly controlSocket: string;
  /** @param index of the interface: 0 for eth0 */
  readonly networkSocket: (index: number) => string;
  readonly activity: string;
  /** Of its sessions; {@link sessionFiles}. */
  readonly sessions: string;
}

export const sessionRecordSuffix = '.json';

/** A session's files in the directory of its container's sessions. */
export function sessionFiles(directory: string, session: string): { readonly record: string; readonly log: string } {
  return { record: join(directory, `${session}${sessionRecordSuffix}`), log: join(directory, `${session}.log`) };
}

/** The files that a container's output.log is made of; the first has no number. */
export function outputLogSegment(outputLog: string, segment: number): string {
  return segment === 0 ? outputLog : `${outputLog}.${segment}`;
}

function defaultHome(environment: NodeJS.ProcessEnv): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Berth');
  if (process.platform === 'win32') return join(environment['LOCALAPPDATA'] || join(homedir(), 'AppData', 'Local'), 'Berth');
  return join(environment['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'berth');
}

/**
 * In the home, or, where sockets' paths would get too long there, in /tmp. It follows from the home alone: a terminal
 * without XDG_RUNTIME_DIR or with another TMPDIR must find the same sockets, and they must outlive the user's session.
 */
function runtimeDirectory(home: string): string {
  const inside = join(home, 'run');
  const longest = join(inside, '0'.repeat(12), controlSocketName);
  return Buffer.byteLength(longest) <= longestSocketPath ? inside : `/tmp/berth-${process.getuid?.() ?? 0}-${shortHash(home)}`;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
