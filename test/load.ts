/** Numbered lines written into a log that a chain sends, and what came of them: into the journal, and to followers of the page. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { journalText } from './kept.ts';
import { until, type Running } from './sh.ts';

/** A chain at work, from a log to a page, on this machine or another. */
export interface Chain {
  /** A folder that is the same here and there. */
  readonly dir: string;
  /** There: the log that is sent, the stream it becomes, the receiver's journal, the page's address. */
  readonly log: string;
  readonly id: string;
  readonly journal: string;
  readonly page: string;
  /** Run a shell line there to its end, and give what it printed; throws when it fails. */
  run(line: string): string;
  /** Start a shell line there. */
  start(line: string): Running;
  /** What its parts have said lately, for the message of a failure. */
  said(): string;
}

/** A line that came: of which run of lm-frame, its number there, and its number in the log. */
export type Got = { run: string; n: number; line: number };

/** Writes `NAME 1`, `NAME 2`... into the log, 20 times a second, and follows the page's API through every restart of the viewer. */
export class Load {
  readonly #chain: Chain;
  readonly #rate: number;
  readonly #writer: Running;
  readonly #reader: Running;
  readonly #folder: string;
  readonly #name: string;
  readonly #got: Got[] = [];
  #file = 1;
  #at = 0;

  /** `rate` is in lines a second. */
  constructor(chain: Chain, name: string, rate: number) {
    this.#chain = chain;
    this.#rate = rate;
    this.#name = name;
    this.#folder = join(chain.dir, name);
    this.#reader = chain.start(`mkdir ${this.#folder}; for ((i = 1; ; i++)); do
      curl -sN '${chain.page}/api/tail?lines=all&follow=1' > ${this.#folder}/$i; sleep 0.1; done`);
    this.#writer = chain.start(`exec node -e '
      let n = 0;
      const write = () => {
        let text = "";
        for (let i = 0; i < ${rate / 20}; i++) text += "${name} " + ++n + "\\n";
        require("fs").appendFileSync("${chain.log}", text);
      };
      const timer = setInterval(write, 50);
      process.stdin.on("end", () => { clearInterval(timer); console.log(n); }).resume();'`);
  }

  /** Records that followers of the page have got, in the order of the files they came into. What was read once is not read again. */
  got(): Got[] {
    const path = (file: number): string => join(this.#folder, String(file));
    for (let more = true; more && existsSync(path(this.#file)); ) {
      more = existsSync(path(this.#file + 1)); // then this one grows no more
      const fd = openSync(path(this.#file), 'r');
      const bytes = Buffer.alloc(fstatSync(fd).size - this.#at);
      readSync(fd, bytes, 0, bytes.length, this.#at);
      closeSync(fd);
      const end = bytes.lastIndexOf('\n') + 1;
      this.#got.push(...this.#linesOf(recordsOf(bytes.subarray(0, end).toString())));
      this.#at += end;
      if (more) [this.#file, this.#at] = [this.#file + 1, 0];
    }
    return this.#got;
  }

  /** Records in the journal, in its order. */
  async kept(): Promise<Got[]> {
    return this.#linesOf(await keptBy(this.#chain));
  }

  #linesOf(records: Kept[]): Got[] {
    return records
      .filter(({ msg }) => msg?.startsWith(`${this.#name} `))
      .map(({ run, n, msg }) => ({ run, n, line: Number(msg?.slice(this.#name.length + 1)) }));
  }

  /** Stop writing, wait until the last line has come to the page, and give how many were written. */
  async end(): Promise<number> {
    this.#writer.child.stdin?.end();
    await this.#writer.closed;
    const written = Number(this.#writer.out);
    await until(() => this.got().some(({ line }) => line === written), 40_000, () => `line ${written}; got ${this.got().length} up to ${this.got().at(-1)?.line}`);
    this.#reader.kill('SIGKILL');
    return written;
  }

  /** Resolves when lines written from now on have come. */
  async flows(): Promise<void> {
    const before = this.got().at(-1)?.line ?? 0;
    await until(() => (this.got().at(-1)?.line ?? 0) > before + this.#rate / 10, 40_000, () => `lines after ${before}: ${this.#chain.said()}`);
  }
}

/** A record as it is in the journal; one without `msg` is a sign of life. */
export type Kept = { id: string; run: string; n: number; msg?: string };

/** All records of the receiver's journal. It goes on while it is copied; what is not whole in the copy's end comes later. */
export async function keptBy(chain: Chain): Promise<Kept[]> {
  const copy = chain.run(`mktemp -d ${chain.dir}/journal.XXXXXX`).trim();
  chain.run(`cp ${chain.journal}/*.ndjson ${copy}`);
  return recordsOf(await journalText(copy));
}

function recordsOf(text: string): Kept[] {
  return text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Kept);
}

/** Lines from `first` to `last` that are not among those got. */
export function missing(lines: number[], first: number, last: number): number[] {
  const have = new Set(lines);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((line) => !have.has(line));
}
