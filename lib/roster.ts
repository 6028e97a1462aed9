/** Who may send to this receiver: the senders of a file, or anyone. */
import { isSenderName, parseAuthorized, Sender } from './authorized.ts';
import { note } from './cli.ts';
import { Framing } from './framing.ts';
import { lineFilter } from './line-filter.ts';
import { Pace } from './pace.ts';
import type { Filter } from './receiver.ts';
import { readSetting } from './settings.ts';

/** Somebody who may send: `principal` is what streams are remembered by, `filter` what of them passes, `pace` how fast it comes. */
export type Guest = { name: string; principal: string; filter: Filter | undefined; pace: Pace | undefined };

export class Roster {
  readonly #path: string | undefined;
  readonly #frame: boolean;
  #senders = new Map<string, Sender>();
  #paces = new Map<string, Pace>(); // by pin: all connections of a key share one

  /** `path` of lm-authorized(5), or undefined for anyone; `frame` makes records of all lines. Call `load` before use. */
  constructor(path: string | undefined, frame = false) {
    this.#path = path;
    this.#frame = frame;
  }

  /** The names in the file, each once. */
  get names(): Set<string> {
    return new Set([...this.#senders.values()].map(({ name }) => name));
  }

  /** Read the file; lines that are not understood are told, and allow nothing. Rejects when it cannot be read; then what held goes on. */
  async load(): Promise<void> {
    if (this.#path === undefined) return;
    const { senders, problems } = parseAuthorized(await readSetting(this.#path));
    for (const problem of problems) note(`${this.#path}: ${problem}`);
    if (senders.size === 0) note(`${this.#path}: no sender is authorized`);
    this.#senders = senders;
    const paces = new Map<string, Pace>();
    for (const { pin, limits: { rate } } of senders.values()) {
      if (rate === undefined) continue;
      const pace = this.#paces.get(pin) ?? new Pace(rate);
      pace.change(rate);
      paces.set(pin, pace);
    }
    this.#paces = paces;
  }

  /** The guest with this key (undefined: it has shown none) at this address, or undefined when it may not send. */
  admit(pin: string | undefined, address: string): Guest | undefined {
    if (this.#path === undefined) {
      return { name: address, principal: `anyone ${pin ?? ''}`, filter: this.#filter(new Sender(address, '', ['*'])), pace: undefined };
    }
    const sender = pin === undefined ? undefined : this.#senders.get(pin);
    if (!sender || sender.limits.from?.has(address) === false) return undefined;
    return { name: sender.name, principal: sender.name, filter: this.#filter(sender), pace: this.#paces.get(sender.pin) };
  }

  /** Each has a run of its own. */
  #filter(sender: Sender): Filter | undefined {
    return lineFilter(sender, this.#frame ? new Framing(sender.name) : undefined);
  }

  /** Why somebody was refused, with the line that would let it in; `subject` is what its certificate says of itself. */
  refusal(pin: string | undefined, subject: string): string {
    if (pin === undefined) return `it shows no key; see lm-cert(1), or --anyone`;
    const known = this.#senders.get(pin);
    if (known) return `the key of ${known.name} may not come from this address; ${this.#path} says from=${known.limits.from?.text}`;
    const claimed = /^CN=(.*)$/m.exec(subject)?.[1] ?? '';
    const name = isSenderName(claimed) ? claimed : 'NAME';
    return `unknown key; to let it in, add to ${this.#path} the line: ${name} ${pin} ${name}/*`;
  }
}
