/** Many senders at once, one of them at full speed, and many that mean no good: with LM_SOAK 1,000 and 500, else fewer. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Delays, Flock, rssOf } from './flock.ts';
import { report, start, startLine, stopAll, timed, until, withFolder } from './sh.ts';
import { makeKey, startRecv, type Recv } from './tls.ts';

const SOAK = process.env['LM_SOAK'] !== undefined;
const [SENDERS, ENEMIES, SECONDS] = SOAK ? [1000, 500, 30] : [100, 60, 4];
const ENEMY = fileURLToPath(new URL('enemies.worker.ts', import.meta.url));
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test(`${SENDERS} senders, one of them at full speed: the lines of the others are not late; after a restart they do not all come at once`,
  timed(240_000, () => withFolder(async (dir) => {
  const [receiver, flockKey, fastKey] = [makeKey(dir, 'receiver'), makeKey(dir, 'flock'), makeKey(dir, 'fast')];
  writeFileSync(join(dir, 'authorized'), `flock ${flockKey.pin} *\nfast ${fastKey.pin} *\n`);
  const options = ['-k', receiver.pem, '-a', join(dir, 'authorized'), '-c', '2000'];
  let recv: Recv = await startRecv(options);
  let delays = new Delays(recv.process);
  const flock = new Flock(recv.port, flockKey, SENDERS, SENDERS);
  await flock.joined();
  const quiet = { from: delays.late.length, rss: rssOf(recv.process) };
  await wait(SECONDS * 500);
  const [p99quiet, loud] = [delays.p99(quiet.from), delays.late.length];
  const fast = startLine(`yes 'a line of the one at full speed, of about a hundred bytes, which is what lines of logs often have' | \
    lm-tls-send -k ${fastKey.pem} --pin ${receiver.pin} ${recv.address}`);
  await until(() => delays.others > 0);
  const begun = { at: performance.now(), others: delays.others };
  await wait(SECONDS * 1000);
  const rate = Math.round((delays.others - begun.others) / ((performance.now() - begun.at) / 1000));
  const p99 = delays.p99(loud);
  report(`${SENDERS} senders: p99 ${p99quiet} ms, ${quiet.rss} MB`);
  report(`beside one with ${rate} lines/s: p99 ${p99} ms, ${rssOf(recv.process)} MB`);
  assert.ok(delays.late.length - loud > SENDERS * SECONDS * 0.5, `${delays.late.length - loud} lines of the others`);
  assert.ok(p99 < 1000, `p99 ${p99} ms`);
  assert.ok(rssOf(recv.process) < 400, `${rssOf(recv.process)} MB`);
  await stopAll(fast);

  // After SIGTERM they come when they were told to; after SIGKILL each by its own dice, and only told here.
  for (const signal of SOAK ? (['SIGTERM', 'SIGKILL'] as const) : (['SIGTERM'] as const)) {
    const before = flock.seconds.length;
    recv.process.kill(signal);
    await recv.process.closed;
    recv = await startRecv([...options, recv.address]);
    delays = new Delays(recv.process);
    await flock.joined(before);
    const most = Math.max(...flock.seconds.slice(before).map(({ connects }) => connects));
    report(`${signal}: at most ${most} connections stood up in a second, all back after ${flock.seconds.length - before} s`);
    if (signal === 'SIGTERM') assert.ok(most <= (SOAK ? 400 : 2 * SENDERS), `${most} in a second`);
  }
  await until(() => delays.late.length > SENDERS, 20_000);
  assert.equal(flock.errors, []);
  await stopAll(flock.process, recv.process);
})));

test(`${ENEMIES} connections that say nothing, dribble, or do not read: a good sender is not held up, and they are closed in time`,
  timed(120_000, () => withFolder(async (dir) => {
  const [receiver, key] = [makeKey(dir, 'receiver'), makeKey(dir, 'good')];
  writeFileSync(join(dir, 'authorized'), `good ${key.pin} *\n`);
  const recv = await startRecv(['-k', receiver.pem, '-a', join(dir, 'authorized')]);
  const delays = new Delays(recv.process);
  const flock = new Flock(recv.port, key, 10, 100);
  await flock.joined();
  const open = (): number => readdirSync(`/proc/${recv.process.child.pid}/fd`).length;
  const before = open();
  const from = delays.late.length;
  const enemies = start('node', ['--import', 'tsx', ENEMY, String(recv.port), key.pem, String(ENEMIES)]);
  await until(() => enemies.out === 'there\n', 60_000, () => enemies.err);
  await until(() => open() > before + ENEMIES * 0.9, 60_000, () => `${open() - before} to be let in`);
  const begun = performance.now();
  const gone = async (most: number): Promise<number> => {
    const tell = (): string => `${open() - before} connections to be at most ${most}; ${recv.process.err.slice(-500)}`;
    await until(() => open() <= before + most, 80_000, tell);
    return (performance.now() - begun) / 1000;
  };
  const strangers = await gone(ENEMIES / 2); // half of them have not said who they are
  const all = await gone(0);
  const p99 = delays.p99(from);
  const worst = Math.max(...delays.late.slice(from));
  report(`${ENEMIES} enemies: the good are late by ${p99} ms (p99), ${worst} ms at most, ${rssOf(recv.process)} MB; `
    + `strangers closed after ${strangers.toFixed(1)} s, all after ${all.toFixed(1)} s`);
  assert.ok(p99 < 1000, `p99 ${p99} ms`);
  assert.ok(strangers < 20 && all < 60, `${strangers} s, ${all} s`);
  assert.equal(flock.errors, []);
  await stopAll(flock.process, enemies, recv.process);
  assert.is(recv.process.code, 0);
})));

test.run();
