/** What a spool costs the sender: CPU seconds and lines a second beside the same without, in one run; memory and start with a large backlog. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sh, startLine, stopAll, until } from '../sh.ts';
import { cost, machine, median, memoryOf, nginxLog, row } from './measure.ts';

const LINES = Number(process.env['LINES'] ?? 1_000_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const BACKLOG = Number(process.env['BACKLOG'] ?? 2 ** 30);
const log = nginxLog(LINES);
const dir = mkdtempSync(join(tmpdir(), 'lm-bench-'));
const spool = join(dir, 'spool');

const KINDS: Record<string, string> = {
  'in memory': '',
  '--spool --spool-sync never': `-s ${spool} --spool-sync never`,
  '--spool': `-s ${spool}`,
  '--spool --spool-sync always': `-s ${spool} --spool-sync always`,
};

const bytesIn = (folder: string): number => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

async function deadPort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)));
  await new Promise((resolve) => server.close(resolve));
  return port;
}

try {
  sh(`cd ${dir} && lm-cert r localhost > r.pin && lm-cert s x > s.pin && echo "a $(cat s.pin) *" > auth`);
  const recv = startLine(`exec lm-tls-recv -k ${dir}/r.pem -a ${dir}/auth 127.0.0.1:0 > /dev/null`);
  const at = (await recv.says(/listening on (\S+)/))[1];
  const pin = sh(`cat ${dir}/r.pin`).out.trim();
  const send = `lm-tls-send -k ${dir}/s.pem --pin ${pin}`;
  const figures = new Map<string, { cpu: number[]; wall: number[] }>();
  process.stdout.write(`${LINES} nginx lines, median of ${ROUNDS} rounds (${machine()})\n`);
  for (let i = 0; i < ROUNDS; i++) {
    for (const [name, options] of Object.entries(KINDS)) {
      const { cpu, wall } = cost(`${send} ${options} ${at} < ${log}`);
      const one = figures.get(name) ?? { cpu: [], wall: [] };
      figures.set(name, { cpu: [...one.cpu, cpu / (LINES / 1e6)], wall: [...one.wall, wall] });
    }
  }
  row('', 'CPU s/M', 'x memory', 'lines/s', 'x memory');
  const base = figures.get('in memory') ?? { cpu: [], wall: [] };
  for (const [name, { cpu, wall }] of figures) {
    row(name, median(cpu), median(cpu) / median(base.cpu), String(Math.round(LINES / median(wall))), median(base.wall) / median(wall));
  }

  const filler = startLine(`while cat ${log}; do :; done | exec ${send} -s ${spool} --spool-max 4G -t 0 127.0.0.1:${await deadPort()}`, { keepOutput: false });
  await until(() => { try { return bytesIn(spool) > BACKLOG; } catch { return false; } }, 120_000);
  await stopAll(filler);
  const backlog = bytesIn(spool);
  const begun = performance.now();
  const drain = startLine(`exec ${send} -v -s ${spool} ${at} < /dev/null`);
  let [rss, first] = [0, 0];
  const timer = setInterval(() => {
    try {
      rss = Math.max(rss, memoryOf(drain.child.pid ?? 0).rss);
    } catch {
      // it has ended
    }
  }, 50);
  await drain.says(/sending to/);
  first = performance.now() - begun;
  await drain.closed;
  clearInterval(timer);
  const seconds = (performance.now() - begun) / 1000;
  row(`backlog of ${(backlog / 2 ** 20).toFixed(0)} MiB`, 'first ms', 'MiB/s', 'RSS MB');
  row('', first.toFixed(0), (backlog / 2 ** 20 / seconds).toFixed(0), rss.toFixed(0));
  await stopAll(recv);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
