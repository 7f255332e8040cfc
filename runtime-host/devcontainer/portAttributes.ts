import { BerthError } from '../protocol/errors.ts';

/* `forwardPorts`, `portsAttributes` and `otherPortsAttributes` of devcontainer.json. */

export const autoForwardActions = ['notify', 'openBrowser', 'openBrowserOnce', 'openPreview', 'silent', 'ignore'] as const;
export type AutoForwardAction = (typeof autoForwardActions)[number];

export interface PortAttributes {
  readonly label?: string;
  /** What a browser is to speak; http when absent. */
  readonly protocol?: 'http' | 'https';
  /** What happens when a server begins to listen; `notify` when absent. */
  readonly onAutoForward?: AutoForwardAction;
  /** The port of this machine has to have the same number. */
  readonly requireLocalPort?: boolean;
}

/** Attributes of the ports that a key of `portsAttributes` is about. */
export interface PortRule {
  readonly ports?: { readonly first: number; readonly last: number };
  /** Of the command line of the process that listens. */
  readonly command?: RegExp;
  readonly attributes: PortAttributes;
}

/** An entry of `forwardPorts`. */
export interface ForwardWish {
  /** Another container; absent: this one. */
  readonly host?: string;
  readonly port: number;
}

export interface PortSettings {
  readonly forwardPorts: readonly ForwardWish[];
  readonly rules: readonly PortRule[];
  /** Of ports that no rule is about. */
  readonly others: PortAttributes;
}

export const noPortSettings: PortSettings = { forwardPorts: [], rules: [], others: {} };

/**
 * Reads the three properties.
 * @throws BerthError DevContainerInvalid
 */
export function readPortSettings(root: Readonly<Record<string, unknown>>, file: string): PortSettings {
  const forwardPorts = root['forwardPorts'] ?? [];
  if (!Array.isArray(forwardPorts)) throw wrong('forwardPorts', file, 'a list');
  const rules = objectOf(root['portsAttributes'] ?? {}, 'portsAttributes', file);
  return {
    forwardPorts: forwardPorts.map((entry: unknown) => forwardWish(entry, file)),
    rules: Object.entries(rules).map(([key, value]) => ({ ...ruleKey(key, file), attributes: attributesOf(value, `portsAttributes.${key}`, file) })),
    others: attributesOf(root['otherPortsAttributes'] ?? {}, 'otherPortsAttributes', file),
  };
}

/**
 * What applies to a port. A rule that names it alone comes before one with a range or a command line; of several of one
 * kind the first has a say in each attribute.
 */
export function attributesFor({ rules, others }: PortSettings, port: number, commandLine?: string): PortAttributes {
  const matching = rules.filter(({ ports, command }) => (ports ? ports.first <= port && port <= ports.last : commandLine !== undefined && command?.test(commandLine) === true));
  if (matching.length === 0) return others;
  const isExact = ({ ports }: PortRule): boolean => ports !== undefined && ports.first === ports.last;
  const ordered = [...matching.filter(isExact), ...matching.filter((rule) => !isExact(rule))];
  return Object.assign({}, ...ordered.map(({ attributes }) => attributes).reverse()) as PortAttributes;
}

/** Whether a command line is needed to know what applies. */
export function needsCommandLines({ rules }: PortSettings): boolean {
  return rules.some(({ command }) => command !== undefined);
}

function forwardWish(entry: unknown, file: string): ForwardWish {
  const match = /^(?:([\w.-]+):)?(\d{1,5})$/.exec(typeof entry === 'number' || typeof entry === 'string' ? String(entry) : '');
  const port = Number(match?.[2]);
  if (!match || port < 1 || port > 65_535) throw unusable(`“forwardPorts” in ${file} has the entry ${JSON.stringify(entry)}. Write a port of the container such as 3000, or "NAME:PORT" for another container’s.`);
  const host = match[1];
  return host === undefined || host === 'localhost' || host === '127.0.0.1' ? { port } : { host, port };
}

function ruleKey(key: string, file: string): Pick<PortRule, 'ports' | 'command'> {
  const match = /^(?:(?:localhost|127\.0\.0\.1):)?(\d{1,5})(?:-(\d{1,5}))?$/.exec(key.trim());
  if (match) {
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (first > last || last > 65_535) throw unusable(`“portsAttributes” in ${file} has the key “${key}”, which is not a port or a range of ports.`);
    return { ports: { first, last } };
  }
  try {
    return { command: new RegExp(key) };
  } catch (error) {
    throw unusable(`“portsAttributes” in ${file} has the key “${key}”, which is neither a port, a range of ports nor a regular expression: ${(error as Error).message}.`);
  }
}

function attributesOf(value: unknown, property: string, file: string): PortAttributes {
  const { label, protocol, onAutoForward, requireLocalPort } = objectOf(value, property, file);
  if (label !== undefined && typeof label !== 'string') throw wrong(`${property}.label`, file, 'a text');
  if (protocol !== undefined && protocol !== 'http' && protocol !== 'https') throw wrong(`${property}.protocol`, file, '“http” or “https”');
  const action = autoForwardActions.find((one) => one === onAutoForward);
  if (onAutoForward !== undefined && !action) throw wrong(`${property}.onAutoForward`, file, `one of ${autoForwardActions.join(', ')}`);
  if (requireLocalPort !== undefined && typeof requireLocalPort !== 'boolean') throw wrong(`${property}.requireLocalPort`, file, 'true or false');
  return {
    ...(label !== undefined && { label }),
    ...(protocol !== undefined && { protocol }),
    ...(action !== undefined && { onAutoForward: action }),
    ...(requireLocalPort !== undefined && { requireLocalPort }),
  };
}

function objectOf(value: unknown, property: string, file: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(property, file, 'an object');
  return value as Record<string, unknown>;
}

function wrong(property: string, file: string, wanted: string): BerthError {
  return unusable(`“${property}” in ${file} must be ${wanted}.`);
}

function unusable(sentence: string): BerthError {
  return new BerthError('DevContainerInvalid', sentence);
}
