/** lm-serve among enemies: lines, requests and patterns made to break it. Good lines all arrive, and what was bad is counted. */
import { randomBytes } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { Follower, record, records, serving, type Serving } from './serving.ts';
import { timed, until } from './sh.ts';

/** Send bytes over a new connection; what came back when it was closed by the server or `ms` were over. */
async function raw(port: number, bytes: Buffer | string, ms = 2000): Promise<string> {
  const socket = createConnection(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('error', () => {});
  socket.write(bytes);
  await Promise.race([new Promise((resolve) => socket.on('close', resolve)), new Promise((resolve) => setTimeout(resolve, ms))]);
  socket.destroy();
  return text;
}

const alive = async (server: Serving): Promise<void> => assert.is((await server.ask('/healthz')).text, 'ok\n');

test('hostile lines change nothing but themselves', timed(60_000, () => serving(['-M', '8M'], async (server) => {
  const bad = ['null', '5', '[]', '""', '{', '{}', '{"id":"a","msg":"x","id":"b"}', '{"id":"__proto__","msg":"x"}', '{"__proto__":{"id":"a"},"msg":"x"}',
    '{"id":"../../etc","msg":"x"}', '{"id":"a","msg":{"toString":1}}', `{"id":"a","msg":"${'x'.repeat(2 << 20)}"}`, '\0'.repeat(1000), `${'['.repeat(100_000)}`,
    `{"id":"a","msg":"x","d":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, '{"id":"a","n":1e999,"run":"r","msg":"x"}', '{"id":"a","msg":"\\ud83d"', '\ufeff{"id":"a","msg":"x"}',
    '<script>alert(1)</script>', '\u001b]0;title\u0007', '{"@":"batch","at":"x.1","count":5}', '{"@":"hello","epoch":"x"}'];
  let n = 0;
  let sent = 0;
  for (const line of bad) {
    await server.feed(`${record('good', ++n)}${line}\n`);
    sent += 2 + Math.ceil((line.length + 1) / ((1 << 20) - 1)) - 1;
  }
  await server.feed(record('good', ++n));
  sent++;
  for (let i = 0; i < 10_000; i++) {
    await server.feed(Buffer.concat([Buffer.from(randomBytes(1 + (i % 200)).toString('latin1').replaceAll('\n', ' '), 'latin1'), Buffer.from(`\n${record('good', ++n)}`)]));
    sent += 2;
  }
  const { counts, streams } = await server.received(sent, 40_000);
  assert.equal([counts['records'], counts['lost'], counts['duplicates']], [n, 0, 0]);
  assert.is(counts['malformed'], sent - n);
  assert.equal(new Set(streams.map((s) => s.id)), new Set(['good', 'unframed']));
  assert.ok(Object.keys(counts.reasons).length >= 6);
  await alive(server);
})));

test('a flood of streams and runs is bounded', timed(60_000, () => serving(['-M', '8M'], async (server) => {
  for (let i = 0; i < 60; i++) {
    await server.feed(Array.from({ length: 500 }, (_, k) => record(`s${i * 500 + k}`, 7, 'm', `run${i}x${k}`)).join(''));
  }
  const { counts, streams } = await server.received(30_000, 40_000);
  assert.ok(streams.length <= 10_000);
  assert.is(streams.length + (counts['forgotten'] as number), 30_000);
  assert.ok((await server.rss()) < 250e6);
})));

test('memory stays bounded under a long flood', timed(90_000, () => serving(['-M', '16M'], async (server) => {
  let n = 1;
  const some = async (): Promise<void> => {
    for (let i = 0; i < 100; i++, n += 1000) await server.feed(records('a', n, 1000, 'x'.repeat(120)));
    await server.received(n - 1, 40_000);
  };
  await some();
  const before = await server.rss();
  await some();
  await some();
  const after = await server.rss();
  assert.ok(after < before + 40e6 && after < 220e6, `${before} then ${after} bytes`);
  let { held } = await server.streams();
  await until(async () => ({ held } = await server.streams()).held.entries + held.dropped === n - 1, 5000, () => `${held.entries} held, ${held.dropped} dropped`);
  assert.ok(held.bytes <= held.limit);
})));

test('random bytes for requests', timed(60_000, () => serving([], async (server) => {
  await server.feed(record('a', 1));
  for (let i = 0; i < 100; i++) await raw(server.port, i % 2 ? randomBytes(500) : Buffer.concat([Buffer.from('GET /'), randomBytes(100), Buffer.from(' HTTP/1.1\r\n\r\n')]), 300);
  const cases: [string, RegExp][] = [
    ['GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /], // no Host
    ['GET /api/streams HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 421 /],
    ['GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n', /^$/],
    [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['POST /api/tail HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nConnection: close\r\n\r\nxx', /^HTTP\/1\.1 405 /],
    ['GET /api/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', /^HTTP\/1\.1 200 /],
    ['GET /api/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', /^HTTP\/1\.1 4/],
    ['GET /api/streams HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', /^HTTP\/1\.1 200 /],
  ];
  for (const [bytes, wanted] of cases) assert.match(await raw(server.port, bytes, 1000), wanted, bytes.slice(0, 60));
  await alive(server);
  assert.is((await server.streams()).counts['records'], 1);
})));

test('headers that never end are cut off', timed(40_000, () => serving([], async (server) => {
  const sockets: Socket[] = [];
  let closed = 0;
  for (let i = 0; i < 50; i++) {
    const socket = createConnection(server.port, '127.0.0.1').on('error', () => {}).on('close', () => closed++).resume();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    sockets.push(socket);
  }
  const drip = setInterval(() => sockets.forEach((socket) => socket.write('x')), 500);
  try {
    await alive(server);
    await until(() => closed === 50, 20_000, () => `${closed} of 50 closed`);
  } finally {
    clearInterval(drip);
    sockets.forEach((socket) => socket.destroy());
  }
})));

test('a pattern that never ends: an answer in time, and the feed and others go on', timed(60_000, () => serving([], async (server) => {
  await server.feed(record('a', 1, `${'a'.repeat(100_000)}!`) + records('b', 1, 10));
  await server.received(11);
  const follow = await server.open('/api/tail?id=b&follow=1&lines=0&match=line');
  let got = '';
  follow.on('data', (chunk: Buffer) => (got += chunk));
  const from = performance.now();
  const hostile = ['(a+)+$', '(a|a)*$', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*)*\\1x'];
  const replies = await Promise.all(hostile.map((p) => server.ask(`/api/tail?match=${encodeURIComponent(p)}`)));
  for (const [i, reply] of replies.entries()) assert.equal([reply.status, reply.text], [422, 'the pattern takes too long\n'], hostile[i]);
  assert.ok(performance.now() - from < 10_000);
  await server.feed(record('b', 11));
  await until(() => got.includes('line 11'), 5000);
  follow.destroy();
  const again = await server.ask(`/api/tail?match=${encodeURIComponent('(a+)+$')}`);
  assert.equal([again.status, /too long before/.test(again.text)], [422, true]);
  assert.is((await server.ask('/api/tail?match=line%205&as=text')).text, 'line 5\n');
})));

test('a pattern that turns bad while it follows ends its answer, cut, with the reason', timed(30_000, () => serving([], async (server) => {
  const res = await server.open(`/api/tail?follow=1&match=${encodeURIComponent('(a+)+$')}`);
  let text = '';
  res.on('data', (chunk: Buffer) => (text += chunk));
  const closed = new Promise((resolve) => res.on('close', resolve));
  await server.feed(record('a', 1, 'aaa') + record('a', 2, `${'a'.repeat(100_000)}!`));
  await closed;
  assert.match(text, '{"@":"error","why":"the pattern takes too long"}\n');
  assert.not.ok(res.complete);
})));

test('too many searches, too many streams: an answer, and place again when they leave', timed(60_000, () => serving([], async (server) => {
  const searches = await Promise.all(Array.from({ length: 32 }, () => server.open('/api/tail?follow=1&match=x')));
  const more = await server.ask('/api/tail?match=x');
  assert.equal([more.status, more.text, more.headers['retry-after']], [503, 'too many searches are under way\n', '10']);
  const streams = await Promise.all(Array.from({ length: 256 - 32 }, () => server.open('/api/live')));
  assert.is((await server.ask('/api/live')).status, 503);
  assert.is((await server.ask('/api/tail?follow=1')).status, 503);
  assert.is((await server.ask('/api/tail')).status, 200);
  await alive(server);
  [...searches, ...streams].forEach((res) => res.destroy());
  await until(async () => (await server.ask('/api/tail?match=x')).status === 200);
  assert.match((await server.ask('/metrics')).text, '\nlm_serve_refused_searches_total 1\n');
})));

/** The status of a WebSocket handshake: 101 when it opened. */
async function handshake(server: Serving, path: string, headers: Record<string, string>): Promise<number> {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
  try {
    return await new Promise((resolve, reject) => {
      ws.on('open', () => resolve(101));
      ws.on('unexpected-response', (_req, res) => resolve(res.statusCode ?? 0));
      ws.on('error', reject);
    });
  } finally {
    ws.on('error', () => {});
    ws.terminate();
  }
}

test('pages of other sites, and other names for this server, are refused', timed(30_000, () => serving(['--host-name', 'logs.example.com'], async (server) => {
  const { port } = server;
  const paths = ['/', '/start.js', '/api/streams', '/api/tail', '/api/live', '/metrics', '/nothing'];
  for (const path of paths) {
    assert.is((await server.ask(path, { headers: { host: `evil.example:${port}` } })).status, 421, path);
    // The page's own files are the same for everybody.
    const own: Record<string, number> = { '/': 200, '/start.js': 200, '/nothing': 404 };
    assert.is((await server.ask(path, { headers: { host: `localhost:${port}`, origin: 'http://evil.example' } })).status, own[path] ?? 403, path);
  }
  assert.is(await handshake(server, '/api/live', {}), 101);
  assert.is(await handshake(server, '/api/live', { origin: `http://127.0.0.1:${port}` }), 101);
  assert.is(await handshake(server, '/api/live', { host: 'logs.example.com', origin: 'https://logs.example.com' }), 101);
  assert.is(await handshake(server, '/api/live', { origin: 'http://evil.example' }), 403);
  assert.is(await handshake(server, '/api/live', { origin: 'null' }), 403);
  assert.is(await handshake(server, '/api/live', { host: 'evil.example' }), 421);
  assert.is(await handshake(server, '/api/live?x=1', {}), 400);
  const embedded = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
  assert.is((await server.ask('/api/live', { headers: embedded })).status, 403);
  assert.is((await server.ask('/healthz', { headers: { host: 'anything' } })).status, 200);
})));

test('a client that talks on its WebSocket is heard by nobody', timed(20_000, () => serving([], async (server) => {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/api/live`);
  await new Promise((resolve) => ws.on('open', resolve));
  ws.send('x'.repeat(1000));
  ws.send('x'.repeat(100_000)); // above what is taken: the connection is closed
  await new Promise((resolve) => ws.on('close', resolve).on('error', () => {}));
  await alive(server);
})));

/** Follow the feed over one connection until `enough` says so, then cut it in the middle of whatever is coming. */
async function followOnce(server: Serving, follower: Follower, way: 'ws' | 'stream', enough: () => boolean): Promise<void> {
  const path = follower.epoch === '' ? '/api/live?lines=0' : `/api/live?after=${follower.cursor}`;
  follower.begin();
  if (way === 'stream') {
    const res = await server.open(path);
    let failed: unknown;
    res.on('data', (chunk: Buffer) => {
      try {
        follower.take(chunk);
      } catch (err) {
        failed = err;
      }
      if (failed || enough()) res.destroy();
    });
    await new Promise((resolve) => res.on('close', resolve));
    if (failed) throw failed;
    return;
  }
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}${path}`);
  await new Promise<void>((resolve, reject) => {
    ws.on('error', () => {});
    ws.on('close', () => resolve());
    ws.on('message', (data: Buffer) => {
      try {
        follower.take(data);
        if (enough()) ws.terminate();
      } catch (err) {
        ws.terminate();
        reject(err as Error);
      }
    });
  });
}

for (const way of ['ws', 'stream'] as const) {
  test(`the live feed over ${way}, cut five times in a flood: no gap, no duplicate`, timed(60_000, () => serving([], async (server) => {
    const follower = new Follower();
    await followOnce(server, follower, way, () => follower.epoch !== '');
    let n = 1;
    let go = true;
    const flood = (async () => {
      for (; go; n += 50) {
        await server.feed(records('a', n, 50, 'x'.repeat(300)));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    try {
      for (let cut = 0; cut < 5; cut++) {
        const enough = follower.entries.length + 2000;
        await followOnce(server, follower, way, () => follower.entries.length > enough);
        await new Promise((resolve) => setTimeout(resolve, 50)); // away for a moment
      }
    } finally {
      go = false;
      await flood;
    }
    await followOnce(server, follower, way, () => follower.entries.length >= n - 1);
    assert.equal(follower.entries.map((e) => e['n']), Array.from({ length: n - 1 }, (_, i) => i + 1));
    assert.is(follower.skipped, 0);
  })));

  test(`the memory overrun while a client over ${way} is away: an exact count`, timed(60_000, () => serving(['-M', '2M'], async (server) => {
    const follower = new Follower();
    await server.feed(records('a', 1, 100));
    await server.received(100);
    follower.seq = 0;
    await followOnce(server, follower, way, () => follower.epoch !== '');
    follower.seq = 100; // it began behind what was there
    for (let n = 101; n < 20_101; n += 500) await server.feed(records('a', n, 500, 'x'.repeat(300)));
    await server.received(20_100);
    await followOnce(server, follower, way, () => follower.seq >= 20_100);
    assert.ok(follower.skipped > 10_000);
    assert.is(follower.entries.length + follower.skipped, 20_000);
    assert.equal(follower.entries.map((e) => e['n']), Array.from({ length: follower.entries.length }, (_, i) => 20_100 - follower.entries.length + 1 + i));
  })));
}

test('a slow client over a WebSocket is told exactly what it missed, and costs no memory', timed(60_000, () => serving(['-M', '4M'], async (server) => {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/api/live`);
  await new Promise((resolve) => ws.on('open', resolve));
  const follower = new Follower();
  let failed: unknown;
  ws.on('message', (data: Buffer) => {
    try {
      follower.take(data);
    } catch (err) {
      failed ??= err;
    }
  });
  ws.pause();
  const before = await server.rss();
  let n = 1;
  for (let i = 0; i < 60; i++, n += 1000) await server.feed(records('a', n, 1000, 'x'.repeat(1000)));
  await server.received(n - 1, 30_000);
  assert.ok((await server.rss()) - before < 60e6);
  ws.resume();
  await until(() => follower.seq === n - 1 || failed !== undefined, 20_000, () => `all entries, at ${follower.seq}`);
  assert.is(failed, undefined);
  assert.ok(follower.skipped > 1000, `${follower.skipped} skipped`);
  assert.is(follower.entries.length + follower.skipped, n - 1);
  ws.terminate();
})));

test('ten clients at once get the same', timed(60_000, () => serving([], async (server) => {
  const followers = Array.from({ length: 10 }, () => new Follower());
  const all = Promise.all(followers.map((f, i) => followOnce(server, f, i % 2 ? 'ws' : 'stream', () => f.entries.length >= 20_000)));
  await until(async () => /route="live"} 10\n/.test((await server.ask('/metrics')).text));
  for (let n = 1; n <= 20_000; n += 500) await server.feed(records('a', n, 500, 'x'.repeat(100)));
  await all;
  for (const follower of followers) assert.equal(follower.entries, followers[0]?.entries);
  assert.is(followers[0]?.entries.length, 20_000);
})));

test.run();
