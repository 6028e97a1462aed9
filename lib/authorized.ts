/** lm-authorized(5): which keys may send, under which name, and the stream ids they may use. */
import { IdFilter } from './glob.ts';
import { isPin } from './pin.ts';
import { Problems, rowsOf, shown, wordsOf } from './rows.ts';

/** The longest pattern: as long as the longest stream id. */
const MAX_PATTERN = 128;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
const PATTERN = /^[A-Za-z0-9._/@:*?-]+$/;

/** Whether the text can be the name of a sender. */
export function isSenderName(text: string): boolean {
  return NAME.test(text);
}

/** One line of the file: a key, whose it is, and what it may send. */
export class Sender {
  readonly name: string;
  readonly pin: string;
  readonly patterns: readonly string[];
  readonly #filter: IdFilter;

  constructor(name: string, pin: string, patterns: readonly string[]) {
    this.name = name;
    this.pin = pin;
    this.patterns = patterns;
    this.#filter = new IdFilter(patterns);
  }

  /** Whether a line of this stream may pass; the id `unframed` stands for lines that are no records. */
  allows(id: string): boolean {
    return this.#filter.matches(id);
  }
}

/** What is wrong with the words of a line; undefined when nothing is. */
function fault(name: string, pin: string | undefined, patterns: readonly string[]): string | undefined {
  if (!NAME.test(name)) return `${shown(name)} cannot be a name`;
  if (pin === undefined) return 'no pin';
  if (!isPin(pin)) return `${shown(pin)} is not a pin`;
  if (patterns.length === 0) return 'no patterns: say which stream ids it may use, * for all';
  for (const pattern of patterns) {
    const option = /^([a-z][a-z-]*)=/.exec(pattern);
    if (option) return `unknown option ${shown(option[1] ?? '')}=`;
    if (!PATTERN.test(pattern)) return `pattern ${shown(pattern)} fits no stream id`;
    if (pattern.length > MAX_PATTERN) return `pattern longer than ${MAX_PATTERN} characters`;
  }
  return undefined;
}

/**
 * The senders of a file by their pins, and what is wrong with its other lines, which allow nothing. Of two lines with the same pin
 * the first holds. Never throws.
 */
export function parseAuthorized(text: string): { senders: Map<string, Sender>; problems: string[] } {
  const senders = new Map<string, Sender>();
  const problems = new Problems();
  for (const row of rowsOf(text, problems)) {
    const [name = '', pin, ...patterns] = wordsOf(row.text);
    const wrong = fault(name, pin, patterns);
    if (wrong !== undefined || pin === undefined) problems.add(row.line, wrong ?? 'no pin');
    else if (senders.has(pin)) problems.add(row.line, `the pin of ${name} stands on a line above, for ${senders.get(pin)?.name}`);
    else senders.set(pin, new Sender(name, pin, patterns));
  }
  return { senders, problems: problems.list() };
}
