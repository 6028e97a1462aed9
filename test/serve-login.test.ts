/** Who gets into lm-serve: passwords on every route, HTTPS, a proxy that vouches, and what SIGHUP changes. */
import { appendFileSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get as getTls } from 'node:https';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { Follower, record, records, type Serving, serving } from './serving.ts';
import { BIN, sh, start, stopAll, timed, until, withFolder } from './sh.ts';

const ROUTES = ['/', ...readdirSync(join(BIN, '../web')).map((name) => `/${name}`), '/api/streams', '/api/tail', '/api/tail?follow=1', '/api/live', '/metrics',
  '/nothing', '/api/', '/api/search', '/..', '//'];

const basic = (user: string, password: string): Record<string, string> => ({ authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` });

/** A password file with users ann (bcrypt), bob (apr1, as openssl writes it) and eve (SHA). */
function users(dir: string): string {
  const path = join(dir, 'users');
  sh(`htpasswd -cbB -C 4 ${path} ann secret && echo "bob:$(openssl passwd -apr1 'pass:word')" >> ${path} && htpasswd -bs ${path} eve 'pässword'`);
  return path;
}

/** How a WebSocket handshake ends. */
async function handshake(url: string, headers: Record<string, string>): Promise<number> {
  const ws = new WebSocket(url, { headers, rejectUnauthorized: false });
  try {
    return await new Promise((resolve, reject) => {
      ws.on('open', () => resolve(101)).on('error', reject).on('unexpected-response', (_req, res) => resolve(res.statusCode ?? 0));
    });
  } finally {
    ws.on('error', () => {}).terminate();
  }
}

test('without a password: 401 on every route and method, but for healthz', timed(30_000, () => withFolder((dir) => serving(['-u', users(dir)], async (server) => {
  for (const path of ROUTES) {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST']) {
      const { status, headers, text } = await server.ask(path, { method });
      assert.equal([status, headers['www-authenticate']], [401, 'Basic realm="lm", charset="UTF-8"'], `${method} ${path}`);
      assert.ok(method === 'HEAD' ? text === '' : /^a user and a password are needed\n$/.test(text));
    }
  }
  assert.is(await handshake(`ws://127.0.0.1:${server.port}/api/live`, {}), 401);
  for (const bad of ['Basic', 'Basic !', 'Bearer x', `Basic ${Buffer.from('ann').toString('base64')}`, `Basic ${'A'.repeat(10_000)}`]) {
    assert.is((await server.ask('/api/streams', { headers: { authorization: bad } })).status, 401, bad);
  }
  assert.equal([(await server.ask('/healthz')).status, (await server.ask('/metrics')).status], [200, 401]);
}))));

test('with a password: in, whatever made the hash', timed(30_000, () => withFolder((dir) => serving(['-u', users(dir)], async (server) => {
  for (const [user, password] of [['ann', 'secret'], ['bob', 'pass:word'], ['eve', 'pässword']] as const) {
    const headers = basic(user, password);
    for (const path of ['/', '/api/streams', '/api/tail', '/metrics']) assert.is((await server.ask(path, { headers })).status, 200, `${user} ${path}`);
    assert.is(await handshake(`ws://127.0.0.1:${server.port}/api/live`, headers), 101);
  }
  assert.is((await server.ask('/api/streams', { headers: basic('ann', 'Secret') })).status, 401);
  assert.is((await server.ask('/api/streams', { headers: basic('nobody', 'secret') })).status, 401);
  assert.is(sh(`curl -sS -u ann:secret ${server.url}/api/tail -o /dev/null -w '%{http_code}'`).out, '200');
}))));

test('guessing is slowed, and does not slow who has a password', timed(30_000, () => withFolder((dir) => serving(['-u', users(dir)], async (server) => {
  assert.is((await server.ask('/api/streams', { headers: basic('ann', 'secret') })).status, 200);
  const statuses: number[] = [];
  for (let i = 0; i < 30; i++) {
    const reply = await server.ask('/api/streams', { headers: basic('bob', `guess${i}`) });
    statuses.push(reply.status);
    if (reply.status === 429) assert.match(String(reply.headers['retry-after']), /^\d+$/);
  }
  assert.ok(statuses.filter((status) => status === 401).length < 15, statuses.join(' '));
  assert.ok(statuses.includes(429));
  assert.is((await server.ask('/api/streams', { headers: basic('ann', 'secret') })).status, 200);
}))));

test('SIGHUP: new users come in, streams of those who are gone end, a broken file changes nothing', timed(30_000, () => withFolder(async (dir) => {
  const path = users(dir);
  await serving(['-u', path], async (server) => {
    const ended = { ann: false, bob: false };
    const ann = await server.open('/api/live', { headers: basic('ann', 'secret') });
    const bob = await server.open('/api/live', { headers: basic('bob', 'pass:word') });
    ann.resume().on('close', () => (ended.ann = true));
    bob.resume().on('close', () => (ended.bob = true));
    writeFileSync(path, '');
    server.running.kill('SIGHUP');
    await server.running.says(/cannot use .*: no users in it/);
    assert.is((await server.ask('/api/streams', { headers: basic('bob', 'pass:word') })).status, 200);
    users(dir);
    sh(`sed -i /^bob/d ${path}; htpasswd -bB -C 4 ${path} joe joe`);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^ann:.*$/m, ''));
    appendFileSync(path, 'broken line\n');
    copyFileSync(path, `${path}.copy`);
    server.running.kill('SIGHUP');
    await until(() => ended.ann && ended.bob);
    await server.running.says(/users: line \d+: /);
    assert.is((await server.ask('/api/streams', { headers: basic('joe', 'joe') })).status, 200);
    assert.is((await server.ask('/api/streams', { headers: basic('bob', 'pass:word') })).status, 401);
  });
})));

test('a password file that is not there, or holds nobody', () => {
  const { err, code } = sh('lm-serve -l 127.0.0.1:0 -u /nonexistent/users');
  assert.equal([err, code], ['lm-serve: cannot read /nonexistent/users: ENOENT\n', 1]);
  assert.match(sh('lm-serve -l 127.0.0.1:0 -u /dev/null').err, 'lm-serve: cannot use /dev/null: no users in it\n');
});

/** The fingerprint of the certificate that is presented, and the status of an answer. */
function askTls(port: number): Promise<{ fingerprint: string; status: number }> {
  return new Promise((resolve, reject) => {
    const req = getTls({ host: '127.0.0.1', port, path: '/healthz', rejectUnauthorized: false, agent: false }, (res) => {
      const socket = res.socket as unknown as { getPeerCertificate(): { fingerprint256: string } };
      resolve({ fingerprint: socket.getPeerCertificate().fingerprint256, status: res.statusCode ?? 0 });
      res.resume();
    });
    req.on('error', reject);
  });
}

test('HTTPS with a file of lm-cert; SIGHUP takes another key, and keeps the old one if that is none', timed(60_000, () => withFolder(async (dir) => {
  sh(`cd ${dir} && lm-cert one localhost && lm-cert two localhost && cp one.pem key.pem`);
  const key = join(dir, 'key.pem');
  await serving(['-k', key], async (server) => {
    assert.match(server.running.err, 'listening on https://127.0.0.1:');
    const one = await askTls(server.port);
    assert.is(one.status, 200);
    const { out } = sh(`curl -sS --cacert ${dir}/one.crt https://localhost:${server.port}/healthz`);
    assert.is(out, 'ok\n');
    assert.is(await handshake(`wss://127.0.0.1:${server.port}/api/live`, {}), 101);
    copyFileSync(join(dir, 'two.pem'), key);
    server.running.kill('SIGHUP');
    await until(async () => (await askTls(server.port)).fingerprint !== one.fingerprint);
    const two = await askTls(server.port);
    writeFileSync(key, 'nothing');
    server.running.kill('SIGHUP');
    await server.running.says(/lm-serve: cannot use .*key\.pem: no private key in it/);
    assert.is((await askTls(server.port)).fingerprint, two.fingerprint);
    assert.not.ok(sh(`curl -s --max-time 3 http://localhost:${server.port}/healthz`).out.includes('ok'), 'no plain text there');
    await server.feed(record('a', 1));
  });
})));

test('a proxy that vouches: the header counts, and only from where it may come', timed(20_000, () => serving(['--trust-user', 'X-Remote-User'], async (server) => {
  for (const path of ROUTES) assert.is((await server.ask(path)).status, 401, path);
  assert.is((await server.ask('/api/streams', { headers: { 'x-remote-user': 'ann' } })).status, 200);
  assert.is(await handshake(`ws://127.0.0.1:${server.port}/api/live`, { 'x-remote-user': 'ann' }), 101);
  assert.is(await handshake(`ws://127.0.0.1:${server.port}/api/live`, {}), 401);
})));

/** The configuration of nginx that the manual gives, as text. */
function manualExample(): { location: string; map: string } {
  const page = readFileSync(new URL('../man/lm-serve.1', import.meta.url), 'utf8').replaceAll('\\(dq', '"').replaceAll('\\(aq', "'");
  const blocks = [...page.matchAll(/^\.Bd -literal.*\n([^]*?)^\.Ed$/gm)].map((match) => match[1] as string);
  return { location: blocks.find((b) => b.startsWith('location')) ?? '', map: blocks.find((b) => b.startsWith('map')) ?? '' };
}

/** Run nginx before the server: below /logs/ as the manual says, and at / in the plainest way, which passes no Upgrade. */
async function behindNginx(server: Serving, dir: string, body: (port: number) => Promise<void>): Promise<void> {
  const { location, map } = manualExample();
  assert.ok(location.includes('http://127.0.0.1:5334/'));
  const port = 20_000 + ((process.pid * 7) % 20_000);
  mkdirSync(join(dir, 't'));
  writeFileSync(join(dir, 'nginx.conf'), `daemon off; pid nginx.pid; error_log stderr warn; worker_processes 1; events { worker_connections 256; }
    http { access_log off; gzip on; client_body_temp_path t/b; proxy_temp_path t/p; fastcgi_temp_path t/f; uwsgi_temp_path t/u; scgi_temp_path t/s; types { }
    ${map}
    server { listen 127.0.0.1:${port};
      ${location.replaceAll('http://127.0.0.1:5334/', `${server.url}/`)}
      location / { auth_basic logs; auth_basic_user_file users; proxy_set_header X-Remote-User $remote_user; proxy_set_header Host $http_host; proxy_pass ${server.url}; } } }`);
  sh(`chmod 755 ${dir}; chmod 644 ${dir}/users`);
  const nginx = start('nginx', ['-p', dir, '-c', 'nginx.conf', '-e', 'stderr'], { env: { PATH: '/usr/sbin:/usr/bin:/bin' } });
  try {
    await until(() => sh(`curl -s -o /dev/null http://127.0.0.1:${port}/`).code === 0 || nginx.over, 10_000, () => nginx.err);
    await body(port);
  } finally {
    await stopAll(nginx);
  }
}

test('behind nginx as the manual says: page, feed both ways, no delay, login', timed(60_000, () => withFolder((dir) => serving(['--trust-user=X-Remote-User', '--host-name=example.com'], async (server) => {
  users(dir);
  await behindNginx(server, dir, async (port) => {
    const url = `http://127.0.0.1:${port}`;
    const curl = (args: string): string => sh(`curl -sS --max-time 10 ${args}`).out;
    assert.is(curl(`-o /dev/null -w '%{http_code} %{redirect_url}' ${url}/logs`), `301 ${url}/logs/`);
    assert.is(curl(`-o /dev/null -w '%{http_code}' ${url}/logs/`), '401');
    assert.is(curl(`-o /dev/null -w '%{http_code}' -H 'X-Remote-User: ann' ${url}/logs/api/streams`), '401', 'nobody writes that header but the proxy');
    assert.match(curl(`-u ann:secret ${url}/logs/`), '<html');
    assert.is(curl(`-o /dev/null -w '%{http_code}' -u ann:secret -H 'Host: example.com' ${url}/logs/api/streams`), '200');
    assert.is(curl(`-o /dev/null -w '%{http_code}' -u ann:secret -H 'Host: evil.example' ${url}/logs/api/streams`), '421');
    const origin = `http://127.0.0.1:${port}`;
    assert.is(await handshake(`ws://127.0.0.1:${port}/logs/api/live`, { ...basic('ann', 'secret'), origin }), 101);
    assert.is(await handshake(`ws://127.0.0.1:${port}/logs/api/live`, { ...basic('ann', 'secret'), origin: 'http://evil.example' }), 403);
    assert.is(await handshake(`ws://127.0.0.1:${port}/logs/api/live`, {}), 401);
    for (const path of ['/logs/api/live', '/api/live']) {
      const follower = new Follower();
      const res = await server.open(path, { port, headers: basic('ann', 'secret') });
      assert.is(res.statusCode, 200);
      res.on('data', (chunk: Buffer) => follower.take(chunk));
      await until(() => follower.epoch !== '', 3000, () => `hello at ${path}`);
      const delays: number[] = [];
      for (let i = 0; i < 10; i++) {
        const seen = follower.entries.length;
        const from = performance.now();
        await server.feed(records(path, i + 1, 1));
        await until(() => follower.entries.length > seen, 3000, () => `a line at ${path}`);
        delays.push(performance.now() - from);
      }
      delays.sort((a, b) => a - b);
      assert.ok((delays[5] ?? 999) < 200, `${path}: ${delays.join(' ')}`);
      res.destroy();
    }
  });
}))));

test.run();
