/** lm-serve: CPU of taking records in, by number of streams and clients; memory; a search over all that is held. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Serving, serving } from '../serving.ts';
import { sh } from '../sh.ts';
import { cpuOf, machine, median, memoryOf, nginxLog, row } from './measure.ts';

const LINES = Number(process.env['LINES'] ?? 1_000_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const dir = mkdtempSync(join(tmpdir(), 'lm-bench-'));

/** The records of an nginx log; with `streams` > 1, dealt out to as many streams in turn, as when many senders come down one pipe. */
function recordsFile(streams: number): string {
  const one = join(dir, 'records-1');
  if (streams === 1) {
    sh(`lm-frame -i web1/nginx < ${nginxLog(LINES)} > ${one}`);
    return one;
  }
  const many = join(dir, `records-${streams}`);
  let k = 0;
  writeFileSync(many, readFileSync(one, 'latin1').replace(/^\{"id":"web1\/nginx","run":"([^"]*)","n":\d+/gm, (_, run: string) => {
    const n = Math.floor(k / streams) + 1;
    return `{"id":"web${k++ % streams}/nginx","run":"${run}","n":${n}`;
  }), 'latin1');
  return many;
}

/** CPU seconds per million records that lm-serve takes while `file` goes down its pipe. */
async function takeIn(file: string, clients: number, args: string[] = []): Promise<number> {
  return serving([...args, join(dir, 'in')], async (server) => {
    const done = await Promise.all(Array.from({ length: clients }, () => follow(server)));
    const before = cpuOf(server.running.child.pid ?? 0);
    sh(`cat ${file} > ${dir}/in`);
    const { counts } = await server.received(LINES, 120_000);
    if (counts['malformed'] || counts['lost'] || counts['records'] !== LINES) throw new Error(JSON.stringify(counts));
    await Promise.all(done.map((client) => client()));
    return (cpuOf(server.running.child.pid ?? 0) - before) / (LINES / 1e6);
  });
}

/** A client that counts the newlines of the feed; resolves when it has them all. */
async function follow(server: Serving): Promise<() => Promise<void>> {
  const res = await server.open('/api/live?lines=0');
  let lines = 0;
  let finish = (): void => {};
  const all = new Promise<void>((resolve) => (finish = resolve));
  res.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
    if (lines >= LINES) finish();
  });
  return async () => {
    await all;
    res.destroy();
  };
}

async function rounds(name: string, measure: () => Promise<number>): Promise<void> {
  const figures: number[] = [];
  for (let i = 0; i < ROUNDS; i++) figures.push(await measure());
  row(name, Math.min(...figures), median(figures), Math.max(...figures));
}

try {
  process.stdout.write(`lm-serve, ${LINES.toLocaleString('en')} records, ${machine()}\n`);
  row('CPU s per million records', 'min', 'median', 'max');
  const one = recordsFile(1);
  await rounds('one stream', () => takeIn(one, 0));
  for (const streams of [20, 500]) {
    const file = recordsFile(streams);
    await rounds(`${streams} streams in turn`, () => takeIn(file, 0));
  }
  await rounds('one stream, memory for all of it', () => takeIn(one, 0, ['-M', '1G']));
  await rounds('one stream, 1 client', () => takeIn(one, 1, ['-M', '1G']));
  await rounds('one stream, 10 clients', () => takeIn(one, 10, ['-M', '1G']));
  await rounds('one stream, 50 clients', () => takeIn(one, 50, ['-M', '1G']));
  process.stdout.write('\n');
  row('memory, MB', 'rss', 'pss');
  await serving([join(dir, 'in')], async (server) => {
    const show = (name: string): void => {
      const { rss, pss } = memoryOf(server.running.child.pid ?? 0);
      row(name, rss, pss);
    };
    await server.ask('/healthz');
    show('idle');
    sh(`cat ${one} > ${dir}/in`);
    await server.received(LINES, 120_000);
    show('after all records, memory as by default');
  });
  await serving([join(dir, 'in')], async (server) => {
    const pid = server.running.child.pid ?? 0;
    const pages = await Promise.all(Array.from({ length: 50 }, () => server.open('/api/live?lines=0')));
    pages.forEach((page) => page.pause());
    sh(`cat ${one} > ${dir}/in`);
    await server.received(LINES, 120_000);
    const { rss, pss } = memoryOf(pid);
    row('the same with 50 pages open that read nothing', rss, pss);
    pages.forEach((page) => page.destroy());
  });
  process.stdout.write('\n');
  await serving(['-M', '1G', join(dir, 'in')], async (server) => {
    sh(`cat ${one} > ${dir}/in`);
    await server.received(LINES, 120_000);
    row('search of all, ms', 'wall', 'lines');
    for (const pattern of ['nothing-like-it', '" 500 ', '(\\w+)=\\d+ \\1=', '.*foo.*bar.*']) {
      const from = performance.now();
      const { text } = await server.ask(`/api/tail?lines=all&as=text&match=${encodeURIComponent(pattern)}`);
      row(pattern, performance.now() - from, String(text.split('\n').length - 1));
    }
  });
} finally {
  rmSync(dir, { recursive: true, force: true });
}
