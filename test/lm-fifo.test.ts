import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sh, start, startLine, stopAll, timed, until, withFolder, type Running } from './sh.ts';

const USAGE = 'usage: lm-fifo [-hvVw] [-m mode] [--on-full=block|drop] pipe ...\n';
const lines = (text: string): string[] => text.split('\n').slice(0, -1);

/** A merging lm-fifo whose output goes to a file; ready when its pipes are there. */
async function merging(dir: string, pipes: string[], options = ''): Promise<Running> {
  const r = startLine(`exec lm-fifo ${options} ${pipes.map((p) => join(dir, p)).join(' ')} > ${dir}/out`);
  await until(() => r.over || pipes.every((p) => isPipe(join(dir, p))), 10_000, () => r.err);
  return r;
}
function isPipe(path: string): boolean {
  return spawnSync('test', ['-p', path]).status === 0;
}
const outOf = (dir: string): string => readFileSync(join(dir, 'out'), 'latin1');

test('-h goes to stdout and leaves with 0', () => {
  const r = sh('lm-fifo -h');
  assert.ok(r.out.startsWith(USAGE));
  assert.is(r.err, '');
  assert.is(r.code, 0);
  assert.match(sh('lm-fifo --version').out, /^lm-fifo \d+\.\d+\.\d+\n$/);
});

test('mistakes on the command line', () => {
  for (const [line, message] of [
    ['lm-fifo', 'no pipe given'],
    ['lm-fifo -x p', 'unknown option -x'],
    ['lm-fifo -m 600 -m 600 p', 'option --mode given twice'],
    ['lm-fifo -m u=rw p', 'option --mode: mode u=rw is not understood'],
    ['lm-fifo --on-full=wait p', 'option --on-full takes block or drop, not wait'],
    ['lm-fifo -w p q', 'option --write takes one pipe'],
    ['lm-fifo p p', 'a pipe is given twice'],
    ['lm-fifo -', '- is not a named pipe'],
  ] as const) {
    assert.equal(sh(line), { out: '', err: `lm-fifo: ${message}\n${USAGE}`, code: 2 }, line);
  }
});

test('what is no pipe is left alone', () => withFolder((dir) => {
  writeFileSync(join(dir, 'f'), 'keep');
  assert.equal(sh(`lm-fifo ${dir}/f`), { out: '', err: `lm-fifo: cannot open ${dir}/f: not a named pipe\n`, code: 1 });
  assert.equal(sh(`lm-fifo -w ${dir}/f <<< x`), { out: '', err: `lm-fifo: cannot open ${dir}/f: not a named pipe\n`, code: 1 });
  assert.is(readFileSync(join(dir, 'f'), 'utf8'), 'keep');
  assert.is(sh(`lm-fifo ${dir}/no/p`).err, `lm-fifo: cannot make named pipe ${dir}/no/p: No such file or directory\n`);
}));

test('makes the pipes with the mode asked for, whatever the umask', timed(20_000, () => withFolder(async (dir) => {
  const r = startLine(`umask 077; exec lm-fifo -m 0622 ${dir}/p > ${dir}/out`);
  await until(() => isPipe(`${dir}/p`));
  assert.is(statSync(`${dir}/p`).mode & 0o777, 0o622);
  sh(`echo x > ${dir}/p`);
  await until(() => outOf(dir) === 'x\n');
  await stopAll(r);
  assert.is(r.code, 0);
})));

test('writers come and go, and every line of many at once is whole', timed(60_000, () => withFolder(async (dir) => {
  const r = await merging(dir, ['a', 'b', 'c']);
  const pad = `pad = " "; while (length(pad) < 20000) pad = pad pad`;
  const writer = (name: string): string =>
    `awk 'BEGIN { ${pad}; for (i = 1; i <= 3000; i++) print "${name} " i " " substr(pad, 1, (i * 37) % 20000) i }' > ${dir}/${name} &`;
  assert.is(sh(`${['a', 'b', 'c'].map(writer).join(' ')} wait`).code, 0);
  assert.is(sh(`echo again > ${dir}/a; echo "and again" > ${dir}/a`).code, 0);
  await until(() => lines(outOf(dir)).length === 9002, 30_000, () => `9002 lines, got ${lines(outOf(dir)).length}`);
  await stopAll(r);
  assert.equal([r.code, r.err], [0, '']);
  const next: Record<string, number> = { a: 1, b: 1, c: 1 };
  for (const l of lines(outOf(dir))) {
    const m = /^([abc]) (\d+) +\2$/.exec(l);
    if (!m) {
      assert.match(l, /^(and )?again$/);
      continue;
    }
    const [, name = '', n] = m;
    assert.is(Number(n), next[name]);
    next[name] = Number(n) + 1;
  }
  assert.equal(next, { a: 3001, b: 3001, c: 3001 });
})));

test('-w: several writers into one pipe, short lines and long, none torn', timed(60_000, () => withFolder(async (dir) => {
  const r = await merging(dir, ['p']);
  const writer = (name: string, size: number): string =>
    `awk 'BEGIN { for (i = 1; i <= 1500; i++) { s = ""; while (length(s) < (i * 13) % ${size}) s = s "${name}"; print "${name}" i ":" s } }' | lm-fifo -w ${dir}/p &`;
  assert.equal(sh(`${writer('x', 200)} ${writer('y', 6000)} ${writer('z', 20_000)} wait`), { out: '', err: '', code: 0 });
  await until(() => lines(outOf(dir)).length === 4500, 30_000, () => `4500 lines, got ${lines(outOf(dir)).length}`);
  await stopAll(r);
  const next: Record<string, number> = { x: 1, y: 1, z: 1 };
  for (const l of lines(outOf(dir))) {
    const m = /^([xyz])(\d+):(.*)$/.exec(l);
    assert.ok(m && m[3]?.replaceAll(m[1] as string, '') === '', l.slice(0, 80));
    assert.is(Number(m[2]), next[m[1] as string]);
    next[m[1] as string] = Number(m[2]) + 1;
  }
})));

test('-w waits for a reader, at the start and when one leaves', timed(30_000, () => withFolder(async (dir) => {
  const w = startLine(`lm-fifo -w ${dir}/p`);
  w.child.stdin?.write('one\n');
  await until(() => isPipe(`${dir}/p`));
  const first = start('head', ['-n', '1', `${dir}/p`]);
  await first.closed;
  assert.is(first.out, 'one\n');
  w.child.stdin?.end('two\nthree');
  await new Promise((resolve) => setTimeout(resolve, 200)); // nobody reads meanwhile
  assert.not(w.over);
  const second = start('cat', [`${dir}/p`]);
  await second.closed;
  await w.closed;
  assert.equal([second.out, w.code, w.err], ['two\nthree\n', 0, '']);
})));

test('-w stopped while nobody reads says so and fails', timed(20_000, () => withFolder(async (dir) => {
  const w = startLine(`exec lm-fifo -w ${dir}/p`);
  w.child.stdin?.write('one\n');
  await until(() => isPipe(`${dir}/p`));
  await new Promise((resolve) => setTimeout(resolve, 200));
  await stopAll(w);
  assert.equal([w.code, w.err], [1, `lm-fifo: cannot write ${dir}/p: stopped while nobody reads it\n`]);
})));

test('--on-full=drop never waits, and counts', timed(30_000, () => withFolder(async (dir) => {
  const none = sh(`seq 1000 | lm-fifo -w --on-full=drop ${dir}/p`);
  assert.equal(none, { out: '', err: 'lm-fifo: lines dropped: 1000\n', code: 1 });
  // A reader that holds the pipe open and reads nothing: 64 KiB fit, the rest is dropped.
  const held = startLine(`exec 3<>${dir}/p; echo open >&2; exec sleep 60`);
  await held.says(/open/);
  const full = sh(`seq -w 100000 | lm-fifo -w --on-full=drop ${dir}/p`);
  const dropped = Number(/lines dropped: (\d+)/.exec(full.err)?.[1]);
  const got = sh(`timeout 1 cat ${dir}/p || true`).out;
  await stopAll(held);
  assert.is(lines(got).length + dropped, 100_000);
  assert.ok(lines(got).length > 5000);
  for (const l of lines(got)) assert.match(l, /^\d{6}$/);
})));

test('a slow reader of stdout loses nothing', timed(30_000, () => withFolder(async (dir) => {
  const r = startLine(`lm-fifo ${dir}/p | (sleep 1; cat) > ${dir}/out`);
  await until(() => isPipe(`${dir}/p`));
  sh(`seq 200000 > ${dir}/p`);
  await until(() => sh(`wc -l < ${dir}/out`).out.trim() === '200000', 20_000);
  await stopAll(r);
  assert.is(sh(`seq 200000 | cmp - ${dir}/out`).code, 0);
})));

test('a reader that leaves is a quiet end, a full disk is not', timed(30_000, () => withFolder(async (dir) => {
  const left = startLine(`{ lm-fifo ${dir}/p; echo rc=$? >&2; } | head -n 1`);
  await until(() => isPipe(`${dir}/p`));
  const feed = startLine(`yes > ${dir}/p`);
  await left.closed;
  await stopAll(feed);
  assert.is(left.err, 'rc=0\n');
  const full = startLine(`exec lm-fifo ${dir}/q > /dev/full`);
  await until(() => isPipe(`${dir}/q`));
  sh(`echo x > ${dir}/q`);
  await full.closed;
  assert.equal([full.code, full.err], [1, 'lm-fifo: cannot write standard output: ENOSPC\n']);
})));

test('cut at every byte position, and longer than the limit', timed(60_000, () => withFolder(async (dir) => {
  const r = await merging(dir, ['p', 'q']);
  const text = 'first\n\nthird\r\nü and more\n';
  const bytes = Buffer.from(text);
  const script: string[] = [];
  for (let at = 1; at < bytes.length; at++) {
    const part = (from: number, to: number): string => [...bytes.subarray(from, to)].map((b) => `\\x${b.toString(16).padStart(2, '0')}`).join('');
    script.push(`printf '${part(0, at)}'; printf '${part(at, bytes.length)}'`);
  }
  sh(`{ ${script.join('; ')}; } > ${dir}/p`);
  const all = bytes.toString('latin1').repeat(bytes.length - 1);
  await until(() => outOf(dir).length === all.length);
  assert.is(outOf(dir), all);
  sh(`{ head -c 2500000 /dev/zero | tr '\\0' x; echo; } > ${dir}/q`);
  await until(() => outOf(dir).length === all.length + 2_500_003);
  await stopAll(r);
  assert.equal(lines(outOf(dir)).slice(-3).map((l) => l.length), [1_048_575, 1_048_575, 402_850]);
  assert.equal([r.code, r.err], [0, 'lm-fifo: lines longer than 1 MiB, split: 1\n']);
})));

test('SIGTERM in the middle of a stream: what has been read is written, whole', timed(30_000, () => withFolder(async (dir) => {
  const r = await merging(dir, ['p']);
  const feed = startLine(`yes 0123456789 > ${dir}/p`);
  await until(() => outOf(dir).length > 1e6);
  r.kill('SIGTERM');
  await r.closed;
  await stopAll(feed);
  assert.equal([r.code, r.err], [0, '']);
  assert.not(lines(outOf(dir)).slice(0, -1).some((l) => l !== '0123456789'));
})));

test('SIGUSR1 prints the counters, -v too', timed(20_000, () => withFolder(async (dir) => {
  const r = await merging(dir, ['p']);
  sh(`printf 'a\\nb\\n' > ${dir}/p`);
  await until(() => outOf(dir) === 'a\nb\n');
  r.child.kill('SIGUSR1');
  await r.says(/^lm-fifo: lines 2, bytes 4 B, dropped 0, split 0$/m);
  await stopAll(r);
})));

test('the examples of lm-fifo.1', timed(30_000, () => withFolder(async (dir) => {
  const r = startLine(`cd ${dir} && lm-fifo app1 app2 | lm-frame -i both > out`);
  await until(() => isPipe(`${dir}/app1`) && isPipe(`${dir}/app2`));
  sh(`cd ${dir}; echo one > app1; echo two > app2`);
  await until(() => lines(outOf(dir)).length === 2);
  await stopAll(r);
  assert.match(outOf(dir), /"id":"both".*"n":1.*\n.*"id":"both".*"n":2/);
})));

test.run();
