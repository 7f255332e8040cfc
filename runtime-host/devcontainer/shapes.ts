import { networkPolicyModes } from '../protocol/networks.ts';
import { autoForwardActions } from './portAttributes.ts';
import type { Shape } from './shape.ts';

/* Shapes of values that devcontainer.json has in several places, or that are large. */

export const text: Shape = { type: 'string' };
export const flag: Shape = { type: 'boolean' };
export const texts: Shape = { type: 'array', items: text };
export const anyObject: Shape = { type: 'object' };

/** A null leaves a variable as it is. */
export const environment: Shape = { type: 'object', additionalProperties: text };

const words: Shape = { anyOf: [text, texts], wanted: 'a text or a list of texts' };

export const command: Shape = {
  anyOf: [text, texts, { type: 'object', additionalProperties: words }],
  wanted: 'a text, a list of texts, or an object of these',
};

export const mount: Shape = {
  anyOf: [
    text,
    {
      type: 'object',
      properties: {
        type: { type: 'string', enum: ['bind', 'volume', 'tmpfs'], description: 'A directory of this machine, a volume, or memory.' },
        source: { type: 'string', description: 'The directory, or the name of the volume.' },
        target: { type: 'string', description: 'Where it appears in the container, an absolute path.' },
      },
    },
  ],
  wanted: 'a text such as "type=bind,source=/data,target=/data", or an object with “type”, “source” and “target”',
};

export const portAttributes: Shape = {
  type: 'object',
  properties: {
    label: { type: 'string', description: 'What the port is called in the list of ports.' },
    protocol: { type: 'string', enum: ['http', 'https'], description: 'What a browser speaks with it.' },
    onAutoForward: {
      type: 'string', enum: autoForwardActions, default: 'notify', description: 'What happens when a server begins to listen at it.',
      enumDescriptions: ['It is forwarded, and you are told.', 'A browser opens.', 'A browser opens, the first time in a window.', 'A preview opens in the window.', 'It is forwarded, and nobody is told.', 'It is not forwarded.'],
    },
    requireLocalPort: { type: 'boolean', default: false, description: 'The port of this machine must have the same number.' },
    elevateIfNeeded: { type: 'boolean', default: false, description: 'Ask for more rights where a low port needs them. Berth takes another port instead.' },
  },
};

export const forwardedPort: Shape = {
  anyOf: [{ type: 'integer', minimum: 1, maximum: 65_535 }, { type: 'string', pattern: '^([A-Za-z0-9_.-]+:)?[0-9]{1,5}$' }],
  wanted: 'a port of the container such as 3000, or "NAME:PORT" for another container’s',
};

const bytes: Shape = { anyOf: [{ type: 'integer', minimum: 0 }, { type: 'string', pattern: '^[0-9]+([tTgGmMkK][bB])?$' }], wanted: 'a number of bytes, or a text such as "4gb"' };

export const hostRequirements: Shape = {
  type: 'object',
  properties: {
    cpus: { type: 'integer', minimum: 1, description: 'Processors; the container gets as many.' },
    memory: { ...bytes, description: 'Memory such as "4gb"; the container gets as much.' },
    storage: { ...bytes, description: 'Room on the disk such as "32gb".' },
    gpu: {
      anyOf: [flag, { type: 'string', enum: ['optional'] }, { type: 'object', properties: { cores: { type: 'integer', minimum: 1 }, memory: bytes } }],
      wanted: 'true, false, "optional" or an object', description: 'A graphics processor, which Berth’s machines do not have; "optional" goes without.',
    },
  },
};

/** `customizations.berth` */
export const berthCustomizations: Shape = {
  type: 'object',
  properties: {
    purposes: { type: 'object', additionalProperties: text, description: 'What mounted directories are for, by their places in the container, such as {"/data": "test data"}. It is shown when the user is asked.' },
    guestFolders: { ...texts, description: 'Folders of the workspace, such as node_modules, that live on the container’s own disk, which is faster.' },
    network: {
      type: 'object',
      description: 'How the container is connected.',
      properties: {
        policy: {
          type: 'string', enum: networkPolicyModes, description: 'What the container may reach by itself. It is enforced outside the container.',
          enumDescriptions: ['Everything but this machine’s own services, link-local and cloud metadata addresses.', 'Only this machine, as host.berth.internal.', 'Nothing.', 'Only what “allow” lists; other names do not resolve.', 'As open, and what is used is recorded as a list to keep (“Berth: Copy Learned Connections”).'],
        },
        allow: { ...texts, description: 'What a policy lets through: names and addresses, with a port or without.' },
        networks: { ...texts, description: 'Networks that it joins; none when empty.' },
        dns: { ...texts, description: 'Its name servers.' },
        dnsSearch: { ...texts, description: 'Domains in which it looks up short names.' },
        ssh: { type: 'boolean', description: 'It may use your SSH agent. You are asked.' },
        proxies: { type: 'boolean', default: true, description: 'It gets this machine’s proxy variables.' },
        certificates: { type: 'boolean', default: true, description: 'It trusts the certificates that this machine trusts.' },
      },
    },
  },
};

export const vscodeCustomizations: Shape = {
  type: 'object',
  properties: {
    extensions: { ...texts, description: 'Extensions that are offered, by their identifiers.' },
    settings: { type: 'object', description: 'Settings that are offered for the workspace.' },
  },
};
