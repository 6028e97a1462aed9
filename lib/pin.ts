/** Pins: how one side knows the other, by the hash of its public key. */
import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';

// 43 characters hold 258 bits, two more than a SHA-256: only these last ones leave the two zero, so that a key has one spelling.
const PIN = /^sha256:[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** Whether the text is a pin, `sha256:` and 43 characters of base64url. */
export function isPin(text: string): boolean {
  return PIN.test(text);
}

/** The pin of a public key, or of the public half of a private one: SHA-256 of its SubjectPublicKeyInfo (RFC 7469, 2.4). */
export function pinOfKey(key: KeyObject): string {
  return `sha256:${createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('base64url')}`;
}

/** The pin of a certificate's key: a new certificate for the same key keeps it. Throws Error for kinds of keys that Node does not know. */
export function pinOf(cert: X509Certificate): string {
  return pinOfKey(cert.publicKey);
}
