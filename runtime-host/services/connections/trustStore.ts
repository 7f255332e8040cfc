import { DiskReader } from '../../ext4/diskReader.ts';

/** Where distributions have all certificates that they trust in one file; vminitd adds ours to it (internal/trust). */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Alpine
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', // Fedora
  '/etc/ssl/ca-bundle.pem', // openSUSE
  '/etc/ca-certificates/extracted/tls-ca-bundle.pem', // Arch
];

/**
 * What tells programs that bring certificates of their own to trust the image's: Node.js and Python's requests, which both
 * fail or complain when the file is not there. So nothing for an image without one.
 * @param disk of the image
 */
export async function trustEnvironment(disk: string): Promise<string[]> {
  const reader = await DiskReader.open(disk);
  try {
    for (const path of bundles) {
      if (await reader.lookup(path, true)) return [`NODE_EXTRA_CA_CERTS=${path}`, `REQUESTS_CA_BUNDLE=${path}`];
    }
    return [];
  } finally {
    await reader.close();
  }
}
