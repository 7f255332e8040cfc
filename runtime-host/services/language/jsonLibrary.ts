import * as imported from 'vscode-json-languageservice';

/** Node sees the package's CommonJS form, whose exports it cannot tell by name; the bundler takes the ES modules, which have no default. */
const library = (imported as unknown as { readonly default?: typeof imported }).default ?? imported;

export const { getLanguageService, TextDocument, DiagnosticSeverity, InsertTextFormat } = library;
