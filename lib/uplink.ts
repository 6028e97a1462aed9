/** Keeps one stream of lines going to one of several receivers, over any number of connections, until all of it is acknowledged. */
import type { TLSSocket } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import { showAddress, type Address } from './address.ts';
import { Backoff } from './backoff.ts';
import { VERSION, why } from './cli.ts';
import { dial } from './dial.ts';
import { errorFrame } from './messages.ts';
import { newEpoch, Rollback, SenderSession, type Stream } from './sender.ts';
import type { Trust } from './trust.ts';
import { control, FrameReader, TYPE, WireError } from './wire.ts';

const LINGER_MS = 5; // lines that come one by one are sent together
const IN_SOCKET = 262_144; // bytes that wait in a socket, so that it never runs dry
const WELCOME_MS = 10_000;
const TICK_MS = 5000;
const PING_TICKS = 2;
const SILENT_TICKS = 6; // then the other side is given up
const GOODBYE_MS = 1000;

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
  readonly #stream: Stream;
  readonly #options: UplinkOptions;
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff();
  #connection: Connection | undefined;
  readonly #troubles = new Map<string, string>(); // what was said last about being unable to send, by receiver
  #retry = 0; // the receiver asked to be left alone for so long, ms
  #refusedTold = false;
  #roomWaiters: (() => void)[] = [];

  constructor(stream: Stream, options: UplinkOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  /** Lines were appended, or the stream has ended. */
  kick(): void {
    this.#connection?.pump();
  }

  /** Resolves when the window is not full, or `stop` was called. */
  async room(): Promise<void> {
    while (this.#stream.window.full && !this.#stop.signal.aborted) await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Give up now, whatever is not acknowledged. */
  stop(): void {
    this.#stop.abort();
    this.#wake();
  }

  /** Resolves with true when all is acknowledged and the end agreed, with false after `stop`. */
  async run(): Promise<boolean> {
    const { addresses } = this.#options;
    for (let turn = 0; !this.#stop.signal.aborted; turn++) {
      const address = addresses[turn % addresses.length] as Address;
      const progressed = await this.#try(address);
      if (progressed === 'done') return true;
      if (progressed) {
        this.#backoff.reset();
        turn--; // it holds the state of this stream: ask it first
      }
      const lastOfRound = (turn + 1) % addresses.length === 0;
      if (!progressed && !lastOfRound) continue;
      const wait = Math.max(this.#backoff.next(), Math.random() * this.#retry);
      this.#retry = 0;
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
        if (!this.#stream.window.full) this.#wake();
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
    this.#retry = session.goAway?.retry ?? 0;
    this.#say(name, `${connection.welcome ? 'lost the connection to' : 'cannot send to'} ${name}: ${reason}`);
    return session.progressed;
  }

  #welcomed(name: string, connection: Connection): void {
    const known = connection.session.name;
    if (this.#troubles.size > 0 || (this.#options.verbose && this.connections === 1)) {
      this.#options.say(`sending to ${name}${known ? ` as ${known}` : ''}`);
    }
    this.#troubles.clear();
  }

  /** Say what is wrong, once until it changes. */
  #say(name: string, text: string): void {
    if (this.#stop.signal.aborted || text === this.#troubles.get(name)) return;
    this.#troubles.set(name, text);
    this.#options.say(`${text}; trying again`);
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

type Events = { welcomed(): void; changed(): void };

/** One established connection: bytes in and out of the session, and the clock. */
class Connection {
  readonly session: SenderSession;
  /** Resolves with the reason when it is over. */
  readonly closed: Promise<string>;
  /** The receiver has answered HELLO. */
  welcome = false;
  readonly #socket: TLSSocket;
  readonly #stream: Stream;
  readonly #events: Events;
  readonly #reader = new FrameReader();
  readonly #timers: NodeJS.Timeout[];
  #linger: NodeJS.Timeout | undefined;
  #sealedAt = 0;
  #silent = 0;
  #ticks = 0;
  #reason = 'it closed the connection';

  constructor(socket: TLSSocket, stream: Stream, events: Events) {
    this.#socket = socket;
    this.#stream = stream;
    this.#events = events;
    this.session = new SenderSession(stream);
    this.#timers = [
      setInterval(() => this.#tick(), TICK_MS),
      setTimeout(() => {
        if (!this.welcome) this.close('no welcome within 10 s');
      }, WELCOME_MS),
    ];
    this.closed = new Promise((resolve) => {
      socket.on('data', (chunk: Buffer) => this.#take(chunk));
      socket.on('end', () => socket.destroy());
      socket.on('error', (err) => (this.#reason = why(err)));
      socket.on('close', () => {
        this.#timers.forEach((timer) => clearTimeout(timer));
        clearTimeout(this.#linger);
        resolve(this.#reason);
      });
    });
    socket.write(this.session.hello(`lm-tls-send ${VERSION}`));
  }

  close(reason: string): void {
    this.#reason = reason;
    this.#socket.destroy();
  }

  /** Write what may be written; called again whenever that can have changed. */
  pump(): void {
    if (!this.welcome || this.#socket.destroyed) return;
    const { window, ended } = this.#stream;
    while (this.#socket.writableLength < IN_SOCKET) {
      let frame = this.session.next();
      if (!frame && window.open && this.session.caughtUp) frame = this.#seal(ended);
      if (!frame) return;
      this.#socket.write(frame, () => this.pump());
    }
  }

  /** Make a frame of the lines that wait, at most every LINGER_MS. */
  #seal(now: boolean): Buffer | undefined {
    const rest = this.#sealedAt + LINGER_MS - performance.now();
    if (!now && rest > 0) {
      this.#linger ??= setTimeout(() => {
        this.#linger = undefined;
        this.pump();
      }, rest);
      return undefined;
    }
    this.#sealedAt = performance.now();
    this.#stream.window.seal();
    return this.session.next();
  }

  #take(chunk: Buffer): void {
    this.#silent = 0;
    try {
      this.#reader.push(chunk, (frame) => this.session.take(frame));
    } catch (err) {
      this.#fault(err);
      return;
    }
    const { session } = this;
    if (session.state !== 'hello' && !this.welcome && session.state !== 'over') {
      this.welcome = true;
      this.#events.welcomed();
    }
    if (session.state === 'over') {
      const { complaint, goAway } = session;
      this.close(complaint ? `it says ${complaint.code}: ${complaint.reason}` : `it says: ${goAway?.reason}`);
    } else if (session.state === 'done') {
      this.#socket.end();
      this.#timers.push(setTimeout(() => this.#socket.destroy(), GOODBYE_MS));
    }
    this.#events.changed();
    this.pump();
  }

  #fault(err: unknown): void {
    if (err instanceof Rollback) {
      this.#stream.epoch = newEpoch();
      this.close(`${err.message}: what is not acknowledged is sent as a new stream`);
    } else if (err instanceof WireError) {
      this.#socket.write(errorFrame(err.code, err.message));
      this.close(`it breaks the protocol: ${err.message}`);
    } else throw err;
  }

  #tick(): void {
    if (++this.#silent > SILENT_TICKS) this.close(`no sign of life for ${(SILENT_TICKS * TICK_MS) / 1000} s`);
    else if (++this.#ticks % PING_TICKS === 0) this.#socket.write(control(TYPE.ping, this.#stream.window.tail));
  }
}
