/** Gives work to the match worker, a few jobs ahead, and ends it when a filter takes too long on one of them. */
import type { Chunk } from './chunk.ts';
import type { Hits, Stretch } from './hits.ts';
import type { Store } from './store.ts';
import type { MatchAnswer, MatchJob, TryRows } from './talk.ts';

/** A match worker, as far as this file needs one. */
export type Matcher = {
  post(job: MatchJob, transfer: ArrayBuffer[]): void;
  end(): void;
};

export type HuntEvents = {
  /** Rows have been tried. */
  found(hits: Hits, stretch: Stretch): void;
  /** The filters were given up: one of them took too long. */
  stopped(hits: Hits): void;
};

/**
 * How long one job may take: so many ticks of so many ms. A job is at most a chunk of lines, which takes a sane expression about
 * 1 ms, or several that went quickly. A tick that comes late does not count: then the machine is busy, and the match worker has not
 * had its time either.
 */
const TICKS = 10;
const TICK = 100;
const LATE = 50;
/** Time for an answer that waits in the queue of a busy worker, ms. */
const GRACE = 100;
const AHEAD = 2;
/** Chunks that are tried in one job: more when a job took less than the first time, one again when it took more than the second, ms. */
const MOST = 16;
const QUICK = 6;
const SLOW = 30;
/** Memory for rows on their way is used again, since fresh memory costs more than to fill it: so much at once, and so many of them, bytes. */
const ROOM = 288 * 1024;
const ROOMS = AHEAD * MOST;
/** Memory that the match worker may take for the lines it keeps, bytes: most of a million lines of 150, the newest, and the tab below 600 MB. */
const MAX_KEPT = 110_000_000;

/** `dead`: nobody waits for it any more, though it takes its time. */
type Out = { job: number; hits: Hits; stretches: Stretch[]; marked?: (marks: number[][]) => void; dead?: boolean; begun: number };

export class Hunt {
  readonly #make: (answer: (answer: MatchAnswer) => void) => Matcher;
  readonly #store: Store;
  readonly #events: HuntEvents;
  #matcher: Matcher;
  #wanted: Hits[] = [];
  #out: Out[] = [];
  #jobs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #kept = new Set<Chunk>(); // what the match worker has
  #keptBytes = 0;
  #together = 1;
  #rooms: ArrayBuffer[] = [];

  constructor(make: (answer: (answer: MatchAnswer) => void) => Matcher, store: Store, events: HuntEvents) {
    this.#make = make;
    this.#store = store;
    this.#events = events;
    this.#matcher = this.#start();
  }

  /** Try these as well from now on, those that were wanted first before others. */
  add(hits: Hits): void {
    if (this.#wanted.includes(hits)) return;
    hits.recall();
    this.#wanted.push(hits);
    this.#together = 1;
    this.pump();
  }

  /** Try these no longer; what is out for them is not waited for, but its time counts. */
  drop(hits: Hits): void {
    this.#wanted = this.#wanted.filter((other) => other !== hits);
    for (const out of this.#out) if (out.hits === hits && !out.marked) out.dead = true;
  }

  /** Chunks have left the store. */
  forget(gone: readonly Chunk[]): void {
    const kept = gone.filter((chunk) => this.#kept.delete(chunk));
    if (kept.length > 0) this.#matcher.post({ what: 'forget', chunks: kept.map((chunk) => chunk.first) }, []);
  }

  /** Rows may have come. */
  pump(): void {
    while (this.#out.length < AHEAD) {
      const found = this.#next();
      if (!found) return;
      const rows = found.stretches.map((stretch) => this.#rowsOf(stretch));
      const transfer = rows.flatMap(({ bytes }) => (bytes ? [bytes.buffer as ArrayBuffer] : []));
      const job = ++this.#jobs;
      this.#send({ job, ...found, begun: 0 }, { what: 'try', job, filters: found.hits.filters, rows }, transfer);
    }
  }

  /** Where filters match in texts; no marks where that takes too long. */
  mark(hits: Hits, texts: string[]): Promise<number[][]> {
    const job = ++this.#jobs;
    return new Promise((marked) => {
      this.#send({ job, hits, stretches: [], marked, begun: 0 }, { what: 'mark', job, filters: hits.filters, texts }, []);
    });
  }

  /** Rows that have come go before older ones, whoever wants them. */
  #next(): { hits: Hits; stretches: Stretch[] } | undefined {
    for (const hits of this.#wanted) {
      const stretch = hits.newer(this.#store);
      if (stretch) return { hits, stretches: [stretch] };
    }
    for (const hits of this.#wanted) {
      const stretches: Stretch[] = [];
      for (let stretch = hits.older(this.#store); stretch; stretch = hits.older(this.#store)) {
        stretches.push(stretch);
        if (stretches.length >= this.#together) break;
      }
      if (stretches.length > 0) return { hits, stretches };
    }
    return undefined;
  }

  #rowsOf(stretch: Stretch): TryRows {
    const { chunk, from, to } = stretch;
    const whole = from === 0 && to === chunk.count && chunk.full;
    if (whole && this.#kept.has(chunk)) return { chunk: chunk.first };
    const keep = whole && this.#keptBytes < MAX_KEPT;
    if (keep) this.#kept.add(chunk);
    return { ...copyOf(stretch, (length) => this.#roomFor(length)), keep };
  }

  /** Memory for so many bytes: from the pool where they fit, else of its own. */
  #roomFor(length: number): ArrayBuffer {
    return length > ROOM ? new ArrayBuffer(length) : (this.#rooms.pop() ?? new ArrayBuffer(ROOM));
  }

  #send(out: Out, job: MatchJob, transfer: ArrayBuffer[]): void {
    this.#out.push(out);
    if (this.#out.length === 1) this.#watch();
    this.#matcher.post(job, transfer);
  }

  #answered(answer: MatchAnswer): void {
    const out = this.#out[0];
    if (!out || out.job !== answer.job) return;
    this.#out.shift();
    const took = performance.now() - out.begun;
    if (took < QUICK) this.#together = Math.min(MOST, this.#together * 2);
    else if (took > SLOW) this.#together = 1;
    this.#keptBytes = answer.kept ?? this.#keptBytes;
    for (const room of answer.rooms ?? []) if (room.byteLength === ROOM && this.#rooms.length < ROOMS) this.#rooms.push(room);
    this.#watch();
    out.marked?.(answer.marks ?? []);
    out.stretches.forEach((stretch, i) => {
      const bits = answer.bits?.[i];
      if (!bits || out.dead === true) return;
      out.hits.found(stretch, bits);
      this.#events.found(out.hits, stretch);
    });
    this.pump();
  }

  #watch(): void {
    clearTimeout(this.#timer);
    const first = this.#out[0];
    if (!first) return;
    first.begun = performance.now();
    this.#wait(first, TICKS);
  }

  #wait(job: Out, ticks: number): void {
    const due = performance.now() + TICK;
    this.#timer = setTimeout(() => {
      const left = performance.now() - due > LATE ? ticks : ticks - 1;
      if (left > 0) this.#wait(job, left);
      else this.#timer = setTimeout(() => this.#giveUp(job), GRACE);
    }, TICK);
  }

  #giveUp(slow: Out): void {
    this.#matcher.end();
    for (const out of this.#out) out.marked?.([]);
    this.#out = [];
    this.#kept.clear();
    this.#keptBytes = 0;
    this.drop(slow.hits);
    for (const hits of this.#wanted) hits.recall();
    this.#matcher = this.#start();
    this.#events.stopped(slow.hits);
    this.pump();
  }

  #start(): Matcher {
    const matcher: Matcher = this.#make((answer) => {
      if (this.#matcher === matcher) this.#answered(answer);
    });
    return matcher;
  }
}

/** A copy of the rows' bytes, which is handed over, and where each row's text is in it. */
function copyOf({ chunk, from, to }: Stretch, roomFor: (length: number) => ArrayBuffer): TryRows {
  const start = chunk.start(from);
  const length = chunk.end(to - 1) - start;
  const bytes = new Uint8Array(roomFor(length), 0, length);
  bytes.set(chunk.bytes.subarray(start, start + length));
  const bounds = new Uint32Array((to - from) * 2);
  for (let row = from; row < to; row++) {
    bounds[(row - from) * 2] = chunk.start(row) - start;
    bounds[(row - from) * 2 + 1] = chunk.end(row) - start;
  }
  return { chunk: chunk.first, bytes, bounds };
}
