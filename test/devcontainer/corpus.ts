import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const directory = fileURLToPath(new URL('./corpus/', import.meta.url));

/** One configuration of the corpus. */
export interface CorpusCase {
  /** `topic/name` */
  readonly name: string;
  readonly text: string;
  /** The image's label `devcontainer.metadata`. */
  readonly label?: string;
  /** Whether the configuration names an image, so that there is something to be merged. */
  readonly namesImage: boolean;
}

/** `corpus/TOPIC/NAME.jsonc` is a devcontainer.json, and `NAME.label` beside it the label of its image. */
export function readCorpus(): CorpusCase[] {
  const topics = readdirSync(directory).sort();
  return topics.flatMap((topic) => readdirSync(`${directory}${topic}`).filter((file) => file.endsWith('.jsonc')).sort().map((file) => {
    const base = `${directory}${topic}/${file.slice(0, -'.jsonc'.length)}`;
    const text = readFileSync(`${base}.jsonc`, 'utf8');
    const label = existsSync(`${base}.label`) ? readFileSync(`${base}.label`, 'utf8') : undefined;
    return { name: `${topic}/${file.slice(0, -'.jsonc'.length)}`, text, ...(label !== undefined && { label }), namesImage: /"image":/.test(text) };
  }));
}

/** What `${localEnv:…}` in the corpus refers to. */
export const corpusEnvironment = { CORPUS_TAG: '12-slim', CORPUS_EMPTY: '' };
