/** The HTTP server of lm-serve: checks every request, then gives it to its route. */
import { createServer, type IncomingMessage, type Server as HttpServer, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo, ListenOptions } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Access, Refusal } from './access.ts';
import { type Assets, takesGzip } from './assets.ts';
import { note, why } from './cli.ts';
import { type HostCheck, isFromElsewhere, isSameOrigin, openerHeaders, SAFE_HEADERS } from './gate.ts';
import { feedOf, streamLive, upgradeLive } from './live.ts';
import { type Matcher, PatternFault } from './matcher.ts';
import { METRICS_TYPE, metricsOf, metricsText } from './metrics.ts';
import { BadRequest, parseQuery } from './query.ts';
import type { Service } from './service.ts';
import { sendTail, tailQuery } from './tail.ts';

const MAX_CONNECTIONS = 1024;
const MAX_URL = 8192;

const LIMITS = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 15_000,
  connectionsCheckingInterval: 1000,
  keepAlive: true, // TCP: a peer that is gone without a word is noticed
  keepAliveInitialDelay: 30_000,
  noDelay: true,
};
/** A client that takes nothing of a finite answer for so long is let go, ms. */
const STALLED_MS = 120_000;
/** What is left of the streams at the end is cut after so long, ms. */
const FAREWELL_MS = 250;

/** PEM texts of a server that speaks HTTPS. */
export type Tls = { key: string; cert: string };

/** `hosts` makes the check of Host once the bound address is known. */
export type ServerOptions = { service: Service; matcher: Matcher; assets: Assets; hosts: (bound: string) => HostCheck; access: Access; tls?: Tls | undefined };

type Answer = (req: IncomingMessage, res: ServerResponse, query: string) => Promise<void> | void;

/** A plain text answer. */
export function answer(res: ServerResponse, { status, headers, text }: Refusal, withBody = true): void {
  const body = Buffer.from(`${text}\n`);
  res.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': body.length, 'Cache-Control': 'no-store', ...headers });
  res.end(withBody ? body : undefined);
}

function sendWhole(req: IncomingMessage, res: ServerResponse, type: string, body: Buffer): void {
  res.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length, 'Cache-Control': 'no-store', Vary: 'Accept-Encoding' });
  res.end(req.method === 'HEAD' ? undefined : body);
}

/** Serves until close(). */
export class Server {
  readonly #options: ServerOptions;
  readonly #http: HttpServer | HttpsServer;
  readonly #routes: Map<string, Answer>;
  readonly #users = new WeakMap<IncomingMessage, string>(); // who has logged in for it
  readonly #followers = new Map<ServerResponse | Duplex, string | undefined>(); // streams and WebSockets, and whose they are
  #closing = false;
  #hosts: HostCheck | undefined;
  #lastFault = 0;

  /** A server that does not listen yet. Rejects when key and certificate are not fit. */
  static async make(options: ServerOptions): Promise<Server> {
    if (!options.tls) return new Server(options, createServer(LIMITS));
    const { createServer: createTlsServer } = await import('node:https');
    return new Server(options, createTlsServer({ ...LIMITS, ...options.tls, minVersion: 'TLSv1.2', handshakeTimeout: 10_000 }));
  }

  private constructor(options: ServerOptions, http: HttpServer | HttpsServer) {
    this.#options = options;
    this.#http = http;
    this.#http.on('request', (req: IncomingMessage, res: ServerResponse) => void this.#request(req, res));
    this.#http.maxConnections = MAX_CONNECTIONS;
    this.#http.setTimeout(STALLED_MS);
    this.#http.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => void this.#upgrade(req, socket, head));
    this.#routes = this.#makeRoutes();
  }

  /** Resolves with the port and address, undefined where it is no TCP socket. Rejects with the system's error. */
  async listen(where: ListenOptions | { fd: number }): Promise<AddressInfo | undefined> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(where, resolve);
    });
    const bound = this.#http.address();
    const address = typeof bound === 'object' && bound !== null ? bound : undefined;
    this.#hosts = this.#options.hosts(address?.address ?? 'localhost');
    return address;
  }

  /** Take another key and certificate for connections from now on. Throws when they do not fit together. */
  rekey(tls: Tls): void {
    if ('setSecureContext' in this.#http) this.#http.setSecureContext({ ...tls, minVersion: 'TLSv1.2' });
  }

  /** End the streams of those who may not stay; requests are checked each by itself. */
  revoke(mayStay: (user: string) => boolean): void {
    for (const [follower, user] of this.#followers) if (user !== undefined && !mayStay(user)) follower.end();
  }

  /** Take no more requests, end all streams, and resolve when all connections are gone. */
  async close(): Promise<void> {
    this.#closing = true;
    const closed = new Promise((resolve) => this.#http.close(resolve)); // also when it never listened
    for (const follower of this.#followers.keys()) follower.end();
    this.#http.closeIdleConnections();
    const cut = setTimeout(() => {
      this.#http.closeAllConnections();
      for (const follower of this.#followers.keys()) follower.destroy(); // WebSockets: the HTTP server does not know them any more
    }, FAREWELL_MS);
    await closed;
    clearTimeout(cut);
  }

  #makeRoutes(): Map<string, Answer> {
    const { service, matcher } = this.#options;
    const whole = (type: string, make: () => Buffer): Answer => (req, res, query) => {
      parseQuery(query, {});
      sendWhole(req, res, type, make());
    };
    return new Map<string, Answer>([
      ['/healthz', whole('text/plain; charset=utf-8', () => Buffer.from('ok\n'))],
      ['/metrics', whole(METRICS_TYPE, () => Buffer.from(metricsText(metricsOf(service, matcher))))],
      ['/api/streams', (req, res, query) => {
        parseQuery(query, {});
        const moment = service.streams(Date.now());
        if (takesGzip(req)) res.setHeader('Content-Encoding', 'gzip');
        sendWhole(req, res, 'application/json', takesGzip(req) ? moment.packed : moment.plain);
      }],
      ['/api/live', (req, res, query) => this.#live(req, res, query)],
      ['/api/tail', (req, res, query) => this.#tail(req, res, query)],
    ]);
  }

  /** Whether the request may be answered; if not, it has been. */
  async #admit(req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    const { service, access } = this.#options;
    req.on('error', () => {});
    res.on('error', () => {});
    res.once('close', () => service.answers.set(res.statusCode, (service.answers.get(res.statusCode) ?? 0) + 1));
    for (const [name, value] of Object.entries({ ...SAFE_HEADERS, ...openerHeaders(req.headers) })) res.setHeader(name, value);
    const said = this.#refusal(req) ?? (isHealth(req) ? { user: undefined } : await access(req));
    if ('status' in said) {
      answer(res, said, req.method !== 'HEAD');
      return false;
    }
    if (said.user !== undefined) this.#users.set(req, said.user);
    return true;
  }

  #refusal(req: IncomingMessage): Refusal | undefined {
    const { url = '', headers } = req;
    if (url.length > MAX_URL) return { status: 414, text: `an address has at most ${MAX_URL} bytes` };
    if (!url.startsWith('/')) return { status: 400, text: 'not a path' };
    if (isHealth(req)) return undefined;
    if (!this.#hosts?.allows(headers.host)) return { status: 421, text: 'this host is not served here: see --host-name in lm-serve(1)' };
    // The page's own files are no secret, and browsers name the origin for modules: behind a proxy that changes Host it is not ours.
    const open = !this.#routes.has(split(url).path) && headers.upgrade === undefined;
    if (!(open || isSameOrigin(headers.origin, headers.host)) || isFromElsewhere(headers)) return { status: 403, text: 'asked for by a page of another site' };
    return undefined;
  }

  async #request(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      if (!(await this.#admit(req, res))) return;
      const allow = { Allow: 'GET, HEAD, OPTIONS' };
      if (req.method === 'OPTIONS') return void res.writeHead(204, allow).end();
      if (req.method !== 'GET' && req.method !== 'HEAD') return answer(res, { status: 405, headers: allow, text: 'only GET, HEAD and OPTIONS' });
      const { path, query } = split(req.url ?? '');
      const route = this.#routes.get(path);
      if (route) await route(req, res, query);
      else if (!(await this.#options.assets.serve(path, req, res))) answer(res, { status: 404, text: 'nothing here' }, req.method === 'GET');
    } catch (err) {
      this.#failed(err, req, res);
    }
  }

  #failed(err: unknown, req: IncomingMessage, res: ServerResponse): void {
    if (res.headersSent) return void res.destroy(); // cut, not ended: the client must not take it for all
    if (err instanceof BadRequest) return answer(res, { status: 400, text: err.message }, req.method !== 'HEAD');
    if (err instanceof PatternFault) return answer(res, { status: 422, text: err.message });
    const now = Date.now();
    if (now - this.#lastFault > 1000) note(`cannot answer ${split(req.url ?? '').path}: ${err instanceof Error ? err.message : why(err)}`);
    this.#lastFault = now;
    answer(res, { status: 500, text: 'the server failed: see its messages' }, req.method !== 'HEAD');
  }

  async #live(req: IncomingMessage, res: ServerResponse, query: string): Promise<void> {
    const feed = feedOf(this.#options.service, query);
    if (req.method === 'HEAD') return void res.writeHead(200, { 'Content-Type': 'application/x-ndjson; charset=utf-8' }).end();
    if (this.#follow('live', req, res)) await streamLive(this.#options.service, feed, res);
    else answer(res, TOO_MANY);
  }

  async #tail(req: IncomingMessage, res: ServerResponse, text: string): Promise<void> {
    const { service, matcher } = this.#options;
    const query = tailQuery(text);
    if (query.follow && req.method === 'GET' && !this.#follow('tail', req, res)) return answer(res, TOO_MANY);
    const over = query.pattern && matcher.open();
    if (query.pattern && !over) return answer(res, { ...TOO_MANY, text: 'too many searches are under way' });
    try {
      await sendTail(service, query, matcher, req, res);
    } finally {
      over?.();
    }
  }

  /** Note a stream, which may be idle for ever, until its client is gone. False when there are too many. */
  #follow(kind: 'live' | 'tail', req: IncomingMessage, way: ServerResponse | Duplex): boolean {
    const leave = this.#options.service.follower(kind);
    if (!leave) return false;
    this.#followers.set(way, this.#users.get(req));
    way.once('close', () => {
      this.#followers.delete(way);
      leave();
    });
    req.socket.setTimeout(0);
    return true;
  }

  /** A WebSocket for api/live. Any other upgrade that is asked for (HTTP/2 by curl) may be passed over, and is. */
  async #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => {});
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(req.socket);
    res.once('finish', () => req.socket.destroySoon());
    const { path, query } = split(req.url ?? '');
    const isLive = path === '/api/live' && req.headers.upgrade?.toLowerCase() === 'websocket';
    if (!isLive) return this.#request(req, res);
    try {
      if (!(await this.#admit(req, res))) return;
      const { service } = this.#options;
      const feed = feedOf(service, query);
      if (socket.destroyed || this.#closing) return void socket.destroy();
      if (!this.#follow('live', req, socket)) return answer(res, TOO_MANY);
      res.detachSocket(req.socket);
      service.answers.set(101, (service.answers.get(101) ?? 0) + 1);
      await upgradeLive(service, feed, req, socket, head);
    } catch (err) {
      if (res.socket) this.#failed(err, req, res);
      else socket.destroy();
    }
  }
}

const TOO_MANY: Refusal = { status: 503, headers: { 'Retry-After': '10' }, text: 'too many streams are open' };

/** Liveness is told to anybody, by whatever name they ask. */
const isHealth = (req: IncomingMessage): boolean => split(req.url ?? '').path === '/healthz';

function split(url: string): { path: string; query: string } {
  const at = url.indexOf('?');
  return at < 0 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at + 1) };
}
