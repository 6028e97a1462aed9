#!/usr/bin/env node
/** lm-serve: the page and the HTTP API for records that come down named pipes or standard input. */
import { addressList } from '../lib/access.ts';
import { parseListen } from '../lib/address.ts';
import { EXIT, optionOf, run, UsageError, type Args, type Command } from '../lib/cli.ts';
import { parseMode } from '../lib/fifo.ts';
import { isLoopback } from '../lib/gate.ts';
import { listenFd } from '../lib/listenfds.ts';
import { parseSize } from '../lib/quantity.ts';

const PORT = 5334;
const MIN_MEMORY = 1024 ** 2;

const command: Command = {
  name: 'lm-serve',
  about: 'show the records of named pipes or standard input as a page and over HTTP',
  operands: '[pipe ...]',
  options: {
    'host-name': { value: 'name', many: true, help: 'a name the page is also visited by, as behind a proxy' },
    key: { letter: 'k', value: 'file', help: 'serve HTTPS with this key and certificate, PEM' },
    listen: { letter: 'l', value: '[host]:port', default: `127.0.0.1:${PORT}`, help: 'where to listen; port 0 takes a free one' },
    memory: { letter: 'M', value: 'size', default: '256M', help: 'memory for the newest records' },
    mode: { letter: 'm', value: 'mode', default: '600', help: 'permissions of a pipe that is made, in octal' },
    open: { help: 'serve everybody, also elsewhere than on this machine' },
    'trust-from': { value: 'address', many: true, help: 'a proxy that --trust-user believes, besides those on this machine' },
    'trust-user': { value: 'header', help: 'a proxy has checked the password and names the user in this header' },
    users: { letter: 'u', value: 'file', help: 'ask for a password of this htpasswd file' },
    verbose: { letter: 'v', help: 'show rates on stderr' },
  },
};

function checkOptions(args: Args): void {
  for (const [one, other] of [['users', 'trust-user'], ['users', 'open'], ['trust-user', 'open']] as const) {
    if (args.has(one) && args.has(other)) throw new UsageError(`options --${one} and --${other} exclude each other`);
  }
  if (args.has('trust-from') && !args.has('trust-user')) throw new UsageError('option --trust-from needs --trust-user');
  if (new Set(args.operands).size < args.operands.length) throw new UsageError('a pipe is given twice');
}

/** Log lines are nobody's business but those who may read them: elsewhere than on this machine there must be a login, or a decision. */
function checkReach(args: Args, host: string): void {
  if (isLoopback(host) || ['users', 'trust-user', 'open'].some((name) => args.has(name))) return;
  throw new UsageError(`listening on ${host || 'every address'} needs --users, --trust-user or --open`);
}

void run(command, async (args) => {
  const mode = optionOf(args, 'mode', parseMode);
  const listen = optionOf(args, 'listen', (text) => parseListen(text, PORT));
  const memory = optionOf(args, 'memory', (text) => parseSize(text, MIN_MEMORY));
  optionOf(args, 'trust-from', () => addressList(args.all('trust-from')));
  checkOptions(args);
  if (listenFd('http') === undefined) checkReach(args, listen.host);
  const { serve } = await import('../lib/serve.ts');
  const well = await serve({
    mode, listen, memory,
    inputs: args.operands.length > 0 ? args.operands : ['-'],
    hostNames: [listen.host, ...args.all('host-name')],
    key: args.value('key'),
    users: args.value('users'),
    trustUser: args.value('trust-user'),
    trustFrom: args.all('trust-from'),
    verbose: args.has('verbose'),
    built: (path) => new URL(`../${path}`, import.meta.url),
    checkReach: (host) => checkReach(args, host),
  });
  return well ? EXIT.ok : EXIT.fail;
});
