import type { Diagnostic } from 'vscode-json-languageservice';
import { parseDevContainer } from '../../devcontainer/devcontainer.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { ConfigurationDocument } from './configurationDocument.ts';
import { diagnosticCodes, diagnosticSource } from './diagnosticCodes.ts';
import { DiagnosticSeverity } from './jsonLibrary.ts';

/**
 * What the engine says that opens the folder: the sentence for which it would refuse the file, at the property that the
 * sentence names, and what it would not act on.
 */
export function checkConfiguration(document: ConfigurationDocument, environment: NodeJS.ProcessEnv): Diagnostic[] {
  if (document.root?.type !== 'object' || document.folder === undefined) return [];
  try {
    const { ignored } = parseDevContainer(document.text.getText(), { localFolder: document.folder, localEnv: environment });
    return ignored.map((name): Diagnostic => ({
      range: ignoredRange(document, name),
      message: `Berth does not act on “${name}”.`,
      severity: DiagnosticSeverity.Information,
      tags: [1 /* DiagnosticTag.Unnecessary: shown faded */],
      code: diagnosticCodes.ignored,
      source: diagnosticSource,
    }));
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    return [{ range: namedRange(document, error.message), message: error.message, severity: DiagnosticSeverity.Error, code: diagnosticCodes.unusable, source: diagnosticSource }];
  }
}

/** A property by its name, or `runArgs: ARGUMENT`. */
function ignoredRange(document: ConfigurationDocument, name: string): Diagnostic['range'] {
  const argument = /^runArgs: (.*)$/.exec(name)?.[1];
  const node = argument === undefined ? undefined : document.elements('runArgs').find(({ value }) => typeof value === 'string' && (value === argument || argument.startsWith(value) || value.startsWith(argument)));
  return node ? document.rangeOf(node) : (document.keyRange(argument === undefined ? name : 'runArgs') ?? wholeOf(document));
}

/** The first property of the file that the sentence quotes. */
function namedRange(document: ConfigurationDocument, sentence: string): Diagnostic['range'] {
  for (const [, name] of sentence.matchAll(/“([^”]+)”/g)) {
    const path = (name ?? '').split('.');
    const range = document.keyRange(...path) ?? document.keyRange(name ?? '');
    if (range) return range;
  }
  if (/^A mount /.test(sentence)) return document.keyRange('mounts') ?? wholeOf(document);
  return wholeOf(document);
}

/** The first character: a line under everything would hide what else there is. */
function wholeOf(document: ConfigurationDocument): Diagnostic['range'] {
  const at = document.text.positionAt(document.root?.offset ?? 0);
  return { start: at, end: { line: at.line, character: at.character + 1 } };
}
