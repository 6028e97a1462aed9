/** Start-up of every command against `node -e 0` in the same rounds, and memory of each at rest. */
import { rmSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChain } from '../chain.ts';
import { start, startLine, stopAll } from '../sh.ts';
import { cost, lowerQuartile, machine, memoryOf, row } from './measure.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 25);
const COMMANDS = ['lm-cert', 'lm-fifo', 'lm-frame', 'lm-serve', 'lm-tls-recv', 'lm-tls-send'];

process.stdout.write(`start-up, lower quartile of ${ROUNDS} rounds, ms (${machine()})\n`);
const lines = ['node -e 0', ...COMMANDS.map((c) => `${c} --version`), 'lm-frame -i x < /dev/null', 'true | lm-frame -i x'];
const took = lines.map(() => ({ wall: [] as number[], cpu: [] as number[] }));
for (let i = 0; i < ROUNDS; i++) {
  lines.forEach((line, k) => {
    const { wall, cpu } = cost(line);
    took[k]?.wall.push(wall * 1000);
    took[k]?.cpu.push(cpu * 1000);
  });
}
const of = (k: number, key: 'wall' | 'cpu'): number => lowerQuartile(took[k]?.[key] ?? []);
row('', 'ms', 'x node', 'CPU ms', 'x node');
lines.forEach((line, k) => row(line, of(k, 'wall').toFixed(0), of(k, 'wall') / of(0, 'wall'), of(k, 'cpu').toFixed(0), of(k, 'cpu') / of(0, 'cpu')));

const dir = mkdtempSync(join(tmpdir(), 'lm-bench-'));
try {
  const chain = await startChain(dir);
  const sender = startLine(`exec ${chain.send}`);
  const frame = start('lm-frame', ['-i', 'x']);
  const fifo = start('lm-fifo', [join(dir, 'p')]);
  const node = start('node', ['-e', 'process.stdin.resume()']);
  await sender.says(/./).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  process.stdout.write('\nat rest, MB\n');
  row('', 'RSS', 'PSS');
  const all = { 'node -e process.stdin.resume()': node, 'lm-frame': frame, 'lm-fifo': fifo, 'lm-tls-send': sender, 'lm-tls-recv': chain.processes.recv, 'lm-serve': chain.processes.serve };
  for (const [name, process_] of Object.entries(all)) {
    const { rss, pss } = memoryOf(process_.child.pid ?? 0);
    row(name, rss.toFixed(0), pss.toFixed(0));
  }
  await stopAll(sender, frame, fifo, node);
  await chain.stop();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
