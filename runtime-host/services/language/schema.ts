import { knownProperties, type KnownProperty } from '../../devcontainer/knownProperties.ts';
import type { Shape } from '../../devcontainer/shape.ts';

/** The part of JSON Schema (draft 7) that is used here, with VS Code's additions. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** Objects in which other tools may write what they like. */
const open: ReadonlySet<string> = new Set(['customizations', 'customizations.vscode', 'mounts[]', 'hostRequirements.gpu']);

/** What is proposed for a value, as snippets. */
const snippets: Readonly<Record<string, unknown>> = {
  'forwardPorts': ['${1:3000}'],
  'portsAttributes': { '${1:3000}': { label: '${2:Web}', onAutoForward: '${3:notify}' } },
  'mounts': ['source=${1:\\${localEnv:HOME\\}/.config/tool},target=${2:/home/dev/.config/tool},type=bind,readonly'],
  'containerEnv': { '${1:NAME}': '${2:value}' },
  'remoteEnv': { '${1:NAME}': '${2:value}' },
  'customizations.berth.guestFolders': ['${1:node_modules}'],
  'customizations.berth.network.allow': ['${1:registry.example:443}'],
};

/** The schema that editors get: every property that is known, and no other. */
export const devcontainerSchema: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(knownProperties.map((property) => [property.name, ofProperty(property)])),
};

function ofProperty({ name, meaning, shape, support, instead }: KnownProperty): JsonSchema {
  const isFormer = instead !== undefined && support !== 'refused';
  const lacks = support === 'refused' ? ' Berth cannot do this yet.' : support === 'ignored' ? ' Berth does not act on it yet.' : '';
  return { ...schemaOf(shape, name), description: `${meaning}${lacks}`, ...(isFormer && { deprecationMessage: instead }) };
}

/** A null stands for a property that is not there, everywhere. */
function schemaOf({ type, items, properties, additionalProperties, anyOf, wanted, pattern, enum: choices, ...rest }: Shape, path: string): JsonSchema {
  return {
    ...rest,
    ...(type !== undefined && { type: choices ? type : [type, 'null'] }),
    ...(choices && { enum: choices }),
    ...(pattern !== undefined && { pattern, ...(wanted !== undefined && { patternErrorMessage: `This must be ${wanted}.` }) }),
    ...(items && { items: schemaOf(items, `${path}[]`) }),
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, shape]) => [name, schemaOf(shape, `${path}.${name}`)])) }),
    ...(properties && !open.has(path) && { additionalProperties: false }),
    ...(additionalProperties && { additionalProperties: schemaOf(additionalProperties, `${path}.*`) }),
    ...(anyOf && { anyOf: anyOf.map((shape) => schemaOf(shape, path)), ...(wanted !== undefined && { errorMessage: `This must be ${wanted}.` }) }),
    ...(snippets[path] !== undefined && { defaultSnippets: [{ body: snippets[path] }] }),
  };
}
