/** Whether a stream is as alive as it was: what is usual for it is learnt from its lines, and how often its writer gives a sign from its beats. */

/** A stream with a line in so many ms is live. */
const LIVE_MS = 10_000;
/** Nothing is unusual before so many lines in so many ms, and no silence shorter than this. */
const KNOWN_LINES = 50;
const KNOWN_MS = 120_000;
const SILENT_MS = 60_000;
/** A silence is unusual when it is so many times the longest pause of late. */
const TIMES = 5;
/** What is usual fades: half of it is gone after so many ms. */
const FADE_MS = 3_600_000;
/** A writer that has given no sign for so many of its intervals, and so many ms more, is lost. */
const BEATS = 3;
const BEAT_GRACE_MS = 5000;

export type StreamState = 'live' | 'idle' | 'silent' | 'ended' | 'lost';

/** Times are arrivals at this server, ms. */
export class Pulse {
  /** Last line, and last sign of the writer, line or beat; 0 for none. */
  last = 0;
  sign = 0;
  ended = false;
  #first = 0;
  #lines = 0;
  #pause = 0; // the longest between two lines, fading
  #interval = 0; // between a sign and the beat after it; 0 where the writer promised none

  line(now: number): void {
    if (this.#lines++ === 0) this.#first = now;
    else if (now > this.last) this.#pause = Math.max(now - this.last, this.#pause * 2 ** ((this.last - now) / FADE_MS));
    this.last = this.sign = now;
    this.ended = false;
  }

  beat(now: number): void {
    const since = this.sign > 0 && !this.ended ? now - this.sign : 0;
    this.ended = false; // another writer has begun, or is still there
    // Beats that were held up on the way come together: no shorter interval. After an outage one comes late: no longer one.
    const outage = this.#interval > 0 && since > BEATS * this.#interval + BEAT_GRACE_MS;
    if (!outage && since > this.#interval / 2) this.#interval = Math.max(since, this.#interval * 0.9);
    this.sign = now;
  }

  end(now: number): void {
    this.sign = now;
    this.ended = true;
  }

  /** Another writer has begun: it has promised nothing yet, and the time since the last sign of one before it is no interval. */
  begin(now: number): void {
    this.#interval = 0;
    this.sign = now;
  }

  /** Lines a second while it was heard of, 0 where that is not known: what a silence is compared with. */
  get usual(): number {
    const heard = this.last - this.#first;
    return this.#lines < KNOWN_LINES || heard < KNOWN_MS ? 0 : this.#lines / (heard / 1000);
  }

  state(now: number): StreamState {
    if (this.ended) return 'ended';
    if (this.#interval > 0 && now - this.sign > BEATS * this.#interval + BEAT_GRACE_MS) return 'lost';
    const quiet = now - this.last;
    if (quiet < LIVE_MS) return 'live';
    return this.usual > 0 && quiet > Math.max(SILENT_MS, TIMES * this.#pause) ? 'silent' : 'idle';
  }
}
