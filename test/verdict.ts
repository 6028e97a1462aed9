/** The oracle of the fault tests: lines that name their stream, number and checksum, and the verdict on what has become of them. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { crc32 } from 'node:zlib';

const TEXT = 'abcdefghijklmnopqrstuvwxyz0123456789 '.repeat(600);

/** Line `n` of a stream, with the checksum of all three and about so many bytes of text. */
export function provenLine(stream: number, n: number, length: number): string {
  const body = `${stream} ${n} ${TEXT.slice(0, length)}`;
  return `${crc32(body)} ${body}\n`;
}

/** Stream and number of a whole line without its newline; undefined for anything else. */
export function proofOf(line: string): { stream: number; n: number } | undefined {
  const [, crc, body = '', stream, n] = /^(\d+) ((\d+) (\d+) .*)$/.exec(line) ?? [];
  return crc !== undefined && Number(crc) === crc32(body) ? { stream: Number(stream), n: Number(n) } : undefined;
}

export const NOTHING_WRONG = { torn: 0, missing: 0, doubled: 0, reordered: 0 };

/** What is wrong with lines, taken in the order they came, of streams 0, 1... that begin with line 1. */
export class Verdict {
  /** The highest number of each stream. */
  readonly last: number[];
  #torn = 0;
  #doubled = 0;
  #reordered = 0;
  readonly #missing: Set<number>[];

  constructor(streams: number) {
    this.last = Array<number>(streams).fill(0);
    this.#missing = this.last.map(() => new Set());
  }

  take(line: string): void {
    const proof = proofOf(line);
    const last = proof && this.last[proof.stream];
    if (!proof || last === undefined) {
      this.#torn++;
      return;
    }
    const { stream, n } = proof;
    if (n > last) {
      for (let i = last + 1; i < n; i++) this.#missing[stream]?.add(i);
      this.last[stream] = n;
    } else if (this.#missing[stream]?.delete(n)) this.#reordered++;
    else this.#doubled++;
  }

  get wrong(): typeof NOTHING_WRONG {
    const missing = this.#missing.reduce((sum, set) => sum + set.size, 0);
    return { torn: this.#torn, missing, doubled: this.#doubled, reordered: this.#reordered };
  }
}

/** The verdict on a file of lines, and the last number of each stream. */
export async function judgeFile(path: string, streams: number): Promise<typeof NOTHING_WRONG & { last: number[] }> {
  const verdict = new Verdict(streams);
  for await (const line of createInterface({ input: createReadStream(path, 'latin1'), crlfDelay: Infinity })) verdict.take(line);
  return { ...verdict.wrong, last: verdict.last };
}
