import { access, constants, realpath, stat } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { isAbsolute } from 'node:path';
import { BerthError } from '../../protocol/errors.ts';
import { minimumMemoryBytes, type ContainerSpec, type Mount } from '../../protocol/types.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import { maximumDevices } from '../../vm/qemuArguments.ts';
import { resolveHealthCheck } from '../health/healthCheck.ts';
import type { ImageDisk } from '../interfaces.ts';
import { checkKernel, checkPlatform } from './machineSpec.ts';
import { cleanTarget } from './mountTargets.ts';
import { checkSockets } from '../connections/checkSockets.ts';
import { agentPath } from '../connections/sshAgent.ts';
import { checkConnection } from '../networks/connection.ts';
import { signalNumber } from './signals.ts';
import { worldOf } from './worldSpec.ts';

const mebibyte = 1024 * 1024;
/** Bytes. */
export const defaultMemory = 1024 * mebibyte;
const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Checks what can be checked without the image, before anything is fetched or written, and resolves the sources of
 * shared directories to real paths.
 * @throws BerthError InvalidArgument, FolderInvalid
 */
export async function checkSpec(spec: ContainerSpec): Promise<readonly Mount[]> {
  if (typeof spec.image !== 'string' || spec.image === '') throw invalid('No image was given.');
  checkMemory(spec.memoryBytes ?? defaultMemory);
  checkCpus(spec.cpus ?? 1);
  checkWords('command', spec.command ?? []);
  checkWords('entry point', spec.entrypoint ?? []);
  checkEnvironment(spec.env ?? []);
  checkWorkingDirectory(spec.workingDirectory);
  if (spec.stopSignal !== undefined) signalNumber(spec.stopSignal);
  checkRestart(spec);
  if (spec.platform !== undefined) checkPlatform(spec.platform);
  if (spec.kernel !== undefined) await checkKernel(spec.kernel);
  if (spec.healthCheck?.disabled && Object.keys(spec.healthCheck).length > 1) throw invalid('A container that is not checked needs no options of a health check. Leave one of the two out.', 'healthCheck');
  checkConnection(spec);
  checkSockets(spec);
  const mounts = await checkMounts(spec.mounts ?? []);
  worldOf(spec, mounts);
  return mounts;
}

/**
 * Checks the directories of a container that exists, by the real paths that they were shared as.
 * @throws BerthError FolderInvalid when one is not there any more, is no directory, or has become a link: a guest that
 *   may write to the folder above it could have put that there, to reach what was never shared
 */
export async function checkMountSources(mounts: readonly Mount[]): Promise<void> {
  for (const { source } of mounts) {
    const path = await directoryOf(source);
    if (path === source) continue;
    throw new BerthError('FolderInvalid', `The folder ${source} is not the one any more that was shared: a link leads to ${path} now. Put it back, or create the container anew.`, { data: { path: source } });
  }
}

/** The record of a new container. */
export function recordOf(spec: ContainerSpec, identity: { readonly id: string; readonly name: string }, mounts: readonly Mount[], disk: ImageDisk): ContainerRecord {
  const { config } = disk;
  const commandLine = spec.entrypoint ? [...spec.entrypoint, ...(spec.command ?? [])] : [...config.entrypoint, ...(spec.command ?? config.command)];
  if (commandLine.length === 0) throw invalid(`The image ${spec.image} does not say what to run. Give a command.`);
  checkProgram(commandLine);
  const stopSignal = spec.stopSignal ?? config.stopSignal;
  if (stopSignal) signalNumber(stopSignal);
  const healthCheck = resolveHealthCheck(spec.healthCheck, config.healthCheck);
  const terminal = spec.terminal ?? false;
  const world = worldOf(spec, mounts);
  return {
    version: 1,
    ...identity,
    image: spec.image,
    manifestDigest: disk.manifestDigest,
    diskKey: disk.key,
    diskSize: disk.size,
    state: 'created',
    createdAt: new Date().toISOString(),
    arguments: commandLine,
    env: mergeEnvironment([defaultPath, ...(terminal ? ['TERM=xterm-256color'] : [])], config.env, spec.sshAgent === undefined ? [] : [`SSH_AUTH_SOCK=${agentPath}`], spec.env ?? []),
    workingDirectory: spec.workingDirectory ?? (config.workingDirectory || '/'),
    user: spec.user ?? config.user,
    terminal,
    stdin: spec.stdin ?? false,
    ...(spec.size ? { size: spec.size } : {}),
    ...(stopSignal ? { stopSignal } : {}),
    ...(spec.stopTimeoutSeconds === undefined ? {} : { stopTimeoutSeconds: spec.stopTimeoutSeconds }),
    mounts,
    memoryBytes: spec.memoryBytes ?? defaultMemory,
    cpus: spec.cpus ?? defaultCpus(),
    labels: spec.labels ?? {},
    removeOnExit: spec.removeOnExit ?? false,
    ...(spec.restart ? { restart: spec.restart } : {}),
    ...(spec.log ? { log: spec.log } : {}),
    ...(world ? { world } : {}),
    ...(healthCheck ? { healthCheck } : {}),
    ...(spec.kernel === undefined ? {} : { kernel: spec.kernel }),
  };
}

/** `NAME=value` lists as one: later values win, names keep the place where they appeared first. */
export function mergeEnvironment(...lists: (readonly string[])[]): string[] {
  const values = new Map<string, string>();
  for (const entry of lists.flat()) values.set(entry.slice(0, entry.indexOf('=')), entry);
  return [...values.values()];
}

/** Of all processes of a container: what its image and its user do not set comes from the host, as it was at its start. */
export function environmentOf({ ambientEnv = [], env }: Pick<ContainerRecord, 'ambientEnv' | 'env'>): string[] {
  return mergeEnvironment(ambientEnv, env);
}

/** @throws BerthError InvalidArgument */
export function checkEnvironment(env: readonly string[]): void {
  for (const entry of env) {
    if (entry.indexOf('=') < 1 || entry.includes('\0')) throw invalid(`“${entry}” is no environment variable. Write NAME=value.`);
  }
}

/** @throws BerthError InvalidArgument */
export function checkWords(what: string, words: readonly string[]): void {
  if (words.some((word) => word.includes('\0'))) throw invalid(`The ${what} holds a NUL character, which no program can be given.`);
}

/** @throws BerthError CommandNotFound, as it would be for any other name that no program has */
export function checkProgram([program]: readonly string[]): void {
  if (program === '') throw new BerthError('CommandNotFound', 'The name of the command is empty. Say which program to run.');
}

/** @throws BerthError InvalidArgument */
export function checkWorkingDirectory(path: string | undefined): void {
  if (path !== undefined && (!path.startsWith('/') || path.includes('\0'))) throw invalid(`The working directory “${path}” is not an absolute path.`);
}

function checkRestart({ restart, removeOnExit }: ContainerSpec): void {
  if (!restart || restart.name === 'no') return;
  if (removeOnExit) throw invalid('A container that is removed when it ends cannot have a restart policy. Leave one of the two out.', 'restart');
  if (restart.maximumRetries !== undefined && restart.name !== 'on-failure') throw invalid('Only the restart policy “on-failure” has a limit of retries.', 'restart');
}

function checkMemory(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < minimumMemoryBytes) throw invalid(`A container needs at least ${minimumMemoryBytes / mebibyte} MiB of memory.`, 'memoryBytes');
  if (bytes > totalmem()) throw invalid(`This machine has ${Math.floor(totalmem() / mebibyte)} MiB of memory; a container cannot have ${Math.ceil(bytes / mebibyte)} MiB.`, 'memoryBytes');
}

/** Half of the machine's processors, so that it stays usable whatever a container does. */
export function defaultCpus(): number {
  return Math.max(1, Math.floor(availableParallelism() / 2));
}

function checkCpus(cpus: number): void {
  if (!Number.isSafeInteger(cpus) || cpus < 1) throw invalid('A container needs at least one CPU, and only whole ones.', 'cpus');
  if (cpus > availableParallelism()) throw invalid(`This machine has ${availableParallelism()} CPUs; a container cannot have ${cpus}.`, 'cpus');
}

async function checkMounts(mounts: readonly Mount[]): Promise<Mount[]> {
  if (mounts.length > maximumDevices) throw invalid(`A container can share ${maximumDevices} directories, not ${mounts.length}.`, 'mounts');
  const targets = new Set<string>();
  const checked: Mount[] = [];
  for (const mount of mounts) {
    const target = cleanTarget(mount.target);
    if (targets.has(target)) throw invalid(`Two directories are shared at “${target}” of the container. Give each its own place.`, 'mounts');
    targets.add(target);
    checked.push(await checkMount({ ...mount, target }));
  }
  return checked;
}

/**
 * A directory to share, by its real path.
 * @throws BerthError InvalidArgument, FolderInvalid
 */
export async function checkMount({ source, target, readOnly, force, revocable }: Mount): Promise<Mount> {
  return { source: await directoryOf(source), target: cleanTarget(target), readOnly, ...(force && { force }), ...(revocable && { revocable }) };
}

/** The real path of a directory of the host. */
async function directoryOf(source: string): Promise<string> {
  const refuse = (why: string, cause?: unknown): BerthError => new BerthError('FolderInvalid', `The folder ${source} ${why}.`, { cause, data: { path: source } });
  if (!isAbsolute(source) || source.includes('\0')) throw refuse('cannot be shared: its path is not absolute');
  let path: string;
  try {
    path = await realpath(source);
  } catch (error) {
    throw refuse('does not exist or cannot be reached. Check the path', error);
  }
  if (!(await stat(path)).isDirectory()) throw refuse('is not a directory; only directories can be shared');
  await access(path, constants.R_OK | constants.X_OK).catch((error: unknown) => {
    throw refuse('cannot be opened by you. Check its permissions', error);
  });
  return path;
}

/** @param option the member of the specification that is wrong, for clients that can point to where it comes from */
function invalid(message: string, option?: keyof ContainerSpec): BerthError {
  return new BerthError('InvalidArgument', message, option ? { data: { option } } : {});
}
