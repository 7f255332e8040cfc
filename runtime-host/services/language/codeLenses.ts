import type { CodeLens } from '../../protocol/language.ts';
import type { ConfigurationDocument } from './configurationDocument.ts';
import type { Surroundings } from './surroundings.ts';

/** “Open in Container” above the file, and “Pull” above an image that is not here. */
export async function codeLenses(document: ConfigurationDocument, surroundings: Surroundings): Promise<CodeLens[]> {
  const { root } = document;
  if (root?.type !== 'object' || document.folder === undefined) return [];
  const lenses: CodeLens[] = [{ range: document.rangeOf({ ...root, length: 1 }), command: { title: '$(vm) Open in Container', command: 'berth.openFolder', arguments: [document.uri] } }];
  const range = document.keyRange('image');
  const reference: unknown = document.value('image');
  if (range && typeof reference === 'string' && reference !== '' && !reference.includes('${')) {
    const local = (await surroundings.images()).some((image) => image.reference === reference || image.reference.endsWith(`/${reference}`) || image.reference === `docker.io/library/${reference}`);
    if (!local) lenses.push({ range, command: { title: '$(cloud-download) Pull', command: 'berth.pullImage', arguments: [reference] } });
  }
  return lenses;
}
