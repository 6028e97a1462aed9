/** Journals and spools that are put back from copies, deleted, or in use twice, with both ends on disk: no new line is dropped. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Site } from './kept.ts';
import { start, timed, until, withFolder, type Running } from './sh.ts';
import { strand } from './spooling.ts';
import { sendArgs, type Key } from './tls.ts';
import { NOTHING_WRONG, provenLine, Verdict } from './verdict.ts';

const LIMIT_MS = 100_000;
const lines = (from: number, to: number, stream = 0): string => (
  Array.from({ length: to - from + 1 }, (_, i) => provenLine(stream, from + i, 50)).join('')
);

/** A receiver with a journal, and a key for its sender. */
function withBoth(body: (site: Site, key: Key, spool: string) => Promise<void>): () => Promise<void> {
  return timed(200_000, () => withFolder(async (dir) => {
    const site = new Site(dir);
    const key = site.sender('web1');
    await site.start();
    await body(site, key, join(dir, 'spool'));
  }));
}

const sender = (site: Site, key: Key, spool: string): Running => (
  start('lm-tls-send', ['-s', spool, ...sendArgs(key, site.receiver, site.address)])
);

/** Resolves when the sender has heard that all is safe. */
async function acknowledged(r: Running): Promise<void> {
  await until(async () => {
    r.err = '';
    r.kill('SIGUSR1');
    await r.says(/unacked bytes/, LIMIT_MS);
    return r.err.includes('unacked bytes 0 B');
  }, LIMIT_MS);
}

/** Send these to the end, from that spool. */
async function sendAll(site: Site, key: Key, spool: string, text: string): Promise<Running> {
  const r = sender(site, key, spool);
  r.child.stdin?.end(text);
  await r.closed;
  assert.is(r.code, 0, r.err);
  return r;
}

/** The verdict on the lines in the journal; reports of the receiver are not of them. */
async function verdictOf(site: Site, streams: number): Promise<Verdict> {
  await site.kill('SIGTERM');
  const verdict = new Verdict(streams);
  for (const line of (await site.text()).split('\n').slice(0, -1)) if (!line.startsWith('{"id":"lm-tls-recv"')) verdict.take(line);
  return verdict;
}

for (const how of ['put back from yesterday', 'deleted'] as const) {
  // What a sender without a spool says is lost then: lm-tls-recv-journal.test.ts. A spool's newest file still has it.
  test(`a journal ${how}: what the spool still has is sent again, and all that is new arrives`,
    withBoth(async (site, key, spool) => {
    const r = sender(site, key, spool);
    r.child.stdin?.write(lines(1, 100));
    await until(() => site.out.length === lines(1, 100).length, LIMIT_MS);
    cpSync(site.journal, join(site.dir, 'yesterday'), { recursive: true });
    r.child.stdin?.write(lines(101, 150));
    await until(() => site.out.length === lines(1, 150).length, LIMIT_MS);
    await acknowledged(r);
    await site.kill('SIGKILL');
    rmSync(site.journal, { recursive: true });
    if (how !== 'deleted') cpSync(join(site.dir, 'yesterday'), site.journal, { recursive: true });
    r.child.stdin?.write(lines(151, 200)); // while it is away
    const { process: recv } = await site.start();
    await recv.says(how === 'deleted' ? /web1 \(\S+\) is here/ : /web1 \(\S+\) is back/, LIMIT_MS);
    r.child.stdin?.end(lines(201, 250));
    await r.closed;
    assert.is(r.code, 0, r.err);
    const { wrong, last } = await verdictOf(site, 1);
    assert.equal([wrong, last], [NOTHING_WRONG, [250]]);
    assert.not.match(recv.err, /lost/);
  }));
}

test('a spool put back from yesterday: told, what the journal has does not come twice, all that is new arrives',
  withBoth(async (site, key, spool) => {
  await strand(spool, lines(1, 100));
  cpSync(spool, join(site.dir, 'yesterday'), { recursive: true });
  // The same process of the sender went on to write and deliver more, under the same name.
  const r = sender(site, key, spool);
  r.child.stdin?.write(lines(101, 200));
  await until(() => site.out.length === lines(1, 200).length, LIMIT_MS, () => r.err);
  cpSync(spool, join(site.dir, 'later'), { recursive: true });
  r.child.stdin?.write(lines(201, 300));
  await until(() => site.out.length === lines(1, 300).length, LIMIT_MS, () => r.err);
  r.kill('SIGKILL');
  await r.closed;
  await sendAll(site, key, join(site.dir, 'yesterday'), lines(301, 400)); // all of it is known: nothing to tell
  const later = await sendAll(site, key, join(site.dir, 'later'), lines(401, 500));
  assert.match(later.err, /the receiver has \d+ bytes of a stream of which \d+ are in the spool: the disk has lost its end, or an older copy/);
  await site.kill('SIGKILL');
  await site.start();
  await sendAll(site, key, spool, lines(501, 600));
  const { wrong, last } = await verdictOf(site, 1);
  assert.equal([wrong, last], [NOTHING_WRONG, [600]]);
}));

test('a spool on two machines, and a receiver that dies meanwhile: told, what both have comes once, what each has read arrives',
  withBoth(async (site, key, spool) => {
  await strand(spool, lines(1, 20_000));
  const copy = join(site.dir, 'copy');
  cpSync(spool, copy, { recursive: true });
  const both = [sender(site, key, spool), sender(site, key, copy)];
  both.forEach((r, i) => r.child.stdin?.write(lines(1, 500, i + 1)));
  await until(() => site.out.length > 100_000, LIMIT_MS);
  await site.kill('SIGKILL');
  await site.start();
  both.forEach((r, i) => r.child.stdin?.end(lines(501, 1000, i + 1)));
  await Promise.all(both.map((r) => r.closed));
  assert.equal(both.map((r) => r.code), [0, 0], both.map((r) => r.err).join());
  const { wrong, last } = await verdictOf(site, 3);
  assert.equal([wrong, last], [NOTHING_WRONG, [20_000, 1000, 1000]]);
}));

test('a spool in use that is copied: the one whose stream the other has taken over says so, and both arrive',
  withBoth(async (site, key, spool) => {
  const one = sender(site, key, spool);
  one.child.stdin?.write(lines(1, 100));
  await until(() => site.out.length === lines(1, 100).length, LIMIT_MS);
  await acknowledged(one);
  const copy = join(site.dir, 'copy');
  cpSync(spool, copy, { recursive: true });
  await sendAll(site, key, copy, lines(1, 100, 1));
  await one.says(/it says FENCED: another connection has taken this stream over; trying again/, LIMIT_MS);
  await site.kill('SIGKILL');
  await site.start();
  one.child.stdin?.end(lines(101, 200));
  await one.closed;
  assert.is(one.code, 0, one.err);
  assert.match(one.err, /it says FRAME: lines behind the end: what is not acknowledged is sent as a new stream/);
  assert.not.match(site.recv?.process.err ?? '', /lost/);
  const { wrong, last } = await verdictOf(site, 2);
  assert.equal([wrong, last], [NOTHING_WRONG, [200, 100]]);
}));

test.run();
