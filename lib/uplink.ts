/** Keeps streams of lines going to one of several receivers, over any number of connections, until all of them are acknowledged. */
import type { TLSSocket } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import { showAddress, type Address } from './address.ts';
import type { Backlog } from './backlog.ts';
import { Backoff } from './backoff.ts';
import { ANEW, Connection } from './connection.ts';
import { dial } from './dial.ts';
import { renew, type Stream } from './sender.ts';
import type { Trust } from './trust.ts';

export type UplinkOptions = {
  addresses: readonly Address[];
  trust: Trust;
  /** Told when things change: lost, connected again, refused. */
  say: (text: string) => void;
  /** Also told when the first connection stands. */
  verbose: boolean;
};

/** Waits, connects, hands on, and begins again. `run` once. */
export class Uplink {
  /** Connections that stood. */
  connections = 0;
  /** What it is doing, for people; `onState` is called when that has changed. */
  state = 'connecting';
  onState: () => void = () => {};
  #stream: Stream;
  readonly #next: () => Stream | undefined;
  readonly #options: UplinkOptions;
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff();
  #connection: Connection | undefined;
  readonly #troubles = new Map<string, string>(); // what was said last about being unable to send, by receiver
  #retry = 0; // the receiver asked to be left alone for so long, ms; holds until one has answered
  #refusedTold = false;
  #welcome = false; // a receiver has answered
  #renewed = false; // the stream has a new name, and nothing was acknowledged since
  #refusedAt: number | undefined; // where the receiver was when it last could not go on
  #roomWaiters: (() => void)[] = [];

  /** `next` gives the stream that follows when one is acknowledged to its end; undefined when that was the last one. */
  constructor(first: Stream, options: UplinkOptions, next: () => Stream | undefined = () => undefined) {
    this.#stream = first;
    this.#next = next;
    this.#options = options;
  }

  /** Lines were appended, there is room again, or the stream has ended. */
  kick(): void {
    this.#connection?.pump();
    this.#wake();
  }

  /** Resolves when that backlog is not full, or `stop` was called. */
  async room(backlog: Backlog): Promise<void> {
    while (backlog.full && !this.#stop.signal.aborted) await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Give up now, whatever is not acknowledged. */
  stop(): void {
    this.#stop.abort();
    this.#wake();
  }

  /** Lines that receivers took but did not pass on, of all streams so far, and why. */
  get refused(): { lines: number; reason: string } {
    const { lines, earlier, reason } = this.#stream.refused;
    return { lines: lines + earlier, reason };
  }

  /** Resolves with true when all is acknowledged and the end agreed, with false after `stop`. */
  async run(): Promise<boolean> {
    const { addresses } = this.#options;
    for (let turn = 0; !this.#stop.signal.aborted; turn++) {
      const address = addresses[turn % addresses.length] as Address;
      const progressed = await this.#try(address);
      if (progressed === 'done') {
        const { refused } = this.#stream;
        const next = this.#next();
        if (!next) return true;
        next.refused = { ...refused, earlier: refused.earlier + refused.lines, lines: 0 };
        this.#stream = next;
        this.#backoff.reset();
        turn--; // and at once
        continue;
      }
      if (progressed) {
        this.#backoff.reset();
        turn--; // it holds the state of this stream: ask it first
      }
      const lastOfRound = (turn + 1) % addresses.length === 0;
      if (!progressed && !lastOfRound) continue;
      const wait = Math.max(this.#backoff.next(), Math.random() * this.#retry);
      await delay(wait, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
    return false;
  }

  /** One connection from beginning to end. Returns whether anything was acknowledged over it, or that all is done. */
  async #try(address: Address): Promise<boolean | 'done'> {
    const name = showAddress(address.host, address.port);
    let socket: TLSSocket;
    try {
      socket = await dial(address, this.#options.trust, false, this.#stop.signal);
    } catch (err) {
      this.#say(name, `cannot send to ${name}: ${err instanceof Error ? err.message : err}`);
      return false;
    }
    this.connections++;
    const connection = new Connection(socket, this.#stream, {
      welcomed: () => this.#welcomed(name, connection),
      changed: () => {
        this.#wake();
        this.#tellRefused(name);
      },
    });
    this.#connection = connection;
    const onStop = (): void => connection.close('stopped');
    this.#stop.signal.addEventListener('abort', onStop);
    const reason = await connection.closed;
    this.#stop.signal.removeEventListener('abort', onStop);
    this.#connection = undefined;
    const { session } = connection;
    if (session.state === 'done') return 'done';
    this.#retry = session.goAway?.retry ?? (connection.welcome ? 0 : this.#retry);
    const renewed = this.#renew(connection) ? ANEW : '';
    this.#say(name, `${connection.welcome ? 'lost the connection to' : 'cannot send to'} ${name}: ${reason}${renewed}`);
    return session.progressed;
  }

  /**
   * A stream that a receiver cannot go on with, as when a copy of it was ended elsewhere, gets a new name, but not twice in vain. First it
   * has to hear the same twice from where all is safe: what the receiver had taken before it complained would come again under the new name.
   */
  #renew({ welcome, session }: Connection): boolean {
    if (session.progressed) this.#renewed = false;
    const code = session.complaint?.code;
    if (!welcome || (code !== 'FRAME' && code !== 'GAP')) return false;
    const again = session.settled !== undefined && session.settled === this.#refusedAt;
    this.#refusedAt = session.settled;
    if (!again || this.#renewed) return false;
    this.#renewed = true;
    renew(this.#stream);
    return true;
  }

  #welcomed(name: string, connection: Connection): void {
    const known = connection.session.name;
    const state = `sending to ${name}${known ? ` as ${known}` : ''}`;
    if (this.#troubles.size > 0 || (this.#options.verbose && !this.#welcome)) this.#options.say(state);
    this.#change(state);
    this.#troubles.clear();
    this.#welcome = true;
    const { remark } = connection.session;
    if (remark !== undefined) this.#options.say(remark);
  }

  /** Say what is wrong, once until it changes. */
  #say(name: string, text: string): void {
    if (this.#stop.signal.aborted) return;
    this.#change(text);
    if (text === this.#troubles.get(name)) return;
    this.#troubles.set(name, text);
    this.#options.say(`${text}; trying again`);
  }

  #change(state: string): void {
    if (state === this.state) return;
    this.state = state;
    this.onState();
  }

  #tellRefused(name: string): void {
    const { lines, earlier, reason } = this.#stream.refused;
    if (this.#refusedTold || lines + earlier === 0) return;
    this.#refusedTold = true;
    this.#options.say(`${name} takes lines but does not pass them on: ${reason}`);
  }

  #wake(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
