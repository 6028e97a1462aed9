/** Making a key and a self-signed certificate, and the files for them. */
import { X509Certificate } from 'node:crypto';
import { closeSync, fsyncSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { isHost, MAX_HOST } from './address.ts';
import { why } from './cli.ts';
import { pinOf } from './pin.ts';

/** Names and addresses that one certificate may hold. */
export const MAX_HOSTS = 100;

const YEARS = 100;
const DAY_MS = 86_400_000;
const MAX_COMMON_NAME = 64; // RFC 5280, appendix A: ub-common-name

/** A key and its certificate as PEM, and the pin of the key. */
export type Made = { key: string; cert: string; pin: string };

/** Whether a certificate can be for this: an address, the name of a host, or `*.` and a name. */
export function isCertHost(text: string): boolean {
  if (isIP(text) !== 0) return !text.includes('%');
  return isHost(text.replace(/^\*\./, '')) && !text.endsWith('.') && text.length <= MAX_HOST && isIP(text.replace(/^\*\./, '')) === 0;
}

/**
 * A new EC P-256 key and a certificate of it, signed by itself with SHA-256, for the hosts, which `isCertHost` has allowed. It is valid
 * from a day ago, since clocks differ, for 100 years: who is known by a pin does not expire.
 */
export async function makeCertificate(hosts: readonly string[]): Promise<Made> {
  const { default: selfsigned } = await import('selfsigned'); // with 21 packages: only where it is needed
  const from = new Date(Math.floor(Date.now() / 1000) * 1000 - DAY_MS);
  const until = new Date(from);
  until.setUTCFullYear(from.getUTCFullYear() + YEARS);
  const { private: key, cert } = await selfsigned.generate([{ name: 'commonName', value: (hosts[0] ?? '').slice(0, MAX_COMMON_NAME) }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: from,
    notAfterDate: until,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: hosts.map((host) => (isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host })) },
    ],
  });
  return { key: `${key.trimEnd()}\n`, cert: `${cert.trimEnd()}\n`, pin: pinOf(new X509Certificate(cert)) };
}

/** A file to be made, with the permissions it has from the first moment on. */
export type NewFile = { path: string; text: string; mode: number };

/**
 * Make all the files, or none: what exists is never overwritten, and what could not be written to the disk is removed again.
 * Synchronous, so that a signal that is listened to comes before or after. Throws Error `cannot make PATH: REASON`.
 */
export function makeFiles(files: readonly NewFile[]): void {
  const made: string[] = [];
  for (const { path, text, mode } of files) {
    try {
      const fd = openSync(path, 'wx', mode);
      made.push(path);
      try {
        writeFileSync(fd, text);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    } catch (err) {
      made.forEach((one) => unlinkSync(one));
      const reason = why(err) === 'EEXIST' ? 'it exists, and is never overwritten' : why(err);
      throw new Error(`cannot make ${path}: ${reason}`, { cause: err });
    }
  }
}
