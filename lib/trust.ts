/** How a sender knows its receiver: by a pin, by a certificate file, by the file of known receivers, or by the system's authorities. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { showAddress, type Address } from './address.ts';
import { note, why } from './cli.ts';
import { certificate, parsePem } from './pem.ts';
import { pinOf } from './pin.ts';
import { findSetting, parseReceivers, readSetting, settingHomes } from './settings.ts';

/** Where distributions keep the authorities they trust: Debian and its kin, Fedora and its kin, SUSE, Alpine. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem', '/etc/ssl/cert.pem',
];

/** What the command line says about the receiver; none of both leaves it to the file `receivers` and to the system's authorities. */
export type TrustOptions = { pins: readonly string[]; ca: string | undefined };

/** One way to tell whether a peer is who it should be. `ca` is what its certificate is checked against, when a check is wanted. */
type Rule = { pins: readonly string[]; source: string; ca?: string[] | undefined; checkChain: boolean };

export class Trust {
  readonly #options: TrustOptions;
  readonly #identity: { key: string; cert: string } | undefined;
  #told = new Set<string>(); // problems of `receivers` that were told

  constructor(options: TrustOptions, identity?: { key: string; cert: string }) {
    this.#options = options;
    this.#identity = identity;
  }

  /** What applies to this receiver now: files are read anew, so that a pin that is added counts at the next attempt. */
  async check(address: Address): Promise<Check> {
    const rule = await this.#rule(address);
    const context = createSecureContext({
      minVersion: 'TLSv1.2',
      ...(rule.ca ? { ca: rule.ca } : {}),
      ...(this.#identity ? { key: this.#identity.key, cert: this.#identity.cert } : {}),
    });
    return new Check(rule, address, context);
  }

  async #rule(address: Address): Promise<Rule> {
    const { pins, ca } = this.#options;
    if (pins.length > 0) return { pins, source: '--pin', checkChain: false };
    if (ca !== undefined) return ruleOfFile(ca, await readSetting(ca));
    const path = findSetting('receivers');
    if (path !== undefined) {
      const { receivers, problems } = parseReceivers(await readSetting(path));
      for (const problem of problems) if (!this.#told.has(problem)) note(`${path}: ${problem}`);
      this.#told = new Set(problems);
      const known = receivers.get(showAddress(address.host, address.port));
      if (known) return { pins: known, source: path, checkChain: false };
    }
    return { pins: [], source: '', ca: systemAuthorities(), checkChain: true };
  }
}

/** A file with one certificate means its key; where that is an authority's, also what it has signed. Several are authorities. */
function ruleOfFile(path: string, text: string): Rule {
  const { certs } = parsePem(text);
  try {
    const list = certs.map(certificate);
    if (list[0] === undefined) throw new Error('no certificate in it');
    if (list.length > 1) return { pins: [], source: path, ca: certs, checkChain: true };
    return { pins: [pinOf(list[0])], source: path, ca: certs, checkChain: list[0].ca };
  } catch (err) {
    throw new Error(`cannot use ${path}: ${why(err)}`, { cause: err });
  }
}

/** PEM bundle of the system's authorities, or undefined: then Node's own are taken. */
function systemAuthorities(): string[] | undefined {
  for (const path of [process.env['SSL_CERT_FILE'] ?? '', ...SYSTEM_BUNDLES]) {
    if (path === '') continue;
    try {
      return [readFileSync(path, 'latin1')];
    } catch {
      // not this distribution
    }
  }
  return undefined;
}

/** The check of one connection. */
export class Check {
  readonly context: SecureContext;
  readonly #rule: Rule;
  readonly #address: Address;
  #pin: string | undefined; // of the peer

  constructor(rule: Rule, address: Address, context: SecureContext) {
    this.#rule = rule;
    this.#address = address;
    this.context = context;
  }

  /** Why the peer of an established connection is not trusted; undefined when it is. */
  problem(socket: TLSSocket): string | undefined {
    const leaf = socket.getPeerX509Certificate();
    if (!leaf) return 'it shows no certificate';
    const pin = pinOfLeaf(leaf);
    this.#pin = pin;
    const { pins, source, checkChain } = this.#rule;
    if (pin !== undefined && pins.includes(pin)) return undefined;
    if (checkChain && socket.authorized) return undefined;
    const fact = checkChain ? String(socket.authorizationError ?? 'not verified') : '';
    if (source === '') return this.#unknown(pin, fact);
    return `its key ${pin ?? ''} is not the one in ${source}${fact && ` (${fact})`}`;
  }

  /** What the peer is trusted for, once `problem` has found none. */
  get reason(): string {
    const { pins, source } = this.#rule;
    if (this.#pin !== undefined && pins.includes(this.#pin)) return `${this.#pin}, as in ${source}`;
    return `a certificate for ${this.#address.host} by an authority ${source === '' ? 'that this system trusts' : `in ${source}`}`;
  }

  #unknown(pin: string | undefined, fact: string): string {
    const { host, port } = this.#address;
    const file = join(settingHomes()[0] ?? '/etc/lm', 'receivers');
    return `not trusted (${fact}); if this is its pin, add to ${file} the line: ${showAddress(host, port)} ${pin ?? ''}`;
  }
}

function pinOfLeaf(leaf: X509Certificate): string | undefined {
  try {
    return pinOf(leaf);
  } catch {
    return undefined; // a kind of key that Node does not know
  }
}
