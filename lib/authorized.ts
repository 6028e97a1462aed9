/** lm-authorized(5): which keys may send, under which name, the stream ids they may use, how fast, and from where. */
import { IdFilter } from './glob.ts';
import { isPin } from './pin.ts';
import { parseSize } from './quantity.ts';
import { Ranges } from './ranges.ts';
import { Problems, rowsOf, shown, wordsOf } from './rows.ts';

/** The longest pattern: as long as the longest stream id. */
const MAX_PATTERN = 128;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
const PATTERN = /^[A-Za-z0-9._/@:*?-]+$/;
/** Rates, bytes a second: a slower sender could not finish a frame in time. */
const [MIN_RATE, MAX_RATE] = [16_384, 2 ** 40];

/** Whether the text can be the name of a sender. */
export function isSenderName(text: string): boolean {
  return NAME.test(text);
}

/** Bytes a second that a key may send, and the addresses it may come from; undefined is any. */
export type Limits = { rate?: number; from?: Ranges };

/** One line of the file: a key, whose it is, and what it may send. */
export class Sender {
  readonly name: string;
  readonly pin: string;
  readonly patterns: readonly string[];
  readonly limits: Limits;
  readonly #filter: IdFilter;

  constructor(name: string, pin: string, patterns: readonly string[], limits: Limits = {}) {
    this.name = name;
    this.pin = pin;
    this.patterns = patterns;
    this.limits = limits;
    this.#filter = new IdFilter(patterns);
  }

  /** Whether a line of this stream may pass; the id `unframed` stands for lines that are no records. */
  allows(id: string): boolean {
    return this.#filter.matches(id);
  }
}

/** The sender of a line's words. Throws Error with what is wrong with them. */
function senderOf(name: string, pin: string | undefined, words: readonly string[]): Sender {
  if (!NAME.test(name)) throw new Error(`${shown(name)} cannot be a name`);
  if (pin === undefined) throw new Error('no pin');
  if (!isPin(pin)) throw new Error(`${shown(pin)} is not a pin`);
  const limits: Limits = {};
  const patterns: string[] = [];
  for (const word of words) {
    const [, option, value = ''] = /^([a-z][a-z-]*)=(.*)$/.exec(word) ?? [];
    if (option === undefined) patterns.push(patternOf(word));
    else setLimit(limits, option, value);
  }
  if (patterns.length === 0) throw new Error('no patterns: say which stream ids it may use, * for all');
  return new Sender(name, pin, patterns, limits);
}

function patternOf(word: string): string {
  if (!PATTERN.test(word)) throw new Error(`pattern ${shown(word)} fits no stream id`);
  if (word.length > MAX_PATTERN) throw new Error(`pattern longer than ${MAX_PATTERN} characters`);
  return word;
}

function setLimit(limits: Limits, option: string, value: string): void {
  if (option !== 'rate' && option !== 'from') throw new Error(`unknown option ${shown(option)}=`);
  if (limits[option] !== undefined) throw new Error(`option ${option}= twice`);
  try {
    if (option === 'rate') limits.rate = parseSize(value, MIN_RATE, MAX_RATE);
    else limits.from = new Ranges(value);
  } catch (err) {
    throw new Error(`option ${option}=: ${shown(err instanceof Error ? err.message : String(err))}`, { cause: err });
  }
}

/**
 * The senders of a file by their pins, and what is wrong with its other lines, which allow nothing. Of two lines with the same pin
 * the first holds. Never throws.
 */
export function parseAuthorized(text: string): { senders: Map<string, Sender>; problems: string[] } {
  const senders = new Map<string, Sender>();
  const problems = new Problems();
  for (const row of rowsOf(text, problems)) {
    const [name = '', pin, ...words] = wordsOf(row.text);
    try {
      const sender = senderOf(name, pin, words);
      const above = senders.get(sender.pin);
      if (above) throw new Error(`the pin of ${name} stands on a line above, for ${above.name}`);
      senders.set(sender.pin, sender);
    } catch (err) {
      problems.add(row.line, err instanceof Error ? err.message : String(err));
    }
  }
  return { senders, problems: problems.list() };
}
