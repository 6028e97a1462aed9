/** What a receiver has to say itself, as records among the lines: so that a loss is seen where the lines are seen. */
import { randomBytes } from 'node:crypto';
import { Lane, type Rota } from './rota.ts';

/** The stream id of the receiver's own records. */
export const OWN_ID = 'lm-tls-recv';

const EVERY_MS = 1000;
const AT_ONCE = 20; // records that are written together
const SENDERS = 1000; // whose losses are added up each for itself
const OTHERS = 'other senders';
const UNREAD = 65_536; // bytes that nobody takes, then losses are only added up

type Loss = { lines: number; bytes: number; reason: string };

export class Reports {
  readonly #lane: Lane;
  readonly #say: (text: string) => void;
  readonly #run = randomBytes(6).toString('base64url');
  readonly #losses = new Map<string, Loss>();
  #n = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #last = -EVERY_MS;

  /** `say` tells people on standard error the same. */
  constructor(rota: Rota, say: (text: string) => void) {
    this.#lane = new Lane(rota, () => {});
    this.#say = say;
  }

  /** A sender has said that lines will not come; a moment later it is told, with what else it loses until then. */
  lost(sender: string, { lines, bytes, reason }: Loss): void {
    const name = this.#losses.has(sender) || this.#losses.size < SENDERS ? sender : OTHERS;
    const sum = this.#losses.get(name);
    this.#losses.set(name, { lines: lines + (sum?.lines ?? 0), bytes: bytes + (sum?.bytes ?? 0), reason });
    this.#timer ??= setTimeout(() => this.#flush(), Math.max(0, this.#last + EVERY_MS - performance.now()));
  }

  /** Something to know, told at once. The caller sees to it that it is not often. */
  tell(text: string): void {
    this.#say(text);
    const record = { id: OWN_ID, run: this.#run, n: ++this.#n, ts: Date.now(), msg: text, level: 'error' };
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    this.#lane.put(line, (this.#bytes += line.length));
  }

  /** Tell all losses that were not told yet. */
  end(): void {
    clearTimeout(this.#timer);
    this.#write(Infinity);
  }

  #flush(): void {
    this.#timer = undefined;
    this.#last = performance.now();
    if (this.#lane.queued < UNREAD) this.#write(AT_ONCE);
    if (this.#losses.size > 0) this.#timer = setTimeout(() => this.#flush(), EVERY_MS);
  }

  #write(most: number): void {
    for (const [sender, { lines, bytes, reason }] of this.#losses) {
      if (most-- <= 0) return;
      this.#losses.delete(sender);
      this.tell(`${sender} has lost ${lines > 0 ? `${lines} lines, ` : ''}${bytes} bytes: ${reason}`);
    }
  }
}
