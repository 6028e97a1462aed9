#!/usr/bin/env node
/** lm-tls-send: carry the lines of standard input to a receiver over TLS, and survive every outage on the way. */
import type { Address } from '../lib/address.ts';
import { EXIT, note, onStop, run, UsageError, type Args, type Command } from '../lib/cli.ts';
import { openStdin, type Input } from '../lib/input.ts';
import { countLines, LineCutter } from '../lib/lines.ts';
import { Notices } from '../lib/notices.ts';
import { grouped, showProgress } from '../lib/progress.ts';
import { parseSize, parseTime } from '../lib/quantity.ts';
import type { UplinkOptions } from '../lib/uplink.ts';

const command: Command = {
  name: 'lm-tls-send',
  about: 'carry lines to a receiver over TLS, each once and in order, through every outage',
  operands: 'host[:port] ...',
  options: {
    ca: { value: 'file', help: 'certificate of the receiver, or of authorities, PEM' },
    key: { letter: 'k', value: 'file', help: 'own key and certificate, PEM (default sender.pem among the settings, if it is there)' },
    pin: { value: 'sha256:...', many: true, help: 'pin of the receiver, as lm-cert prints it' },
    raw: { help: 'send to a plain TLS receiver: no acknowledgements' },
    timeout: { letter: 't', value: 'time', default: '10s', help: 'how long to go on sending after SIGTERM or SIGINT' },
    verbose: { letter: 'v', help: 'show rates on stderr' },
    window: { letter: 'w', value: 'size', default: '4M', help: 'memory for lines that are not acknowledged yet' },
  },
};

/** The option's value as `parse` reads it; what that throws is a mistake on the command line. */
function optionOf<T>(args: Args, name: string, parse: (text: string) => T): T {
  try {
    return parse(args.value(name) ?? '');
  } catch (err) {
    throw new UsageError(`option --${name}: ${err instanceof Error ? err.message : err}`);
  }
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

async function optionsOf(args: Args, notices: Notices): Promise<UplinkOptions> {
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
  return { addresses, trust, say: (text) => notices.say(text), verbose: args.has('verbose') };
}

/** Stop at a signal: no more input, and after a while no more patience. */
function stopOn(input: Input, patience: number, stop: () => void): void {
  onStop(() => {
    input.stop();
    setTimeout(stop, patience).unref();
  });
}

async function send(args: Args, options: UplinkOptions, input: Input, patience: number): Promise<number> {
  const [{ Uplink }, { newEpoch }, { Window }] = await Promise.all([
    import('../lib/uplink.ts'), import('../lib/sender.ts'), import('../lib/window.ts'),
  ]);
  const window = new Window(optionOf(args, 'window', (text) => parseSize(text, 65_536, 2 ** 32)));
  const stream = { window, epoch: newEpoch(), ended: false, refused: { lines: 0, earlier: 0, reason: '' } };
  const uplink = new Uplink(stream, options);
  const cutter = new LineCutter();
  const refused = (): number => stream.refused.lines + stream.refused.earlier;
  const progress = showProgress(args.has('verbose'), () => ({
    lines: window.taken.lines, bytes: window.taken.bytes, 'unacked bytes': window.tail - window.acked, connections: uplink.connections,
    split: cutter.split, refused: refused(),
  }));
  stopOn(input, patience, () => uplink.stop());
  const sent = uplink.run();
  try {
    for await (const chunk of input) {
      for (const block of cutter.push(chunk)) window.append(block);
      uplink.kick();
      if (window.full) await uplink.room();
    }
    for (const block of cutter.end()) window.append(block);
  } finally {
    stream.ended = true;
    uplink.kick();
    await sent;
    progress.stop();
  }
  return farewell(cutter.split, refused(), stream.refused.reason, window.unacked());
}

function farewell(split: number, refused: number, reason: string, lost: { lines: number; bytes: number }): number {
  if (split > 0) note(`lines longer than 1 MiB, split: ${grouped(split)}`);
  if (refused > 0) note(`lines refused by the receiver: ${grouped(refused)}: ${reason}`);
  if (lost.bytes > 0) note(`lost, not acknowledged: ${grouped(lost.lines)} lines, ${grouped(lost.bytes)} bytes`);
  return refused > 0 || lost.bytes > 0 ? EXIT.fail : EXIT.ok;
}

async function sendRaw(args: Args, options: UplinkOptions, input: Input, patience: number): Promise<number> {
  const { RawUplink } = await import('../lib/raw-uplink.ts');
  const uplink = new RawUplink(options);
  const cutter = new LineCutter();
  const done = { lines: 0, bytes: 0 };
  const lost = { lines: 0, bytes: 0 };
  const progress = showProgress(args.has('verbose'), () => ({ ...done, connections: uplink.connections, split: cutter.split }));
  stopOn(input, patience, () => uplink.stop());
  note('sending without acknowledgements: what a broken connection loses is not noticed');
  const put = async (block: Buffer): Promise<void> => {
    const into = (await uplink.send(block)) ? done : lost;
    into.lines += countLines(block);
    into.bytes += block.length;
  };
  for await (const chunk of input) for (const block of cutter.push(chunk)) await put(block);
  for (const block of cutter.end()) await put(block);
  await uplink.end();
  progress.stop();
  if (uplink.breaks > 0) note(`connections that broke: ${uplink.breaks}; lines under way then may be lost or doubled`);
  return Math.max(farewell(cutter.split, 0, '', lost), uplink.breaks > 0 ? EXIT.fail : EXIT.ok);
}

await run(command, async (args) => {
  const patience = optionOf(args, 'timeout', (text) => parseTime(text, 0, 86_400_000));
  if (args.has('raw') && args.has('window')) throw new UsageError('options --raw and --window exclude each other');
  const notices = new Notices(note);
  const options = await optionsOf(args, notices);
  try {
    return await (args.has('raw') ? sendRaw : send)(args, options, openStdin(), patience);
  } finally {
    notices.end();
  }
});
