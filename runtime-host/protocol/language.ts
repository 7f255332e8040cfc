import { NotificationType, RequestType } from 'vscode-jsonrpc';
import type { CompletionList, Diagnostic, DocumentLink, Hover, Position, Range, TextEdit, Command } from 'vscode-json-languageservice';

/*
 * The part of the Language Server Protocol 3.17 that the runtime host answers, for the devcontainer.json files that a
 * client has open. Documents are sent whole.
 */

export interface DocumentParams {
  readonly textDocument: { readonly uri: string };
}

export interface PositionParams extends DocumentParams {
  readonly position: Position;
}

export interface CodeAction {
  readonly title: string;
  readonly kind: 'quickfix';
  readonly diagnostics?: readonly Diagnostic[];
  readonly isPreferred?: boolean;
  readonly edit?: { readonly changes: Readonly<Record<string, readonly TextEdit[]>> };
  readonly command?: Command;
}

export interface CodeLens {
  readonly range: Range;
  readonly command: Command;
}

export const DidOpenDocument = new NotificationType<{ readonly textDocument: { readonly uri: string; readonly languageId: string; readonly version: number; readonly text: string } }>('textDocument/didOpen');
export const DidChangeDocument = new NotificationType<{ readonly textDocument: { readonly uri: string; readonly version: number }; readonly contentChanges: readonly { readonly text: string }[] }>('textDocument/didChange');
export const DidSaveDocument = new NotificationType<DocumentParams>('textDocument/didSave');
export const DidCloseDocument = new NotificationType<DocumentParams>('textDocument/didClose');

export const CompletionRequest = new RequestType<PositionParams, CompletionList | null, void>('textDocument/completion');
export const HoverRequest = new RequestType<PositionParams, Hover | null, void>('textDocument/hover');
export const CodeActionRequest = new RequestType<DocumentParams & { readonly context: { readonly diagnostics: readonly Diagnostic[] } }, CodeAction[], void>('textDocument/codeAction');
export const DocumentLinkRequest = new RequestType<DocumentParams, DocumentLink[], void>('textDocument/documentLink');
export const CodeLensRequest = new RequestType<DocumentParams, CodeLens[], void>('textDocument/codeLens');
export const ExecuteCommandRequest = new RequestType<{ readonly command: string; readonly arguments?: readonly unknown[] }, null, void>('workspace/executeCommand');

export const PublishDiagnostics = new NotificationType<{ readonly uri: string; readonly version: number; readonly diagnostics: readonly Diagnostic[] }>('textDocument/publishDiagnostics');

/** Makes a folder of this machine that a mount needs: `[uri, path]`. */
export const createFolderCommand = 'berth-language.createFolder';

/** What a client says of itself in `initializationOptions`. */
export interface LanguageOptions {
  /** Whether registries that files name may be asked. */
  readonly asksRegistries?: boolean;
}

/** What the host says that it can do, in its answer to `initialize`. */
export const languageCapabilities = {
  textDocumentSync: { openClose: true, change: 1 /* whole documents */, save: true },
  completionProvider: { triggerCharacters: ['"', ':', '/', '{', '.'] },
  hoverProvider: true,
  codeActionProvider: { codeActionKinds: ['quickfix'] },
  documentLinkProvider: {},
  codeLensProvider: {},
  executeCommandProvider: { commands: [createFolderCommand] },
} as const;
