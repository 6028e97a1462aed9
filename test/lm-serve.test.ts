/** lm-serve from outside: options, ways in, routes, and what becomes of slow readers. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Follower, record, records, type Serving, serving } from './serving.ts';
import { ENV, sh, start, startLine, stopAll, timed, until, withFolder } from './sh.ts';

const linesOf = (text: string): Record<string, unknown>[] => text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);

test('-h helps, -V tells, a mistake is one line and the usage', () => {
  assert.match(sh('lm-serve -h').out, /^usage: lm-serve .*\nlm-serve - show the records/);
  assert.match(sh('lm-serve --version').out, /^lm-serve \d+\.\d+\.\d+\n$/);
  const cases: [string, string][] = [
    ['--nonsense', 'unknown option --nonsense'],
    ['-l :1 --listen :2', 'option --listen given twice'],
    ['-l 127.0.0.1:x', 'option --listen: address 127.0.0.1:x is not understood'],
    ['-l [::g]:1', 'option --listen: address [::g]:1 is not understood'],
    ['-l 127.0.0.1:65536', 'option --listen: port 65536 is out of range'],
    ['-M 5', 'option --memory: size 5 is out of range'],
    ['-m 999', 'option --mode: mode 999 is not understood'],
    ['-l 0.0.0.0:0', 'listening on 0.0.0.0 needs --users, --trust-user or --open'],
    ['-l :0', 'listening on every address needs --users, --trust-user or --open'],
    ['--open -u x', 'options --users and --open exclude each other'],
    ['--trust-user X --users x', 'options --users and --trust-user exclude each other'],
    ['--trust-user X --open', 'options --trust-user and --open exclude each other'],
    ['--trust-from 10.0.0.1', 'option --trust-from needs --trust-user'],
    ['--trust-user X --trust-from 10.0.0.1/33', 'option --trust-from: address 10.0.0.1/33 is not understood'],
    ['a a', 'a pipe is given twice'],
  ];
  for (const [args, why] of cases) {
    const { out, err, code } = sh(`lm-serve ${args}`);
    assert.equal([out, err.split('\n')[0], code], ['', `lm-serve: ${why}`, 2], args);
    assert.match(err, /\nusage: lm-serve /);
  }
});

test('what cannot be opened is said by name', timed(20_000, () => withFolder(async (dir) => {
  writeFileSync(join(dir, 'file'), '');
  assert.equal([sh(`lm-serve -l 127.0.0.1:0 ${dir}/file`).err, sh(`lm-serve -l 127.0.0.1:0 ${dir}/no/pipe`).code],
    [`lm-serve: cannot open ${dir}/file: not a named pipe\n`, 1]);
})));

test('a second one at the same address takes nothing out of the pipe', timed(30_000, () => withFolder((dir) => serving([`${dir}/p`], async (server) => {
  const writer = startLine(`for ((n = 1; n <= 2000; n++)); do echo '{"id":"a","run":"r","n":'$n',"ts":1,"msg":"m"}'; done > ${dir}/p`);
  for (let i = 0; i < 5; i++) {
    const { err, code } = sh(`lm-serve -l 127.0.0.1:${server.port} ${dir}/p`);
    assert.equal([err, code], [`lm-serve: cannot listen on 127.0.0.1:${server.port}: EADDRINUSE\n`, 1]);
  }
  await writer.closed;
  sh(`cat > ${dir}/p`, record('a', 2001, 'm', 'r'));
  const { counts } = await server.received(2001);
  assert.equal([counts['records'], counts['lost']], [2001, 0]);
}))));

test('standard input: records come out as they went in; at its end the page stays', timed(20_000, () => serving([], async (server) => {
  const lines = records('web1/nginx', 1, 50) + record('web1/nginx', 51, 'ü "q" \u0000\u001b[31m😀') + record('web1/nginx', 52, '');
  await server.feed(lines);
  server.running.child.stdin?.end('{"id":"x","ts":5,"msg":"no newline"}');
  await server.received(53);
  assert.is((await server.ask('/api/tail')).text, `${lines}{"id":"x","ts":5,"msg":"no newline"}\n`);
  assert.is((await server.ask('/api/tail?lines=1&as=text&id=web1/*')).text, '\n');
  const { streams, counts } = await server.streams();
  assert.equal(streams.map((s) => [s.id, s.lines, s.state, s.sample]), [['web1/nginx', 52, 'live', ''], ['x', 1, 'live', 'no newline']]);
  assert.equal([counts['received'], counts['malformed'], counts['lost'], counts['duplicates']], [53, 0, 0, 0]);
  assert.not(server.running.over);
})));

test('named pipes are made, stay open while writers come and go, and are read beside each other', timed(20_000, () => withFolder(async (dir) => {
  await serving(['-m', '640', join(dir, 'a'), join(dir, 'b')], async (server) => {
    assert.is(statSync(join(dir, 'a')).mode & 0o7777, 0o640);
    assert.ok(statSync(join(dir, 'b')).isFIFO());
    for (let i = 0; i < 4; i++) sh(`cat > ${dir}/${i % 2 ? 'b' : 'a'}`, records(`s${i}`, 1, 100));
    const { streams } = await server.received(400);
    assert.equal(streams.map((s) => [s.id, s.lines]).sort(), [['s0', 100], ['s1', 100], ['s2', 100], ['s3', 100]]);
  });
  assert.ok(existsSync(join(dir, 'a')), 'the pipe stays for the next');
  await serving([join(dir, 'a')], async (server) => {
    sh(`cat > ${dir}/a`, record('again', 1));
    await server.received(1);
  });
})));

test('a pipe and standard input together', timed(20_000, () => withFolder((dir) => serving([join(dir, 'a'), '-'], async (server) => {
  await server.feed(record('in', 1));
  sh(`cat > ${dir}/a`, record('pipe', 1));
  const { streams } = await server.received(2);
  assert.equal(streams.map((s) => s.id).sort(), ['in', 'pipe']);
}))));

test('input cut at every byte arrives whole', timed(30_000, () => serving([], async (server) => {
  const line = Buffer.from(record('a', 1, 'ü😀 \\ "'));
  let sent = 0;
  for (let cut = 1; cut < line.length; cut++) {
    const text = Buffer.from(line.toString().replace('"n":1,', `"n":${cut},`));
    await server.feed(text.subarray(0, cut));
    await new Promise((resolve) => setTimeout(resolve, 2)); // another read of the pipe; were it the same, the test would only test less
    await server.feed(text.subarray(cut));
    sent++;
  }
  const { counts } = await server.received(sent);
  assert.equal([counts['records'], counts['malformed'], counts['lost']], [sent, 0, 0]);
  const got = linesOf((await server.ask('/api/tail?lines=all')).text);
  assert.equal(new Set(got.map((r) => r['msg'])), new Set(['ü😀 \\ "']));
})));

test('the live feed as a stream: last lines, then live', timed(20_000, () => serving([], async (server) => {
  await server.feed(records('a', 1, 100));
  await server.received(100);
  const res = await server.open('/api/live?lines=10');
  assert.is(res.headers['content-type'], 'application/x-ndjson; charset=utf-8');
  assert.is(res.headers['x-accel-buffering'], 'no');
  assert.is(res.headers['cache-control'], 'no-store, no-transform');
  const follower = new Follower();
  res.on('data', (chunk: Buffer) => follower.take(chunk));
  await until(() => follower.entries.length === 10);
  await server.feed(record('a', 101) + record('a', 104));
  await until(() => follower.entries.length === 13);
  assert.equal(follower.entries.slice(-3).map((e) => e['n'] ?? [e['@'], e['from'], e['to']]), [101, ['lost', 102, 103], 104]);
  assert.is(follower.seq, 103);
  res.destroy();
})));

test('a line is there for clients within a moment', timed(20_000, () => serving([], async (server) => {
  const res = await server.open('/api/tail?follow=1&lines=0');
  let text = '';
  res.on('data', (chunk: Buffer) => (text += chunk));
  const delays: number[] = [];
  for (let n = 1; n <= 40; n++) {
    const from = performance.now();
    await server.feed(record('a', n));
    await until(() => text.includes(`"n":${n},`));
    delays.push(performance.now() - from);
  }
  delays.sort((a, b) => a - b);
  assert.ok((delays[20] ?? 999) < 100, `median ${delays[20]} ms`);
  res.destroy();
})));

test('a tail that follows, filtered on the server', timed(20_000, () => serving([], async (server) => {
  await server.feed(records('a', 1, 20) + records('b', 1, 20));
  await server.received(40);
  const res = await server.open('/api/tail?id=a&match=line%20%5Cd*5%24&follow=1&as=text');
  let text = '';
  res.on('data', (chunk: Buffer) => (text += chunk));
  await until(() => text === 'line 5\nline 15\n');
  await server.feed(records('a', 21, 20) + records('b', 21, 20));
  await until(() => text === 'line 5\nline 15\nline 25\nline 35\n');
  res.destroy();
})));

test('every mistake in a request is a clear answer', timed(20_000, () => serving([], async (server) => {
  const cases: [string, number, RegExp][] = [
    ['/api/tail?nonsense=1', 400, /^unknown parameter nonsense\n$/], ['/api/tail?match=(', 400, /^parameter match is no regular expression: /],
    ['/api/tail?lines=x', 400, /parameter lines/], ['/api/live?after=x', 400, /parameter after must be EPOCH.NUMBER/],
    ['/api/live?after=a.1&lines=1', 400, /exclude each other/], ['/api/live?until=a.1', 400, /until needs after/],
    ['/api/live?after=a.1&until=b.1', 400, /of one epoch/], ['/api/live?after=a.1&until=1', 400, /parameter until must be EPOCH.NUMBER/], ['/api/streams?x=1', 400, /unknown parameter x/], ['/metrics?x=1', 400, /unknown/],
    ['/nothing', 404, /nothing here/], ['/api/', 404, /nothing here/], ['/../etc/passwd', 404, /nothing here/], ['/%2e%2e/etc/passwd', 404, /nothing here/],
    [`/${'x'.repeat(9000)}`, 414, /at most 8192/],
  ];
  for (const [path, status, text] of cases) {
    const reply = await server.ask(path);
    assert.is(reply.status, status, path);
    assert.match(reply.text, text);
    assert.match(reply.headers['content-type'] ?? '', 'text/plain');
    assert.is(reply.headers['x-content-type-options'], 'nosniff');
  }
})));

test('methods', timed(20_000, () => serving([], async (server) => {
  await server.feed(record('a', 1));
  await server.received(1);
  for (const path of ['/', '/api/streams', '/api/tail', '/api/tail?follow=1', '/api/live', '/metrics', '/healthz']) {
    const head = await server.ask(path, { method: 'HEAD' });
    assert.equal([head.status, head.text], [200, ''], path);
    const options = await server.ask(path, { method: 'OPTIONS' });
    assert.equal([options.status, options.headers.allow], [204, 'GET, HEAD, OPTIONS'], path);
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const refused = await server.ask(path, { method });
      assert.equal([refused.status, refused.headers.allow], [405, 'GET, HEAD, OPTIONS'], `${method} ${path}`);
    }
  }
})));

test('the page is there, with its policy, tagged and packed', timed(20_000, () => serving([], async (server) => {
  const page = await server.ask('/');
  assert.is(page.status, 200);
  assert.is(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(String(page.headers['content-security-policy']), "default-src 'none'");
  const again = await server.ask('/', { headers: { 'if-none-match': String(page.headers.etag) } });
  assert.equal([again.status, again.text], [304, '']);
  const packed = await server.ask('/start.js', { headers: { 'accept-encoding': 'gzip, br' } });
  assert.equal([packed.status, packed.headers['content-encoding'], packed.headers['content-type']], [200, 'gzip', 'text/javascript; charset=utf-8']);
  for (const [, name] of page.text.matchAll(/(?:src|href)="([^"#]+)"/g)) {
    assert.not.match(name as string, /^\/|:/, 'relative, so that it works below any path');
    assert.is((await server.ask(`/${name}`)).status, 200, name);
  }
})));

test('api/streams is packed for whom takes it', timed(20_000, () => serving([], async (server) => {
  await server.feed(record('a', 1));
  await server.received(1);
  const { headers } = await server.ask('/api/streams', { headers: { 'accept-encoding': 'gzip' } });
  assert.is(headers['content-encoding'], 'gzip');
  assert.is((JSON.parse(sh(`curl -sS --compressed ${server.url}/api/streams`).out) as { streams: { id: string }[] }).streams[0]?.id, 'a');
})));

test('liveness and counters', timed(20_000, () => serving([], async (server) => {
  await server.feed(`${record('a', 1)}${record('a', 4)}${record('a', 4)}null\n`);
  await server.received(4);
  assert.equal(await server.ask('/healthz').then((r) => [r.status, r.text]), [200, 'ok\n']);
  const { text, headers } = await server.ask('/metrics');
  assert.is(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  for (const line of ['lm_serve_received_lines_total 4', 'lm_serve_lost_records_total 2', 'lm_serve_duplicate_records_total 1',
    'lm_serve_malformed_lines_total{reason="not an object"} 1', 'lm_serve_held_entries 4', 'lm_serve_followers{route="live"} 0']) assert.match(text, `\n${line}\n`);
  for (const line of text.split('\n').slice(0, -1)) assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"\})? [0-9.e+]+)$/);
})));

/** Wait until the server has more than `seen` clients... or fewer. */
const clients = async (server: Serving): Promise<number> =>
  Number(/lm_serve_followers\{route="live"\} (\d+)/.exec((await server.ask('/metrics')).text)?.[1]);

test('clients that leave are forgotten', timed(20_000, () => serving([], async (server) => {
  const open = await Promise.all(Array.from({ length: 20 }, () => server.open('/api/live')));
  assert.is(await clients(server), 20);
  open.forEach((res) => res.destroy());
  await until(async () => (await clients(server)) === 0);
})));

test('a slow client is told exactly what it missed, and costs no memory', timed(60_000, () => serving(['-M', '4M'], async (server) => {
  const slow = createConnection(server.port, '127.0.0.1');
  slow.write('GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(async () => (await clients(server)) === 1);
  slow.pause();
  const before = await server.rss();
  let n = 1;
  for (let i = 0; i < 60; i++, n += 1000) await server.feed(records('a', n, 1000, 'x'.repeat(1000)));
  await server.received(n - 1, 30_000);
  const grown = (await server.rss()) - before;
  assert.ok(grown < 60e6, `grew by ${grown} bytes`);
  const follower = new Follower();
  const chunked: Buffer[] = [];
  slow.on('data', (chunk: Buffer) => chunked.push(chunk)).resume();
  const drained = async (): Promise<boolean> => {
    const got = chunked.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return chunked.length === got && got > 0;
  };
  await until(drained, 20_000);
  follower.take(unchunk(Buffer.concat(chunked)));
  assert.ok(follower.skipped > 1000, `${follower.skipped} skipped`);
  assert.is(follower.entries.length + follower.skipped, n - 1);
  assert.is(follower.seq, n - 1);
  slow.destroy();
})));

/** The body of a response in chunks. */
function unchunk(bytes: Buffer): Buffer {
  let at = bytes.indexOf('\r\n\r\n') + 4;
  const parts: Buffer[] = [];
  while (at < bytes.length) {
    const end = bytes.indexOf('\r\n', at);
    const size = parseInt(bytes.toString('latin1', at, end), 16);
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(parts);
}

test('a long line comes in pieces and hurts no other', timed(30_000, () => serving([], async (server) => {
  const text = 'y'.repeat(2_500_000);
  await server.feed(`${record('a', 1)}${text}\n${record('a', 2)}`);
  await until(async () => (await server.streams()).counts['records'] === 2);
  const got = linesOf((await server.ask('/api/tail?lines=all&id=unframed')).text);
  assert.is(got.map((r) => r['msg']).join(''), text);
  assert.is((await server.streams()).counts['split'], 1);
})));

test('SIGTERM ends it cleanly and soon, with streams open', timed(20_000, () => serving([], async (server) => {
  await server.feed(record('a', 1));
  await server.received(1);
  const ends: Promise<boolean>[] = [];
  for (const path of ['/api/live', '/api/tail?follow=1', '/api/tail?follow=1&match=x']) {
    const res: IncomingMessage = await server.open(path);
    ends.push(new Promise((resolve) => res.resume().on('end', () => resolve(res.complete))));
  }
  const from = performance.now();
  server.running.kill('SIGTERM');
  await server.running.closed;
  assert.ok(performance.now() - from < 2000);
  assert.equal([server.running.code, server.running.signal], [0, null]);
  assert.equal(await Promise.all(ends), [true, true, true], 'ended, not cut');
})));

test('what stood in the pipe at SIGTERM is not lost to the next', timed(20_000, () => withFolder(async (dir) => {
  const pipe = join(dir, 'p');
  await serving([pipe], async (first) => {
    const holder = start('bash', ['-c', `exec 3<>${pipe}; echo ready >&2; sleep 60`]);
    await holder.says(/ready/);
    sh(`cat > ${pipe}`, record('a', 1));
    await first.received(1);
    await stopAll(first.running);
    sh(`cat > ${pipe}`, record('a', 2));
    await serving([pipe], async (second) => {
      await second.received(1);
      assert.is(linesOf((await second.ask('/api/tail')).text)[0]?.['n'], 2);
    });
    await stopAll(holder);
  });
})));

test('SIGUSR1 prints the counters', timed(20_000, () => serving([], async (server) => {
  await server.feed(`${record('a', 1)}\n`);
  await server.received(2);
  server.running.kill('SIGUSR1');
  await server.running.says(/lm-serve: lines 2, bytes \d+ B, malformed 1, duplicates 0, lost 0, late 0, streams 2, held 2, held bytes [\d.]+ KiB, clients 0/);
})));

test('a socket of systemd is taken by its name, and readiness is told', timed(20_000, () => withFolder(async (dir) => {
  const said = join(dir, 'said');
  writeFileSync(said, '');
  writeFileSync(join(dir, 'systemd-notify'), '#!/bin/sh\nprintf "%s\\n" "$@" >> "$NOTIFY_SOCKET"\n', { mode: 0o755 });
  const path = `${dir}:${ENV['PATH']}`;
  const port = 20_000 + (process.pid % 20_000);
  const activate = start('systemd-socket-activate', ['-l', `127.0.0.1:${port}`, '--fdname=http', `-E`, `PATH=${path}`, '-E', `NOTIFY_SOCKET=${said}`,
    '-E', 'WATCHDOG_USEC=200000', 'lm-serve', join(dir, 'p')]);
  await activate.says(/Listening on/);
  assert.equal(sh(`curl -s http://127.0.0.1:${port}/healthz`).out, 'ok\n');
  await activate.says(new RegExp(`lm-serve: listening on http://127\\.0\\.0\\.1:${port}/`));
  await until(() => /READY=1\nSTATUS=listening on .*\n(.*\n)*WATCHDOG=1\n/.test(sh(`cat ${said}`).out));
  await stopAll(activate);
  await until(() => /STOPPING=1\n/.test(sh(`cat ${said}`).out));
})));

/** The lines for curl among the manual's examples, as a shell takes them, asking this server. */
function manualCurls(server: Serving): string[] {
  const page = readFileSync(new URL('../man/lm-serve.1', import.meta.url), 'utf8').replace(/(?:\\e|\|)\n\.Dl (?:\\ )+/g, (joint) => (joint.startsWith('|') ? '| ' : ''));
  const lines = [...page.matchAll(/^\.Dl \$ (curl .*)$/gm)].map((match) => match[1] as string);
  return lines.map((line) => line.replaceAll('\\(dq', '"').replaceAll('\\e', '\\').replaceAll('http://127.0.0.1:5334', server.url));
}

test('curl reads it as the manual says', timed(30_000, () => serving([], async (server) => {
  const late = { id: 'db', run: 'r1', ts: Date.now(), msg: 'ERROR down' };
  await server.feed(records('web1/nginx', 1, 5) + record('web1/nginx', 6, '"GET /x" 502 17') + record('db', 1, 'WARN old'));
  await server.feed(`${JSON.stringify({ ...late, n: 2 })}\n${JSON.stringify({ ...late, n: 3, msg: 'INFO up' })}\n`);
  await server.received(9);
  const [follow = '', grave = '', errors = '', count = '', ...more] = manualCurls(server);
  assert.equal(more, []);
  const text = 'line 1\nline 2\nline 3\nline 4\nline 5\n"GET /x" 502 17\n';
  assert.is(sh(grave).out, 'ERROR down\n');
  assert.is(sh(errors).out, '"GET /x" 502 17\n');
  assert.is(sh(count).out.replace(/ +/g, ' '), ' 3 db\n 6 web1/nginx\n');
  const head = startLine(`${follow} | head -n 9`);
  for (let n = 7; !head.over; n++) {
    await server.feed(record('web1/nginx', n));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.is(head.out, `${text}line 7\nline 8\nline 9\n`, 'a reader may leave early');
})));

test('the first example of the manual: a log file, framed, on a page', timed(30_000, () => withFolder(async (dir) => {
  writeFileSync(join(dir, 'syslog'), 'one\ntwo\n');
  const line = startLine(`tail -F ${dir}/syslog | lm-frame -i syslog | lm-serve -l 127.0.0.1:0`);
  const [, url] = await line.says(/listening on (\S+)/);
  await until(() => sh(`curl -sS '${url}api/tail?as=text'`).out === 'one\ntwo\n');
  sh(`echo three >> ${dir}/syslog`);
  await until(() => sh(`curl -sS '${url}api/tail?as=text'`).out === 'one\ntwo\nthree\n');
  await stopAll(line);
})));

test.run();
