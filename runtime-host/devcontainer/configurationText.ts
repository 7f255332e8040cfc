import { BerthError } from '../protocol/errors.ts';
import { isObject, lineOf, parseObject } from './jsonText.ts';
import { knownProperties, knownProperty } from './knownProperties.ts';
import { metadataSource } from './imageMetadata.ts';
import type { Configuration } from './mergeConfiguration.ts';
import { misfitOf } from './shape.ts';

/**
 * Reads the text of a devcontainer.json as it stands there; only former properties come out where they belong now.
 * @param file how it is called in messages
 * @throws BerthError DevContainerInvalid when it is not JSON with comments
 */
export function readConfigurationText(text: string, file: string): Configuration {
  return withoutFormerProperties(parseObject(text, file));
}

/**
 * Refuses values of wrong types, and what Berth lacks.
 * @throws BerthError DevContainerInvalid with `property` and `line`
 */
export function checkConfiguration(text: string, file: string): void {
  refuseUnsupported(text, file);
  for (const [name, value] of Object.entries(parseObject(text, file))) {
    const misfit = misfitOf(value, knownProperty(name)?.shape ?? {}, [name]);
    if (misfit) throw unusable(text, file, misfit.path, (where) => `“${misfit.path.join('.')}” in ${where}, must be ${misfit.wanted}.`);
  }
}

/**
 * Refuses what Berth lacks.
 * @throws BerthError DevContainerInvalid with `property` and `line`
 */
export function refuseUnsupported(text: string, file: string): void {
  const root = parseObject(text, file);
  for (const { name, support, instead } of knownProperties) {
    if (support !== 'refused' || !isMeaningful(root[name])) continue;
    throw unusable(text, file, [name], (where) => `${refusals[name] ?? `“${name}”`} (“${name}” in ${where}), which Berth cannot do yet. ${instead ?? ''}`);
  }
}

function unusable(text: string, file: string, path: readonly (string | number)[], sentence: (where: string) => string): BerthError {
  const line = lineOf(text, path);
  return new BerthError('DevContainerInvalid', sentence(line === undefined ? file : `${file}, line ${line}`), { data: { property: path.join('.'), line } });
}

/**
 * Refuses values of wrong types in an image's metadata.
 * @throws BerthError DevContainerInvalid
 */
export function checkMetadata(entries: readonly Configuration[]): void {
  for (const entry of entries) {
    for (const [name, value] of Object.entries(entry)) {
      const misfit = misfitOf(value, knownProperty(name)?.shape ?? {}, [name]);
      if (misfit) throw new BerthError('DevContainerInvalid', `“${misfit.path.join('.')}” in ${metadataSource} must be ${misfit.wanted}. Choose another image.`, { data: { property: name } });
    }
  }
}

/** The properties that are there, matter, and have no effect. */
export function ignoredProperties(root: Configuration): string[] {
  return knownProperties.filter(({ name, support }) => support === 'ignored' && isMeaningful(root[name])).map(({ name }) => name);
}

const refusals: Readonly<Record<string, string>> = {
  build: 'This configuration builds its image from a Dockerfile',
  dockerFile: 'This configuration builds its image from a Dockerfile',
  dockerComposeFile: 'This configuration uses Docker Compose',
  features: 'This configuration adds Dev Container Features',
};

function isMeaningful(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** Once, what was for Visual Studio Code stood among the other properties. */
function withoutFormerProperties({ extensions, settings, devPort, ...root }: Configuration): Configuration {
  if (extensions === undefined && settings === undefined && devPort === undefined) return root;
  const customizations = isObject(root['customizations']) ? root['customizations'] : {};
  const vscode = isObject(customizations['vscode']) ? customizations['vscode'] : {};
  const listed = Array.isArray(vscode['extensions']) ? (vscode['extensions'] as unknown[]) : [];
  return {
    ...root,
    customizations: {
      ...customizations,
      vscode: {
        ...vscode,
        ...(extensions !== undefined && { extensions: [...listed, ...(Array.isArray(extensions) ? (extensions as unknown[]) : [])] }),
        ...(settings !== undefined && { settings: { ...(isObject(settings) ? settings : {}), ...(isObject(vscode['settings']) ? vscode['settings'] : {}) } }),
        ...(devPort !== undefined && vscode['devPort'] === undefined && { devPort }),
      },
    },
    ...(vscode['devPort'] !== undefined && { devPort }),
  };
}
