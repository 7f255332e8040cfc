import * as imported from 'vscode-json-languageservice';

type Library = typeof imported;

/** Node sees the package's CommonJS form, whose exports it cannot tell by name; the bundler takes the ES modules, which have no default. */
const { default: commonJs, ...named } = { ...imported } as unknown as Library & { readonly default?: Library };

export const { getLanguageService, TextDocument, DiagnosticSeverity, InsertTextFormat } = commonJs ?? (named as Library);
