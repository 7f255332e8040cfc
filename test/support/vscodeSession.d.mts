import type { BrowserContext, Page } from 'playwright-core';

export interface CodeServerOptions {
  /** A packaged extension to install. */
  readonly vsix?: string;
  /** Added to the server's environment, and so to the extension's and the host's. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Added to the user's settings. */
  readonly userSettings?: Readonly<Record<string, unknown>>;
  /** Where its data lives and stays; default: a temporary folder that goes away. */
  readonly dataDirectory?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** VS Code treats folders as untrusted until the person says otherwise. */
  readonly asksForTrust?: boolean;
  readonly report?: (message: string) => void;
}

export interface CodeServer {
  /** Such as `http://127.0.0.1:40123`. */
  readonly origin: string;
  /** Such as `127.0.0.1:40123`. */
  readonly authority: string;
  /** The HOME of everything that runs in it. */
  readonly home: string;
  /** The address that opens a folder. */
  url(folder?: string): string;
  /** Ends the server and its process group, and removes its data. */
  stop(): Promise<void>;
}

export interface Browser {
  readonly context: BrowserContext;
  readonly page: Page;
  stop(): Promise<void>;
}

export interface BrowserOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Called before any page loads. */
  readonly prepare?: (context: BrowserContext) => Promise<void>;
}

export function startCodeServer(options?: CodeServerOptions): Promise<CodeServer>;
export function startBrowser(options?: BrowserOptions): Promise<Browser>;
