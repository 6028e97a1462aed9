/** Who a command is to others: the key and certificate out of one file. */
import { stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { note, why } from './cli.ts';
import { certificate, parsePem, privateKey } from './pem.ts';
import { pinOf } from './pin.ts';
import { readSetting } from './settings.ts';

/** PEM texts as node:tls takes them (`cert` with what follows the leaf, if anything), and the pin of the key. */
export type Identity = { key: string; cert: string; pin: string };

/** Key and certificate of a PEM text, found fit for TLS. Throws Error with the fact. */
export function parseIdentity(text: string): Identity {
  const { key, certs } = parsePem(text);
  if (key === undefined) throw new Error('no private key in it');
  if (certs[0] === undefined) throw new Error('no certificate in it');
  const leaf = certificate(certs[0]);
  if (!leaf.checkPrivateKey(privateKey(key))) throw new Error('its key and its certificate do not belong together');
  const cert = certs.join('');
  try {
    createSecureContext({ key, cert });
  } catch (err) {
    throw new Error(`not fit for TLS: ${why(err)}`, { cause: err });
  }
  return { key, cert, pin: pinOf(leaf) };
}

/**
 * Read such a file; notes when others than its owner and group may read it.
 * Rejects with `cannot read PATH: REASON` or `cannot use PATH: REASON`.
 */
export async function readIdentity(path: string): Promise<Identity> {
  const text = await readSetting(path);
  const stats = await stat(path).catch(() => undefined);
  try {
    const identity = parseIdentity(text);
    if (stats?.isFile() && (stats.mode & 0o004) !== 0) note(`others may read the private key in ${path}: chmod o= ${path}`);
    return identity;
  } catch (err) {
    throw new Error(`cannot use ${path}: ${why(err)}`, { cause: err });
  }
}
