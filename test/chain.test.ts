import { appendFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { visit, withBrowser } from './browser.ts';
import { startChain } from './chain.ts';
import { readAll, says } from './dom.ts';
import { arrives, lineOf, random, Tally } from './oracle.ts';
import { sh, start, startLine, stopAll, timed, until, withFolder } from './sh.ts';

const LINES = 1_000_000;
const BATCH = 2000;

test('a million lines of every kind: the same lines, in order, the same bytes', timed(240_000, () => withFolder(async (dir) => {
  const chain = await startChain(dir, { serve: '--memory=1G' });
  // The lines that come out, as text again; the client is there before the first line and follows.
  const reader = startLine(`curl -sN '${chain.page}api/tail?lines=all&follow=1' | lm-frame -d`, { keepOutput: false });
  const got = new Tally();
  let rest = Buffer.alloc(0);
  reader.child.stdout?.on('data', (chunk: Buffer) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let from = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
      got.add(bytes.subarray(from, at));
      from = at + 1;
    }
    rest = Buffer.from(bytes.subarray(from));
  });

  const sender = startLine(`set -o pipefail; lm-frame -i web1/all | ${chain.send}`);
  const sent = new Tally();
  const next = random(20261122);
  let invalid = 0;
  for (let n = 1; n <= LINES; n += BATCH) {
    const lines: Buffer[] = [];
    for (let i = n; i < n + BATCH; i++) {
      const line = lineOf(i, next);
      const left = arrives(line);
      if (!left.equals(line)) invalid++;
      sent.add(left);
      lines.push(line, Buffer.from(i === LINES ? '' : '\n')); // the last line has no newline
    }
    const stdin = sender.child.stdin;
    if (stdin && !stdin.write(Buffer.concat(lines))) await new Promise((resolve) => stdin.once('drain', resolve));
  }
  sender.child.stdin?.end();
  await sender.closed;
  assert.equal([sender.code, sender.signal], [0, null], sender.err);
  assert.match(sender.err, new RegExp(`not UTF-8, replaced: ${invalid}\\b`));
  await until(() => got.lines >= LINES, 60_000, () => `${LINES} lines, have ${got.lines}`);
  assert.is(got.toString(), sent.toString());

  const streams = (await (await fetch(`${chain.page}api/streams`)).json()) as { counts: Record<string, number>; streams: Record<string, unknown>[] };
  const { id, lost, duplicates } = streams.streams[0] ?? {};
  assert.equal({ id, lost, duplicates }, { id: 'web1/all', lost: 0, duplicates: 0 });
  assert.is(streams.counts['malformed'], 0);
  await stopAll(reader);
  await chain.stop();
  assert.equal([chain.processes.recv.code, chain.processes.serve.code], [0, 0]);
})));

test('tail -F over rename and truncation, to a real browser: every line once, in order', timed(120_000, () => withFolder(async (dir) => {
  const chain = await startChain(dir);
  const log = `${dir}/access.log`;
  writeFileSync(log, '');
  const sender = startLine(`tail -n +1 -F ${log} 2>${dir}/tail.log | lm-frame -i web1/log | ${chain.send}`);
  let n = 0;
  const arrived = async (): Promise<string[]> => (await (await fetch(`${chain.page}api/tail?lines=all&as=text`)).text()).split('\n').slice(0, -1);
  const write = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) appendFileSync(log, `line ${++n}\n`);
    await until(async () => (await arrived()).length >= n, 20_000, () => `${n} lines`);
  };
  await write(500);
  renameSync(log, `${log}.1`);
  await write(500);
  truncateSync(log); // all was read before: what is cut off unread, or written again to the old length at once, tail cannot know
  await until(() => readFileSync(`${dir}/tail.log`, 'utf8').includes('truncated'));
  await write(500);
  renameSync(log, `${log}.2`);
  writeFileSync(log, '');
  await write(500);
  assert.equal(await arrived(), Array.from({ length: 2000 }, (_, i) => `line ${i + 1}`));
  await withBrowser(async (browser) => {
    const { page, complaints } = await visit(browser, chain.page);
    await says(page, /^2,000 lines$/);
    await write(100); // and what comes while somebody looks
    await says(page, /^2,100 lines$/);
    assert.equal(await readAll(page), Array.from({ length: 2100 }, (_, i) => `line ${i + 1}`));
    assert.equal(complaints, []);
  });
  await stopAll(sender);
  await chain.stop();
})));

test('20 senders, socat, openssl, ncat and a local writer at once into one pipe: no line torn, none lost', timed(120_000, () => withFolder(async (dir) => {
  const pipe = `${dir}/in`;
  const tally = new Map<string, { next: number; torn: string[] }>();
  const merged = start('lm-fifo', [pipe], { keepOutput: false });
  let rest = '';
  merged.child.stdout?.setEncoding('latin1').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, name = 'torn', n, size, text] = /^(\w+) (\d+) (\d+) (x*)$/.exec(line) ?? [];
      const seen = tally.get(name) ?? { next: 1, torn: [] };
      tally.set(name, seen);
      if (Number(n) !== seen.next || Number(size) !== text?.length) seen.torn.push(line.slice(0, 60));
      seen.next++;
    }
  });
  await until(() => merged.over || sh(`test -p ${pipe}`).code === 0);
  sh(`cd ${dir} && lm-cert receiver localhost && lm-cert sender x`);
  const recv = startLine(`lm-tls-recv -k ${dir}/receiver.pem --anyone --raw 127.0.0.1:0 | lm-fifo -w ${pipe}`);
  const port = (await recv.says(/listening on 127.0.0.1:(\d+)/))[1];
  const pin = sh(`lm-cert --print ${dir}/receiver.crt`).out.trim();
  // Sizes of 100 bytes to 20 KB, as many between 100 and 200 as between 10 and 20 KB.
  const lines = (name: string): string =>
    `perl -e 'for $i (1..5000) { $n = int(100 * 200 ** rand()); print "${name} $i $n ", "x" x $n, "\\n" }'`;
  const sends = Array.from({ length: 20 }, (_, i) => `${lines(`s${i}`)} | lm-tls-send -k ${dir}/sender.pem --pin ${pin} 127.0.0.1:${port} 2>/dev/null`);
  const strangers = [
    `${lines('socat')} | socat -u - OPENSSL:127.0.0.1:${port},verify=0`,
    `{ ${lines('openssl')}; } | openssl s_client -quiet -no_ign_eof -connect 127.0.0.1:${port} 2>/dev/null`,
    `{ ${lines('ncat')}; sleep 1; } | ncat --ssl 127.0.0.1 ${port}`,
    `${lines('local')} | lm-fifo -w ${pipe}`,
  ];
  const all = [...sends, ...strangers].map((line) => startLine(`set -o pipefail; ${line}`));
  await Promise.all(all.map((p) => p.closed));
  assert.equal(all.map((p) => [p.code, p.err]), all.map(() => [0, '']));
  const total = (): number => [...tally.values()].reduce((sum, { next }) => sum + next - 1, 0);
  await until(() => total() >= 24 * 5000, 30_000, () => `120000 lines, have ${total()}`);
  for (const [name, { next, torn }] of tally) assert.equal([name, next, torn], [name, 5001, []]);
  assert.is(tally.size, 24);
  await stopAll(recv, merged);
})));

test.run();
