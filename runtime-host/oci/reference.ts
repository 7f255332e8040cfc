import { BerthError } from '../protocol/errors.ts';
import { isDigest } from './digest.ts';

/*
 * Image references, as people type them (grammar: the distribution project's reference package):
 *
 *   [ domain '/' ] path [ ':' tag ] [ '@' digest ]
 *
 *   alpine                        docker.io / library/alpine   : latest
 *   team/app:1.2                  docker.io / team/app         : 1.2
 *   localhost:5000/app@sha256:…   localhost:5000 / app         @ sha256:…
 */
export interface Reference {
  /** Host and, where given, port: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly domain: string;
  /** The repository within the registry, such as `library/alpine`. */
  readonly repository: string;
  /** Absent only when there is a digest. */
  readonly tag?: string;
  readonly digest?: string;
}

const defaultDomain = 'docker.io';
const domainPattern = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::([0-9]{1,5}))?$/;
const pathComponentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const longestRepository = 255;

/**
 * Reads a reference and fills in what it leaves out. A tag beside a digest is dropped: the digest says it all.
 * @throws BerthError InvalidArgument, with what is wrong
 */
export function parseReference(text: string): Reference {
  const refuse = (reason: string): never => {
    throw new BerthError('InvalidArgument', `“${text}” is not a valid image name: ${reason}. An example of a valid one is registry.example:5000/team/app:1.2.`, { data: { reference: text } });
  };
  if (text === '') refuse('it is empty');
  const at = text.indexOf('@');
  const named = at === -1 ? text : text.slice(0, at);
  const digest = at === -1 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) refuse('what follows “@” is not a sha256 or sha512 digest');
  const { domain, remainder } = splitDomain(named);
  const colon = remainder.indexOf(':');
  const path = colon === -1 ? remainder : remainder.slice(0, colon);
  const tag = colon === -1 ? 'latest' : remainder.slice(colon + 1);
  const domainProblem = checkDomain(domain);
  if (domainProblem) refuse(domainProblem);
  const repository = domain === defaultDomain && !path.includes('/') ? `library/${path}` : path;
  const pathProblem = checkRepository(path, repository);
  if (pathProblem) refuse(pathProblem);
  if (!tagPattern.test(tag)) refuse(tag === '' ? 'the tag after “:” is empty' : 'a tag has up to 128 letters, digits, “_”, “.” and “-”, and starts with none of “.” and “-”');
  return digest === undefined ? { domain, repository, tag } : { domain, repository, digest };
}

/** The canonical text of a reference; parsing it gives the same reference again. */
export function formatReference(reference: Reference): string {
  const name = `${reference.domain}/${reference.repository}`;
  return reference.digest === undefined ? `${name}:${reference.tag ?? 'latest'}` : `${name}@${reference.digest}`;
}

/** Canonical text of what a person typed. @throws BerthError InvalidArgument */
export function normalizeReference(text: string): string {
  return formatReference(parseReference(text));
}

/** The first component is a domain when it looks like one; otherwise the image is one of Docker Hub's. */
function splitDomain(named: string): { domain: string; remainder: string } {
  const slash = named.indexOf('/');
  const first = named.slice(0, Math.max(slash, 0));
  const looksLikeDomain = /[.:]/.test(first) || first === 'localhost' || (first !== '' && first.toLowerCase() !== first);
  if (slash <= 0 || !looksLikeDomain) return { domain: defaultDomain, remainder: named };
  const domain = first === 'index.docker.io' ? defaultDomain : first;
  return { domain, remainder: named.slice(slash + 1) };
}

function checkDomain(domain: string): string | undefined {
  const match = domainPattern.exec(domain);
  if (!match) return `“${domain}” is not a host name with an optional port`;
  const port = match[1];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return `${port} is not a port number`;
  if (!URL.canParse(`http://${domain}`)) return `“${domain}” is not a host name or address`;
  return undefined;
}

function checkRepository(path: string, repository: string): string | undefined {
  if (path === '') return 'the name of the image is missing';
  if (path.toLowerCase() !== path) return 'the name of an image has no capital letters';
  if (!path.split('/').every((component) => pathComponentPattern.test(component))) {
    return 'each part of the name between slashes has lower-case letters and digits, joined by “.”, “_”, “__” or “-”';
  }
  if (/^[0-9a-f]{64}$/.test(path)) return 'it looks like an image ID; name the image by its repository instead';
  if (repository.length > longestRepository) return `the name is longer than ${longestRepository} characters`;
  return undefined;
}
