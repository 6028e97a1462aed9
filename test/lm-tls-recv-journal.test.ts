import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkRepeated, checkTalk, journalText, segmentsOf, Site, Talker } from './kept.ts';
import { memoryOf } from './bench/measure.ts';
import { sh, start, startLine, stopAll, timed, until, withFolder } from './sh.ts';
import { examplesOf, makeKey, sendArgs } from './tls.ts';

const SOAK = process.env['LM_SOAK'] !== undefined;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const numbered = (count: number, length = 90): string => Array.from({ length: count }, (_, i) => `${i} ${'x'.repeat(length)}\n`).join('');

test('mistakes on the command line, and folders that cannot be used', () => withFolder((dir) => {
  const { pem } = makeKey(dir, 'receiver');
  for (const [options, message] of [
    ['--keep-size 1G', 'option --keep-size needs --journal'],
    ['--keep-age 1d', 'option --keep-age needs --journal'],
    ['--segment 1M', 'option --segment needs --journal'],
    [`-J ${dir}/j --segment 1k`, 'option --segment: size 1k is out of range'],
    [`-J ${dir}/j --keep-age 1s`, 'option --keep-age: time 1s is out of range'],
  ] as const) {
    const r = sh(`lm-tls-recv -k ${pem} --anyone ${options}`);
    assert.equal([r.code, r.err.split('\n')[0]], [2, `lm-tls-recv: ${message}`]);
  }
  const run = (options: string): unknown => sh(`lm-tls-recv -k ${pem} --anyone ${options} 127.0.0.1:0`);
  assert.equal(run(`-J ${dir}/a/b`), { out: '', err: `lm-tls-recv: cannot use journal ${dir}/a/b: ENOENT\n`, code: 1 });
  assert.equal(run(`-J ${pem}`), { out: '', err: `lm-tls-recv: cannot use journal ${pem}: ENOTDIR\n`, code: 1 });
}));

test('lines are on the disk, as they came, and on standard output; one writer a folder', timed(30_000, () => withFolder(async (dir) => {
  const site = new Site(dir);
  const key = site.sender('web1');
  await site.start();
  const text = `{"@":"group","bytes":99}\n${numbered(50_000)}\0\xff\n\n`;
  assert.is((await site.send(key, Buffer.from(text, 'latin1'))).code, 0);
  assert.is(await site.text(), text);
  const second = sh(`lm-tls-recv -k ${site.receiver.pem} --anyone -J ${site.journal} 127.0.0.1:0`);
  assert.equal(second, { out: '', err: `lm-tls-recv: cannot use journal ${site.journal}: another process writes it\n`, code: 1 });
  await site.kill('SIGTERM');
  assert.is(site.recv?.process.code, 0);
  assert.is(site.out, text);
  // People read it: all lines of it with the tools they have, the journal's own apart.
  assert.is(sh(`cat ${site.journal}/*.ndjson | grep -av '^{"@":"\\(segment\\|group\\)","mark"' | wc -c`).out.trim(), String(text.length));
  assert.is(sh(`head -n 1 ${site.journal}/000000000001.ndjson | grep -c '^{"@":"segment","mark":'`).out, '1\n');
  // The next one begins where this one ended.
  await site.start('pipe');
  await pause(300);
  await site.kill('SIGTERM');
  assert.is(site.recv?.process.out, '');
})));

test(`kill -9 under load, ${SOAK ? 200 : 3} times: nothing lost, nothing twice in the journal`,
  timed(SOAK ? 1_200_000 : 60_000, () => withFolder(async (dir) => {
  const site = new Site(dir, '--segment=256k');
  const next = ((n) => () => (n = (n * 16_807) % 2_147_483_647) / 2_147_483_647)(5333);
  const keys = ['web1', 'db', 'mail'].map((name) => ({ name, key: site.sender(name) }));
  await site.start();
  const talkers = keys.map(({ name, key }, i) => new Talker(site, name, key, [20, 2, 60][i] ?? 1));
  for (let i = 0; i < (SOAK ? 200 : 3); i++) {
    await pause(SOAK ? 1000 + 1000 * next() : 300 + 500 * next());
    await site.kill('SIGKILL');
    await site.start();
  }
  await Promise.all(talkers.map((t) => t.end()));
  await site.kill('SIGTERM');
  const text = await site.text();
  checkTalk(text, talkers);
  const repeated = checkRepeated(site.out, text).reduce((sum, { bytes }) => sum + bytes, 0);
  assert.ok((await segmentsOf(site.journal)).length > 1);
  assert.ok(repeated < text.length, `${repeated} bytes repeated of ${text.length}`);
})));

test('kill -9 more than 200 ms after the last line was written to standard output: nothing comes again',
  timed(30_000, () => withFolder(async (dir) => {
  const site = new Site(dir);
  const key = site.sender('web1');
  await site.start();
  for (let i = 0; i < 3; i++) {
    assert.is((await site.send(key, `${i}\n`)).code, 0);
    const cursor = join(site.journal, 'cursor');
    const saved = (): string => (existsSync(cursor) ? readFileSync(cursor, 'utf8') : '');
    await until(() => saved().includes(`"at":${statSync(join(site.journal, '000000000001.ndjson')).size},`));
    await site.kill('SIGKILL');
    await site.start();
  }
  await pause(300);
  await site.kill('SIGTERM');
  assert.is(site.out, '0\n1\n2\n');
})));

test(`SIGTERM under load, ${SOAK ? 100 : 3} times: nothing lost, nothing twice, on standard output neither`,
  timed(SOAK ? 600_000 : 60_000, () => withFolder(async (dir) => {
  const site = new Site(dir, '--segment=1M');
  const keys = ['web1', 'db'].map((name) => ({ name, key: site.sender(name) }));
  await site.start();
  const talkers = keys.map(({ name, key }, i) => new Talker(site, name, key, [50, 3][i] ?? 1));
  for (let i = 0; i < (SOAK ? 100 : 3); i++) {
    await pause(300);
    await site.kill('SIGTERM');
    assert.equal([site.recv?.process.code, site.recv?.process.err.includes('lost')], [0, false], site.recv?.process.err);
    await site.start();
  }
  await Promise.all(talkers.map((t) => t.end()));
  await site.kill('SIGTERM');
  const text = await site.text();
  checkTalk(text, talkers);
  assert.ok(site.out === text, `${site.out.length} bytes for ${text.length}`);
})));

test(`nobody reads stdout for ${SOAK ? 60 : 5} s: senders are acknowledged, none reconnects, memory is bounded, then all of it comes`,
  timed(SOAK ? 300_000 : 60_000, () => withFolder(async (dir) => {
  const site = new Site(dir);
  const [key, big] = [site.sender('web1'), site.sender('big')];
  const { process: recv } = await site.start('pipe');
  let got = '';
  const talker = new Talker(site, 'web1', key, 20);
  recv.child.stdout?.on('data', (d: Buffer) => (got += d.toString('latin1')));
  await until(() => got.length > 100_000);
  recv.child.stdout?.pause();
  const lines = Array.from({ length: 300_000 }, (_, i) => `big ${i} ${'y'.repeat(180)}\n`).join('');
  const before = memoryOf(recv.child.pid ?? 0).rss;
  assert.is((await site.send(big, lines)).code, 0); // 57 MB, acknowledged to the end
  await pause(SOAK ? 60_000 : 5000);
  const { rss } = memoryOf(recv.child.pid ?? 0);
  assert.ok(rss < before + 150, `${rss} MB after ${before} MB`);
  assert.not.match(recv.err, /is gone, not finished|is back/);
  recv.child.stdout?.resume();
  await talker.end();
  const text = await site.text();
  await until(() => got.length >= text.length, 60_000, () => `${got.length} of ${text.length}`);
  assert.ok(got === text);
  await site.kill('SIGTERM');
  assert.is(recv.code, 0);
})));

test('SIGTERM while nobody reads: it ends in time, and the next one goes on with whole lines, none twice but the one cut',
  timed(30_000, () => withFolder(async (dir) => {
  const site = new Site(dir);
  const key = site.sender('web1');
  // A pipe, whose reader begins to read when the receiver is gone.
  const reader = `(until [ -e ${dir}/go ]; do sleep 0.1; done; cat > ${dir}/taken; touch ${dir}/done)`;
  const recv = startLine(`exec ${site.line} -t 500ms > >(${reader})`);
  site.address = (await recv.says(/listening on (\S+)/))[1] as string;
  const text = numbered(40_000);
  assert.is((await site.send(key, text)).code, 0);
  recv.child.kill('SIGTERM');
  await until(() => recv.child.exitCode !== null, 5000, () => recv.err);
  writeFileSync(join(dir, 'go'), '');
  await until(() => existsSync(join(dir, 'done')));
  const taken = readFileSync(join(dir, 'taken'), 'latin1');
  await site.start();
  await until(() => site.out.endsWith('39999 '.padEnd(96, 'x') + '\n'));
  await site.kill('SIGTERM');
  assert.ok(text.startsWith(taken) && taken.length < text.length);
  const whole = taken.slice(0, taken.lastIndexOf('\n') + 1);
  assert.ok(whole + site.out === text, `${whole.length} and ${site.out.length} for ${text.length}`);
})));

test('| head: the reader has left for good, so it ends, and what is in the journal goes to the next one',
  timed(30_000, () => withFolder(async (dir) => {
  const site = new Site(dir);
  const key = site.sender('web1');
  const r = startLine(`${site.line} | head -n 1; echo "\${PIPESTATUS[0]}"`);
  site.address = (await r.says(/listening on (\S+)/))[1] as string;
  const s = start('lm-tls-send', sendArgs(key, site.receiver, site.address));
  s.child.stdin?.write('1\n2\n');
  await until(() => r.out === '1\n');
  s.child.stdin?.write('3\n');
  await r.closed;
  assert.equal([r.out, r.err.includes('cannot')], ['1\n0\n', false]);
  s.child.stdin?.end('4\n');
  await site.start();
  await s.closed;
  assert.is(s.code, 0, s.err);
  await site.kill('SIGTERM');
  assert.is(await site.text(), '1\n2\n3\n4\n');
  assert.match(site.out, /^(3\n)?4\n$/);
})));

test('a named pipe whose reader leaves and comes back goes on where the pipe was', timed(30_000, () => withFolder(async (dir) => {
  const site = new Site(dir);
  const key = site.sender('web1');
  sh(`mkfifo ${dir}/pipe`);
  const first = startLine(`exec head -c 7 < ${dir}/pipe`);
  const recv = startLine(`exec ${site.line} > ${dir}/pipe`);
  site.address = (await recv.says(/listening on (\S+)/))[1] as string;
  assert.is((await site.send(key, 'line 1\n')).code, 0);
  await first.closed;
  assert.is((await site.send(key, 'line 2\nline 3\n')).code, 0); // without any reader
  const second = startLine(`exec head -n 2 < ${dir}/pipe`);
  await second.closed;
  assert.equal([first.out, second.out], ['line 1\n', 'line 2\nline 3\n']);
  await stopAll(recv);
  assert.is(recv.code, 0);
})));

test('> /dev/null: the journal alone; a reader that comes later begins there', timed(30_000, () => withFolder(async (dir) => {
  const site = new Site(dir);
  const key = site.sender('web1');
  const recv = startLine(`exec ${site.line} > /dev/null`);
  site.address = (await recv.says(/listening on (\S+)/))[1] as string;
  assert.is((await site.send(key, numbered(1000))).code, 0);
  await stopAll(recv);
  await site.start();
  assert.is((await site.send(key, 'later\n')).code, 0);
  await site.kill('SIGTERM');
  assert.equal([await site.text(), site.out], [`${numbered(1000)}later\n`, 'later\n']);
  rmSync(join(site.journal, 'cursor')); // all of it again
  await site.start('file');
  await until(() => site.out.length > 90_000);
  await site.kill('SIGTERM');
  assert.is(site.out, `later\n${numbered(1000)}later\n`);
  writeFileSync(join(site.journal, 'cursor'), `${'\0'.repeat(127)}\n`); // damaged: all of it again, and it says so
  const { process: after } = await site.start('file');
  await after.says(/cannot read \S+\/cursor: .+; standard output begins with the oldest line, so what it had of the journal comes again/);
  await until(() => site.out.length > 180_000);
  await site.kill('SIGTERM');
  assert.is(site.out, `later\n${`${numbered(1000)}later\n`.repeat(2)}`);
})));

test('a journal restored from yesterday, and one deleted: what is missing is said on both ends and in the page, what is new arrives',
  timed(40_000, () => withFolder(async (dir) => {
  const site = new Site(dir);
  const key = site.sender('web1');
  await site.start();
  const s = start('lm-tls-send', sendArgs(key, site.receiver, site.address));
  s.child.stdin?.write('one\n');
  await until(() => site.out === 'one\n');
  cpSync(site.journal, join(dir, 'yesterday'), { recursive: true });
  s.child.stdin?.write('two\n');
  await until(() => site.out === 'one\ntwo\n');
  await site.kill('SIGTERM');
  rmSync(site.journal, { recursive: true });
  cpSync(join(dir, 'yesterday'), site.journal, { recursive: true });
  const { process: restored } = await site.start();
  s.child.stdin?.write('three\n');
  await restored.says(/web1 has lost 4 bytes: acknowledged before, then forgotten by the receiver/);
  await until(() => site.out.endsWith('three\n') || /three\n\{.*\}\n$/.test(site.out), 5000, () => site.out);
  await site.kill('SIGTERM');
  rmSync(site.journal, { recursive: true });
  const { process: deleted } = await site.start();
  s.child.stdin?.end('four\n');
  await deleted.says(/web1 has lost 14 bytes: acknowledged before, then forgotten by the receiver/);
  await s.closed;
  assert.is(s.code, 0, s.err);
  await site.kill('SIGTERM');
  const text = await site.text();
  const [report = ''] = text.split('\n').filter((line) => line.startsWith('{"id"'));
  const { id, run, n, ts, msg, level } = JSON.parse(report);
  assert.equal([id, typeof run, n, Date.now() - ts < 60_000, level], ['lm-tls-recv', 'string', 1, true, 'error']);
  assert.is(msg, 'web1 has lost 14 bytes: acknowledged before, then forgotten by the receiver');
  assert.ok(text.includes('four\n') && !text.includes('three\n'));
  assert.match(sh(`grep -h '^{"@":"group"' ${site.journal}/*.ndjson`).out, /"lost":\{"lines":0,"bytes":14,"reason":"acknowledged before/);
})));

test('senders that speak plain TLS are kept as well', timed(30_000, () => withFolder(async (dir) => {
  const site = new Site(dir, '--raw');
  const key = site.sender('web1');
  await site.start();
  const socat = `socat -t 2 -u STDIN OPENSSL:${site.address},cafile=${site.receiver.crt},commonname=receiver,cert=${key.pem}`;
  sh(socat, 'raw 1\nraw 2');
  await until(() => site.out === 'raw 1\nraw 2\n');
  await site.kill('SIGKILL');
  assert.is(await site.text(), 'raw 1\nraw 2\n');
})));

test('--keep-size: the oldest segments go, but none that standard output has not had', timed(30_000, () => withFolder(async (dir) => {
  const site = new Site(dir, '--segment=64k', '--keep-size=256k');
  const key = site.sender('web1');
  const { process: recv } = await site.start('pipe');
  let got = 0;
  recv.child.stdout?.on('data', (d: Buffer) => (got += d.length)).pause();
  const text = numbered(20_000, 83);
  for (let i = 0; i < 4; i++) assert.is((await site.send(key, text.slice(i * 450_000, (i + 1) * 450_000))).code, 0);
  const size = async (): Promise<number> => {
    const names = await segmentsOf(site.journal);
    return names.reduce((sum, name) => sum + (statSync(join(site.journal, name), { throwIfNoEntry: false })?.size ?? 0), 0);
  };
  await recv.says(/journal .* is \d.* [KM]iB larger than --keep-size, and grows: standard output has not had its oldest lines/, 15_000);
  assert.ok((await size()) > 1_000_000, String(await size())); // a socket holds some hundred KB
  recv.child.stdout?.resume();
  await until(() => got >= text.length);
  await until(async () => (await size()) <= 256 * 1024 || (await segmentsOf(site.journal)).length === 1, 5000);
  assert.ok(!existsSync(join(site.journal, '000000000001.ndjson')));
  await recv.says(/is within --keep-size again/);
  recv.kill('SIGUSR1');
  await recv.says(/segments removed \d+/);
  await site.kill('SIGKILL');
  await site.start(); // a journal that does not begin with 1 is no damage
  await site.kill('SIGTERM');
  assert.not.match(site.recv?.process.err ?? '', /damaged/);
})));

test('damage in the middle is told, shown and left as it is; the rest is read', timed(30_000, () => withFolder(async (dir) => {
  const site = new Site(dir);
  const key = site.sender('web1');
  await site.start();
  for (const line of ['one', 'two', 'three']) assert.is((await site.send(key, `${line}\n`)).code, 0);
  await site.kill('SIGTERM');
  const path = join(site.journal, '000000000001.ndjson');
  const bytes = readFileSync(path);
  bytes[bytes.indexOf('\ntwo\n') + 1] = 0x54;
  writeFileSync(path, bytes);
  rmSync(join(site.journal, 'cursor'));
  rmSync(join(dir, 'out'));
  const { process: recv } = await site.start();
  await recv.says(/journal \S+: 000000000001\.ndjson is damaged, bytes \d+ to \d+ are passed over: wrong checksum/);
  assert.is((await site.send(key, 'four\n')).code, 0);
  await until(() => site.out.includes('four\n'));
  await site.kill('SIGTERM');
  assert.match(site.out, /^one\nthree\n\{"id":"lm-tls-recv",.*"msg":"journal \S+ \S+ is damaged, .*"level":"error"\}\nfour\n$/);
  assert.ok(readFileSync(path).equals(bytes));
  const damage: string[] = [];
  assert.ok((await journalText(site.journal, damage)).startsWith('one\nthree\n'));
  assert.equal(damage, ['wrong checksum']);
})));

test('a torn end is cut off, kept beside it, and comes again from its sender', timed(30_000, () => withFolder(async (dir) => {
  const site = new Site(dir);
  const key = site.sender('web1');
  await site.start();
  const s = start('lm-tls-send', sendArgs(key, site.receiver, site.address));
  s.child.stdin?.write('one\n');
  await until(() => site.out === 'one\n');
  await site.kill('SIGKILL');
  const path = join(site.journal, '000000000001.ndjson');
  writeFileSync(path, readFileSync(path).subarray(0, 300), { flag: 'a' }); // what a write that was not finished may leave
  const { process: recv } = await site.start();
  await recv.says(/journal \S+: cut 300 bytes off the end of 000000000001\.ndjson, which no sender was promised/);
  s.child.stdin?.end('two\n');
  await s.closed;
  await site.kill('SIGTERM');
  assert.equal([await site.text(), site.out.replace(/^(one\n)+/, 'one\n')], ['one\ntwo\n', 'one\ntwo\n']);
  assert.is(statSync(`${path}.cut`).size, 300);
})));

/** A shared object that makes the calls on files of a journal fail as `how` says, while the file `now` is there. */
function failingDisk(dir: string): { preload: string; now: string } | undefined {
  if (sh('command -v gcc').code !== 0) return undefined;
  writeFileSync(join(dir, 'fail.c'), `
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/uio.h>
    #include <unistd.h>
    static int fails(const char *call, int fd) {
      char link[64], path[4096], how[64] = "";
      FILE *f = fopen(getenv("FAIL_NOW"), "r");
      if (!f) return 0;
      if (!fgets(how, sizeof how, f)) how[0] = 0;
      fclose(f);
      snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
      ssize_t n = readlink(link, path, sizeof path - 1);
      if (n < 0) return 0;
      path[n] = 0;
      return strstr(path, ".ndjson") && !strncmp(how, call, strlen(call));
    }
    #define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
    #define FAILING(type, call, name, args, passed) \\
      type name args { if (fails(call, fd)) { errno = EIO; return -1; } return REAL(name) passed; }
    FAILING(int, "sync", fdatasync, (int fd), (fd))
    FAILING(ssize_t, "write", pwritev, (int fd, const struct iovec *v, int n, off_t at), (fd, v, n, at))
    FAILING(ssize_t, "write", pwritev64, (int fd, const struct iovec *v, int n, off64_t at), (fd, v, n, at))
    FAILING(ssize_t, "write", pwrite, (int fd, const void *b, size_t n, off_t at), (fd, b, n, at))
    FAILING(ssize_t, "write", pwrite64, (int fd, const void *b, size_t n, off64_t at), (fd, b, n, at))
  `);
  const built = sh(`gcc -shared -fPIC -o ${dir}/fail.so ${dir}/fail.c -ldl`);
  if (built.code !== 0) throw new Error(built.err);
  return { preload: join(dir, 'fail.so'), now: join(dir, 'fail-now') };
}

if (sh('command -v gcc').code !== 0) test.skip('SKIPPED, no gcc: EIO of the disk', () => {});
else for (const call of ['sync', 'write']) {
  test(`EIO of ${call}: it ends at once with 1, acknowledges nothing, and the sender sends again`,
    timed(40_000, () => withFolder(async (dir) => {
    const disk = failingDisk(dir);
    if (!disk) return;
    const site = new Site(dir);
    const key = site.sender('web1');
    const { process: recv } = await site.start('file', { LD_PRELOAD: disk.preload, FAIL_NOW: disk.now });
    const s = start('lm-tls-send', sendArgs(key, site.receiver, site.address));
    s.child.stdin?.write('before\n');
    await until(() => site.out === 'before\n', 5000, () => recv.err);
    writeFileSync(disk.now, call);
    s.child.stdin?.write('while\n');
    await recv.closed;
    assert.is(recv.code, 1);
    assert.match(recv.err, new RegExp(`lm-tls-recv: cannot write journal ${site.journal}: EIO\n$`));
    assert.is(site.out, 'before\n');
    s.kill('SIGUSR1');
    await s.says(/unacked bytes 6 B|6 B unacked|unacked[^,]* 6/, 3000).catch(() => assert.match(s.err, /6/));
    rmSync(disk.now);
    await site.start();
    s.child.stdin?.end('after\n');
    await s.closed;
    await site.kill('SIGTERM');
    assert.is(s.code, 0, s.err);
    assert.is(await site.text(), 'before\nwhile\nafter\n');
    assert.is(site.out.replace(/^(before\n)+/, 'before\n'), 'before\nwhile\nafter\n');
  })));
}

const SMALL_DISK = 'unshare -rm sh -c \'mount -t tmpfs -o size=1M tmpfs "$0" && exec "$@"\'';
if (sh(`d=$(mktemp -d) && ${SMALL_DISK} $d true; s=$?; rmdir $d; exit $s`).code !== 0) {
  test.skip('SKIPPED, no mount in a namespace: a disk that is full', () => {});
} else {
  test('a full disk: senders wait and stay connected, it is said once, and goes on when there is room',
    timed(60_000, () => withFolder(async (dir) => {
    const site = new Site(dir, '--segment=128k');
    const key = site.sender('web1');
    mkdirSync(site.journal);
    // The filler is in the same small disk; the test frees it by a signal file, since the mount is seen by those within only.
    const inside = `head -c 600k /dev/zero > $1/filler; (while [ ! -e ${dir}/free ]; do sleep 0.1; done; rm $1/filler) & shift; exec "$@"`;
    const recv = startLine(`exec ${SMALL_DISK} ${site.journal} sh -c '${inside}' sh ${site.journal} ${site.line} > ${dir}/out`);
    site.address = (await recv.says(/listening on (\S+)/))[1] as string;
    const s = start('lm-tls-send', sendArgs(key, site.receiver, site.address));
    const text = numbered(7000, 90); // 680 KB
    s.child.stdin?.end(text);
    await recv.says(/cannot write journal \S+: ENOSPC; senders wait until there is room/);
    await pause(3000);
    assert.ok(!s.over);
    recv.child.kill('SIGUSR1'); // not the one that waits to remove the filler
    await recv.says(/disk full yes/);
    const kept = site.out;
    assert.ok(text.startsWith(kept) && kept.length < text.length);
    writeFileSync(join(dir, 'free'), '');
    await recv.says(/journal \S+ has room again after \d+ s/);
    await s.closed;
    assert.is(s.code, 0, s.err);
    assert.not.match(s.err, /trying again/);
    assert.is(recv.err.match(/cannot write journal \S+: ENOSPC/g)?.length, 1);
    assert.not.match(recv.err, /is gone, not finished/);
    await until(() => site.out === text);
    await stopAll(recv);
  })));
}

test('the examples of the manual pages', timed(40_000, () => withFolder(async (dir) => {
  const site = new Site(dir);
  const key = site.sender('web1');
  const [keep = '', only = ''] = examplesOf('lm-tls-recv.1').slice(8);
  const record = (id: string, n: number): string => `{"id":"${id}","run":"k3x9a1qz","n":${n},"ts":1795341000123,"msg":"GET / ${n}"}\n`;
  for (const [i, line] of [keep, only].entries()) {
    const r = startLine(`cd ${dir}; ${line.replace('/run/lm/in', 'in').replace(' >', ' 127.0.0.1:0 >')}`);
    site.address = (await r.says(/listening on (\S+)/))[1] as string;
    assert.is((await site.send(key, record('web1/nginx', i + 1) + record('db', i + 1))).code, 0);
    await stopAll(r);
    assert.is(readFileSync(join(dir, 'in'), 'utf8'), record('web1/nginx', 1) + record('db', 1));
  }
  const [all = '', text = '', follow = '', streams = '', lost = ''] = examplesOf('lm-journal.5');
  const run = (line: string): string => sh(`cd ${dir}; ${line}`).out;
  const lines = record('web1/nginx', 1) + record('db', 1) + record('web1/nginx', 2) + record('db', 2);
  assert.is(run(all), lines);
  assert.is(run(text), 'GET / 1\nGET / 2\n');
  assert.match(run(streams), /^\["web1","[0-9a-f]{32}",\d+,null\]\n/);
  assert.is(run(lost), '');
  const live = startLine(`cd ${dir}; ${follow}`);
  await until(() => live.out === lines);
  await stopAll(live);
})));

test.run();
