export interface RegistryServerOptions {
  /** Kept after `stop()`; without it the data lives in a temporary directory that goes away. */
  readonly dataDirectory?: string;
  /** 0, the default, for a free one. */
  readonly port?: number;
  /** The `auth` section of the registry's configuration. */
  readonly auth?: Readonly<Record<string, unknown>>;
  /** The `http.tls` section: paths of the certificate and its key. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly disableUploadPurging?: boolean;
}

export interface RegistryServer {
  /** `localhost:PORT` */
  readonly host: string;
  readonly port: number;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

export function startRegistryServer(options?: RegistryServerOptions): Promise<RegistryServer>;
