/** Numbered lines written into a log on a machine, and what came of them: into the journal, and to followers of the page. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { journalText } from './kept.ts';
import type { Machine } from './machine.ts';
import { until, type Running } from './sh.ts';

export const LOG = '/var/log/app.log';

/** A line that came: of which run of lm-frame, its number there, and its number in the log. */
export type Got = { run: string; n: number; line: number };

/** Writes `NAME 1`, `NAME 2`... into the log, 20 times a second, and follows the page's API through every restart of the viewer. */
export class Load {
  readonly #m: Machine;
  readonly #rate: number;
  readonly #writer: Running;
  readonly #reader: Running;
  readonly #folder: string;
  readonly #name: string;
  readonly #got: Got[] = [];
  #file = 1;
  #at = 0;

  /** `rate` is in lines a second. */
  constructor(m: Machine, name: string, rate: number) {
    this.#m = m;
    this.#rate = rate;
    this.#name = name;
    this.#folder = join(m.dir, name);
    this.#reader = m.start(`mkdir ${this.#folder}; for i in $(seq 1000); do
      curl -sN 'http://127.0.0.1:5334/api/tail?lines=all&follow=1' > ${this.#folder}/$i; done`);
    this.#writer = m.start(`exec node -e '
      let n = 0;
      const write = () => {
        let text = "";
        for (let i = 0; i < ${rate / 20}; i++) text += "${name} " + ++n + "\\n";
        require("fs").appendFileSync("${LOG}", text);
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
      this.#got.push(...this.#linesOf(bytes.subarray(0, end).toString()));
      this.#at += end;
      if (more) [this.#file, this.#at] = [this.#file + 1, 0];
    }
    return this.#got;
  }

  /** Records in the journal, in its order. */
  async kept(): Promise<Got[]> {
    return this.#linesOf(await keptText(this.#m));
  }

  #linesOf(text: string): Got[] {
    return recordsOf(text)
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
    await until(() => (this.got().at(-1)?.line ?? 0) > before + this.#rate / 10, 40_000, () => `lines after ${before}: ${this.#m.run('journalctl -n 30 -o cat -u "lm-*"')}`);
  }
}

/** The lines of the receiver's journal. It goes on while it is copied; what is not whole in the copy's end comes later. */
async function keptText(m: Machine): Promise<string> {
  const copy = m.run(`mktemp -d ${m.dir}/journal.XXXXXX`).trim();
  m.run(`cp /var/lib/lm/journal/*.ndjson ${copy}`);
  return journalText(copy);
}

type Line = { id: string; run: string; n: number; msg?: string };

function recordsOf(text: string): Line[] {
  return text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Line);
}

/** How many bytes of the log each run of lm-frame has brought into the journal, for one stream. */
export async function bytesOfRuns(m: Machine, id: string): Promise<Map<string, number>> {
  const bytes = new Map<string, number>();
  for (const record of recordsOf(await keptText(m))) {
    if (record.id === id && record.msg !== undefined) bytes.set(record.run, (bytes.get(record.run) ?? 0) + record.msg.length + 1);
  }
  return bytes;
}

/** Lines from `first` to `last` that are not among those got. */
export function missing(lines: number[], first: number, last: number): number[] {
  const have = new Set(lines);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((line) => !have.has(line));
}
