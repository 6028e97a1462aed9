/** Measuring for the benchmarks: CPU and wall time of shell lines and of processes, medians, tables. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { random } from '../oracle.ts';
import { ENV } from '../sh.ts';

export type Cost = { wall: number; cpu: number };

/** Seconds that a shell line takes, with all it started and waited for. */
export function cost(line: string): Cost {
  const script = `TIMEFORMAT='COST %R %U %S'; time { ${line}; }`;
  const out = execFileSync('bash', ['-c', `{ ${script}; } 2>&1 >/dev/null`], { env: ENV, maxBuffer: 1 << 28 }).toString();
  const [, wall, user, sys] = /COST (\S+) (\S+) (\S+)/.exec(out) ?? [];
  if (sys === undefined) throw new Error(`cannot measure ${line}: ${out}`);
  return { wall: Number(wall), cpu: Number(user) + Number(sys) };
}

/** CPU seconds a process has used so far (proc(5): utime and stime, in ticks of 10 ms). */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Memory of a process in MB: resident, and its proportional share. */
export function memoryOf(pid: number): { rss: number; pss: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kb = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1]);
  return { rss: kb('Rss') / 1024, pss: kb('Pss') / 1024 };
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** What a quarter of the values do not exceed: of times on a busy machine it says most about the program. */
export function lowerQuartile(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 4)] ?? NaN;
}

/** A file of nginx "combined" lines of about 180 bytes, each with its own number; made once a machine. */
export function nginxLog(lines: number): string {
  const folder = join(tmpdir(), 'lm-bench');
  const path = join(folder, `nginx-${lines}.log`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const next = random(5333);
  const pick = (list: string[]): string => list[Math.floor(next() * list.length)] ?? '';
  const agents = ['Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0', 'curl/8.5.0', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15'];
  const paths = ['/', '/index.html', '/api/v2/orders?page=3', '/static/app.4f3c2b.js', '/login', '/images/header-large.webp'];
  const parts: string[] = [];
  for (let n = 1; n <= lines; n++) {
    const ip = `${10 + Math.floor(next() * 200)}.${Math.floor(next() * 256)}.${Math.floor(next() * 256)}.${Math.floor(next() * 256)}`;
    const time = new Date(1_795_000_000_000 + n * 37).toISOString().slice(11, 19);
    parts.push(`${ip} - - [22/Nov/2026:${time} +0000] "GET ${pick(paths)}${n} HTTP/1.1" ${pick(['200', '200', '200', '304', '404', '500'])} ${Math.floor(next() * 90_000)} "https://www.example.com/shop/" "${pick(agents)}"\n`);
  }
  writeFileSync(path, parts.join(''));
  return path;
}

/** One line on the state of the machine, for the head of a table. */
export function machine(): string {
  return `node ${process.version}, load ${loadavg().map((l) => l.toFixed(2)).join(' ')}`;
}

/** A row: name and figures, aligned. */
export function row(name: string, ...figures: (string | number)[]): void {
  process.stdout.write(`${name.padEnd(44)}${figures.map((f) => String(typeof f === 'number' ? f.toFixed(2) : f).padStart(10)).join('')}\n`);
}
