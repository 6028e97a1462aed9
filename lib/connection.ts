/** One connection of a sender that stands: bytes in and out of its session, and the clock. */
import type { TLSSocket } from 'node:tls';
import { VERSION, why } from './cli.ts';
import { errorFrame } from './messages.ts';
import { renew, Rollback, SenderSession, type Stream } from './sender.ts';
import { control, FrameReader, TYPE, WireError } from './wire.ts';

/** Ends the message when a stream gets another name. */
export const ANEW = ': what is not acknowledged is sent as a new stream';

const LINGER_MS = 5; // lines that come one by one are sent together
const IN_SOCKET = 262_144; // bytes that wait in a socket, so that it never runs dry
const WELCOME_MS = 10_000;
const TICK_MS = 5000;
const PING_TICKS = 2;
const SILENT_TICKS = 6; // then the other side is given up
const GOODBYE_MS = 1000;

type Events = { welcomed(): void; changed(): void };

export class Connection {
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
      renew(this.#stream);
      this.close(`${err.message}${ANEW}`);
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
