import { BerthError } from '../protocol/errors.ts';
import { formatSeconds } from './format.ts';
import type { HttpResponse } from './registryHttp.ts';

const largestErrorBody = 16 * 1024;
const certificateErrors = [
  'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'CERT_UNTRUSTED', 'CERT_SIGNATURE_FAILURE', 'ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH',
];

const passingErrors = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ETIMEDOUT', 'ECONNREFUSED', 'EAI_AGAIN', 'ENOTFOUND', 'ENETUNREACH', 'ENETDOWN', 'EHOSTUNREACH'];

/** What a failed exchange with a registry means to the user. Errors that say it already pass unchanged. */
export function explainFailure(error: unknown, host: string, signal: AbortSignal): BerthError {
  if (signal.aborted) return signal.reason instanceof BerthError ? signal.reason : new BerthError('Cancelled', 'The operation was cancelled.', { cause: error });
  if (error instanceof BerthError) return error;
  const code = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? '') : '';
  return new BerthError('RegistryUnreachable', unreachableSentence(code, error, host), { cause: error, data: { registry: host } });
}

/**
 * Whether what went wrong while a blob was on its way may be over in a moment: the network was away, the server was
 * silent, busy or had a problem of its own.
 */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof BerthError)) return error instanceof Error && passingErrors.includes((error as NodeJS.ErrnoException).code ?? '');
  const status = error.data?.['status'];
  return error.code === 'RegistryTimeout' || (typeof status === 'number' && (status === 429 || status >= 500));
}

function unreachableSentence(code: string, error: unknown, host: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `The registry ${host} was not found. Check its name and the network.`;
  if (code === 'ECONNREFUSED') return `Nothing answers at the registry ${host}. Check that it is running and that its name and port are right.`;
  if (certificateErrors.includes(code)) return `The certificate of the registry ${host} is not trusted (${code}). Add its authority to those that NODE_EXTRA_CA_CERTS names, or check that this is the right registry.`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS')) return `No secure connection to the registry ${host} could be made. Berth speaks HTTP only to registries on this machine.`;
  if (code.startsWith('HPE_')) return `What answers at ${host} is not a registry: it does not speak HTTP.`;
  if (code === 'ECONNRESET' || code === 'EPIPE') return `The registry ${host} closed the connection without an answer. Try again later.`;
  return `The registry ${host} cannot be reached: ${error instanceof Error ? error.message : String(error)}. Check the network.`;
}

/** The codes of an error answer (distribution-spec, "Error Codes"), none when it has no such body. */
export async function readErrorCodes(response: HttpResponse): Promise<string[]> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > largestErrorBody) break;
    chunks.push(chunk);
  }
  try {
    const { errors } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { errors?: unknown };
    return Array.isArray(errors) ? errors.flatMap(({ code }: { code?: unknown }) => (typeof code === 'string' ? [code] : [])) : [];
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return [];
    throw error;
  }
}

/** An answer that says no, other than "not found", as an error for the user. */
export function refusal(response: HttpResponse, host: string, what: string): BerthError {
  const { status } = response;
  return new BerthError('RegistryRefused', `${refusalSentence(response, host, what)} (HTTP status ${status})`, { data: { registry: host, status } });
}

function refusalSentence({ status, headers }: HttpResponse, host: string, what: string): string {
  if (status === 401 || status === 403) return `The registry ${host} does not give out ${what}: it does not exist there, or it is private. Berth cannot sign in to registries yet.`;
  if (status === 429) return `The registry ${host} has had too many requests from here. Try again ${retryAfter(headers['retry-after'])}.`;
  if (status >= 500) return `The registry ${host} has a problem of its own. Try again later.`;
  return `The registry ${host} refused to give out ${what}.`;
}

function retryAfter(header: string | undefined): string {
  const seconds = Number(header);
  return header !== undefined && Number.isFinite(seconds) ? `in ${formatSeconds(seconds * 1000)}` : 'later';
}
