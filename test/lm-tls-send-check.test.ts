import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createNet, type AddressInfo, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createServer as createTls } from 'node:tls';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { start, stopAll, timed, withFolder, type Running } from './sh.ts';
import { deadPort, makeKey, sendArgs, startRecv, withSite } from './tls.ts';

async function check(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const r = start('lm-tls-send', ['--check', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  await r.closed;
  return r;
}

/** The last step, and what it says to do. */
const failure = (r: Running): string[] => r.out.split('\n').slice(-3, -1).map((line) => line.replace(/^ +/, ''));

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test('all is well: a line for each step, nothing sent, no stream left, and calm words in the receiver\'s log',
  timed(20_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  const r = await check([...sendArgs(sender, receiver, recv.address), '-s', join(dir, 'spool')]);
  assert.is(r.code, 0, r.out);
  assert.is(r.err, '');
  const lines = r.out.replace(/after \d+ ms/, 'after N ms').replace(/[\d.]+ .iB free/, 'N free').split('\n');
  assert.equal(lines, [
    'ok      name      127.0.0.1 is 127.0.0.1',
    `ok      port      ${recv.address} takes connections, after N ms`,
    'ok      TLS       TLSv1.3, TLS_AES_256_GCM_SHA384',
    `ok      key       ${receiver.pin}, as in --pin`,
    'ok      protocol  lm/1',
    'ok      sender    let in as web1',
    `ok      spool     ${dir}/spool will be made, N free`,
    '',
  ]);
  assert.is(out(), '');
  await recv.process.says(/web1 \(127\.0\.0\.1\) has finished: 0 lines\n/);
  assert.not.match(recv.process.err, /refused|gone|not finished/);
})));

test('each step that fails says what was seen and how to mend it', timed(60_000, () => withSite(async ({ dir, receiver, sender, recv }) => {
  const me = ['-k', sender.pem, '--pin', receiver.pin];
  let r = await check([...me, 'no-such-host.invalid']);
  assert.is(r.code, 1);
  assert.match(failure(r)[0] ?? '', /^FAILED {2}name {6}cannot find no-such-host\.invalid: (ENOTFOUND|EAI_AGAIN)$/);
  assert.match(failure(r)[1] ?? '', /^to mend it: check the (spelling|name servers)/);

  r = await check([...me, `127.0.0.1:${await deadPort()}`]);
  assert.is(failure(r)[0], 'FAILED  port      ECONNREFUSED');
  assert.match(failure(r)[1] ?? '', /is lm-tls-recv\(1\) running/);

  const plain = createNet((socket) => socket.on('error', () => {}).end('220 smtp.example.com\r\n'));
  r = await check([...me, `127.0.0.1:${await listening(plain)}`]);
  plain.close();
  assert.is(failure(r)[0], 'FAILED  TLS       it does not speak TLS');

  const pem = readFileSync(receiver.pem);
  const web = createTls({ key: pem, cert: pem, ALPNProtocols: ['h2'] });
  web.on('tlsClientError', () => {});
  r = await check([...me, `127.0.0.1:${await listening(web)}`]);
  web.close();
  assert.is(failure(r)[0], 'FAILED  TLS       it does not speak lm/1; see --raw');

  const silent = createTls({ key: pem, cert: pem }, (socket) => socket.on('error', () => {}));
  r = await check([...me, `127.0.0.1:${await listening(silent)}`]);
  silent.close();
  assert.is(failure(r)[0], 'FAILED  protocol  it takes TLS but does not speak lm/1');

  const other = makeKey(dir, 'other', '/CN=web2');
  r = await check(['-k', sender.pem, '--pin', other.pin, recv.address]);
  assert.is(failure(r)[0], `FAILED  key       its key ${receiver.pin} is not the one in --pin`);
  r = await check(['-k', sender.pem, recv.address], { XDG_CONFIG_HOME: dir });
  assert.match(failure(r)[0] ?? '', /add to \S+\/lm\/receivers the line: 127\.0\.0\.1:\d+ sha256:/);
  assert.match(failure(r)[1] ?? '', /compare the pin with what "lm-cert -p" prints/);

  r = await check(sendArgs(other, receiver, recv.address));
  assert.is(failure(r)[0], `FAILED  sender    it says AUTH: unknown key ${other.pin}`);
  assert.match(failure(r)[1] ?? '', new RegExp(`the line: web2 ${other.pin} web2/\\*$`));
  assert.ok(hostname().length > 0);
  r = await check(['--pin', receiver.pin, recv.address]);
  assert.match(failure(r)[1] ?? '', /make one with lm-cert\(1\)/);

  writeFileSync(join(dir, 'file'), '');
  r = await check([...sendArgs(sender, receiver, recv.address), '-s', join(dir, 'file')]);
  assert.match(failure(r)[0] ?? '', /^FAILED {2}spool {5}cannot use \S+file: ENOTDIR$/);
  assert.is(r.code, 1);
})));

test('several receivers: each is tried, one that fails is enough for 1',
  timed(20_000, () => withSite(async ({ receiver, sender, recv }) => {
  const dead = `127.0.0.1:${await deadPort()}`;
  const r = await check([...sendArgs(sender, receiver, dead), recv.address]);
  assert.is(r.code, 1);
  assert.equal(r.out.match(/^(ok|FAILED)/gm), ['ok', 'FAILED', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok']);
})));

test('it also tells of a spool that is in use, and of what is in it',
  timed(20_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  const args = [...sendArgs(sender, receiver, recv.address), '-s', join(dir, 'spool')];
  const r = start('lm-tls-send', args);
  r.child.stdin?.write('x\n');
  while (out() === '') await new Promise((resolve) => setTimeout(resolve, 20));
  assert.match((await check(args)).out, /\nok {6}spool {5}\S+: 26 B of 1 stream, in use by another process, [\d.]+ .iB free\n$/);
  await stopAll(r);
  assert.match((await check(args)).out, /\nok {6}spool {5}\S+: 0 B of 0 streams wait in it, /);
})));

test('a receiver of TLS 1.2 only', timed(20_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  const recv = await startRecv(['-k', receiver.pem, '--anyone'], join(dir, 'out'), { NODE_OPTIONS: '--tls-max-v1.2' });
  assert.match((await check(sendArgs(sender, receiver, recv.address))).out, /ok {6}TLS {7}TLSv1\.2, ECDHE-ECDSA-/);
  await stopAll(recv.process);
})));

test.run();
