/** A running lm-serve for the tests, and a client for its API. */
import { request, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Running, sh, start, stopAll } from './sh.ts';

export type Reply = { status: number; headers: IncomingHttpHeaders; text: string };

export type Streams = {
  epoch: string;
  held: { entries: number; bytes: number; first: number; next: number; dropped: number; limit: number };
  counts: Record<string, number> & { reasons: Record<string, number> };
  streams: { id: string; lines: number; lost: number; duplicates: number; state: string; sample: string; rate: number }[];
};

/** One lm-serve at a free port of the loopback. */
export class Serving {
  readonly running: Running;
  readonly port: number;

  constructor(running: Running, port: number) {
    this.running = running;
    this.port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Write to its standard input; resolves when the pipe has taken it. */
  async feed(text: string | Buffer): Promise<void> {
    const { stdin } = this.running.child;
    if (stdin && !stdin.write(text)) await once(stdin, 'drain');
  }

  async ask(path: string, options: RequestOptions = {}): Promise<Reply> {
    const res = await this.open(path, options);
    const chunks: Buffer[] = [];
    for await (const chunk of res) chunks.push(chunk as Buffer);
    return { status: res.statusCode ?? 0, headers: res.headers, text: Buffer.concat(chunks).toString() };
  }

  /** An answer whose body is still to come. */
  async open(path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
    const req = request({ host: '127.0.0.1', port: this.port, path, agent: false, ...options });
    req.on('error', () => {});
    req.end();
    const [res] = (await Promise.race([once(req, 'response'), once(req, 'error').then(([err]) => Promise.reject(err as Error))])) as [IncomingMessage];
    res.on('error', () => {});
    return res;
  }

  async streams(): Promise<Streams> {
    return JSON.parse((await this.ask('/api/streams')).text) as Streams;
  }

  /** Resolves when it has taken in so many lines. */
  async received(lines: number, ms = 20_000): Promise<Streams> {
    const end = Date.now() + ms;
    for (;;) {
      const streams = await this.streams();
      if (streams.counts['received'] === lines && streams.held.next > 1) return streams;
      if (Date.now() > end) throw new Error(`received ${streams.counts['received']} of ${lines} lines`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  /** Resident memory, bytes. */
  async rss(): Promise<number> {
    return Number(/process_resident_memory_bytes (\d+)/.exec((await this.ask('/metrics')).text)?.[1]);
  }
}

/** Run `body` with a server; its standard input is a pipe unless pipes are among the arguments. A stack trace on stderr is a failure. */
export async function serving<T>(args: string[], body: (server: Serving) => Promise<T>, env: NodeJS.ProcessEnv = {}): Promise<T> {
  const running = start('lm-serve', ['-l', '127.0.0.1:0', ...args], { env });
  try {
    const [, port] = await running.says(/listening on https?:\/\/[^\s/]+:(\d+)\//);
    const result = await body(new Serving(running, Number(port)));
    if (/Warning|^ +at /m.test(running.err)) throw new Error(`said: ${running.err}`);
    return result;
  } finally {
    await stopAll(running);
  }
}

/** A password file in the folder, in which anna is a user; the one that was there is replaced. */
export function usersIn(dir: string, password = 'secret'): string {
  const path = join(dir, 'users');
  assert.is(sh(`htpasswd -cbB -C 4 ${path} anna ${password}`).code, 0);
  return path;
}

/** A record of a run. */
export function record(id: string, n: number, msg = `line ${n}`, run = 'r1'): string {
  return `${JSON.stringify({ id, run, n, ts: 1_795_341_000_000 + n, msg })}\n`;
}

/** So many records of a run. */
export function records(id: string, from: number, count: number, pad = ''): string {
  let text = '';
  for (let n = from; n < from + count; n++) text += record(id, n, `line ${n}${pad}`);
  return text;
}

/** Follows a live feed from its bytes: which entries came, and what was said of those that did not. */
export class Follower {
  epoch = '';
  seq = 0;
  /** Entries as JSON, in order. */
  readonly entries: Record<string, unknown>[] = [];
  skipped = 0;
  beats = 0;
  #rest = '';
  #left = 0;

  get cursor(): string {
    return `${this.epoch}.${this.seq}`;
  }

  /** A new connection: a line that was cut comes again. */
  begin(): void {
    this.#rest = '';
    this.#left = 0;
  }

  /** Take bytes as they came. Throws where an entry is missing, or comes twice, without being told. */
  take(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const text of lines) this.#line(JSON.parse(Buffer.from(text, 'latin1').toString()) as Record<string, unknown>);
  }

  #line(line: Record<string, unknown>): void {
    const numberIn = (key: string): number => Number(String(line[key]).split('.')[1]);
    if (this.#left > 0) {
      this.#left--;
      this.seq++;
      this.entries.push(line);
    } else if (line['@'] === 'hello') this.epoch = String(line['epoch']);
    else if (line['@'] === 'batch') {
      if (this.seq > 0 && numberIn('at') !== this.seq + 1) throw new Error(`entry ${numberIn('at')} after ${this.seq}`);
      this.seq = numberIn('at') - 1;
      this.#left = Number(line['count']);
    } else if (line['@'] === 'skip') {
      if (numberIn('from') !== this.seq + 1) throw new Error(`skip from ${numberIn('from')} after ${this.seq}`);
      this.seq = numberIn('to');
      this.skipped += Number(line['count']);
    } else if (line['@'] === 'beat') this.beats++;
    else throw new Error(`outside of a batch: ${JSON.stringify(line)}`);
  }
}
