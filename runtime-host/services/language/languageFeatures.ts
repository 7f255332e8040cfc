import { mkdir } from 'node:fs/promises';
import type { CompletionList, Diagnostic, DocumentLink, Hover, LanguageService, Position } from 'vscode-json-languageservice';
import type { CodeAction, CodeLens } from '../../protocol/language.ts';
import { checkConfiguration } from './checkConfiguration.ts';
import { checkImage } from './checkImage.ts';
import { checkMounts } from './checkMounts.ts';
import { checkPorts } from './checkPorts.ts';
import { codeActions } from './codeActions.ts';
import { codeLenses } from './codeLenses.ts';
import { ConfigurationDocument } from './configurationDocument.ts';
import { diagnosticCodes, diagnosticSource } from './diagnosticCodes.ts';
import { documentLinks } from './documentLinks.ts';
import { completeImage } from './imageCompletion.ts';
import { DiagnosticSeverity, getLanguageService, TextDocument } from './jsonLibrary.ts';
import { devcontainerSchema } from './schema.ts';
import type { Surroundings } from './surroundings.ts';
import { completeVariable, hoverVariable } from './variables.ts';

/** How long nobody has typed before a document is checked. */
const quietMilliseconds = 250;

export interface OpenDocument {
  readonly uri: string;
  readonly languageId: string;
  readonly version: number;
  readonly text: string;
}

type Publish = (diagnostics: { readonly uri: string; readonly version: number; readonly diagnostics: readonly Diagnostic[] }) => void;

interface Entry {
  readonly document: ConfigurationDocument;
  readonly checking: AbortController;
  readonly timer: NodeJS.Timeout;
  diagnostics: readonly Diagnostic[];
}

/**
 * Language features of the devcontainer.json files that one client has open. What the schema says comes from
 * vscode-json-languageservice, what this machine says from us. Dispose of it.
 */
export class LanguageFeatures {
  readonly #service: LanguageService;
  readonly #surroundings: Surroundings;
  readonly #publish: Publish;
  readonly #onFailure: (error: unknown) => void;
  readonly #entries = new Map<string, Entry>();

  /** `onFailure` hears of checks that could not be made, for the log. */
  constructor(surroundings: Surroundings, publish: Publish, onFailure: (error: unknown) => void) {
    this.#surroundings = surroundings;
    this.#publish = publish;
    this.#onFailure = onFailure;
    this.#service = getLanguageService({ clientCapabilities: { textDocument: { completion: { completionItem: { documentationFormat: ['markdown', 'plaintext'] } } } } });
    this.#service.configure({ validate: true, allowComments: true, schemas: [{ uri: 'berth://devcontainer.schema.json', fileMatch: ['*'], schema: devcontainerSchema }] });
  }

  /** Also takes a newer version of one that is open; it is checked when nothing newer has come for a while. */
  open({ uri, languageId, version, text }: OpenDocument): void {
    const before = this.#forget(uri);
    const document = new ConfigurationDocument(TextDocument.create(uri, languageId, version, text), this.#service);
    const checking = new AbortController();
    const timer = setTimeout(() => {
      this.#check(document, checking.signal).catch((error: unknown) => {
        if (!checking.signal.aborted) this.#onFailure(error);
      });
    }, before ? quietMilliseconds : 0);
    this.#entries.set(uri, { document, checking, timer, diagnostics: before?.diagnostics ?? [] });
  }

  change(uri: string, version: number, text: string): void {
    const entry = this.#entries.get(uri);
    if (entry) this.open({ uri, languageId: entry.document.text.languageId, version, text });
  }

  /** Checks again what may have changed outside of the documents. */
  recheck(): void {
    for (const { document: { text } } of [...this.#entries.values()]) this.open({ uri: text.uri, languageId: text.languageId, version: text.version, text: text.getText() });
  }

  close(uri: string): void {
    const entry = this.#forget(uri);
    if (entry) this.#publish({ uri, version: entry.document.text.version, diagnostics: [] });
  }

  async completion(uri: string, position: Position): Promise<CompletionList | null> {
    const document = this.#entries.get(uri)?.document;
    if (!document) return null;
    const variables = completeVariable(document, position);
    if (variables) return { isIncomplete: false, items: variables };
    const images = await completeImage(document, position, this.#surroundings);
    if (images) return { isIncomplete: true, items: images };
    return this.#service.doComplete(document.text, position, document.json);
  }

  async hover(uri: string, position: Position): Promise<Hover | null> {
    const document = this.#entries.get(uri)?.document;
    if (!document) return null;
    return hoverVariable(document, position) ?? this.#service.doHover(document.text, position, document.json);
  }

  codeActions(uri: string, diagnostics: readonly Diagnostic[]): CodeAction[] {
    const document = this.#entries.get(uri)?.document;
    return document ? codeActions(document, diagnostics) : [];
  }

  async documentLinks(uri: string): Promise<DocumentLink[]> {
    const document = this.#entries.get(uri)?.document;
    return document ? documentLinks(document) : [];
  }

  async codeLenses(uri: string): Promise<CodeLens[]> {
    const document = this.#entries.get(uri)?.document;
    return document ? codeLenses(document, this.#surroundings) : [];
  }

  /** Makes a folder that a diagnostic of the document has said to be missing, and no other. */
  async createFolder(uri: string, path: string): Promise<void> {
    const isMissing = this.#entries.get(uri)?.diagnostics.some(({ code, data }) => code === diagnosticCodes.mountSource && (data as { path?: string }).path === path);
    if (!isMissing) return;
    await mkdir(path, { recursive: true });
    this.recheck();
  }

  dispose(): void {
    for (const uri of [...this.#entries.keys()]) this.#forget(uri);
  }

  async #check(document: ConfigurationDocument, signal: AbortSignal): Promise<void> {
    const complaints = await this.#service.doValidation(document.text, document.json, { comments: 'ignore', trailingCommas: 'ignore' });
    // Editors know JSON themselves: only its schema has no source of its own.
    const ofSchema = complaints.filter(({ source }) => source === undefined).map((complaint) => ({ ...complaint, source: diagnosticSource }));
    const ofEngine = ofSchema.length < complaints.length ? [] : checkConfiguration(document, this.#surroundings.environment);
    const here = [...withRefusals(document, ofSchema, ofEngine), ...(await checkMounts(document, this.#surroundings.environment)), ...checkPorts(document, await this.#surroundings.containers())];
    this.#tell(document, here, signal);
    // A registry may take its time.
    const ofImage = await checkImage(document, this.#surroundings);
    if (ofImage.length > 0) this.#tell(document, [...here, ...ofImage], signal);
  }

  #tell(document: ConfigurationDocument, diagnostics: readonly Diagnostic[], signal: AbortSignal): void {
    const entry = this.#entries.get(document.uri);
    if (signal.aborted || entry?.document !== document) return;
    entry.diagnostics = diagnostics;
    this.#publish({ uri: document.uri, version: document.text.version, diagnostics });
  }

  #forget(uri: string): Entry | undefined {
    const entry = this.#entries.get(uri);
    if (!entry) return undefined;
    clearTimeout(entry.timer);
    entry.checking.abort();
    this.#entries.delete(uri);
    return entry;
  }
}

/** What the engine refuses is an error. Where the schema complains about the same property, its complaint becomes that, because it knows the place better. */
function withRefusals(document: ConfigurationDocument, ofSchema: readonly Diagnostic[], ofEngine: readonly Diagnostic[]): Diagnostic[] {
  const refusal = ofEngine.find(({ code }) => code === diagnosticCodes.unusable);
  if (!refusal) return [...ofSchema, ...ofEngine];
  const property = document.propertyAt(refusal.range.start);
  const isSame = ({ range: { start } }: Diagnostic): boolean => property !== undefined && document.propertyAt(start) === property;
  if (!ofSchema.some(isSame)) return [...ofSchema, ...ofEngine];
  return ofSchema.map((diagnostic) => (isSame(diagnostic) ? { ...diagnostic, severity: DiagnosticSeverity.Error } : diagnostic));
}
