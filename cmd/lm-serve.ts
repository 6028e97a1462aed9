#!/usr/bin/env node
/** lm-serve: the page and the HTTP API for records that come down named pipes or standard input. */
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { addressList, type Access, trustedHeader } from '../lib/access.ts';
import { Assets } from '../lib/assets.ts';
import { EXIT, note, onStop, run, UsageError, type Args, type Command } from '../lib/cli.ts';
import { makeFifo, parseMode } from '../lib/fifo.ts';
import { HostCheck, isLoopback } from '../lib/gate.ts';
import { openFifo, openStdin, type Input } from '../lib/input.ts';
import { listenFd } from '../lib/listenfds.ts';
import { notifyReady } from '../lib/notify.ts';
import { showProgress } from '../lib/progress.ts';
import { parseSize } from '../lib/quantity.ts';
import { Server } from '../lib/server.ts';
import { Service } from '../lib/service.ts';

const command: Command = {
  name: 'lm-serve',
  about: 'show the records of named pipes or standard input as a page and over HTTP',
  operands: '[pipe ...]',
  options: {
    'host-name': { value: 'name', many: true, help: 'a name the page is also visited by, as behind a proxy' },
    key: { letter: 'k', value: 'file', help: 'serve HTTPS with this key and certificate, PEM' },
    listen: { letter: 'l', value: '[host]:port', default: '127.0.0.1:5334', help: 'where to listen; port 0 takes a free one' },
    memory: { letter: 'M', value: 'size', default: '128M', help: 'memory for the newest records' },
    mode: { letter: 'm', value: 'mode', default: '600', help: 'permissions of a pipe that is made, in octal' },
    open: { help: 'serve everybody, also elsewhere than on this machine' },
    'trust-from': { value: 'address', many: true, help: 'a proxy that --trust-user believes, besides those on this machine' },
    'trust-user': { value: 'header', help: 'a proxy has checked the password and names the user in this header' },
    users: { letter: 'u', value: 'file', help: 'ask for a password of this htpasswd file' },
    verbose: { letter: 'v', help: 'show rates on stderr' },
  },
};

await run(command, async (args) => {
  const service = new Service(parseSize(args.value('memory') ?? ''));
  const input = openStdin();
  const access: Access = () => undefined;
  const server = new Server({
    service, access, assets: new Assets(fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../dist/web/' : '../web/', import.meta.url))),
    hosts: new HostCheck('127.0.0.1', hostname(), []),
  });
  const [host, port] = (args.value('listen') ?? '').split(':');
  const at = await server.listen({ host: host ?? '', port: Number(port) });
  note(`listening on http://127.0.0.1:${at?.port}/`);
  const stopped = new Promise<void>((resolve) => onStop(resolve));
  await Promise.all([service.intake.take(input).catch((err) => note(String(err))), stopped]);
  await server.close();
  return EXIT.ok;
});
