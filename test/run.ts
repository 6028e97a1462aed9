/** Runs every test file in a process of its own, with a limit, some at a time, and adds up: `node --import tsx test/run.ts [name ...]`. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const SOAK = Boolean(process.env['LM_SOAK']);
const FILE_LIMIT_S = SOAK ? 3600 : 300;
const folder = fileURLToPath(new URL('.', import.meta.url));
const uvu = fileURLToPath(new URL('../node_modules/uvu/bin.js', import.meta.url));

type Outcome = { total: number; passed: number; skipped: number; seconds: number; output: string; code: number | null };

/** uvu knows no time limit, so timeout(1) has one; `-k` since a browser driver may swallow SIGTERM. */
function runFile(file: string): Promise<Outcome> {
  const args = ['-k', '5', String(FILE_LIMIT_S), process.execPath, '--import', 'tsx', uvu, folder, `^${file.replaceAll('.', '\\.')}$`];
  const begun = Date.now();
  const child = spawn('timeout', args, { env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (d: Buffer) => (output += d.toString()));
  child.stderr.on('data', (d: Buffer) => (output += d.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const count = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(output)?.[1] ?? 0);
      resolve({
        total: count('Total'),
        passed: count('Passed'),
        skipped: count('Skipped'),
        seconds: (Date.now() - begun) / 1000,
        output,
        code,
      });
    });
  });
}

const wanted = process.argv.slice(2);
// The largest first, since they tend to take longest: so the last one to end does not end alone.
const files = readdirSync(folder)
  .filter((f) => f.endsWith('.test.ts'))
  .filter((f) => wanted.length === 0 || wanted.includes(f.replace('.test.ts', '')))
  .sort((a, b) => statSync(folder + b).size - statSync(folder + a).size);
const drives = (file: string): boolean => readFileSync(folder + file, 'utf8').includes('./browser.ts');
const [drawn, plain] = [files.filter(drives), files.filter((file) => !drives(file))];
let [passed, failed, skipped] = [0, 0, 0];

function report(file: string, r: Outcome): void {
  // uvu's total leaves out what was skipped. A file in which nothing ran, or that failed after its last test, counts as one failure.
  const bad = r.total - r.passed + ((r.total === 0 && r.skipped === 0) || (r.code !== 0 && r.passed === r.total) ? 1 : 0);
  passed += r.passed;
  failed += bad;
  skipped += r.skipped;
  process.stdout.write(`${bad > 0 ? 'FAIL' : 'ok  '} ${file} ${r.passed}/${r.total} in ${r.seconds.toFixed(1)} s\n`);
  if (bad > 0) process.stdout.write(r.code === 124 || r.code === 137 ? `${r.output}\nended after ${FILE_LIMIT_S} s\n` : r.output);
  else for (const line of r.output.split('\n')) if (/SKIPPED|REPORT/.test(line)) process.stdout.write(`     ${line.trim()}\n`);
}

async function work(queue: string[]): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) report(file, await runFile(file));
}

/** A browser takes a processor for itself, so those run one after the other, beside two of the others, which mostly wait. */
async function workAll(): Promise<void> {
  const one = work(drawn);
  const others = SOAK || availableParallelism() === 1 ? [one.then(() => work(plain))] : [work(plain), work(plain)];
  await Promise.all([one, ...others]);
}

await workAll();
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
