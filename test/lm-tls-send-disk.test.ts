import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sh, start, startLine, stopAll, timed, until, withFolder, type Running } from './sh.ts';
import { framesIn, longLines, seq, spooled, strand } from './spooling.ts';
import { Chaos, deadPort, makeKey, send, sendArgs, startRecv, withSite, type Site } from './tls.ts';

const SOAK = process.env['LM_SOAK'] === '1';

test('block: a full spool makes the writer wait, and is never longer than its bound', timed(60_000, () => withSite(async (site) => {
  const { dir, receiver, sender, recv, out } = site;
  const spool = join(dir, 'spool');
  const port = await deadPort();
  const args = ['-s', spool, '--spool-max', '16M', '-v', '-k', sender.pem, '--pin', receiver.pin];
  writeFileSync(join(dir, 'in'), longLines(20_000));
  const blocked = startLine(`exec lm-tls-send ${args.join(' ')} 127.0.0.1:${port} < ${dir}/in`);
  let [before, size] = [-1, 0];
  await until(async () => {
    before = size;
    await new Promise((resolve) => setTimeout(resolve, 300));
    size = spooled(spool);
    return size > 0 && size === before;
  });
  assert.ok(size >= 16 * 2 ** 20 && size < 17 * 2 ** 20, String(size));
  blocked.kill('SIGTERM');
  await blocked.closed;
  assert.is(blocked.code, 75, blocked.err);
  assert.is((await send(['-s', spool, ...sendArgs(sender, receiver, recv.address)], '')).code, 0);
  const input = readFileSync(join(dir, 'in'), 'latin1');
  const got = out().slice(0, out().lastIndexOf('\n', out().length - 2)); // a line that was half read is ended
  assert.ok(input.startsWith(got) && got.length > 15_000_000);
})));

test('drop-oldest, in memory and on disk: lines that arrive and lines that are lost are all there are; exit 1',
  timed(60_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  writeFileSync(join(dir, 'in'), longLines(25_000));
  for (const [name, options] of [['memory', '-w 256k'], ['disk', `-s ${dir}/spool --spool-max 16M`]] as const) {
    const port = await deadPort();
    const r = startLine(`(cat ${dir}/in; sleep 2; echo last) | exec lm-tls-send -k ${sender.pem} --pin ${receiver.pin} `
      + `--on-full drop-oldest ${options} 127.0.0.1:${port}`);
    await r.says(/no room for more: the oldest lines are given up, [\d,]+ lines, [\d,]+ bytes so far/);
    const recv = await startRecv(['-k', receiver.pem, '--anyone', `127.0.0.1:${port}`], join(dir, name));
    await r.closed;
    const [, lines = '', bytes = ''] = /lost, given up for want of room: ([\d,]+) lines, ([\d,]+) bytes\n$/.exec(r.err) ?? [];
    const [lost, lostBytes] = [lines, bytes].map((n) => Number(n.replaceAll(',', '')));
    const [, told = ''] = await recv.process.says(/has lost (\d+) lines, \d+ bytes: given up by the sender/);
    await stopAll(recv.process);
    const own = /^\{"id":"lm-tls-recv",.*\n/gm; // the receiver says it among the lines as well
    const all = readFileSync(join(dir, name), 'latin1');
    assert.match(all, own);
    const got = all.replace(own, '');
    assert.is(got.split('\n').length - 1 + Number(lost), 25_001, r.err);
    assert.is(got.length + Number(lostBytes), statSync(join(dir, 'in')).size + 5);
    assert.ok(got.endsWith('last\n') && Number(lost) > 100);
    assert.ok(Number(told) <= Number(lost) && Number(told) > 0);
    assert.is(r.code, 1);
  }
})));

/** Fails what the spool does as the file `fault` says: `write ENOSPC`, `sync EIO`, or nothing. The disk below is a real one. */
function faults(dir: string): NodeJS.ProcessEnv {
  writeFileSync(join(dir, 'faults.cjs'), `
    const fs = require('fs'); const { syncBuiltinESMExports } = require('module');
    const { fdatasync, writeSync } = fs;
    const path = ${JSON.stringify(join(dir, 'fault'))};
    const fault = (what) => {
      const [kind, code] = fs.existsSync(path) ? fs.readFileSync(path, 'utf8').split(' ') : [];
      return kind === what ? Object.assign(new Error(code), { code }) : undefined;
    };
    fs.writeSync = (fd, bytes, ...rest) => {
      const err = bytes[0] === 76 && fault('write');
      if (err) throw err;
      return writeSync(fd, bytes, ...rest);
    };
    fs.fdatasync = (fd, done) => { const err = fault('sync'); if (err) setImmediate(done, err); else fdatasync(fd, done); };
    syncBuiltinESMExports();`);
  return { NODE_OPTIONS: `--require ${join(dir, 'faults.cjs')}` };
}

test('EDQUOT while connected: told once, lines in memory go out, reading waits, and it recovers by itself',
  timed(30_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  const r = start('lm-tls-send', ['-s', join(dir, 'spool'), ...sendArgs(sender, receiver, recv.address)], { env: faults(dir) });
  r.child.stdin?.write('one\n');
  await until(() => out() === 'one\n');
  writeFileSync(join(dir, 'fault'), 'write EDQUOT');
  r.child.stdin?.write('two\n');
  await r.says(/cannot write the spool: EDQUOT; reading waits, and what is in memory is sent; trying again\n/);
  await until(() => out() === 'one\ntwo\n');
  writeFileSync(join(dir, 'fault'), '');
  r.child.stdin?.end('three\n');
  await r.closed;
  assert.is(out(), 'one\ntwo\nthree\n');
  assert.is(r.code, 0);
  assert.equal(r.err.match(/the spool can be written again|cannot write/g), ['cannot write', 'the spool can be written again']);
})));

test('EIO of write or sync: told, it goes on in memory; what the disk cannot vouch for is lost when it is stopped',
  timed(30_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  for (const kind of ['write', 'sync']) {
    writeFileSync(join(dir, 'fault'), '');
    const args = ['-s', join(dir, kind), ...sendArgs(sender, receiver, recv.address)];
    const r = start('lm-tls-send', args, { env: faults(dir) });
    r.child.stdin?.write(`${kind} 1\n`);
    await until(() => out().endsWith(`${kind} 1\n`));
    writeFileSync(join(dir, 'fault'), `${kind} EIO`);
    r.child.stdin?.write(`${kind} 2\n`);
    await r.says(/cannot write the spool: EIO; going on without it: from now on lines are kept in memory only\n/);
    r.child.stdin?.end(`${kind} 3\n`);
    await r.closed;
    assert.is(r.code, 0, r.err);
    assert.ok(out().endsWith(`${kind} 1\n${kind} 2\n${kind} 3\n`));
    const nowhere = ['-t', '0', '-s', join(dir, kind), '--pin', receiver.pin, `127.0.0.1:${await deadPort()}`];
    const stopped = start('lm-tls-send', nowhere, { env: faults(dir) });
    stopped.child.stdin?.write('nowhere\n');
    await stopped.says(/going on without it/);
    stopped.kill('SIGTERM');
    await stopped.closed;
    assert.is(stopped.code, 1);
    assert.match(stopped.err, /lost, not acknowledged: \d lines, 8 bytes\n$/);
  }
})));

const NAMESPACE = sh('unshare -rm mount -t tmpfs none /mnt').code === 0;

(NAMESPACE ? test : test.skip)('a disk that is really full: reading waits; it goes on when somebody makes room',
  timed(60_000, () => withSite(async (site) => {
  const { dir, receiver, sender, recv, out } = site;
  const spool = join(dir, 'spool');
  mkdirSync(spool);
  writeFileSync(join(dir, 'in'), longLines(15_000));
  const port = await deadPort();
  const r = startLine(`unshare -rm bash -c 'mount -t tmpfs -o size=12m none ${spool} && head -c 8M /dev/zero > ${spool}/other || exit 9
    lm-tls-send -k ${sender.pem} -s ${spool} --pin ${receiver.pin} 127.0.0.1:${port} < ${dir}/in & sender=$!
    read -r _; rm ${spool}/other; wait $sender'`);
  await r.says(/cannot write the spool: ENOSPC; reading waits/);
  const again = startRecv(['-k', receiver.pem, '--anyone', `127.0.0.1:${port}`], join(dir, 'out'));
  await again;
  r.child.stdin?.end('\n');
  await r.closed;
  assert.is(r.code, 0, r.err);
  assert.match(r.err, /the spool can be written again/);
  assert.ok(out() === readFileSync(join(dir, 'in'), 'latin1'));
  await stopAll((await again).process, recv.process);
})));

test('damage: a flipped byte in the middle, a torn end', timed(30_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  const spool = join(dir, 'spool');
  await strand(spool, seq(1, 60_000));
  await strand(spool, seq(60_001, 99_999));
  const [first = '', second = ''] = framesIn(spool).map((name) => join(spool, name));
  const bytes = readFileSync(first);
  bytes[70_000] = (bytes[70_000] as number) ^ 1;
  writeFileSync(first, bytes);
  truncateSync(second, statSync(second).size - 3);
  const r = await send(['-s', spool, ...sendArgs(sender, receiver, recv.address)], 'new\n');
  assert.is(r.code, 1);
  assert.match(r.err, /\.frames is damaged: \d+ bytes of lines are lost, the others are sent; it is kept as \S+\.frames\.damaged\n/);
  assert.match(r.err, /\.frames ends within a frame, as after a crash: its last \d+ bytes are cut off\n/);
  const [, lines = '', lost = ''] = /lost, damaged in the spool: ([\d,]+) lines, ([\d,]+) bytes\n$/.exec(r.err) ?? [];
  const [told, toldBytes] = [lines, lost].map((text) => text.replaceAll(',', ''));
  await recv.process.says(new RegExp(`web1 has lost ${told} lines, ${toldBytes} bytes: damaged or missing in the spool`));
  const got = out().split('\n');
  assert.is(got.at(-2), 'new');
  const numbers = got.slice(0, -2).map(Number);
  assert.equal(numbers, [...new Set(numbers)].sort((a, b) => a - b));
  assert.ok(numbers.includes(60_000) && numbers.includes(60_001) && numbers.length + Number(lines.replaceAll(',', '')) < 99_999);
  assert.equal(readdirSync(spool).filter((name) => name.endsWith('.damaged')).length, 2);
  assert.equal(framesIn(spool), []);
})));

/** Many lines in a spool of their own, of which the receiver has a part. */
async function partly({ dir, receiver, sender, recv, out }: Site, spool: string): Promise<void> {
  // By an orderly end: a reset also takes from a receiver that is slow what it has not read yet, again and again.
  const chaos = new Chaos(recv.port, () => ({ after: 150_000, how: 'end' }));
  const r = start('lm-tls-send', ['-s', spool, ...sendArgs(sender, receiver, await chaos.listen())]);
  try {
    r.child.stdin?.write(seq(1, 60_000));
    await until(() => out().length > 50_000, 25_000);
  } finally {
    r.kill('SIGKILL');
    await r.closed;
    chaos.close();
  }
  assert.ok(existsSync(dir));
}

test('a spool put back from a copy: told, nothing twice, new lines arrive', timed(60_000, () => withSite(async (site) => {
  const { dir, receiver, sender, recv, out } = site;
  const spool = join(dir, 'spool');
  await partly(site, spool);
  cpSync(spool, join(dir, 'copy'), { recursive: true });
  const args = sendArgs(sender, receiver, recv.address);
  assert.is((await send(['-s', spool, ...args], '')).code, 0);
  const all = out();
  // The copy lacks the end that the receiver has: as after a power failure, or when it was made earlier.
  const last = join(dir, 'copy', framesIn(join(dir, 'copy')).at(-1) ?? '');
  truncateSync(last, statSync(last).size - 1000);
  const r = await send(['-s', join(dir, 'copy'), ...args], 'new\n');
  assert.match(r.err, /the receiver has \d+ bytes of a stream of which \d+ are in the spool: the disk has lost its end, or an older copy/);
  assert.is(r.code, 0);
  assert.is(out(), `${all}new\n`);
  assert.ok(all.startsWith(seq(1, 10_000)));
})));

test('a spool on two machines: both deliver, nothing twice, the one that is overtaken says so',
  timed(60_000, () => withSite(async (site) => {
  const { dir, receiver, sender, recv, out } = site;
  const spool = join(dir, 'spool');
  await partly(site, spool);
  const expected = await fullLength(spool, out);
  cpSync(spool, join(dir, 'copy'), { recursive: true });
  const args = sendArgs(sender, receiver, recv.address);
  // The first is held in the middle of the stream, so that the second surely meets it there.
  const slow = new Chaos(recv.port);
  const slowly = await slow.listen();
  const one = start('lm-tls-send', ['-s', spool, ...sendArgs(sender, receiver, slowly)]);
  await until(() => slow.connections > 0);
  const two = start('lm-tls-send', ['-s', join(dir, 'copy'), ...args]);
  one.child.stdin?.end('one\n');
  two.child.stdin?.end('two\n');
  await Promise.all([one.closed, two.closed]);
  slow.close();
  assert.equal([one.code, two.code], [0, 0], one.err + two.err);
  const lines = out().split('\n').slice(0, -1);
  assert.is(new Set(lines).size, lines.length);
  assert.ok(lines.includes('one') && lines.includes('two'));
  assert.is(lines.length, expected + 2);
})));

test('a copy of a spool in use: it is delivered as well; the first one says FENCED, and goes on under a new name',
  timed(60_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  const spool = join(dir, 'spool');
  const args = sendArgs(sender, receiver, recv.address);
  const one = start('lm-tls-send', ['-s', spool, ...args]);
  one.child.stdin?.write('one\n');
  await until(() => out() === 'one\n');
  cpSync(spool, join(dir, 'copy'), { recursive: true });
  const two = await send(['-s', join(dir, 'copy'), ...args], 'two\n');
  assert.is(two.code, 0, two.err);
  await one.says(/it says FENCED: another connection has taken this stream over; trying again/);
  one.child.stdin?.write('three\n');
  await until(() => out() === 'one\ntwo\nthree\n');
  one.child.stdin?.end('four\n');
  await one.closed;
  assert.is(one.code, 0, one.err);
  assert.match(one.err, /it says FRAME: lines behind the end: what is not acknowledged is sent as a new stream; trying again/);
  assert.is(out(), 'one\ntwo\nthree\nfour\n');
})));

/** How many lines there are in all when the spool is delivered. */
async function fullLength(spool: string, out: () => string): Promise<number> {
  const last = framesIn(spool).map((name) => readFileSync(join(spool, name), 'latin1')).join('').trimEnd().split('\n').at(-1);
  return Math.max(Number(last), Number(out().trimEnd().split('\n').at(-1)));
}

test('memory is bounded, and the start is quick, with a backlog that is much larger', timed(120_000, () => withSite(async (site) => {
  const { dir, receiver, sender, recv } = site;
  const spool = join(dir, 'spool');
  const lines = SOAK ? 1_000_000 : 80_000;
  const line = `awk 'BEGIN { for (i = 0; i < ${lines}; i++) printf "%d ${'0123456789'.repeat(100)}\\n", i }'`;
  const full = startLine(`${line} | exec lm-tls-send -s ${spool} --spool-max 4G -t 0 --pin ${receiver.pin} 127.0.0.1:${await deadPort()}`);
  await until(() => spooled(spool) > lines * 1003, 60_000);
  const held = rss(full);
  await new Promise((resolve) => setTimeout(resolve, 300));
  full.kill('SIGKILL');
  await full.closed;
  const begun = Date.now();
  const r = start('lm-tls-send', ['-s', spool, ...sendArgs(sender, receiver, recv.address)]);
  await recv.process.says(/web1 \(127\.0\.0\.1\) is here/);
  const first = Date.now() - begun;
  let worst = 0;
  const timer = setInterval(() => (worst = Math.max(worst, rss(r))), 50);
  r.child.stdin?.end();
  await r.closed;
  clearInterval(timer);
  assert.is(r.code, 0, r.err);
  assert.is(sh(`cut -d ' ' -f 1 ${dir}/out | cmp - <(seq 0 ${lines - 1}) && echo same`).out, 'same\n');
  if (SOAK) process.stdout.write(`backlog of ${lines} lines: ${held} and ${worst} KB, first answer after ${first} ms\n`);
  assert.ok(worst < 130_000 && held < 130_000, `${held} and ${worst} KB`);
  assert.ok(first < 5000, `${first} ms`);
})));

/** Resident memory of a process, or of the command that a shell line has become, in KB. */
function rss(r: Running): number {
  const tree = sh(`ps -o rss= --pid ${r.child.pid} --ppid ${r.child.pid} 2>/dev/null`).out;
  return Math.max(0, ...tree.split('\n').map(Number));
}

test.run();
