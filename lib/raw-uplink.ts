/** Lines to a plain TLS receiver such as `socat OPENSSL-LISTEN`: no acknowledgements, so no promise but that of TCP. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { showAddress, type Address } from './address.ts';
import { Backoff } from './backoff.ts';
import { why } from './cli.ts';
import { dial } from './dial.ts';
import type { UplinkOptions } from './uplink.ts';

const GOODBYE_MS = 5000; // for the other side to read the rest and close

/** Writes blocks one after another, over as many connections as it takes. */
export class RawUplink {
  connections = 0;
  /** Connections that broke before the end: lines in flight then may be lost or, at most one block, doubled. */
  breaks = 0;
  readonly #options: UplinkOptions;
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff();
  #socket: TLSSocket | undefined;
  #turn = 0;
  #trouble = '';

  constructor(options: UplinkOptions) {
    this.#options = options;
  }

  /** Resolves with true when the kernel has taken the block, with false after `stop`. */
  async send(block: Uint8Array): Promise<boolean> {
    while (!this.#stop.signal.aborted) {
      const socket = this.#socket ?? (await this.#connect());
      if (socket && (await write(socket, block))) {
        this.#backoff.reset();
        return true;
      }
    }
    return false;
  }

  /** Close in an orderly way; resolves when the other side has closed too, or after 5 s. */
  async end(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket || socket.destroyed) return;
    socket.removeAllListeners('close').end();
    const patience = delay(GOODBYE_MS, undefined, { ref: false });
    await Promise.race([once(socket, 'close').catch(() => {}), patience]);
    socket.destroy();
  }

  stop(): void {
    this.#stop.abort();
    this.#socket?.destroy();
  }

  /** One attempt, and the wait after it where it fails. */
  async #connect(): Promise<TLSSocket | undefined> {
    const { addresses, trust, say, verbose } = this.#options;
    const address = addresses[this.#turn % addresses.length] as Address;
    const name = showAddress(address.host, address.port);
    try {
      const socket = await dial(address, trust, true, this.#stop.signal);
      this.connections++;
      if (this.#trouble !== '' || verbose) say(`sending to ${name}`);
      this.#trouble = '';
      this.#watch(socket, name);
      return (this.#socket = socket);
    } catch (err) {
      this.#say(`cannot send to ${name}: ${err instanceof Error ? err.message : err}`);
    }
    this.#turn++;
    if (this.#turn % addresses.length === 0) await delay(this.#backoff.next(), undefined, { signal: this.#stop.signal }).catch(() => {});
    return undefined;
  }

  #watch(socket: TLSSocket, name: string): void {
    let reason = 'it closed the connection';
    socket.on('error', (err) => (reason = why(err)));
    socket.on('end', () => socket.destroy()); // a receiver that ends its side is leaving
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.breaks++;
      this.#say(`lost the connection to ${name}: ${reason}`);
    });
    socket.resume(); // what it says does not matter, but its end does
  }

  #say(text: string): void {
    if (this.#stop.signal.aborted || text === this.#trouble) return;
    this.#trouble = text;
    this.#options.say(`${text}; trying again`);
  }
}

/** Resolves with whether the kernel has taken all of it. */
function write(socket: TLSSocket, block: Uint8Array): Promise<boolean> {
  if (socket.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onClose = (): void => resolve(false);
    socket.once('close', onClose);
    socket.write(block, (err) => {
      socket.off('close', onClose);
      resolve(!err);
    });
  });
}
