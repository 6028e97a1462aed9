#!/usr/bin/env node
/** lm-tls-recv: accept the lines of many senders over TLS and write them, whole, to standard output. */
import { EXIT, note, onReload, onStop, optionOf, run, UsageError, type Args, type Command } from '../lib/cli.ts';
import type { ReceptionOptions } from '../lib/reception.ts';
import { parseCount, parseSize, parseTime } from '../lib/quantity.ts';

const command: Command = {
  name: 'lm-tls-recv',
  about: 'accept lines from many senders over TLS, write them whole',
  operands: '[[host]:port]',
  options: {
    anyone: { help: 'accept every sender' },
    authorized: { letter: 'a', value: 'file', help: 'who may send what (default authorized among the settings)' },
    connections: { letter: 'c', value: 'count', default: '1000', help: 'connections at most' },
    frame: { help: 'make records of lines that are none, under their sender\'s name' },
    journal: { letter: 'J', value: 'dir', help: 'keep lines there; acknowledged when they are on the disk' },
    'keep-age': { value: 'time', help: 'remove from the journal what is older' },
    'keep-size': { value: 'size', help: 'remove the oldest of the journal above that size' },
    key: { letter: 'k', value: 'file', help: 'own key and certificate, PEM (default receiver.pem among the settings)' },
    memory: { letter: 'M', value: 'size', default: '256M', help: 'memory for lines on their way' },
    raw: { help: 'accept lines without acknowledgements, as from socat' },
    segment: { value: 'size', default: '64M', help: 'size of the journal\'s files' },
    timeout: { letter: 't', value: 'time', default: '10s', help: 'how long to go on writing after SIGTERM or SIGINT' },
    verbose: { letter: 'v', help: 'show rates on stderr' },
  },
};

/** The journal's folder, and how much of it is kept. */
function journalOf(args: Args): ReceptionOptions['journal'] {
  const folder = args.value('journal');
  const of = ['keep-age', 'keep-size', 'segment'].find((name) => args.has(name));
  if (folder === undefined && of !== undefined) throw new UsageError(`option --${of} needs --journal`);
  if (folder === undefined) return undefined;
  return {
    folder,
    segment: optionOf(args, 'segment', (text) => parseSize(text, 65_536, 2 ** 40)),
    keepAge: args.has('keep-age') ? optionOf(args, 'keep-age', (text) => parseTime(text, 60_000, 36_500 * 86_400_000)) : undefined,
    keepSize: args.has('keep-size') ? optionOf(args, 'keep-size', (text) => parseSize(text, 65_536, 2 ** 50)) : undefined,
  };
}

/** The file given, or the one among the settings; `or` ends the message when there is neither. */
async function fileOf(args: Args, option: string, setting: string, or: string): Promise<string> {
  const { findSetting, settingHomes } = await import('../lib/settings.ts');
  const path = args.value(option) ?? findSetting(setting);
  if (path === undefined) throw new UsageError(`no --${option} given, and no ${setting} in ${settingHomes().join(' or ')}${or}`);
  return path;
}

void run(command, async (args) => {
  const limits = {
    connections: optionOf(args, 'connections', (text) => parseCount(text, 1, 100_000)),
    memory: optionOf(args, 'memory', (text) => parseSize(text, 2 ** 20, 2 ** 40)),
  };
  const journal = journalOf(args);
  const patience = optionOf(args, 'timeout', (text) => parseTime(text, 0, 86_400_000));
  if (args.operands.length > 1) throw new UsageError('more than one address given');
  if (args.has('anyone') && args.has('authorized')) throw new UsageError('options --anyone and --authorized exclude each other');
  const [{ parseListen, showAddress }, { RECEIVER_PORT }, { listenFd }] = await Promise.all([
    import('../lib/address.ts'), import('../lib/settings.ts'), import('../lib/listenfds.ts'),
  ]);
  const fd = listenFd('tls');
  if (fd !== undefined && args.operands.length > 0) throw new UsageError('an address is given, and a socket to listen on as well');
  let place;
  try {
    place = parseListen(args.operands[0] ?? `:${RECEIVER_PORT}`, RECEIVER_PORT);
  } catch (err) {
    throw new UsageError(err instanceof Error ? err.message : String(err));
  }
  const key = await fileOf(args, 'key', 'receiver.pem', '; lm-cert makes one');
  const list = args.has('anyone') ? undefined : await fileOf(args, 'authorized', 'authorized', '; --anyone accepts every sender');
  const { Reception } = await import('../lib/reception.ts');
  const reception = await Reception.prepare({
    key, list, raw: args.has('raw'), frame: args.has('frame'), verbose: args.has('verbose'), journal, ...limits,
  });
  onStop(() => reception.stop(patience));
  onReload(() => void reception.reload());
  const { host, port } = place;
  const where = fd === undefined ? { port, ...(host === '' ? {} : { host }) } : { fd };
  const lost = await reception.serve(where, fd === undefined ? showAddress(host || '*', port) : `descriptor ${fd}`);
  if (lost > 0) note(`lost, not written: ${lost} bytes of senders without acknowledgements`);
  return lost > 0 ? EXIT.fail : EXIT.ok;
});
