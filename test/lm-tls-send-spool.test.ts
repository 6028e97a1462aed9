import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sh, start, startLine, stopAll, timed, until, withFolder } from './sh.ts';
import { framesIn, killSenders, seq, strand } from './spooling.ts';
import { Chaos, deadPort, send, sendArgs, startRecv, withSite } from './tls.ts';

const SOAK = process.env['LM_SOAK'] === '1';

test('five senders killed under load: the output is the source, to the byte', timed(60_000, () => withSite(async (site) => {
  await killSenders(sendArgs(site.sender, site.receiver, site.recv.address), join(site.dir, 'spool'), join(site.dir, 'out'), 5, 20_000);
  assert.equal(framesIn(join(site.dir, 'spool')), []);
})));

if (SOAK) {
  test('200 senders killed under load', timed(1_200_000, () => withSite(async (site) => {
    await killSenders(sendArgs(site.sender, site.receiver, site.recv.address), join(site.dir, 'spool'), join(site.dir, 'out'), 200, 50_000);
  })));

  test('a connection that goes silent is noticed within 35 s, by both sides',
    timed(60_000, () => withSite(async ({ receiver, sender, recv, out }) => {
    const chaos = new Chaos(recv.port);
    const r = start('lm-tls-send', sendArgs(sender, receiver, await chaos.listen()));
    r.child.stdin?.write('one\n');
    await until(() => out() === 'one\n');
    for (const socket of chaos.sockets) socket.removeAllListeners('data').pause();
    const begun = Date.now();
    r.child.stdin?.end('two\n');
    await r.says(/no sign of life for 30 s/, 36_000);
    await r.closed;
    assert.is(r.code, 0, r.err);
    assert.is(out(), 'one\ntwo\n');
    await until(() => /no sign of life for 30 s/.test(recv.process.err), Math.max(0, begun + 40_000 - Date.now()));
    chaos.close();
  })));
}

test('killed while nobody takes the lines, twice: they are all there for the next one, in order, before its own',
  timed(30_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  const spool = join(dir, 'spool');
  await strand(spool, seq(1, 1000));
  await strand(spool, seq(1001, 2000));
  const r = await send(['-s', spool, ...sendArgs(sender, receiver, recv.address)], seq(2001, 2100));
  assert.equal([r.code, r.err], [0, '']);
  assert.is(out(), seq(1, 2100));
  assert.equal(framesIn(spool), []);
  assert.is(statSync(spool).mode & 0o777, 0o700);
})));

test('nothing on stdin sends what is there; an empty spool is no mistake',
  timed(30_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  const spool = join(dir, 'spool');
  await strand(spool, seq(1, 10));
  for (let i = 0; i < 2; i++) {
    const r = await send(['-s', spool, ...sendArgs(sender, receiver, recv.address)], '');
    assert.equal([r.code, r.err], [0, '']);
  }
  assert.is(out(), seq(1, 10));
})));

test('SIGTERM while nobody takes the lines: 75, soon, with what is kept; then all of it arrives',
  timed(30_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  const spool = join(dir, 'spool');
  const r = start('lm-tls-send', ['-s', spool, '--pin', receiver.pin, `127.0.0.1:${await deadPort()}`]);
  r.child.stdin?.write('one\ntwo\nhalf a line');
  await r.says(/ECONNREFUSED/);
  await until(() => framesIn(spool).length === 1);
  const begun = Date.now();
  r.kill('SIGTERM');
  await r.closed;
  assert.ok(Date.now() - begun < 3000);
  assert.is(r.code, 75, r.err);
  assert.match(r.err, /\nlm-tls-send: kept in the spool, not acknowledged: 20 bytes\n$/);
  assert.is((await send(['-s', spool, ...sendArgs(sender, receiver, recv.address)], '')).code, 0);
  assert.is(out(), 'one\ntwo\nhalf a line\n');
})));

test('SIGTERM while all is well: 0, and nothing is left', timed(30_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  for (const sync of ['always', 'interval', 'never']) {
    const spool = join(dir, sync);
    const r = start('lm-tls-send', ['-s', spool, '--spool-sync', sync, ...sendArgs(sender, receiver, recv.address)]);
    r.child.stdin?.write(`${sync}\n`);
    await until(() => out().endsWith(`${sync}\n`));
    r.kill('SIGTERM');
    await r.closed;
    assert.equal([r.code, r.err], [0, ''], sync);
    assert.equal(framesIn(spool), []);
  }
})));

test('SIGTERM to all of a pipeline: what its first has written arrives, also when the others were behind',
  timed(30_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  const log = join(dir, 'log');
  writeFileSync(log, '0\n');
  const args = ['-s', join(dir, 'spool'), ...sendArgs(sender, receiver, recv.address)].join(' ');
  const r = startLine(`tail -n +1 -F ${log} | lm-frame -i x | lm-tls-send ${args}`);
  await until(() => out() !== '', 20_000);
  const all = `-- -${r.child.pid}`;
  // They stand still, and their pipe fills, until tail has written all: then each finds SIGTERM and full pipes at once.
  const done = sh(`tail=$(pgrep -x -g ${r.child.pid} tail); kill -STOP $(pgrep -g ${r.child.pid} | grep -vx $tail)
    seq 10000 >> ${log}; until [ $(sed -n 's/^wchar: //p' /proc/$tail/io) = $(wc -c < ${log}) ]; do sleep 0.02; done
    kill -TERM ${all}; kill -CONT ${all}`);
  assert.is(done.code, 0, done.err);
  await r.closed;
  assert.is(sh('lm-frame -d', out()).out, `0\n${seq(1, 10_000)}`);
})));

test('always: what was read is on the disk before more is read', timed(30_000, () => withFolder(async (dir) => {
  const trace = join(dir, 'trace');
  writeFileSync(join(dir, 'spy.cjs'), `
    const fs = require('fs'); const { syncBuiltinESMExports } = require('module');
    const log = (text) => fs.appendFileSync(${JSON.stringify(trace)}, text + '\\n');
    const { fdatasync, writeSync } = fs;
    fs.writeSync = (fd, bytes, ...rest) => { if (bytes[0] === 76) log('write'); return writeSync(fd, bytes, ...rest); };
    fs.fdatasync = (fd, done) => { log('sync'); fdatasync(fd, done); };
    syncBuiltinESMExports();`);
  const r = start('lm-tls-send', ['-s', join(dir, 'spool'), '--spool-sync', 'always', '--pin', `sha256:${'A'.repeat(43)}`, '127.0.0.1:1'], {
    env: { NODE_OPTIONS: `--require ${join(dir, 'spy.cjs')}` },
  });
  for (let i = 1; i <= 3; i++) {
    r.child.stdin?.write('line\n');
    await until(() => existsSync(trace) && (readFileSync(trace, 'utf8').match(/sync/g) ?? []).length >= i);
  }
  assert.is(readFileSync(trace, 'utf8'), 'write\nsync\n'.repeat(3));
  await stopAll(r);
})));

test('one process at a time; the lock dies with its holder', timed(30_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  const spool = join(dir, 'spool');
  const first = start('lm-tls-send', ['-s', spool, ...sendArgs(sender, receiver, recv.address)]);
  first.child.stdin?.write('first\n');
  await until(() => out() === 'first\n');
  const other = await send(['-s', `${spool}/../spool/`, ...sendArgs(sender, receiver, recv.address)], 'second\n');
  assert.equal([other.code, other.err], [1, `lm-tls-send: cannot use ${spool}/../spool/: another process is using it\n`]);
  first.kill('SIGKILL');
  await first.closed;
  assert.is((await send(['-s', spool, ...sendArgs(sender, receiver, recv.address)], 'third\n')).code, 0);
  assert.is(out(), 'first\nthird\n');
})));

test('a folder that cannot be used ends it at once', timed(30_000, () => withFolder(async (dir) => {
  writeFileSync(join(dir, 'file'), '');
  const r = sh(`lm-tls-send -s ${dir}/file --pin sha256:${'A'.repeat(43)} h < /dev/null`);
  assert.equal([r.code, r.err], [1, `lm-tls-send: cannot use ${dir}/file: EEXIST\n`]);
})));

test('a receiver that dies, and another one that takes over: what the first has not acknowledged comes to the second',
  timed(60_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  const other = await startRecv(['-k', receiver.pem, '-a', join(dir, 'authorized')], join(dir, 'other'));
  const r = start('lm-tls-send', ['-s', join(dir, 'spool'), ...sendArgs(sender, receiver, recv.address), other.address]);
  let n = 0;
  const more = async (): Promise<void> => {
    for (const end = n + 500; n < end; ) r.child.stdin?.write(`${n++}\n`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  while (out().length < 100_000) await more();
  await until(() => (r.kill('SIGUSR1'), r.err.includes('unacked bytes 0 B')), 20_000, () => 'an ack');
  for (let i = 0; i < 10; i++) await more();
  recv.process.kill('SIGKILL');
  for (let i = 0; i < 100; i++) await more();
  r.child.stdin?.end();
  await r.closed;
  assert.is(r.code, 0, r.err);
  const [a, b] = [out(), readFileSync(join(dir, 'other'), 'latin1')].map((text) => text.split('\n').slice(0, -1).map(Number));
  const both = [...new Set([...(a ?? []), ...(b ?? [])])];
  assert.equal(both, Array.from({ length: n }, (_, i) => i));
  assert.ok((b?.[0] ?? 0) > 0, 'the second begins where the first was acknowledged');
  await stopAll(other.process);
})));

test('SIGUSR1 tells what is on disk', timed(30_000, () => withFolder(async (dir) => {
  await strand(join(dir, 'spool'), seq(1, 10));
  await strand(join(dir, 'spool'), seq(1, 10));
  const args = ['-t', '0', '-s', join(dir, 'spool'), '--pin', `sha256:${'A'.repeat(43)}`];
  const r = start('lm-tls-send', [...args, `127.0.0.1:${await deadPort()}`]);
  r.child.stdin?.write('x\n');
  await r.says(/ECONNREFUSED/);
  await until(() => {
    r.kill('SIGUSR1');
    return /lines 1, bytes 2 B, unacked bytes \d+ B, spooled bytes 116 B, earlier streams 2, connections 0,/.test(r.err);
  });
  await stopAll(r);
})));

test.run();
