import { isAbsolute } from 'node:path';
import { longestSessionSeconds, sessionIdPattern } from '../protocol/sessions.ts';
import { longestSeconds, minimumLogBytes, minimumMemoryBytes, restartPolicyNames, whenUnusedChoices } from '../protocol/types.ts';
import { volumeDrivers, volumeNamePattern } from '../protocol/volumes.ts';
import { connectionMembers } from './networkSchema.ts';
import { arrayOf, flag, integer, invalid, number, object, oneOf, optional, progressToken, recordOf, text } from './validate.ts';
import type { Check } from './validate.ts';
import { worldMembers } from './worldSchema.ts';

/*
 * The shapes of what clients send (protocol/methods.ts, protocol/types.ts). Only the form is checked here; whether an
 * image exists or a folder is there is for the services to say.
 */

const variable = text({ pattern: /^[^=]+=/, expectation: 'of the form NAME=value' });
export const guestPath = text({ maxLength: 4096, pattern: /^\//, expectation: 'an absolute path in the container' });

export const hostPath: Check<string> = (value, field) => {
  const path = text({ maxLength: 4096 })(value, field);
  return isAbsolute(path) ? path : invalid(field, 'an absolute path');
};

export const mount = object({ source: hostPath, target: guestPath, readOnly: flag, force: optional(flag), revocable: optional(flag) });
export const mountCheck = object({ mounts: arrayOf(mount, { max: 64 }) });

const volumeName = text({ maxLength: 128, pattern: volumeNamePattern, expectation: 'a volume’s name: letters, digits, "_", "." and "-", at least two, beginning with a letter or a digit' });
const volumeDriver = oneOf(volumeDrivers);
const volumeMount = object({ volume: optional(volumeName), target: guestPath, readOnly: flag, driver: optional(volumeDriver), sizeBytes: optional(integer(1)), labels: optional(recordOf(text({ allowEmpty: true }))), noCopy: optional(flag) });

const terminalSize = object({ columns: integer(1, 65_535), rows: integer(1, 65_535) });

const processMembers = {
  env: optional(arrayOf(variable)),
  workingDirectory: optional(guestPath),
  user: optional(text({ maxLength: 256 })),
  terminal: optional(flag),
  stdin: optional(flag),
  size: optional(terminalSize),
};

const argument = text({ allowEmpty: true });
export const reference = text({ maxLength: 1024 });
export const container = text({ maxLength: 256 });
const name = text({
  maxLength: 64,
  pattern: /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/,
  expectation: 'a name of letters, digits, "_", "." and "-" that begins with a letter or a digit',
});

const seconds = number(0.001, longestSeconds);
const signal = text({ maxLength: 16, pattern: /^([1-9][0-9]?|[A-Za-z][A-Za-z0-9+-]*)$/, expectation: 'the name or the number of a signal' });

/** Of every request that may report progress. */
const workDone = { workDoneToken: optional(progressToken) };

export const containerSpec = object({
  ...processMembers,
  ...worldMembers,
  ...connectionMembers,
  ...workDone,
  image: reference,
  name: optional(name),
  command: optional(arrayOf(argument)),
  entrypoint: optional(arrayOf(argument)),
  mounts: optional(arrayOf(mount, { max: 64 })),
  volumes: optional(arrayOf(volumeMount, { max: 64 })),
  memoryBytes: optional(integer(minimumMemoryBytes)),
  cpus: optional(integer(1)),
  labels: optional(recordOf(text({ allowEmpty: true }))),
  removeOnExit: optional(flag),
  stopSignal: optional(signal),
  stopTimeoutSeconds: optional(integer(0, longestSeconds)),
  kernel: optional(hostPath),
  platform: optional(text({ maxLength: 64 })),
  healthCheck: optional(object({
    command: optional(text()),
    disabled: optional(flag),
    intervalSeconds: optional(seconds),
    timeoutSeconds: optional(seconds),
    startPeriodSeconds: optional(seconds),
    startIntervalSeconds: optional(seconds),
    retries: optional(integer(1, 1000)),
  })),
  log: optional(object({ maxSize: optional(integer(minimumLogBytes)), maxFiles: optional(integer(1, 1000)) })),
  restart: optional(object({ name: oneOf(restartPolicyNames), maximumRetries: optional(integer(1)) })),
});

export const containerParams = object({ container });
export const containerStart = object({ ...workDone, container });
export const containerStop = object({ container, timeoutSeconds: optional(integer(0, longestSeconds)) });
export const containerRestart = object({ ...workDone, container, timeoutSeconds: optional(integer(0, longestSeconds)) });
export const containerUse = object({ container, whenUnused: oneOf(whenUnusedChoices) });
export const containerRename = object({ container, name });
export const containerSignal = object({
  container,
  signal,
});
export const containerRemove = object({ container, force: optional(flag), volumes: optional(flag) });
export const containerList = object({ all: optional(flag) });
const sessionId = text({ maxLength: 64, pattern: sessionIdPattern, expectation: 'at least eight letters, digits and “-”' });
const session = object({ id: sessionId, name: optional(text({ maxLength: 256 })), expireSeconds: optional(integer(1, longestSessionSeconds)) });
export const sessionParams = object({ container, session: sessionId });
export const containerExec = object({ ...processMembers, session: optional(session), container, command: arrayOf(argument, { min: 1 }), hangUp: optional(flag), privileged: optional(flag), detach: optional(flag) });

export const imageParams = object({ reference });
export const imagePull = object({ ...workDone, reference });
export const imageRemove = object({ reference, force: optional(flag) });

export const volumeCreate = object({ name: optional(volumeName), driver: optional(volumeDriver), sizeBytes: optional(integer(1)), labels: optional(recordOf(text({ allowEmpty: true }))) });
const volume = text({ maxLength: 128 });
export const volumeParams = object({ volume });
export const volumeRemove = object({ volume, force: optional(flag) });
const labelFilters = optional(arrayOf(text()));
const pruneMembers = { labels: labelFilters, withoutLabels: labelFilters, createdBefore: optional(text({ pattern: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, expectation: 'a time as in RFC 3339, in UTC' })) };
export const prune = object(pruneMembers);
export const volumePrune = object({ ...pruneMembers, all: optional(flag) });

const port = integer(1, 65_535);
const hostAddress = optional(text({ maxLength: 64, pattern: /^[0-9a-fA-F.:]+$|^localhost$/, expectation: 'an IP address of this machine' }));
export const portForward = object({ container, containerPort: port, hostPort: optional(integer(0, 65_535)), hostAddress });
export const portStopForward = object({ container, hostPort: port, hostAddress });

export const systemStop = object({ stopContainers: optional(flag) });
/** For requests without parameters: whatever comes is ignored. */
export const nothing: Check<undefined> = () => undefined;
