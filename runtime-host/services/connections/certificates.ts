import { X509Certificate } from 'node:crypto';
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '../../base/log.ts';

/** Where users and administrators put certificates that the whole machine is to trust; update-ca-certificates(8), update-ca-trust(8). */
const directories = [
  '/usr/local/share/ca-certificates', // Debian, Alpine
  '/etc/pki/ca-trust/source/anchors', // Fedora
  '/etc/ca-certificates/trust-source/anchors', // Arch
  '/etc/pki/trust/anchors', // openSUSE
];
/** Keychains of macOS that hold what was added; the certificates that come with it are elsewhere. */
const keychain = '/Library/Keychains/System.keychain';

const maximumCertificates = 100;
const maximumFiles = 1000;
const maximumFileBytes = 1024 * 1024;
/** A bundle that holds more is the machine's whole trust store, which containers have one of their own of. */
const mostOfFewCertificates = 20;

/** Where else certificates may be, for tests. */
export interface CertificatePlaces {
  readonly directories?: readonly string[];
  readonly keychain?: string | undefined;
}

/**
 * The certificates that were added to this machine, as PEM, one each; in the order of their places, none twice. What cannot
 * be read, or is no certificate, is left out.
 * @param environment BERTH_CA_CERTIFICATES names a file or a directory more; NODE_EXTRA_CA_CERTS and SSL_CERT_FILE count
 *   when they hold few
 */
export async function hostCertificates(environment: NodeJS.ProcessEnv, log: Logger, places: CertificatePlaces = {}): Promise<string[]> {
  const { BERTH_CA_CERTIFICATES: given, NODE_EXTRA_CA_CERTS: node, SSL_CERT_FILE: openssl } = environment;
  const asked = given ? await certificatesBelow(given) : [];
  if (given && asked.length === 0) log.warn('BERTH_CA_CERTIFICATES names no certificates', { path: given });
  const system = await Promise.all((places.directories ?? directories).map(certificatesBelow));
  const bundles = await Promise.all([node, openssl].map((path) => (path ? certificatesIn(path, mostOfFewCertificates) : [])));
  const found = [...asked, ...system.flat(), ...bundles.flat(), ...(await keychainCertificates(places))];
  const distinct = [...new Map(found.map((certificate) => [certificate.fingerprint256, certificate])).values()];
  if (distinct.length > maximumCertificates) log.warn('Not all of this machine’s added certificates are passed on', { found: distinct.length, passedOn: maximumCertificates });
  return distinct.slice(0, maximumCertificates).map((certificate) => certificate.toString());
}

/**
 * Certificates in PEM or DER; empty when there are none.
 * @param most also empty when there are more
 */
export function parseCertificates(content: Buffer, most = Infinity): X509Certificate[] {
  const blocks = content.toString('latin1').match(/-----BEGIN (?:X509 )?CERTIFICATE-----[^-]+-----END (?:X509 )?CERTIFICATE-----/g);
  if (blocks && blocks.length > most) return []; // To read them takes time.
  return (blocks ?? [content]).flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

async function certificatesBelow(path: string): Promise<X509Certificate[]> {
  const kind = await stat(path).catch(() => undefined);
  if (!kind?.isDirectory()) return certificatesIn(path);
  const names = await readdir(path, { recursive: true }).catch(() => []);
  const files = names.filter((name) => /\.(crt|pem|cer|der)$/i.test(name)).sort().slice(0, maximumFiles);
  const found: X509Certificate[] = [];
  for (const name of files) found.push(...(await certificatesIn(join(path, name))));
  return found;
}

async function certificatesIn(path: string, most?: number): Promise<X509Certificate[]> {
  const kind = await stat(path).catch(() => undefined);
  if (!kind?.isFile() || kind.size > maximumFileBytes) return [];
  return parseCertificates(await readFile(path).catch(() => Buffer.alloc(0)), most);
}

async function keychainCertificates(places: CertificatePlaces): Promise<X509Certificate[]> {
  if (process.platform !== 'darwin' || ('keychain' in places && places.keychain === undefined)) return [];
  const found = await promisify(execFile)('/usr/bin/security', ['find-certificate', '-a', '-p', places.keychain ?? keychain], { maxBuffer: maximumFileBytes, timeout: 10_000, encoding: 'buffer' }).catch(() => undefined);
  return found ? parseCertificates(found.stdout) : [];
}
