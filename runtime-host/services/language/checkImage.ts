import type { Diagnostic } from 'vscode-json-languageservice';
import type { ConfigurationDocument } from './configurationDocument.ts';
import { diagnosticCodes, diagnosticSource } from './diagnosticCodes.ts';
import { DiagnosticSeverity } from './jsonLibrary.ts';
import { similarTags } from './tagOrder.ts';
import type { Surroundings } from './surroundings.ts';

/** The image that is neither here nor in its registry. Where nobody can be asked, nothing is said. */
export async function checkImage(document: ConfigurationDocument, surroundings: Surroundings): Promise<Diagnostic[]> {
  const node = document.node('image');
  const reference: unknown = document.value('image');
  if (!node || typeof reference !== 'string' || reference === '' || reference.includes('${')) return [];
  const knowledge = await surroundings.imageKnowledge(reference);
  if (knowledge.state !== 'missing') return [];
  return [{
    range: document.rangeOf(node), message: knowledge.sentence, severity: DiagnosticSeverity.Error,
    code: diagnosticCodes.imageMissing, source: diagnosticSource, data: { replacements: await replacements(reference, surroundings) },
  }];
}

/** The same image with tags that are like the one that is not there. */
async function replacements(reference: string, surroundings: Surroundings): Promise<string[]> {
  const [, repository, tag] = /^(.+?)(?::([\w][\w.-]*))?$/.exec(reference) ?? [];
  if (repository === undefined || reference.includes('@')) return [];
  const tags = await surroundings.tags(repository);
  const likely = tag === undefined ? tags.slice(0, 3) : similarTags(tag, tags, 3);
  return likely.map((one) => `${repository}:${one}`);
}
