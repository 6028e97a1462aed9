#!/usr/bin/env node
/** lm-tls-send: carry the lines of standard input to a receiver over TLS, and survive every outage on the way. */
import type { Address } from '../lib/address.ts';
import { note, optionOf, run, UsageError, type Args, type Command } from '../lib/cli.ts';
import type { Identity } from '../lib/identity.ts';
import { openStdin } from '../lib/input.ts';
import { Notices } from '../lib/notices.ts';
import { parseSize, parseTime } from '../lib/quantity.ts';
import type { SyncMode } from '../lib/spool.ts';
import type { Store } from '../lib/store.ts';
import type { UplinkOptions } from '../lib/uplink.ts';
import type { OnFull } from '../lib/window.ts';

const command: Command = {
  name: 'lm-tls-send',
  about: 'carry lines to a receiver over TLS, each once and in order, through every outage',
  operands: 'host[:port] ...',
  options: {
    check: { help: 'try the way to each receiver step by step, send nothing' },
    ca: { value: 'file', help: 'certificate of the receiver, or of authorities, PEM' },
    key: { letter: 'k', value: 'file', help: 'own key and certificate, PEM (default sender.pem among the settings, if it is there)' },
    'on-full': { value: 'block|drop-oldest', default: 'block', help: 'when there is no room: let the writer wait, or drop old lines' },
    pin: { value: 'sha256:...', many: true, help: 'pin of the receiver, as lm-cert prints it' },
    raw: { help: 'send to a plain TLS receiver: no acknowledgements' },
    spool: { letter: 's', value: 'dir', help: 'keep lines on disk until they are acknowledged' },
    'spool-max': { value: 'size', default: '1G', help: 'most that the spool may take' },
    'spool-sync': { value: 'always|interval|never', default: 'interval', help: 'when lines are brought to the disk itself' },
    timeout: { letter: 't', value: 'time', help: 'how long to go on sending after SIGTERM or SIGINT (default 10s, with --spool 1s)' },
    verbose: { letter: 'v', help: 'show rates on stderr' },
    window: { letter: 'w', value: 'size', default: '4M', help: 'memory for lines that are not acknowledged yet' },
  },
};

/** Options that mean nothing together with another. */
const EXCLUDED: Record<string, string[]> = {
  raw: ['window', 'spool', 'on-full', 'check'],
  check: ['spool-max', 'spool-sync', 'on-full', 'window', 'timeout'],
};

function checkTogether(args: Args): void {
  for (const [one, others] of Object.entries(EXCLUDED)) {
    const other = others.find((name) => args.has(name));
    if (args.has(one) && other !== undefined) throw new UsageError(`options --${one} and --${other} exclude each other`);
  }
  const lone = ['spool-max', 'spool-sync'].find((name) => args.has(name) && !args.has('spool'));
  if (lone !== undefined) throw new UsageError(`option --${lone} needs --spool`);
}

/** One of the words an option allows. */
function choice<T extends string>(text: string, words: readonly T[]): T {
  const word = words.find((w) => w === text);
  if (word === undefined) throw new Error(`${text} is none of ${words.join(', ')}`);
  return word;
}

async function addressesOf(args: Args): Promise<Address[]> {
  const [{ parseAddress, showAddress }, { RECEIVER_PORT }] = await Promise.all([import('../lib/address.ts'), import('../lib/settings.ts')]);
  if (args.operands.length === 0) throw new UsageError('no receiver given');
  try {
    const addresses = args.operands.map((text) => parseAddress(text, RECEIVER_PORT));
    if (new Set(addresses.map((a) => showAddress(a.host, a.port))).size < addresses.length) throw new Error('a receiver is given twice');
    return addresses;
  } catch (err) {
    throw new UsageError(err instanceof Error ? err.message : String(err));
  }
}

async function optionsOf(args: Args, notices: Notices): Promise<UplinkOptions & { identity: Identity | undefined }> {
  const addresses = await addressesOf(args);
  const { isPin } = await import('../lib/pin.ts');
  const [pins, ca] = [args.all('pin'), args.value('ca')];
  const notPin = pins.find((pin) => !isPin(pin));
  if (notPin !== undefined) throw new UsageError(`option --pin: ${notPin} is not a pin`);
  if (pins.length > 0 && ca !== undefined) throw new UsageError('options --pin and --ca exclude each other');
  const [{ Trust }, { readIdentity }, { findSetting }] = await Promise.all([
    import('../lib/trust.ts'), import('../lib/identity.ts'), import('../lib/settings.ts'),
  ]);
  const key = args.value('key') ?? findSetting('sender.pem');
  const identity = key === undefined ? undefined : await readIdentity(key);
  const trust = new Trust({ pins, ca }, identity);
  for (const address of addresses) await trust.check(address); // a file that cannot be read is an error now, not at every attempt
  return { addresses, trust, identity, say: (text) => notices.say(text), verbose: args.has('verbose') };
}

async function storeOf(args: Args, notices: Notices): Promise<Store> {
  const memory = optionOf(args, 'window', (text) => parseSize(text, 65_536, 2 ** 32));
  const onFull = optionOf(args, 'on-full', (text) => choice<OnFull>(text, ['block', 'drop-oldest']));
  const [path, max] = [args.value('spool'), optionOf(args, 'spool-max', (text) => parseSize(text, 16 * 2 ** 20, 2 ** 50))];
  const sync = optionOf(args, 'spool-sync', (text) => choice<SyncMode>(text, ['always', 'interval', 'never']));
  if (path === undefined) return new (await import('../lib/store.ts')).MemoryStore(memory, onFull);
  if (memory > max / 2) throw new UsageError('option --window: more than half of --spool-max');
  const spool = await (await import('../lib/spool.ts')).openSpool(path, {
    max, memory, dropping: onFull === 'drop-oldest', sync, say: (text) => notices.say(text),
  });
  spool.start();
  return spool;
}

void run(command, async (args) => {
  checkTogether(args);
  const patience = optionOf(args, 'timeout', (text) => parseTime(text, 0, 86_400_000), args.has('spool') ? '1s' : '10s');
  const notices = new Notices(note);
  const options = await optionsOf(args, notices);
  if (args.has('check')) return (await import('../lib/check.ts')).checkAll(options, args.value('spool'));
  try {
    if (args.has('raw')) return await (await import('../lib/raw-delivery.ts')).deliverRaw({ ...options, patience }, openStdin());
    return await (await import('../lib/delivery.ts')).deliver(await storeOf(args, notices), { ...options, patience }, openStdin());
  } finally {
    notices.end();
  }
});
