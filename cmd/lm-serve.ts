#!/usr/bin/env node
/** lm-serve: the page and the HTTP API for records that come down named pipes or standard input. */
import { fileURLToPath } from 'node:url';
import { type Access, trustedHeader } from '../lib/access.ts';
import { type Address, parseListen, showAddress } from '../lib/address.ts';
import { Assets } from '../lib/assets.ts';
import { EXIT, note, onReload, onStop, run, UsageError, why, type Args, type Command } from '../lib/cli.ts';
import { makeFifo, parseMode } from '../lib/fifo.ts';
import { HostCheck, isLoopback } from '../lib/gate.ts';
import { readIdentity } from '../lib/identity.ts';
import { openFifo, openStdin, type Input } from '../lib/input.ts';
import { listenFd } from '../lib/listenfds.ts';
import { Matcher } from '../lib/matcher.ts';
import { notifyReady } from '../lib/notify.ts';
import { Passwords } from '../lib/passwords.ts';
import { showProgress } from '../lib/progress.ts';
import { parseSize } from '../lib/quantity.ts';
import { Server } from '../lib/server.ts';
import { Service } from '../lib/service.ts';

const PORT = 5334;

const command: Command = {
  name: 'lm-serve',
  about: 'show the records of named pipes or standard input as a page and over HTTP',
  operands: '[pipe ...]',
  options: {
    'host-name': { value: 'name', many: true, help: 'a name the page is also visited by, as behind a proxy' },
    key: { letter: 'k', value: 'file', help: 'serve HTTPS with this key and certificate, PEM' },
    listen: { letter: 'l', value: '[host]:port', default: `127.0.0.1:${PORT}`, help: 'where to listen; port 0 takes a free one' },
    memory: { letter: 'M', value: 'size', default: '128M', help: 'memory for the newest records' },
    mode: { letter: 'm', value: 'mode', default: '600', help: 'permissions of a pipe that is made, in octal' },
    open: { help: 'serve everybody, also elsewhere than on this machine' },
    'trust-from': { value: 'address', many: true, help: 'a proxy that --trust-user believes, besides those on this machine' },
    'trust-user': { value: 'header', help: 'a proxy has checked the password and names the user in this header' },
    users: { letter: 'u', value: 'file', help: 'ask for a password of this htpasswd file' },
    verbose: { letter: 'v', help: 'show rates on stderr' },
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

function check(args: Args, place: Address): void {
  const both = (one: string, other: string): void => {
    if (args.has(one) && args.has(other)) throw new UsageError(`options --${one} and --${other} exclude each other`);
  };
  both('users', 'trust-user');
  both('users', 'open');
  both('trust-user', 'open');
  if (args.has('trust-from') && !args.has('trust-user')) throw new UsageError('option --trust-from needs --trust-user');
  if (new Set(args.operands).size < args.operands.length) throw new UsageError('a pipe is given twice');
  if (args.has('trust-user')) optionOf(args, 'trust-from', () => trustedHeader('', args.all('trust-from')));
  if (listenFd('http') === undefined) checkReach(args, place.host);
}

/** Log lines are nobody's business but those who may read them: elsewhere than on this machine there must be a login, or a decision. */
function checkReach(args: Args, host: string): void {
  if (isLoopback(host) || ['users', 'trust-user', 'open'].some((name) => args.has(name))) return;
  throw new UsageError(`listening on ${host || 'every address'} needs --users, --trust-user or --open`);
}

async function openInputs(operands: readonly string[], mode: string): Promise<Input[]> {
  for (const path of operands) if (path !== '-') await makeFifo(path, mode);
  return (operands.length > 0 ? operands : ['-']).map((path) => (path === '-' ? openStdin() : openFifo(path)));
}

async function listen(server: Server, place: Address, args: Args): Promise<string> {
  const fd = listenFd('http');
  const shown = fd === undefined ? showAddress(place.host, place.port) : `descriptor ${fd}`;
  const at = await server.listen(fd === undefined ? place : { fd }).catch((err: unknown) => {
    throw new Error(`cannot listen on ${shown}: ${why(err)}`, { cause: err });
  });
  if (at) checkReach(args, at.address); // a name may lead anywhere
  return at ? `${args.has('key') ? 'https' : 'http'}://${showAddress(at.address, at.port)}/` : 'the socket it was given';
}

/** Read the inputs to their ends; one that fails is told and left, the others go on. Returns whether all were well. */
async function readAll(service: Service, inputs: readonly Input[]): Promise<boolean> {
  const ends = await Promise.all(inputs.map((input) => service.intake.take(input).then(() => true, (err: unknown) => {
    note(err instanceof Error ? err.message : String(err));
    return false;
  })));
  return ends.every(Boolean);
}

const built = (path: string): URL => new URL(`../${path}`, import.meta.url);

/** Who may come in, as the options say; and what rereads and ends that. */
async function door(args: Args): Promise<{ access: Access; passwords?: Passwords }> {
  const users = args.value('users');
  if (users !== undefined) {
    const passwords = await Passwords.open(users, built('lib/password-thread.worker.js'));
    return { access: (req) => passwords.admit(req), passwords };
  }
  const header = args.value('trust-user');
  return { access: header === undefined ? () => ({ user: undefined }) : trustedHeader(header, args.all('trust-from')) };
}

await run(command, async (args) => {
  const mode = optionOf(args, 'mode', parseMode);
  const place = optionOf(args, 'listen', (text) => parseListen(text, PORT));
  const service = new Service(optionOf(args, 'memory', (text) => parseSize(text, 1024 ** 2)));
  check(args, place);
  const key = args.value('key');
  const { access, passwords } = await door(args);
  const matcher = new Matcher(built('lib/matcher.worker.js'));
  const server = new Server({
    service, matcher, access,
    assets: new Assets(fileURLToPath(built('web'))),
    hosts: (bound) => new HostCheck(bound, [place.host, ...args.all('host-name')]),
    tls: key === undefined ? undefined : await readIdentity(key),
  });
  const inputs = await openInputs(args.operands, mode);
  const stopped = new Promise<void>((resolve) => onStop(resolve));
  onReload(() => {
    if (passwords) void passwords.reread().then((mayStay) => server.revoke(mayStay));
    if (key !== undefined) readIdentity(key).then((identity) => server.rekey(identity)).catch((err: unknown) => note(why(err)));
  });
  const progress = showProgress(args.has('verbose'), () => service.counters());
  let endNotify = (): void => {};
  let well = true;
  try {
    const url = await listen(server, place, args);
    note(`listening on ${url}`);
    endNotify = notifyReady(`listening on ${url}`);
    const reading = readAll(service, inputs);
    await stopped;
    inputs.forEach((input) => input.stop());
    well = await reading;
  } finally {
    inputs.forEach((input) => input.stop());
    progress.stop();
    await Promise.all([server.close(), matcher.close()]);
    passwords?.close();
    endNotify();
  }
  return well ? EXIT.ok : EXIT.fail;
});
