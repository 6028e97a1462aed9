/** The receiver's TLS socket: lets senders in, within limits, and keeps order among them. */
import { constants } from 'node:crypto';
import { createServer as createNetServer, type ListenOptions, type Server as NetServer, type Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { showAddress } from './address.ts';
import { why } from './cli.ts';
import { LmPeer } from './lm-peer.ts';
import { errorFrame } from './messages.ts';
import { Notices } from './notices.ts';
import { pinOf } from './pin.ts';
import { grouped } from './progress.ts';
import { RawPeer, type RawCounts } from './raw-peer.ts';
import type { Receiver } from './receiver.ts';
import type { Guest, Roster } from './roster.ts';
import type { Rota } from './rota.ts';
import { figuresText } from './rollcall.ts';
import { plainAddress, Strangers } from './strangers.ts';
import { Visitors } from './visitors.ts';
import { ALPN } from './wire.ts';

const HANDSHAKE_MS = 10_000;
const KEEPALIVE_MS = 30_000;
const STRANGERS = 16; // connections of one address that have not said who they are
const LAST_WORDS_MS = 1000;
const SPREAD_MS = 5; // senders that are sent away come back over so long for each: 200 a second

export type DoorOptions = {
  key: string;
  cert: string;
  roster: Roster;
  /** Let in senders that speak no lm/1. */
  raw: boolean;
  receiver: Receiver;
  rota: Rota;
  /** Connections at most. */
  connections: number;
  /** Memory for lines under way, bytes. */
  memory: number;
  say: (text: string) => void;
};

export class Door {
  /** Connections so far, and those that were not let in. */
  readonly counts = { connections: 0, turnedAway: 0 };
  /** Those who were let in. */
  readonly visitors: Visitors;
  readonly rawCounts: RawCounts = { lines: 0, bytes: 0, waiting: 0, refused: 0, split: 0, unended: 0 };
  readonly #options: DoorOptions;
  readonly #net: NetServer;
  readonly #tls: Server;
  readonly #refusals: Notices;
  readonly #news: Notices;
  readonly #sockets = new Set<Socket>();
  readonly #strangers = new Strangers(STRANGERS);
  #closing = false;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.visitors = new Visitors(options.roster, options.rota, options.memory);
    this.#refusals = new Notices(options.say, { same: 60_000 });
    this.#news = new Notices(options.say, { burst: 50, every: 1000 });
    this.#tls = createServer({
      key: options.key,
      cert: options.cert,
      ALPNProtocols: [ALPN],
      minVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      requestCert: true,
      rejectUnauthorized: false, // the roster decides, by the key
      handshakeTimeout: HANDSHAKE_MS,
    });
    this.#tls.on('secureConnection', (socket) => this.#enter(socket));
    this.#tls.on('tlsClientError', (err, socket) => {
      if (socket.remoteAddress !== undefined) this.#turnAway(plainAddress(socket.remoteAddress), `TLS fails: ${why(err)}`);
      // Node tells of a handshake that takes too long, and leaves it at that (20.20): the connection would stay for ever.
      if (why(err) === 'ERR_TLS_HANDSHAKE_TIMEOUT') socket.destroy();
    });
    this.#net = createNetServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS });
    this.#net.on('connection', (socket) => this.#knock(socket));
  }

  /** Resolves with the address listened on, or undefined for a socket that has none of the network. Rejects with the system's error. */
  listen(where: ListenOptions | { fd: number }): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      this.#net.once('error', reject);
      this.#net.listen(where, () => {
        this.#net.off('error', reject);
        this.#net.on('error', (err) => this.#refusals.say(`cannot accept a connection: ${why(err)}`)); // as EMFILE: the next may go well
        const at = this.#net.address();
        resolve(typeof at === 'object' && at ? showAddress(at.address, at.port) : undefined);
      });
    });
  }

  /** Use another key from now on. Throws what node:tls says. */
  changeKey(key: string, cert: string): void {
    this.#tls.setSecureContext({ key, cert, minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_RENEGOTIATION });
  }

  /** Let nobody in any more, and read no further. */
  stopReading(): void {
    this.#closing = true;
    this.#net.close();
    this.visitors.stopReading();
  }

  /** Send everybody away. Resolves when all connections are closed, after 1 s at most. */
  async close(reason: string): Promise<void> {
    this.stopReading();
    const retry = this.visitors.count * SPREAD_MS;
    for (const { peer } of this.visitors) if (peer instanceof LmPeer) peer.sendAway(reason, retry);
    const closed = [...this.#sockets].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
    const timer = setTimeout(() => this.#sockets.forEach((socket) => socket.destroy()), LAST_WORDS_MS);
    await Promise.all(closed);
    clearTimeout(timer);
    this.#refusals.end();
    this.#news.end();
  }

  /** A TCP connection, before anything is known. */
  #knock(socket: Socket): void {
    if (this.#closing) {
      socket.destroy();
      return;
    }
    const address = plainAddress(socket.remoteAddress);
    const port = socket.remotePort ?? 0;
    this.counts.connections++;
    const full = this.#sockets.size >= this.#options.connections;
    if (full || !this.#strangers.enter(address, port)) {
      this.#turnAway(address, full ? 'too many connections' : 'too many connections that do not say who they are');
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#strangers.leave(address, port);
    });
    socket.on('error', () => {}); // told by the TLS socket on top of it
    this.#tls.emit('connection', socket);
  }

  /** TLS stands: find out who it is. */
  #enter(socket: TLSSocket): void {
    socket.on('error', () => {}); // a cut shows at 'close'
    // From now on a sender may end its side and still be answered. Before, its end is the end: it refuses us, and must not hold a place.
    socket.allowHalfOpen = true;
    const { roster, raw } = this.#options;
    const address = plainAddress(socket.remoteAddress);
    const port = socket.remotePort ?? 0;
    const speaksLm = socket.alpnProtocol === ALPN;
    if (this.#closing) {
      socket.destroy();
      return;
    }
    const { pin, subject } = keyOf(socket);
    const guest = roster.admit(pin, address);
    if (!guest) {
      this.#turnAway(address, roster.refusal(pin, subject));
      const reason = pin === undefined ? 'no key shown; see lm-cert(1)' : `unknown key ${pin}`;
      this.#farewell(socket, speaksLm ? errorFrame('AUTH', reason) : undefined);
    } else if (speaksLm) this.#welcome(socket, guest, pin, address, port);
    else if (raw) this.#welcomeRaw(socket, guest, pin, address, port);
    else {
      this.#turnAway(address, 'it does not speak lm/1, and --raw is not given');
      socket.destroy();
    }
  }

  #welcome(socket: TLSSocket, guest: Guest, pin: string | undefined, address: string, port: number): void {
    const where = guest.name === address ? address : `${guest.name} (${address})`;
    const peer = new LmPeer(socket, guest, this.#options.receiver, {
      joined: (known, agent) => {
        this.#strangers.leave(address, port);
        this.#news.say(`${where} is ${known ? 'back' : 'here'}${agent && `: ${agent}`}`);
      },
      held: (change) => this.visitors.account(change),
    });
    this.visitors.add({ peer, pin, address, since: new Date() });
    socket.once('close', () => {
      const { session, figures } = peer;
      if (session?.ended) this.#news.say(`${where} has finished: ${grouped(session.counts.lines)} lines`);
      else if (figures) this.#news.say(`${where} is gone, not finished${peer.reason && `: ${peer.reason}`}; ${figuresText(figures)}`);
      else this.#turnAway(address, peer.reason || 'it leaves without HELLO');
    });
  }

  #welcomeRaw(socket: TLSSocket, guest: Guest, pin: string | undefined, address: string, port: number): void {
    const where = guest.name === address ? address : `${guest.name} (${address})`;
    this.#strangers.leave(address, port);
    const peer = new RawPeer(socket, guest, this.#options.rota, this.rawCounts, {
      held: (change) => this.visitors.account(change),
      refused: (reason) => this.refused(where, reason),
    });
    this.visitors.add({ peer, pin, address, since: new Date() });
    this.#news.say(`${where} is here, raw`);
    socket.once('close', () => this.#news.say(`${where} is gone, raw, whether finished cannot be known; ${figuresText(peer.figures)}`));
  }

  /** Lines of somebody are refused, the first ones. */
  refused(name: string, reason: string): void {
    this.#refusals.say(`lines of ${name} refused: ${reason}`);
  }

  /** Something to know about a sender. */
  report(text: string): void {
    this.#news.say(text);
  }

  #turnAway(address: string, reason: string): void {
    this.counts.turnedAway++;
    this.#refusals.say(`refused ${address}: ${reason}`);
  }

  /** Say the last words, and give them time to arrive. */
  #farewell(socket: TLSSocket, words: Buffer | undefined): void {
    if (words) socket.end(words);
    else socket.end();
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), LAST_WORDS_MS);
    socket.once('close', () => clearTimeout(timer));
    socket.once('end', () => socket.destroy());
  }
}

/** The pin of the key that the client has proved to hold, and what its certificate says of itself. */
function keyOf(socket: TLSSocket): { pin: string | undefined; subject: string } {
  const leaf = socket.getPeerX509Certificate();
  if (!leaf) return { pin: undefined, subject: '' };
  try {
    return { pin: pinOf(leaf), subject: leaf.subject };
  } catch {
    return { pin: undefined, subject: '' }; // a kind of key that Node does not know
  }
}
