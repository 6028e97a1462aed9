/** What the control frames of lm/1 say: their JSON, written and checked. */
import { parseObject, textOf, wholeOf } from './json.ts';
import { control, TYPE, WireError, type Fault, type Frame } from './wire.ts';

export const PROTOCOL = 1;

const LONGEST_RETRY = 3_600_000;

/** A sender introduces itself: one epoch is one stream of bytes that begins at `from`, is held from `base` on, and goes up to `tail` so far. */
export type Hello = { epoch: string; from: number; base: number; tail?: number; agent: string };

/** The last frame that the receiver took of an epoch: the sender checks that its own bytes there are the same. */
export type Last = { offset: number; length: number; crc: number };

/** The receiver's answer: what is safe, where to go on, and up to which offset to send. */
export type Welcome = { committed: number; next: number; limit: number; known: boolean; last: Last | undefined; name: string };

/** Bytes that will not come (sender), or lines that were not passed on, in all since the stream began (receiver). */
export type Loss = { from: number; to: number; lines: number; reason: string };

/** The end of a connection, and when to come again: 0 is whenever the sender likes. */
export type GoAway = { reason: string; retry: number };

/** Why the other side ends this connection. */
export type Complaint = { code: string; reason: string };

function read<T>(frame: Frame, what: string, body: (object: Record<string, unknown>) => T): T {
  try {
    return body(parseObject(frame.payload));
  } catch (err) {
    if (err instanceof WireError) throw err;
    throw new WireError('FRAME', `${what}: ${err instanceof Error ? err.message : err}`);
  }
}

export function helloFrame(hello: Hello): Buffer {
  const { epoch, from, tail, agent } = hello;
  return control(TYPE.hello, hello.base, { v: PROTOCOL, epoch, ...(from > 0 && { from }), tail, agent });
}

/** Throws WireError. */
export function readHello(frame: Frame): Hello {
  return read(frame, 'HELLO', (o) => {
    if (o['v'] !== PROTOCOL) throw new WireError('VERSION', `version ${PROTOCOL} is spoken here`);
    const epoch = o['epoch'];
    if (typeof epoch !== 'string' || !/^[0-9a-f]{32}$/.test(epoch)) throw new Error('bad epoch');
    const tail = o['tail'] === undefined ? frame.offset : wholeOf(o, 'tail', frame.offset);
    const from = o['from'] === undefined ? 0 : wholeOf(o, 'from');
    if (from > frame.offset) throw new Error('bad from');
    return { epoch, from, base: frame.offset, tail, agent: textOf(o, 'agent', 64) };
  });
}

export function welcomeFrame(welcome: Welcome): Buffer {
  const { next, limit, known, last, name } = welcome;
  return control(TYPE.welcome, welcome.committed, { v: PROTOCOL, name, known, next, limit, last });
}

/** Throws WireError. */
export function readWelcome(frame: Frame): Welcome {
  return read(frame, 'WELCOME', (o) => {
    if (o['v'] !== PROTOCOL) throw new WireError('VERSION', `version ${PROTOCOL} is spoken here`);
    return {
      committed: frame.offset,
      next: wholeOf(o, 'next', frame.offset),
      limit: wholeOf(o, 'limit'),
      known: o['known'] === true,
      last: readLast(o['last']),
      name: textOf(o, 'name', 128),
    };
  });
}

function readLast(value: unknown): Last | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null) throw new Error('bad last');
  const object = value as Record<string, unknown>;
  return { offset: wholeOf(object, 'offset'), length: wholeOf(object, 'length', 1), crc: wholeOf(object, 'crc') };
}

export function lossFrame(loss: Loss): Buffer {
  const { to, lines, reason } = loss;
  return control(TYPE.loss, loss.from, { to, lines, reason });
}

/** Throws WireError. */
export function readLoss(frame: Frame): Loss {
  return read(frame, 'LOSS', (o) => {
    const from = frame.offset;
    return { from, to: wholeOf(o, 'to', from), lines: wholeOf(o, 'lines'), reason: textOf(o, 'reason') };
  });
}

export function goAwayFrame(committed: number, goAway: GoAway): Buffer {
  return control(TYPE.goaway, committed, goAway);
}

/** Whoever is asked to wait for longer than an hour comes after an hour. Throws WireError. */
export function readGoAway(frame: Frame): GoAway {
  return read(frame, 'GOAWAY', (o) => ({ reason: textOf(o, 'reason'), retry: Math.min(wholeOf(o, 'retry'), LONGEST_RETRY) }));
}

export function errorFrame(code: Fault, reason: string): Buffer {
  return control(TYPE.error, 0, { code, reason });
}

/** Throws WireError. */
export function readComplaint(frame: Frame): Complaint {
  return read(frame, 'ERROR', (o) => ({ code: textOf(o, 'code', 16), reason: textOf(o, 'reason') }));
}
