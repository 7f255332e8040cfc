import { lifecycleStages } from './lifecycle.ts';
import type { Shape } from './shape.ts';
import {
  anyObject, berthCustomizations, command, environment, flag, forwardedPort, hostRequirements, mount, portAttributes, text, texts, vscodeCustomizations,
} from './shapes.ts';

/** A property of devcontainer.json. */
export interface KnownProperty {
  readonly name: string;
  /** What it means here. */
  readonly meaning: string;
  readonly shape: Shape;
  /**
   * `used`; `refused`, since the container would be another one without it; `ignored`, which the user is told; or `hint`,
   * which only helps whoever edits the file.
   */
  readonly support: 'used' | 'refused' | 'ignored' | 'hint';
  /** What to do instead of a property that is refused, or comes from former times. */
  readonly instead?: string;
}

export const userEnvProbes = ['none', 'loginShell', 'interactiveShell', 'loginInteractiveShell'] as const;
export const shutdownActions = ['none', 'stopContainer', 'stopCompose'] as const;

const used = (name: string, shape: Shape, meaning: string): KnownProperty => ({ name, shape, meaning, support: 'used' });
const refused = (name: string, shape: Shape, meaning: string, instead: string): KnownProperty => ({ name, shape, meaning, support: 'refused', instead });

const image = 'Name a ready image with “image” instead.';
const lifecycle = (name: string, meaning: string): KnownProperty => used(name, command, `${meaning} A text is for a shell, a list is one command line, and an object holds several that run at the same time.`);

/** Every property that a devcontainer.json can have, and what becomes of it: the one place that says so. */
export const knownProperties: readonly KnownProperty[] = [
  { name: '$schema', shape: text, meaning: 'Where a description of this file lies, for editors.', support: 'hint' },
  used('name', text, 'What the configuration is called.'),
  used('image', text, 'The image that the container is made from. Without it you are asked.'),
  refused('build', anyObject, 'How an image is built from a Dockerfile.', image),
  refused('dockerFile', text, 'The Dockerfile that an image is built from.', image),
  { name: 'context', shape: text, meaning: 'The directory that an image is built from; part of “dockerFile”.', support: 'hint' },
  refused('dockerComposeFile', { anyOf: [text, texts], wanted: 'a text or a list of texts' }, 'The files of Docker Compose that describe several containers.', 'Name the image of its service with “image” instead.'),
  { name: 'service', shape: text, meaning: 'The container of Docker Compose to work in.', support: 'hint' },
  { name: 'runServices', shape: texts, meaning: 'The containers of Docker Compose that are started.', support: 'hint' },
  refused('features', anyObject, 'What is installed into the image in addition.', 'Choose an image that has them already, or install what you need in “onCreateCommand”.'),
  { name: 'overrideFeatureInstallOrder', shape: texts, meaning: 'The order in which Features are installed.', support: 'hint' },
  used('workspaceFolder', { ...text, pattern: '^(/|\\$\\{)', wanted: 'an absolute path in the container' }, 'Where terminals start in the container.'),
  used('workspaceMount', text, 'How the folder is shared, such as "source=${localWorkspaceFolder},target=/work,type=bind".'),
  used('mounts', { type: 'array', items: mount }, 'Further directories of this machine, which you are asked about, volumes, and file systems in memory.'),
  used('containerEnv', environment, 'Variables of every process in the container.'),
  used('remoteEnv', environment, 'Variables of terminals, tasks and commands; null leaves one out.'),
  used('containerUser', text, 'The user of the container’s first process; the image’s, without it.'),
  used('remoteUser', text, 'The user of terminals, tasks and commands; the container’s, without it.'),
  used('updateRemoteUserUID', { ...flag, default: true }, 'Whether files that this user makes in the folder belong to you. In Berth they always do.'),
  used('userEnvProbe', { type: 'string', enum: userEnvProbes, default: 'loginInteractiveShell', enumDescriptions: ['None.', 'A login shell.', 'An interactive shell.', 'One that is both.'] }, 'Which shell’s environment programs get.'),
  used('overrideCommand', { ...flag, default: true }, 'Whether the container just waits, instead of running the image’s command.'),
  used('shutdownAction', { type: 'string', enum: shutdownActions, default: 'stopContainer', enumDescriptions: ['It goes on.', 'It is stopped.', 'Only for Docker Compose; the container is stopped.'] }, 'What happens to the container when no window uses it any more.'),
  used('init', { ...flag, default: false }, 'Whether a small init is the first process, which collects orphans.'),
  used('privileged', { ...flag, default: false }, 'Whether processes have all rights in their virtual machine.'),
  used('capAdd', texts, 'Capabilities that processes have besides, such as SYS_PTRACE.'),
  used('securityOpt', texts, '"no-new-privileges", "seccomp=unconfined" or "systempaths=unconfined".'),
  used('runArgs', texts, 'Options of `docker run`. Those that mean something in Berth are used; the others are named when the container is made.'),
  used('hostRequirements', hostRequirements, 'What this machine must have.'),
  lifecycle('initializeCommand', 'Runs on this machine, in the folder, before anything else, each time.'),
  lifecycle('onCreateCommand', 'Runs in the container once, first, when it has been made.'),
  lifecycle('updateContentCommand', 'Runs in the container once, after “onCreateCommand”.'),
  lifecycle('postCreateCommand', 'Runs in the container once, after “updateContentCommand”.'),
  lifecycle('postStartCommand', 'Runs in the container each time it has started.'),
  lifecycle('postAttachCommand', 'Runs in the container each time a window opens the folder in it.'),
  used('waitFor', { type: 'string', enum: lifecycleStages, default: 'updateContentCommand' }, 'The command after which the container counts as ready; what comes later goes on in the background.'),
  used('forwardPorts', { type: 'array', items: forwardedPort }, 'Ports of the container that are forwarded to this machine.'),
  used('portsAttributes', { type: 'object', additionalProperties: portAttributes }, 'How ports are forwarded, by port ("3000"), range ("3000-3010") or a regular expression for the command line of what listens.'),
  used('otherPortsAttributes', portAttributes, 'How the ports are forwarded that “portsAttributes” does not name.'),
  used('appPort', { anyOf: [{ type: 'integer' }, text, { type: 'array', items: { anyOf: [{ type: 'integer' }, text] } }], wanted: 'a port, a text such as "8080:80", or a list of these' }, 'Ports that are published as long as the container runs.'),
  used('customizations', { type: 'object', properties: { vscode: vscodeCustomizations, berth: berthCustomizations } }, 'What is meant for one tool.'),
  { name: 'secrets', shape: anyObject, meaning: 'Secrets that a service should ask for.', support: 'ignored' },
  { name: 'extensions', shape: texts, meaning: 'The former place of “customizations.vscode.extensions”.', support: 'used', instead: 'Write it as “customizations.vscode.extensions”.' },
  { name: 'settings', shape: anyObject, meaning: 'The former place of “customizations.vscode.settings”.', support: 'used', instead: 'Write it as “customizations.vscode.settings”.' },
  { name: 'devPort', shape: { type: 'integer' }, meaning: 'A port of Visual Studio Code’s server in former times.', support: 'hint' },
];

const byName = new Map(knownProperties.map((property) => [property.name, property]));

/** Undefined for what the specification does not know. */
export function knownProperty(name: string): KnownProperty | undefined {
  return byName.get(name);
}
