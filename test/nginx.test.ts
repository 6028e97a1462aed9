/** The page behind a real nginx: the shipped block with TLS, password and sub-path, and the block of the known recipe as it stood. */
/// <reference lib="dom" />
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { visit, withBrowser } from './browser.ts';
import { record, records, serving, type Serving } from './serving.ts';
import { report, sh, start, stopAll, timed, until, withFolder } from './sh.ts';

const PATH = `${process.env['PATH']}:/usr/sbin`;
const USER = { username: 'anna', password: 'correct horse' };
const LINES = 40;
const MAX_DELAY = 150; // ms, 95th percentile
const TRIES = 3; // a busy machine delays everything; that nginx holds back nothing shows in the best one
/** What nginx of the recipe that this replaces was told. */
const OLD = `server {
  listen 127.0.0.1:LISTEN;
  location / {
    proxy_pass http://127.0.0.1:PORT;
    auth_basic "Restricted";
    auth_basic_user_file USERS;
  }
}`;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Run `body` with an nginx that has this in its http block; LISTEN, PORT, USERS and DIR in it are filled in. */
async function behind(dir: string, server: Serving, block: string, body: (port: number) => Promise<void>): Promise<void> {
  const listen = await freePort();
  sh(`htpasswd -bcB ${dir}/users ${USER.username} '${USER.password}'; mkdir -p ${dir}/t`, '', { PATH });
  const filled = block.replaceAll('LISTEN', String(listen)).replaceAll('PORT', String(server.port)).replaceAll('USERS', `${dir}/users`).replaceAll('DIR', dir);
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path t/${name};`).join(' ');
  writeFileSync(join(dir, 'nginx.conf'), `daemon off; master_process off; pid nginx.pid; error_log stderr warn;
events {}
http { access_log off; gzip on; gzip_types application/x-ndjson text/plain; ${temp}
${filled}
}`);
  const nginx = start('nginx', ['-p', dir, '-c', 'nginx.conf', '-e', 'stderr'], { env: { PATH } });
  try {
    await until(() => sh(`curl -sk -o ${dir}/out https://127.0.0.1:${listen}/ || curl -s -o ${dir}/out http://127.0.0.1:${listen}/`).code === 0 || nginx.over);
    assert.not(nginx.over, nginx.err);
    await body(listen);
  } finally {
    await stopAll(nginx);
  }
}

/** Feed lines one by one and give how long (ms) each took into the page, the 95th percentile. */
async function delay(server: Serving, page: Page, first: number): Promise<number> {
  await page.evaluate(() => {
    const seen: Record<string, number> = {};
    Object.assign(globalThis, { seen });
    new MutationObserver(() => {
      for (const row of document.querySelectorAll('#log .row .text')) seen[row.textContent ?? ''] ??= Date.now();
    }).observe(document.querySelector('#log') ?? document, { childList: true, subtree: true, characterData: true });
  });
  const fed: number[] = [];
  for (let n = first; n < first + LINES; n++) {
    fed.push(Date.now());
    await server.feed(record('web1', n));
    await page.waitForFunction((text) => text in (globalThis as unknown as { seen: object }).seen, `line ${n}`, { polling: 20 });
  }
  const seen = await page.evaluate(() => (globalThis as unknown as { seen: Record<string, number> }).seen);
  const delays = fed.map((at, i) => (seen[`line ${first + i}`] ?? NaN) - at).sort((a, b) => a - b);
  return delays[Math.floor(LINES * 0.95)] ?? NaN;
}

/** Open the page, expect what is held and what comes, and measure. `sockets` says whether by WebSocket. */
async function watch(server: Serving, url: string, sockets: boolean): Promise<void> {
  await withBrowser(async (browser) => {
    await server.feed(records('web1', 1, 100));
    const { page, complaints } = await visit(browser, 'about:blank', { httpCredentials: USER, ignoreHTTPSErrors: true });
    let frames = 0;
    page.on('websocket', (socket) => socket.on('framereceived', () => frames++));
    await page.goto(url);
    await page.getByText('line 100', { exact: true }).waitFor();
    const tries: number[] = [];
    while (tries.length < TRIES && !(Math.min(...tries) < MAX_DELAY)) tries.push(await delay(server, page, 101 + tries.length * LINES));
    const p95 = Math.min(...tries);
    report(`${new URL(url).pathname} by ${sockets ? 'WebSocket' : 'streamed response'}: ${LINES} lines, p95 ${tries.join(', ')} ms`);
    assert.ok(p95 < MAX_DELAY, `p95 ${p95} ms`);
    assert.is(frames > 0, sockets);
    // A refused WebSocket is the browser's own complaint.
    assert.equal(complaints.filter((text) => sockets || !/WebSocket/.test(text)), []);
  });
}

test('the shipped block: https, password, sub-path, WebSocket, and who it is', timed(120_000, () => withFolder((dir) =>
  serving(['--host-name', 'logs.example.com', '--trust-user', 'X-Remote-User'], async (server) => {
    assert.is(sh(`cd ${dir} && lm-cert lm logs.example.com`).code, 0);
    const shipped = readFileSync('lib/nginx/lm.conf', 'utf8')
      .replace('server 127.0.0.1:5334', 'server 127.0.0.1:PORT')
      .replace('listen 443', 'listen 127.0.0.1:LISTEN')
      .replace('/etc/nginx/lm.crt', 'DIR/lm.crt')
      .replace('/etc/nginx/lm.key', 'DIR/lm.pem')
      .replaceAll('/etc/nginx/lm.users', 'USERS');
    await behind(dir, server, shipped, async (port) => {
      const curl = (line: string): string => sh(`curl -sk ${line}`).out;
      const url = `https://127.0.0.1:${port}/logs/`;
      assert.is(curl(`-o ${dir}/out -w '%{http_code} %{redirect_url}' https://127.0.0.1:${port}/logs`), `301 ${url}`);
      assert.is(curl(`-o ${dir}/out -w '%{http_code}' ${url}`), '401');
      assert.is(curl(`-o ${dir}/out -w '%{http_code}' -u anna:wrong ${url}api/streams`), '401');
      assert.match(curl(`-u 'anna:correct horse' ${url}api/streams`), '"epoch"');
      await watch(server, url, true);
    });
  }),
)));

test('the block of the known recipe, unchanged: no Upgrade, so by streamed response, unbuffered', timed(120_000, () => withFolder((dir) =>
  serving([], (server) => behind(dir, server, OLD, (port) => watch(server, `http://127.0.0.1:${port}/`, false))),
)));

test('a line reaches curl through either block at once', timed(30_000, () => withFolder((dir) =>
  serving([], (server) => behind(dir, server, OLD, async (port) => {
    const tail = start('curl', ['-sN', '-u', 'anna:correct horse', `http://127.0.0.1:${port}/api/tail?follow=1&as=text`]);
    await server.feed(record('web1', 1));
    await until(() => tail.out.includes('line 1\n'));
    const begun = Date.now();
    await server.feed(record('web1', 2));
    await until(() => tail.out.includes('line 2\n'));
    assert.ok(Date.now() - begun < 1000);
    await stopAll(tail);
  })),
)));

test.run();
