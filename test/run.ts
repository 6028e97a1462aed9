/** Runs every test file in a process of its own, with a limit, some at a time, and adds up: `node --import tsx test/run.ts [name ...]`. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const SOAK = Boolean(process.env['LM_SOAK']);
/** Files that run beside one with a browser. */
const BESIDE = 2;
const FILE_LIMIT_S = SOAK ? 3600 : 300;
const folder = fileURLToPath(new URL('.', import.meta.url));
const uvu = fileURLToPath(new URL('../node_modules/uvu/bin.js', import.meta.url));

type Outcome = { total: number; passed: number; skipped: number; seconds: number; output: string; code: number | null };

/** Files in one process. uvu knows no time limit, so timeout(1) has one; `-k` since a browser driver may swallow SIGTERM. */
function run(files: readonly string[]): Promise<Outcome> {
  const pattern = `^(${files.join('|').replaceAll('.', '\\.')})$`;
  const args = ['-k', '5', String(FILE_LIMIT_S), process.execPath, '--import', 'tsx', uvu, folder, pattern];
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
const textOf = (file: string): string => readFileSync(folder + file, 'utf8');

/** Milliseconds that a file allows itself: a guess at how long it takes. */
const allowance = (file: string): number =>
  [...textOf(file).matchAll(/\b\d{1,3}_000\b/g)].reduce((sum, [number]) => sum + Number(number.replace('_', '')), 0);

/** Whether a file, or one of this folder that it imports, imports this. */
function imports(file: string, what: string): boolean {
  const names = [...textOf(file).matchAll(/from '(?:\.\/)?([\w.:-]+)'/g)].map(([, name = '']) => name);
  return names.includes(what) || names.some((name) => name.endsWith('.ts') && existsSync(folder + name) && imports(name, what));
}

// The slowest first: so the last one to end does not end alone.
const files = readdirSync(folder)
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => wanted.length === 0 || wanted.includes(file.replace('.test.ts', '')))
  .sort((a, b) => allowance(b) - allowance(a));
const [drawn, plain, pure] = [[], [], []] as [string[], string[], string[]];
const draws = (file: string): boolean => imports(file, 'playwright-core') || imports(file, 'engine.ts');
for (const file of files) (draws(file) ? drawn : imports(file, 'node:child_process') ? plain : pure).push(file);

/** What is run in one process: one file, or all those that start no other, whose time would mostly be that of starting. */
type Job = { name: string; files: string[] };
const alone = (list: readonly string[]): Job[] => list.map((file) => ({ name: file, files: [file] }));
const together = pure.length > 1 ? [{ name: `${pure.length} files that start no process`, files: pure }] : alone(pure);
let [passed, failed, skipped] = [0, 0, 0];

function report(name: string, r: Outcome): void {
  // uvu's total leaves out what was skipped. A file in which nothing ran, or that failed after its last test, counts as one failure.
  const bad = r.total - r.passed + ((r.total === 0 && r.skipped === 0) || (r.code !== 0 && r.passed === r.total) ? 1 : 0);
  passed += r.passed;
  failed += bad;
  skipped += r.skipped;
  process.stdout.write(`${bad > 0 ? 'FAIL' : 'ok  '} ${name} ${r.passed}/${r.total} in ${r.seconds.toFixed(1)} s\n`);
  if (bad > 0) process.stdout.write(r.code === 124 || r.code === 137 ? `${r.output}\nended after ${FILE_LIMIT_S} s\n` : r.output);
  else for (const line of r.output.split('\n')) if (/SKIPPED|REPORT/.test(line)) process.stdout.write(`     ${line.trim()}\n`);
}

async function work(queue: Job[]): Promise<void> {
  for (let job = queue.shift(); job; job = queue.shift()) report(job.name, await run(job.files));
}

/** A browser takes a processor for itself, so those run one after the other, beside some of the others, which mostly wait. */
async function workAll(): Promise<void> {
  const others = [...alone(plain), ...together];
  const browsers = work(alone(drawn)).then(() => work(others));
  const beside = SOAK || availableParallelism() === 1 ? 0 : BESIDE;
  await Promise.all([browsers, ...Array.from({ length: beside }, () => work(others))]);
}

await workAll();
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
