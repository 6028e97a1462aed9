/** The route api/tail: records by stream, level, time and pattern, from the memory and then live, made for curl and pipes. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { type Batch, KIND } from './batch.ts';
import type { Parts } from './feed.ts';
import { LEVEL_NAMES, TRAIT, traitsOf } from './level.ts';
import { idsOf, linesOf as countOf, STREAM_HEADERS } from './live.ts';
import { MAX_PATTERN, type Matcher, type Pattern, PatternFault } from './matcher.ts';
import { type Origin, pump, type Sink } from './pump.ts';
import { BadRequest, flagOf, momentOf, parseQuery, valueOf } from './query.ts';
import { unescape } from './record.ts';
import type { Ring } from './ring.ts';
import { linesOf, select, type Selection, startOfLast } from './select.ts';
import { responseSink } from './sinks.ts';
import type { Traits } from './traits.ts';
import { patternFault } from './web/pattern.ts';

const LINES = 100;
const BACKSLASH = 0x5c;

/** What is held, and what is told of it. */
type Held = { ring: Ring; traits: Traits };

/** Times of entries, ms: [since, until). */
type Span = { since: number; until: number };

/** What a request asks for. `levels` is a set of levels; where it, `span` or `pattern` is undefined, any will do. */
export type TailQuery = {
  selection: Selection;
  levels: number | undefined;
  span: Span | undefined;
  pattern: Pattern | undefined;
  lines: number;
  follow: boolean;
  text: boolean;
};

const KNOWN = {
  id: 'many', level: 'many', since: 'once', until: 'once', match: 'once', icase: 'once', lines: 'once', follow: 'once', as: 'once', marks: 'once',
} as const;

/** Read the query. Throws BadRequest. */
export function tailQuery(query: string): TailQuery {
  const values = parseQuery(query, KNOWN);
  const source = valueOf(values, 'match');
  const form = valueOf(values, 'as') ?? 'ndjson';
  if (form !== 'text' && form !== 'ndjson') throw new BadRequest('parameter as must be ndjson or text');
  if (source === undefined && values.has('icase')) throw new BadRequest('parameter icase needs match');
  const marks = flagOf(values, 'marks');
  if (marks && form === 'text') throw new BadRequest('parameters marks and as=text exclude each other');
  if (source !== undefined && source.length > MAX_PATTERN) throw new BadRequest(`parameter match has at most ${MAX_PATTERN} characters`);
  const fault = source === undefined ? undefined : patternFault(source);
  if (fault !== undefined) throw new BadRequest(`parameter match is no regular expression: ${fault}`);
  return {
    selection: { ids: idsOf(values), marks },
    levels: levelsOf(values),
    span: spanOf(values),
    pattern: source === undefined ? undefined : { source, fold: flagOf(values, 'icase') },
    lines: countOf(values, LINES),
    follow: flagOf(values, 'follow'),
    text: form === 'text',
  };
}

/** A set of levels, given by their names. */
function levelsOf(values: Map<string, string[]>): number | undefined {
  return values.get('level')?.flatMap((names) => names.split(',')).reduce((set, name) => {
    const level = LEVEL_NAMES.indexOf(name);
    if (level < 0) throw new BadRequest(`parameter level: ${name.slice(0, 40)} is none of ${LEVEL_NAMES.join(', ')}`);
    return set | (1 << level);
  }, 0);
}

function spanOf(values: Map<string, string[]>): Span | undefined {
  if (!values.has('since') && !values.has('until')) return undefined;
  const now = Date.now();
  const span = { since: momentOf(values, 'since', now) ?? -Infinity, until: momentOf(values, 'until', now) ?? Infinity };
  if (span.since >= span.until) throw new BadRequest('parameter since must be before until');
  return span;
}

/** One client's way through the ring. */
export class Tail implements Origin {
  readonly #ring: Ring;
  readonly #traits: Traits;
  readonly #query: TailQuery;
  readonly #matcher: Matcher;
  readonly #end: number;
  #next = 0;

  constructor({ ring, traits }: Held, query: TailQuery, matcher: Matcher) {
    this.#ring = ring;
    this.#traits = traits;
    this.#query = query;
    this.#matcher = matcher;
    this.#end = query.follow ? Infinity : ring.next;
  }

  /** Find where the last lines asked for begin; `isOver` says that nobody waits any more. Rejects with PatternFault. */
  async seek(isOver: () => boolean): Promise<void> {
    const { lines, levels, span, pattern, selection } = this.#query;
    const ring = this.#ring;
    if (levels !== undefined) await this.#traits.noteAll(ring, setImmediate);
    let next = ring.next;
    if (lines === 0 || lines === Infinity || (levels === undefined && !span && !pattern)) {
      this.#next = startOfLast(ring, lines, { ids: selection.ids, marks: false });
      return;
    }
    let left = lines;
    for (let batch = ring.batchOf(next - 1); batch && !isOver(); batch = ring.batchOf(next - 1)) {
      const found = await this.#chosen(batch, 0, false);
      next = batch.first;
      if (found.length < left) left -= found.length;
      else {
        next += found[found.length - left] as number;
        break;
      }
      if (!pattern) await setImmediate(); // others have their turn
    }
    this.#next = next;
  }

  /** Rejects with PatternFault. */
  async read(): Promise<Parts | undefined> {
    const { levels, span } = this.#query;
    for (;;) {
      const batch = this.#next < this.#end ? this.#ring.batchOf(this.#next) : undefined;
      if (this.#next < this.#ring.first) return [this.#skip()];
      if (!batch) return undefined;
      const chosen = await this.#chosen(batch, this.#next - batch.first, this.#query.selection.marks);
      this.#next = batch.next;
      while (batch.first + (chosen[chosen.length - 1] ?? -1) >= this.#end) chosen.pop();
      if (chosen.length > 0) return [this.#query.text ? textOf(batch, chosen) : linesOf(batch, chosen)];
      if (levels !== undefined || span) await setImmediate();
    }
  }

  /** What the client is told before it is cut off. */
  fault(why: string): Buffer {
    return Buffer.from(this.#query.text ? `lm-serve: ${why}\n` : `${JSON.stringify({ '@': 'error', why })}\n`);
  }

  /** Entries of the batch from `from` on that are asked for, ascending. */
  async #chosen(batch: Batch, from: number, marks: boolean): Promise<number[]> {
    const { levels, span, pattern, selection } = this.#query;
    const isMark = (entry: number): boolean => batch.kinds[entry] === KIND.mark;
    if (levels !== undefined) this.#traits.note(batch);
    let all = select(batch, from, { ids: selection.ids, marks }) ?? Array.from({ length: batch.count - from }, (_, i) => from + i);
    if (levels !== undefined) all = all.filter((entry) => isMark(entry) || (levels & (1 << (traitsOf(batch.traits[entry] as number) & TRAIT.level))) !== 0);
    if (span) all = all.filter((entry) => isWithin(span, batch.time(entry)));
    if (!pattern) return all;
    const hits = await this.#matcher.match(pattern, batch, all.filter((entry) => !isMark(entry)));
    return marks ? [...hits, ...all.filter(isMark)].sort((a, b) => a - b) : hits;
  }

  /** Entries that this client was too slow for. Always told: it would be a silent loss otherwise. */
  #skip(): Buffer {
    const from = this.#next;
    this.#next = this.#ring.first;
    const count = this.#next - from;
    if (this.#query.text) return Buffer.from(`lm-serve: ${count} entries are not shown, the reader was too slow\n`);
    return Buffer.from(`${JSON.stringify({ '@': 'skip', from, to: this.#next - 1, count, why: 'slow' })}\n`);
  }
}

const isWithin = ({ since, until }: Span, ms: number): boolean => ms >= since && ms < until;

/** The texts of the chosen entries, a line each: a newline inside one is written as `\n`. */
function textOf(batch: Batch, chosen: readonly number[]): Buffer {
  const newline = Buffer.from('\n');
  return Buffer.concat(chosen.flatMap((entry) => {
    const [from, to] = [batch.msgs[2 * entry] as number, batch.msgs[2 * entry + 1] as number];
    const inside = batch.bytes.subarray(from, to);
    return [inside.includes(BACKSLASH) ? Buffer.from(unescape(batch.bytes, from, to).replaceAll('\n', '\\n')) : inside, newline];
  }));
}

/** Answer with the tail; the answer's head is written when the search has got anywhere. Rejects with PatternFault before that only. */
export async function sendTail(held: Held, query: TailQuery, matcher: Matcher, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const head = { 'Content-Type': query.text ? 'text/plain; charset=utf-8' : 'application/x-ndjson; charset=utf-8', ...STREAM_HEADERS };
  if (req.method === 'HEAD') return void res.writeHead(200, head).end();
  const tail = new Tail(held, query, matcher);
  const sink: Sink = responseSink(res);
  await tail.seek(() => sink.closed);
  const first = await tail.read();
  res.writeHead(200, head).flushHeaders();
  if (first && !sink.write(first)) await sink.drained();
  try {
    await pump(tail, held.ring, sink, query.follow);
    res.end();
  } catch (err) {
    if (!(err instanceof PatternFault)) throw err;
    res.write(tail.fault(err.message), () => res.destroy()); // cut, not ended: what came is not all
  }
}
