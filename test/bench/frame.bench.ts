/** CPU seconds of lm-frame per million nginx lines, in one run beside `cat | cat` and the filter one would write in Node. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sh } from '../sh.ts';
import { cost, machine, median, nginxLog, row } from './measure.ts';

const LINES = Number(process.env['LINES'] ?? 1_000_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);

/** A line, an object, a write. */
const NAIVE = `
import { createInterface } from 'node:readline';
let n = 0;
for await (const msg of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const record = JSON.stringify({ id: 'web1/nginx', run: 'k3x9a1qz', n: ++n, ts: Date.now(), msg }) + '\\n';
  if (!process.stdout.write(record)) await new Promise((resolve) => process.stdout.once('drain', resolve));
}`;

const dir = mkdtempSync(join(tmpdir(), 'lm-bench-'));
try {
  const log = nginxLog(LINES);
  writeFileSync(join(dir, 'naive.mjs'), NAIVE);
  sh(`lm-frame -i web1/nginx < ${log} > ${dir}/records; tr / '\\377' < ${log} > ${dir}/latin1`);
  const cases: [name: string, input: string, filter: string][] = [
    ['cat | cat', log, ''],
    ['naive filter in Node', log, `node ${dir}/naive.mjs`],
    ['lm-frame', log, 'lm-frame -i web1/nginx'],
    ['lm-frame --time', log, 'lm-frame -i web1/nginx --time'],
    ['lm-frame --strip', log, 'lm-frame -i web1/nginx --strip'],
    ['lm-frame --join', log, "lm-frame -i web1/nginx --join='^\\s'"],
    ['lm-frame --max=100, two records a line', log, 'lm-frame -i web1/nginx --max=100'],
    ['lm-frame, no line is UTF-8', `${dir}/latin1`, 'lm-frame -i web1/nginx'],
    ['lm-frame --decode', `${dir}/records`, 'lm-frame -d'],
  ];
  const took = cases.map(() => ({ cpu: [] as number[], wall: [] as number[] }));
  for (let round = 0; round < ROUNDS; round++) {
    cases.forEach(([, input, filter], i) => {
      const { cpu, wall } = cost(`cat ${input} | ${filter && `${filter} |`} cat`);
      took[i]?.cpu.push(cpu);
      took[i]?.wall.push(wall);
    });
  }
  process.stdout.write(`seconds per million lines, median of ${ROUNDS} rounds (${machine()})\n`);
  row('', 'CPU', 'net of cat', 'wall');
  const base = median(took[0]?.cpu ?? []);
  cases.forEach(([name], i) => {
    const [cpu, wall] = [median(took[i]?.cpu ?? []), median(took[i]?.wall ?? [])].map((s) => s / (LINES / 1e6));
    row(name, cpu ?? NaN, (cpu ?? NaN) - base / (LINES / 1e6), wall ?? NaN);
  });
} finally {
  rmSync(dir, { recursive: true, force: true });
}
