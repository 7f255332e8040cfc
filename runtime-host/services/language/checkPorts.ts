import type { Diagnostic } from 'vscode-json-languageservice';
import { getNodeValue, type Node } from 'jsonc-parser';
import type { ContainerInfo } from '../../protocol/types.ts';
import type { ConfigurationDocument } from './configurationDocument.ts';
import { diagnosticCodes, diagnosticSource } from './diagnosticCodes.ts';
import { DiagnosticSeverity } from './jsonLibrary.ts';

/** A port that an entry of the file asks for. */
interface WantedPort {
  readonly node: Node;
  /** What two entries must not have in common, for people. */
  readonly name: string;
  /** Of this machine, where one is fixed. */
  readonly hostPort?: number;
}

/** Ports that are named twice, or that a container which runs has on this machine. */
export function checkPorts(document: ConfigurationDocument, containers: readonly ContainerInfo[]): Diagnostic[] {
  const others = containers.filter(({ state, labels }) => state === 'running' && labels['berth.workspace'] !== document.folder);
  const published = [...publishedByArguments(document.elements('runArgs')), ...document.elements('appPort').flatMap((node) => publishedText(node, String(getNodeValue(node))))];
  const problem = ({ node }: WantedPort, message: string, code: string): Diagnostic => ({ range: document.rangeOf(node), message, severity: DiagnosticSeverity.Warning, code, source: diagnosticSource });
  const twice = (ports: readonly WantedPort[]): Diagnostic[] => ports
    .filter(({ name }, index) => ports.findIndex((other) => other.name === name) < index)
    .map((port) => problem(port, `${port.name} is named twice.`, diagnosticCodes.portTwice));
  const taken = published.flatMap((port): Diagnostic[] => {
    const owner = port.hostPort === undefined ? undefined : others.find(({ ports }) => ports?.some(({ hostPort }) => hostPort === port.hostPort));
    return owner ? [problem(port, `The container “${owner.name}” has port ${port.hostPort} of this machine at the moment.`, diagnosticCodes.portTaken)] : [];
  });
  return [...twice(document.elements('forwardPorts').map(forwarded)), ...twice(published), ...taken];
}

/** An entry of `forwardPorts`. `localhost:3000` is 3000. */
function forwarded(node: Node): WantedPort {
  const value = String(getNodeValue(node)).replace(/^localhost:/, '');
  return { node, name: `Port ${value}` };
}

/** `-p`, `--publish` and their values, joined or apart. */
function publishedByArguments(nodes: readonly Node[]): WantedPort[] {
  return nodes.flatMap((node, index) => {
    const word = String(getNodeValue(node));
    const joined = /^(?:--publish=|-p=?)(.+)$/.exec(word)?.[1];
    const next = nodes[index + 1];
    if (joined !== undefined) return publishedText(node, joined);
    return (word === '-p' || word === '--publish') && next ? publishedText(next, String(getNodeValue(next))) : [];
  });
}

/** `[[address:]hostPort:]containerPort[/protocol]`; ranges and ports that are chosen for one cannot clash. */
function publishedText(node: Node, text: string): WantedPort[] {
  const match = /^(?:(?:[\d.]+|\[[^\]]*\]):)?(\d+):\d+(\/\w+)?$/.exec(text);
  if (!match) return [];
  const protocol = match[2] ?? '/tcp';
  return [{ node, name: `Port ${match[1]}${protocol === '/tcp' ? '' : protocol} of this machine`, hostPort: Number(match[1]) }];
}
