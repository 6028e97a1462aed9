/** A flock of light senders (flock.worker.ts) at a receiver under test, and how late their lines come out of it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { start, until, type Running } from './sh.ts';
import type { Key } from './tls.ts';

const WORKER = fileURLToPath(new URL('flock.worker.ts', import.meta.url));

type Second = { joined: number; connects: number };

export class Flock {
  readonly process: Running;
  readonly #count: number;

  constructor(port: number, key: Key, count: number, perSecond: number) {
    this.#count = count;
    this.process = start('node', ['--import', 'tsx', WORKER, String(port), key.pem, String(count), String(perSecond)]);
  }

  /** What it told, a second each: how many are connected, and how many connections a receiver took. */
  get seconds(): Second[] {
    const told = this.process.out.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Second | { error: string });
    return told.filter((second) => 'joined' in second);
  }

  /** What receivers complained of. */
  get errors(): string[] {
    return this.process.out.split('\n').filter((line) => line.startsWith('{"error'));
  }

  /** Resolves when all are connected; after a restart, when all have come anew since the second `from`. */
  async joined(from = 0): Promise<void> {
    const since = (): Second[] => this.seconds.slice(from);
    const came = (): number => since().reduce((sum, { connects }) => sum + connects, 0);
    const tell = (): string => `${this.#count} to join: ${came()} came, ${JSON.stringify(this.seconds.at(-1))} ${this.errors[0]}`;
    await until(() => came() >= this.#count && since().at(-1)?.joined === this.#count, 60_000, tell);
  }
}

/** Reads what a receiver puts out: how late each line of the flock is, ms; lines of others are counted. */
export class Delays {
  readonly late: number[] = [];
  others = 0;
  #rest = '';

  constructor(recv: Running) {
    recv.child.stdout?.on('data', (chunk: Buffer) => {
      const now = Date.now();
      const lines = (this.#rest + chunk.toString('latin1')).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) {
        const sent = /^(\d{13}) \d+ \d+ a line/.exec(line)?.[1];
        if (sent === undefined) this.others++;
        else this.late.push(now - Number(sent));
      }
    });
  }

  /** Of the lines since `from`: the delay that 99 of 100 stay below. */
  p99(from = 0): number {
    const sorted = this.late.slice(from).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.99)] ?? NaN;
  }
}

/** Memory of a process, MB. */
export function rssOf(recv: Running): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${recv.child.pid}/status`, 'utf8'))?.[1]) / 1024);
}
