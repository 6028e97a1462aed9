/** PEM (RFC 7468): the blocks of a file that holds keys and certificates, and whose pin that file tells. */
import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { pinOf, pinOfKey } from './pin.ts';

type Block = { label: string; text: string };

/** What a file holds of one identity: the first key, and all certificates in their order, the leaf first. */
export type Pem = { key: string | undefined; certs: string[]; publicKey: string | undefined };

/** The blocks of a text, each from its BEGIN line to the END line of the same label. */
function blocks(text: string): Block[] {
  const found: Block[] = [];
  let open: { label: string; lines: string[] } | undefined;
  for (const given of text.split('\n')) {
    const line = given.trimEnd();
    const [, mark, label = ''] = /^-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----$/.exec(line) ?? [];
    if (mark === 'BEGIN') open = { label, lines: [] };
    open?.lines.push(line);
    if (mark !== 'END') continue;
    if (open?.label === label) found.push({ label, text: `${open.lines.join('\n')}\n` });
    open = undefined;
  }
  return found;
}

/** Read the blocks; whatever stands around them is left out, as in files of `openssl x509 -text`. */
export function parsePem(text: string): Pem {
  const all = blocks(text);
  const first = (kind: RegExp): string | undefined => all.find((block) => kind.test(block.label))?.text;
  const certs = all.filter((block) => /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(block.label)).map((block) => block.text);
  return { key: first(/PRIVATE KEY$/), certs, publicKey: first(/^PUBLIC KEY$/) };
}

/** A private key out of its block. Throws Error with the fact. */
export function privateKey(pem: string): KeyObject {
  if (/^(?:-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED)/m.test(pem)) {
    throw new Error('its private key is encrypted, and no passphrase is asked for');
  }
  try {
    return createPrivateKey(pem);
  } catch (err) {
    throw new Error('its private key is damaged, or of an unknown kind', { cause: err });
  }
}

/** A certificate out of its block, or DER. Throws Error with the fact. */
export function certificate(bytes: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch (err) {
    throw new Error('its certificate is damaged', { cause: err });
  }
}

function publicKeyOf(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch (err) {
    throw new Error('its public key is damaged, or of an unknown kind', { cause: err });
  }
}

/** The pin that a file tells: of its first certificate, else of its key; the file may be PEM or a certificate in DER. Throws Error. */
export function pinOfFile(bytes: Buffer): string {
  const { key, certs, publicKey } = parsePem(bytes.toString('latin1'));
  if (certs[0] !== undefined) return pinOf(certificate(certs[0]));
  if (key !== undefined) return pinOfKey(createPublicKey(privateKey(key)));
  if (publicKey !== undefined) return pinOfKey(publicKeyOf(publicKey));
  if (bytes[0] === 0x30) return pinOf(certificate(bytes));
  throw new Error('no certificate and no key in it');
}
