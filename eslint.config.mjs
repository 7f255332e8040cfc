import boundaries from 'eslint-plugin-boundaries';
import tseslint from 'typescript-eslint';

const engines = ['oci', 'ext4', 'vm', 'guest', 'net', 'store'];
const hostLayer = (name) => ({ type: name, pattern: `runtime-host/${name}` });

/** What each layer may import, besides itself (ARCHITECTURE.md, "Where things live"). */
const allowed = {
  protocol: [],
  base: ['protocol'],
  ...Object.fromEntries(engines.map((name) => [name, ['base', 'protocol']])),
  services: [...engines, 'devcontainer', 'base', 'protocol'],
  rpc: ['services', 'base', 'protocol'],
  main: ['rpc', 'services', ...engines, 'devcontainer', 'base', 'protocol'],
  devcontainer: ['protocol'],
  client: ['protocol'],
  cli: ['client', 'devcontainer', 'protocol'],
  extension: ['client', 'devcontainer', 'protocol'],
};

export default tseslint.config(
  { ignores: ['**/node_modules/**', 'dist/**', 'out/**', 'artifacts/**', '**/gen/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-empty': ['error', { allowEmptyCatch: false }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.test.ts', 'test/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', name: ['test', 'describe', 'it', 'suite'], package: 'node:test' }] }] },
  },
  {
    files: ['runtime-host/**/*.ts', 'extension/**/*.ts'],
    ignores: ['**/*.test.ts'],
    plugins: { boundaries },
    settings: {
      'boundaries/elements': [
        ...['protocol', 'base', ...engines, 'services', 'rpc', 'devcontainer', 'client', 'cli'].map(hostLayer),
        { type: 'main', pattern: 'runtime-host' },
        { type: 'extension', pattern: 'extension' },
      ],
      'import/resolver': { node: { extensions: ['.ts'] } },
    },
    rules: {
      'boundaries/no-unknown-files': 'error',
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            ...Object.entries(allowed).map(([from, to]) => ({
              from: { element: { type: from } },
              allow: { to: { element: { types: { anyOf: [from, ...to] } } } },
            })),
            { allow: { to: { module: { origin: ['external', 'core'] } } } },
          ],
        },
      ],
    },
  },
  {
    files: ['runtime-host/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: [{ name: 'vscode', message: 'The runtime host runs without VS Code.' }] }] },
  },
);
