import { BerthError } from '../protocol/errors.ts';
import { refusal } from './registryErrors.ts';
import { isLoopbackHost } from './registryHttp.ts';
import type { RegistryHttp } from './registryHttp.ts';

/*
 * Token authentication as registries do it (distribution project, "Token Authentication Specification"):
 *
 *   client → registry      GET /v2/app/manifests/1
 *   registry → client      401, WWW-Authenticate: Bearer realm="https://auth.example/token",service="…",scope="…"
 *   client → realm         GET ?service=…&scope=repository:app:pull       (no credentials: an anonymous token)
 *   realm → client         {"token": "…", "expires_in": 300}
 *   client → registry      GET /v2/app/manifests/1, Authorization: Bearer …
 */

/** One challenge of a WWW-Authenticate header (RFC 9110 section 11.6.1). Scheme and names are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameterPattern = new RegExp(`^\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))\\s*(?:,|$)`);
const schemePattern = new RegExp(`^\\s*(${token})(?:\\s+|\\s*,|\\s*$)`);

/** The challenges of a header; what cannot be read ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (let rest = header.replace(/^[\s,]+/, ''); rest !== '';) {
    const parameter = parameterPattern.exec(rest);
    const current = challenges.at(-1);
    if (parameter && current) {
      const [whole, name = '', quoted, plain] = parameter;
      current.parameters.set(name.toLowerCase(), plain ?? (quoted ?? '').replace(/\\(.)/g, '$1'));
      rest = rest.slice(whole.length);
      continue;
    }
    const scheme = schemePattern.exec(rest);
    if (!scheme) break;
    challenges.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters: new Map() });
    rest = rest.slice(scheme[0].length).replace(/^[\s,]+/, '');
  }
  return challenges;
}

const largestTokenAnswer = 1024 * 1024;
const defaultLifetimeSeconds = 60;
/** A token is not used in the last seconds of its life, so that it does not end on its way. */
const safetyMarginSeconds = 5;

/** Fetches anonymous tokens and remembers them for as long as they live; one for each registry and pull. */
export class TokenSource {
  readonly #http: RegistryHttp;
  readonly #registryHost: string;
  readonly #tokens = new Map<string, { readonly authorization: string; readonly expires: number }>();

  constructor(http: RegistryHttp, registryHost: string) {
    this.#http = http;
    this.#registryHost = registryHost;
  }

  /** The Authorization header for a repository, if there is a token that lives. */
  current(repository: string): string | undefined {
    const entry = this.#tokens.get(repository);
    return entry && entry.expires > performance.now() ? entry.authorization : undefined;
  }

  /**
   * Answers a registry's challenge with a new token.
   * @throws BerthError RegistryRefused when the registry wants credentials, or the token service says no
   */
  async answer(header: string | undefined, repository: string, signal: AbortSignal): Promise<string> {
    const challenges = parseChallenges(header ?? '');
    const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
    if (!bearer) throw this.#credentialsWanted(challenges.map((challenge) => challenge.scheme));
    const { value, lifetimeSeconds } = await this.#fetchToken(this.#tokenAddress(bearer, repository), signal);
    const authorization = `Bearer ${value}`;
    this.#tokens.set(repository, { authorization, expires: performance.now() + (lifetimeSeconds - safetyMarginSeconds) * 1000 });
    return authorization;
  }

  #credentialsWanted(schemes: readonly string[]): BerthError {
    const how = schemes.includes('basic') ? 'a user name and a password' : 'a way of signing in that Berth does not know';
    return new BerthError('RegistryRefused', `The registry ${this.#registryHost} wants ${how}. Berth cannot sign in to registries yet; use one that allows anonymous pulls.`, { data: { registry: this.#registryHost, status: 401 } });
  }

  #tokenAddress(challenge: Challenge, repository: string): URL {
    const realm = challenge.parameters.get('realm') ?? '';
    const url = URL.canParse(realm) ? new URL(realm) : undefined;
    const registryIsLocal = isLoopbackHost(new URL(`http://${this.#registryHost}`).hostname);
    if (!url || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname) && registryIsLocal))) {
      throw new BerthError('RegistryRefused', `The registry ${this.#registryHost} names no usable address to get a token from (“${realm}”).`, { data: { registry: this.#registryHost } });
    }
    const service = challenge.parameters.get('service');
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.set('scope', challenge.parameters.get('scope') ?? `repository:${repository}:pull`);
    return url;
  }

  async #fetchToken(url: URL, signal: AbortSignal): Promise<{ value: string; lifetimeSeconds: number }> {
    const response = await this.#http.get(url, { accept: 'application/json' }, undefined, signal);
    if (response.status !== 200) {
      response.discard();
      throw refusal(response, url.host, 'a token for this image');
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body) {
      size += chunk.length;
      if (size > largestTokenAnswer) break;
      chunks.push(chunk);
    }
    return parseTokenAnswer(Buffer.concat(chunks).toString('utf8'), url.host);
  }
}

function parseTokenAnswer(text: string, host: string): { value: string; lifetimeSeconds: number } {
  const invalid = (cause?: unknown): BerthError => new BerthError('RegistryRefused', `The token service ${host} gave an answer without a token.`, { cause, data: { registry: host } });
  let answer: Record<string, unknown>;
  try {
    answer = Object(JSON.parse(text)) as Record<string, unknown>;
  } catch (cause) {
    throw invalid(cause);
  }
  const value = answer['token'] || answer['access_token'];
  // A token goes into a header: it must not be able to end the line.
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) throw invalid();
  const lifetime = answer['expires_in'];
  return { value, lifetimeSeconds: typeof lifetime === 'number' && lifetime > 0 ? lifetime : defaultLifetimeSeconds };
}
