/** Berth's version, the same as in package.json (a test compares them); bundles carry no package.json. */
export const version = '0.1.0';

/** Rises when a change is not compatible; a client and a host with different numbers refuse each other. */
export const protocolVersion = 1;

/** Response headers of the host on every WebSocket upgrade, so that a client knows whom it talks to before it speaks. */
export const versionHeader = 'berth-version';
export const protocolHeader = 'berth-protocol';

/** The oldest Node that the runtime host and the CLI run on (zstd in node:zlib). */
export const minimumNode = [22, 15] as const;

/** What an LSP client reads in `capabilities.experimental` of the answer to `initialize`. */
export interface BerthCapabilities {
  readonly berth: { readonly protocolVersion: number };
}
