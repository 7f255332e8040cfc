import { CompletionRequest, CodeActionRequest, CodeLensRequest, createFolderCommand, DidChangeDocument, DidCloseDocument, DidOpenDocument, DidSaveDocument, DocumentLinkRequest, ExecuteCommandRequest, HoverRequest, PublishDiagnostics, type LanguageOptions } from '../protocol/language.ts';
import type { Diagnostic } from 'vscode-json-languageservice';
import { BerthError } from '../protocol/errors.ts';
import type { LanguageFeatures } from '../services/language/languageFeatures.ts';
import type { HostProcess } from './hostServices.ts';
import { define, type Method, type RequestingClient } from './method.ts';
import { arrayOf, integer, object, optional, text, type Check } from './validate.ts';

/** Nobody writes a configuration of this size by hand. */
const longestDocument = 512 * 1024;
const mostDocuments = 64;

const uri = text({ maxLength: 8192 });
const anything: Check<unknown> = (value) => value ?? null;
const position = object({ line: integer(0), character: integer(0) });
const diagnostic: Check<Diagnostic> = (value, field) => ({ ...(value as Diagnostic), range: object({ start: position, end: position })((value as Diagnostic | null)?.range, `${field}.range`) });
const document = object({ uri });
const content = text({ allowEmpty: true, maxLength: longestDocument });

const opened = object({ textDocument: object({ uri, languageId: text({ maxLength: 64 }), version: integer(-(2 ** 31)), text: content }) });
const changed = object({ textDocument: object({ uri, version: integer(-(2 ** 31)) }), contentChanges: arrayOf(object({ text: content }), { min: 1, max: 100 }) });
const named = object({ textDocument: document });
const placed = object({ textDocument: document, position });
const acted = object({ textDocument: document, context: object({ diagnostics: arrayOf(diagnostic, { max: 1000 }) }) });
const executed = object({ command: text({ maxLength: 256 }), arguments: optional(arrayOf(anything, { max: 16 })) });

/** The language features of one client's documents; they are loaded when it opens the first. */
export class LanguageConnection {
  readonly #client: RequestingClient;
  readonly #host: HostProcess;
  #options: LanguageOptions = {};
  #features: Promise<LanguageFeatures> | undefined;
  readonly #open = new Set<string>();

  constructor(client: RequestingClient, host: HostProcess) {
    this.#client = client;
    this.#host = host;
  }

  configure(options: LanguageOptions): void {
    this.#options = options;
  }

  get features(): Promise<LanguageFeatures> {
    this.#features ??= this.#load();
    return this.#features;
  }

  /** Takes a notification of the client's; others than those about documents are not for us. */
  notified(method: string, params: unknown): void {
    const handle = this.#handlers.get(method);
    if (!handle) return;
    this.#later(() => handle(params));
  }

  readonly #handlers = new Map<string, (params: unknown) => Promise<void>>([
    [DidOpenDocument.method, async (params) => {
      const { textDocument } = opened(params, '');
      if (this.#open.size >= mostDocuments && !this.#open.has(textDocument.uri)) throw new BerthError('InvalidArgument', `No more than ${mostDocuments} documents can be open.`);
      this.#open.add(textDocument.uri);
      (await this.features).open(textDocument);
    }],
    [DidChangeDocument.method, async (params) => {
      const { textDocument, contentChanges } = changed(params, '');
      (await this.features).change(textDocument.uri, textDocument.version, contentChanges.at(-1)?.text ?? '');
    }],
    [DidSaveDocument.method, async (params) => {
      named(params, '');
      (await this.features).recheck();
    }],
    [DidCloseDocument.method, async (params) => {
      const { textDocument } = named(params, '');
      this.#open.delete(textDocument.uri);
      (await this.features).close(textDocument.uri);
    }],
  ]);

  async #load(): Promise<LanguageFeatures> {
    const [{ LanguageFeatures }, { HostSurroundings }, { images, containers }] = await Promise.all([
      import('../services/language/languageFeatures.ts'), import('../services/language/hostSurroundings.ts'), this.#host.services,
    ]);
    const surroundings = new HostSurroundings({ images, containers, environment: process.env, asksRegistries: this.#options.asksRegistries ?? false });
    const features = new LanguageFeatures(surroundings, (params) => this.#client.notify(PublishDiagnostics, params), (error) => this.#failed(error));
    const unsubscribe = images.onDidChange(() => features.recheck());
    const stop = (): void => {
      unsubscribe();
      features.dispose();
    };
    if (this.#client.gone.aborted) stop();
    else this.#client.gone.addEventListener('abort', stop, { once: true });
    return features;
  }

  #later(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#failed(error));
  }

  #failed(error: unknown): void {
    this.#host.log.warn('A configuration cannot be checked', { error: String(error) });
  }
}

/** textDocument/…: what editors ask about a devcontainer.json. */
export const languageMethods: readonly Method[] = [
  define(CompletionRequest, placed, async ({ textDocument, position: at }, { language }) => (await language.features).completion(textDocument.uri, at)),
  define(HoverRequest, placed, async ({ textDocument, position: at }, { language }) => (await language.features).hover(textDocument.uri, at)),
  define(CodeActionRequest, acted, async ({ textDocument, context }, { language }) => (await language.features).codeActions(textDocument.uri, context.diagnostics)),
  define(DocumentLinkRequest, named, async ({ textDocument }, { language }) => (await language.features).documentLinks(textDocument.uri)),
  define(CodeLensRequest, named, async ({ textDocument }, { language }) => (await language.features).codeLenses(textDocument.uri)),
  define(ExecuteCommandRequest, executed, async ({ command, arguments: words = [] }, { language }) => {
    if (command !== createFolderCommand) throw new BerthError('InvalidArgument', `There is no command “${command}”.`);
    await (await language.features).createFolder(String(words[0]), String(words[1]));
    return null;
  }),
];
