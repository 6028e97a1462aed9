/** The route api/live: the page's own feed, over a WebSocket or as a streamed response. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { Feed, type Start } from './feed.ts';
import { IdFilter, MAX_GLOB } from './glob.ts';
import { pump, type Sink } from './pump.ts';
import { BadRequest, countOf, parseQuery, valueOf } from './query.ts';
import type { Service } from './service.ts';
import { responseSink, webSocketSink } from './sinks.ts';

const LINES = 10_000;
const MAX_GLOBS = 64;

/** Headers of an answer that goes on for ever: nobody on the way may keep, pack or store it. */
export const STREAM_HEADERS = { 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' };

/** The streams asked for, undefined for all. */
export function idsOf(values: Map<string, string[]>): IdFilter | undefined {
  const globs = values.get('id');
  if (!globs) return undefined;
  if (globs.length > MAX_GLOBS) throw new BadRequest(`parameter id given more than ${MAX_GLOBS} times`);
  if (globs.some((glob) => glob === '' || glob.length > MAX_GLOB)) throw new BadRequest(`parameter id must have 1 to ${MAX_GLOB} characters`);
  return new IdFilter(globs);
}

/** How many lines: a number, or all that are held. */
export function linesOf(values: Map<string, string[]>, byDefault: number): number {
  return valueOf(values, 'lines') === 'all' ? Infinity : countOf(values, 'lines', byDefault);
}

const AT = /^([0-9a-z]{1,32})\.(\d{1,15})$/;

function placeOf(values: Map<string, string[]>, name: string): { epoch: string; seq: number } | undefined {
  const value = valueOf(values, name);
  if (value === undefined) return undefined;
  const match = AT.exec(value);
  if (!match) throw new BadRequest(`parameter ${name} must be EPOCH.NUMBER`);
  return { epoch: match[1] as string, seq: Number(match[2]) };
}

function startOf(values: Map<string, string[]>, epoch: string): Start {
  const [after, until] = [placeOf(values, 'after'), placeOf(values, 'until')];
  if (!after && until) throw new BadRequest('parameter until needs after');
  if (!after) return { lines: linesOf(values, LINES) };
  if (values.has('lines')) throw new BadRequest('parameters after and lines exclude each other');
  if (until && until.epoch !== after.epoch) throw new BadRequest('parameters after and until must be of one epoch');
  if (!until) return { after };
  return { after, until: until.epoch === epoch ? until.seq : 0 }; // of another epoch nothing is left
}

/** The feed that a query asks for. Throws BadRequest. */
export function feedOf(service: Service, query: string): Feed {
  const values = parseQuery(query, { after: 'once', until: 'once', lines: 'once', id: 'many' });
  return new Feed(service.ring, service.traits, service.epoch, startOf(values, service.epoch), idsOf(values));
}

async function send(service: Service, feed: Feed, sink: Sink): Promise<void> {
  sink.write(feed.hello(service.version, Date.now()));
  await pump({ read: () => feed.read(), beat: (now) => feed.beat(now) }, service.ring, sink, !feed.finite);
}

/** Answer with the feed as a response that goes on until the client leaves, or has the last entry it wants. */
export async function streamLive(service: Service, feed: Feed, res: ServerResponse): Promise<void> {
  res.writeHead(200, { 'Content-Type': 'application/x-ndjson; charset=utf-8', ...STREAM_HEADERS });
  await send(service, feed, responseSink(res));
  if (!res.destroyed) res.end();
}

let sockets: Promise<WebSocketServer> | undefined;

async function makeSockets(): Promise<WebSocketServer> {
  const ws = await import('ws');
  return new ws.WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1024, clientTracking: false });
}

/** Turn the connection into a WebSocket and send the feed. Resolves when the client has left. */
export async function upgradeLive(service: Service, feed: Feed, req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const server = await (sockets ??= makeSockets());
  await new Promise<void>((resolve, reject) => {
    socket.once('close', resolve); // also where the handshake fails
    server.handleUpgrade(req, socket, head, (ws) => {
      ws.on('error', () => ws.terminate());
      // A page that is gone without a word is noticed by TCP when it does not take the beats.
      send(service, feed, webSocketSink(ws, socket)).then(() => ws.close(), reject);
    });
  });
}
