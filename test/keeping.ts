/** A page's side of the feed worker for the tests: a keeper fed with lines, with a match worker in the same thread. */
import { Heads } from '../lib/heads.ts';
import { digitOf, TRAIT } from '../lib/level.ts';
import type { Matcher } from '../lib/web/match-thread.ts';
import { Keeper } from '../lib/web/keeper.ts';
import type { Limits } from '../lib/web/limits.ts';
import { EVERYTHING, type Choice, type Filter, type MatchAnswer, type MatchJob, type PaneState, type Row } from '../lib/web/talk.ts';
import { Tries } from '../lib/web/tries.ts';
import { until } from './sh.ts';

/** Lines are tried by so many. */
const THREADS = 2;

const encoder = new TextEncoder();
export type Line = { id: string; text: string; ts?: number };
export const filter = (source: string, rest: Partial<Filter> = {}): Filter => ({ source, mode: 'regex', fold: false, exclude: false, ...rest });

/** The traits of the next line of a stream, as its server would tell them: its text alone is looked at, and the keys behind it. */
export function traitsOf(heads: Heads, id: string, text: string, tail = '', more = false): number {
  const bytes = encoder.encode(text + tail);
  const end = bytes.length - encoder.encode(tail).length;
  const head = heads.of(id);
  head.read(bytes, 0, end, end, bytes.length, more);
  return head.level | (head.goesOn ? TRAIT.goesOn : 0);
}

/** Match workers in this thread: each answers its jobs in turn, a while later that is not the same each time; the pattern `never` is never answered. */
export class Desk {
  /** How long one takes to begin, ms; -1 for one that cannot be had. */
  delay = 0;
  started = 0;
  ended = 0;
  tried = 0;
  #hops = 0;

  readonly make = (answer: (answer: MatchAnswer) => void, failed: () => void): Matcher => {
    this.started++;
    const tries = new Tries();
    let begun = this.delay === 0;
    let begin = (): void => {};
    let over = false;
    let stuck = false;
    let turn = begun ? Promise.resolve() : new Promise<void>((resolve) => (begin = resolve));
    if (this.delay < 0) setImmediate(failed);
    else if (!begun) setTimeout(() => ((begun = true), begin()), this.delay);
    return {
      get begun() {
        return begun;
      },
      post: (job: MatchJob) => {
        if (job.what !== 'forget') stuck ||= job.filters.some((filter) => filter.source.includes('never'));
        if (stuck) return;
        turn = turn.then(() => this.#rest()).then(() => {
          if (over) return;
          const said = tries.answer(job);
          for (const bits of said?.bits ?? []) this.tried += bits.length * 8;
          if (said) answer(said);
        });
      },
      end: () => {
        over = true;
        this.ended++;
      },
    };
  };

  async #rest(): Promise<void> {
    this.#hops = (this.#hops * 5 + 3) % 8; // any order of all from 0 to 7
    for (let i = 0; i <= this.#hops; i++) await new Promise((resolve) => setImmediate(resolve));
  }
}

export class Page {
  readonly desk = new Desk();
  readonly keeper: Keeper;
  readonly sent: Line[] = [];
  readonly #heads = new Heads();
  #serial = 0;
  #choice = EVERYTHING;

  constructor(limits?: Limits) {
    this.keeper = new Keeper(this.desk.make, THREADS, () => {}, () => {}, limits);
    this.keeper.take(encoder.encode('{"@":"hello","epoch":"e","now":1}\n'));
    this.choose({});
  }

  add(lines: Line[]): void {
    const traits = String.fromCharCode(...lines.map(({ id, text }) => digitOf(traitsOf(this.#heads, id, text))));
    const head = `{"@":"batch","at":"e.${this.sent.length + 1}","count":${lines.length},"ts":1,"traits":"${traits}"}\n`;
    const n = this.sent.length + 1;
    const body = lines.map(({ id, text, ts = 1 }, i) => `${JSON.stringify({ id, run: 'r', n: n + i, ts, msg: text })}\n`);
    this.sent.push(...lines);
    this.keeper.take(encoder.encode(head + body.join('')));
  }

  show(pattern: string, streams?: string[], fold = false, keep?: number): void {
    this.choose({ filters: pattern === '' ? [] : [filter(pattern, { fold })], streams }, keep);
  }

  choose(choice: Partial<Choice>, keep?: number): void {
    this.#choice = { ...EVERYTHING, ...choice };
    this.again(keep);
  }

  /** Ask for the same once more. */
  again(keep?: number): void {
    void this.keeper.answer({ ask: 'show', pane: 0, serial: ++this.#serial, choice: this.#choice, keep });
  }

  /** How the pane stands, and what is held. */
  async state(): Promise<PaneState & { held: number; dropped: number; pattern: string }> {
    const { held, dropped, panes } = await this.keeper.state('live', 0);
    const [pane] = panes;
    if (!pane) throw new Error('no pane');
    return { ...pane, held, dropped, pattern: pane.filters.map((f) => f.source).join() };
  }

  /** The state once no filter is being tried. */
  async settled(): ReturnType<Page['state']> {
    await until(async () => (await this.state()).search.state !== 'searching', 5000, () => 'the filter to be done');
    return this.state();
  }

  async rows(): Promise<Row[]> {
    const { lens, base, end } = await this.state();
    const rows: Row[] = [];
    for (let from = base; from < end; from += 1000) {
      const said = await this.keeper.answer({ ask: 'rows', pane: 0, lens, from, to: Math.min(end, from + 1000) });
      if (said?.say === 'rows') rows.push(...said.rows);
    }
    return rows;
  }
}

export const lines = (count: number, make: (i: number) => string = (i) => `line ${i}`, ids = ['a', 'b', 'c']): Line[] =>
  Array.from({ length: count }, (_, i) => ({ id: ids[i % ids.length] ?? 'a', text: make(i) }));
