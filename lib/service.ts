/** What all routes of lm-serve share: what is held, what was counted, who is served. */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { VERSION } from './cli.ts';
import { Ingest } from './ingest.ts';
import { Intake } from './intake.ts';
import type { Counters } from './progress.ts';
import { unescape } from './record.ts';
import { Ring } from './ring.ts';
import { Traits } from './traits.ts';

/** Streams that may be open at once: live feeds, and tails that follow. */
export const MAX_FOLLOWERS = 256;

const FRESH_MS = 200;
/** However many streams there are, making their answer takes at most one part in so many of a processor. */
const SHARE = 20;

/** A text that is the same for all who ask within a moment, and is packed once. */
class Moment {
  readonly at: number;
  readonly plain: Buffer;
  /** How long it is good for, ms. */
  readonly good: number;
  #packed: Buffer | undefined;

  constructor(at: number, make: () => Buffer) {
    const from = performance.now();
    this.at = at;
    this.plain = make();
    this.good = Math.max(FRESH_MS, SHARE * (performance.now() - from));
  }

  get packed(): Buffer {
    return (this.#packed ??= gzipSync(this.plain, { level: 1 }));
  }
}

/** One life of a server. */
export class Service {
  /** Names this life: entry numbers begin anew with each. */
  readonly epoch = BigInt(`0x${randomBytes(8).toString('hex')}`).toString(36).padStart(13, '0').slice(-10);
  readonly version = VERSION;
  readonly started = Date.now();
  readonly ring: Ring;
  readonly traits = new Traits();
  readonly ingest: Ingest;
  readonly intake: Intake;
  /** Streams open now, in all so far, and refused because there were too many. */
  readonly followers = { live: 0, tail: 0, total: 0, refused: 0 };
  /** Answers by status. */
  readonly answers = new Map<number, number>();
  #streams: Moment | undefined;

  constructor(memory: number) {
    this.ring = new Ring(memory);
    this.ingest = new Ingest(this.ring);
    this.intake = new Intake(this.ingest);
  }

  /** What -v and SIGUSR1 show. */
  counters(): Counters {
    const { received, bytes, malformed, duplicates, lost, late } = this.ingest.counts;
    const { live, tail } = this.followers;
    return {
      lines: received, bytes, malformed, duplicates, lost, late, streams: this.ingest.streams.size,
      held: this.ring.entries, 'held bytes': this.ring.bytes, clients: live + tail,
    };
  }

  /** Open a stream of that kind, unless there are too many; returns what counts its end. */
  follower(kind: 'live' | 'tail'): (() => void) | undefined {
    if (this.followers.live + this.followers.tail >= MAX_FOLLOWERS) {
      this.followers.refused++;
      return undefined;
    }
    this.followers[kind]++;
    this.followers.total++;
    return () => void this.followers[kind]--;
  }

  /** The answer of api/streams, made anew at most five times a second whoever asks. */
  streams(now: number): Moment {
    const last = this.#streams;
    if (last && now >= last.at && now - last.at < last.good) return last;
    return (this.#streams = new Moment(now, () => this.#writeStreams(now)));
  }

  #writeStreams(now: number): Buffer {
    const { ring, ingest, epoch } = this;
    const { received, bytes, records, malformed, duplicates, stale, lost, late, beats } = ingest.counts;
    const streams = Array.from(ingest.streams, (s) => ({
      id: s.id, lines: s.lines, bytes: s.bytes, rate: s.rate(now), usual: s.pulse.usual, last: s.pulse.last, sign: s.pulse.sign,
      state: s.pulse.state(now), lost: s.lost, duplicates: s.duplicates,
      sample: unescape(s.sample, 0, s.sample.length),
    }));
    return Buffer.from(`${JSON.stringify({
      epoch,
      now,
      held: { entries: ring.entries, bytes: ring.bytes, first: ring.first, next: ring.next, dropped: ring.dropped, limit: ring.limit },
      counts: {
        received, bytes, records, malformed, duplicates, stale, lost, late, beats, split: this.intake.split,
        forgotten: ingest.streams.forgotten, reasons: Object.fromEntries(ingest.counts.reasons),
      },
      streams,
    })}\n`);
  }
}
