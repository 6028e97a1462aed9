#!/usr/bin/env node
/** lm-cert: make a key and a certificate, or print the pin of one. */
import { hostname } from 'node:os';
import { parseAddress } from '../lib/address.ts';
import { isCertHost, makeCertificate, makeFiles, MAX_HOSTS } from '../lib/cert.ts';
import { EXIT, note, onStop, print, run, UsageError, why, type Args, type Command } from '../lib/cli.ts';
import { openStdin } from '../lib/input.ts';
import { pinOfFile } from '../lib/pem.ts';
import { MAX_TEXT } from '../lib/rows.ts';
import { readSmall, RECEIVER_PORT } from '../lib/settings.ts';

const CONNECT_MS = 10_000;

const command: Command = {
  name: 'lm-cert',
  about: 'make a key and a certificate, or print the pin of one',
  operands: '[name [host ...]]',
  options: {
    connect: { letter: 'c', value: 'host[:port]', help: 'print the pin that the server there presents, unverified' },
    print: { letter: 'p', value: 'file', help: 'print the pin of the certificate or key in the file' },
  },
};

/** The whole of a small file; `-` is standard input. */
async function readFile(path: string): Promise<Buffer> {
  if (path !== '-') return readSmall(path);
  const chunks: Buffer[] = [];
  const input = openStdin();
  for await (const chunk of input) {
    chunks.push(Buffer.from(chunk)); // the chunk is used again
    if (input.bytes > MAX_TEXT) throw new Error('cannot read standard input: longer than 1 MiB');
  }
  return Buffer.concat(chunks);
}

async function pinIn(path: string): Promise<string> {
  const bytes = await readFile(path);
  try {
    return pinOfFile(bytes);
  } catch (err) {
    throw new Error(`cannot use ${path === '-' ? 'standard input' : path}: ${why(err)}`, { cause: err });
  }
}

async function pinAt(where: string): Promise<string> {
  let address;
  try {
    address = parseAddress(where, RECEIVER_PORT);
  } catch (err) {
    throw new UsageError(`option --connect: ${why(err)}`);
  }
  const { presentedPin } = await import('../lib/presented.ts');
  const pin = await presentedPin(address, CONNECT_MS);
  note('unverified: anyone in between could have presented this pin, so compare it with what lm-cert -p prints on that machine');
  return pin;
}

/** The operands as what to make: a name of files, or `-`, and for which hosts. */
function wanted([name, ...given]: string[]): { name: string; hosts: string[] } {
  if (name === undefined) throw new UsageError('no name given');
  if (/(?:^|\/)\.{0,2}$/.test(name)) throw new UsageError(`${name === '' ? 'an empty text' : name} cannot be the name of a file`);
  const ending = /\.(?:pem|crt)$/.exec(name)?.[0];
  if (ending) throw new UsageError(`give the name without ${ending}: ${name.slice(0, -ending.length)}`);
  const hosts = given.length > 0 ? given : [hostname()];
  const odd = hosts.find((host) => !isCertHost(host));
  if (odd !== undefined) throw new UsageError(`${odd} is no host name and no address`);
  if (new Set(hosts).size < hosts.length) throw new UsageError('a host is given twice');
  if (hosts.length > MAX_HOSTS) throw new UsageError(`more than ${MAX_HOSTS} hosts given`);
  return { name, hosts };
}

async function make(operands: string[]): Promise<number> {
  const { name, hosts } = wanted(operands);
  const { key, cert, pin } = await makeCertificate(hosts);
  if (name === '-') {
    print(key + cert);
    note(`pin ${pin}`);
    return EXIT.ok;
  }
  onStop(() => {}); // both files or none
  makeFiles([{ path: `${name}.pem`, text: key + cert, mode: 0o600 }, { path: `${name}.crt`, text: cert, mode: 0o644 }]);
  print(`${pin}\n`);
  return EXIT.ok;
}

void run(command, async (args: Args) => {
  const [connect, file] = [args.value('connect'), args.value('print')];
  if (connect === undefined && file === undefined) return make(args.operands);
  if (connect !== undefined && file !== undefined) throw new UsageError('options --connect and --print exclude each other');
  if (args.operands.length > 0) throw new UsageError(`option --${connect === undefined ? 'print' : 'connect'} takes no operand`);
  print(`${connect === undefined ? await pinIn(file ?? '') : await pinAt(connect)}\n`);
  return EXIT.ok;
});
