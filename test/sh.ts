/** Helpers of the tests: run shell lines with this tree's commands first in PATH, wait for conditions, give every test a limit. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the commands under test: those built here, or with LM_BIN those of another tree or an installation. */
export const BIN = process.env['LM_BIN'] ?? fileURLToPath(new URL('../dist/bin/', import.meta.url));

/** The environment tests run in: built commands first, no colour, no settings of the person who runs them. */
export const ENV: NodeJS.ProcessEnv = { PATH: `${BIN}:${process.env['PATH']}`, LC_ALL: 'C', HOME: '/nonexistent', TZ: 'UTC' };

export type Result = { out: string; err: string; code: number | null };

/** Run a shell line to its end; bash, so that pipefail and process substitution are there. */
export function sh(line: string, input: string | Buffer = '', env: NodeJS.ProcessEnv = {}): Result {
  const p = spawnSync('bash', ['-c', line], { input, timeout: 30_000, maxBuffer: 1 << 30, env: { ...ENV, ...env } });
  if (p.error) throw p.error;
  return { out: p.stdout.toString(), err: p.stderr.toString(), code: p.status };
}

/** The same, for outputs that are not text. */
export function shBytes(line: string, input: string | Buffer = ''): { out: Buffer; err: string; code: number | null } {
  const p = spawnSync('bash', ['-c', line], { input, timeout: 60_000, maxBuffer: 1 << 30, env: ENV });
  if (p.error) throw p.error;
  return { out: p.stdout, err: p.stderr.toString(), code: p.status };
}

/** A process that goes on: its output so far, and ways to wait for it and to end it. */
export class Running {
  out = '';
  err = '';
  code: number | null = null;
  signal: NodeJS.Signals | null = null;
  readonly child: ChildProcess;
  readonly closed: Promise<void>;
  #over = false;

  constructor(child: ChildProcess, keepOutput = true) {
    this.child = child;
    if (keepOutput) child.stdout?.on('data', (d: Buffer) => (this.out += d.toString('latin1')));
    child.stderr?.on('data', (d: Buffer) => (this.err += d.toString()));
    child.stdin?.on('error', () => {});
    this.closed = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        this.code = code;
        this.signal = signal;
        this.#over = true;
        resolve();
      });
    });
  }

  get over(): boolean {
    return this.#over;
  }

  /** Resolves with the match once stderr holds the pattern. */
  async says(pattern: RegExp, ms = 10_000): Promise<RegExpExecArray> {
    let match: RegExpExecArray | null = null;
    await until(() => (match = pattern.exec(this.err)) !== null || this.#over, ms, () => `${pattern} in: ${this.err}`);
    match ??= pattern.exec(this.err);
    if (!match) throw new Error(`ended without saying ${pattern}: ${this.err}`);
    return match;
  }

  /** Send a signal to the process and all that it started. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (this.child.pid === undefined || this.#over) return;
    try {
      process.kill(-this.child.pid, signal);
    } catch {
      this.child.kill(signal);
    }
  }
}

const running = new Set<Running>();
const killAll = (): void => running.forEach((r) => r.kill('SIGKILL'));
process.on('exit', killAll);
process.on('SIGTERM', () => process.exit(143)); // the limit of the test runner

/** Start a program in a process group of its own; whatever is left of it is killed when the tests end. */
export function start(
  command: string,
  args: string[] = [],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; stdio?: ('pipe' | 'ignore' | number)[]; keepOutput?: boolean } = {},
): Running {
  const child = spawn(command, args, {
    env: { ...ENV, ...options.env },
    cwd: options.cwd,
    stdio: options.stdio ?? 'pipe',
    detached: true,
  });
  const r = new Running(child, options.keepOutput ?? true);
  running.add(r);
  void r.closed.then(() => running.delete(r));
  return r;
}

/** Start a shell line in the background. */
export function startLine(line: string, options: Parameters<typeof start>[2] = {}): Running {
  return start('bash', ['-c', line], options);
}

/** Tell a figure that a long test has measured; `make soak` shows it. */
export function report(text: string): void {
  if (process.env['LM_SOAK'] !== undefined) process.stdout.write(`\nREPORT ${text}\n`);
}

/** End processes and wait until they are gone. */
export async function stopAll(...processes: Running[]): Promise<void> {
  processes.forEach((p) => p.kill('SIGTERM'));
  const killer = setTimeout(() => processes.forEach((p) => p.kill('SIGKILL')), 5000);
  await Promise.all(processes.map((p) => p.closed));
  clearTimeout(killer);
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves when `condition` holds; rejects after `ms` with what was waited for. */
export async function until(
  condition: () => boolean | Promise<boolean>, ms = 10_000, what: () => string = () => 'condition',
): Promise<void> {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A test body that fails after `ms`: uvu itself would wait for ever. */
export function timed(ms: number, body: () => Promise<void>): () => Promise<void> {
  return async () => {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done after ${ms} ms`)), ms);
    });
    try {
      await Promise.race([body(), limit]);
    } catch (err) {
      killAll(); // what a failed test leaves would keep this process from ending
      throw err;
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Run `body` with a new folder that is removed afterwards, also when it fails. */
export async function withFolder<T>(body: (dir: string) => T | Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'lm-test-'));
  try {
    return await body(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
