/** The frames of lm/1: a header of 24 bytes, big-endian, and a payload; built, read out of chunks that end anywhere, and bounded. */
import { crc32 } from './crc.ts';

/** The name in the TLS handshake (ALPN, RFC 7301): peers that both offer it speak this protocol. */
export const ALPN = 'lm/1';

/**
 * Bytes of a header: 'L', type, flags (2, zero), payload length (4), offset (8), lines (4), and CRC-32 (4) of the payload followed by
 * bytes 0 to 19: so the checksum of the payload alone is had on the way.
 */
export const HEADER = 24;

/** The longest payload: one line of the greatest length. */
export const MAX_PAYLOAD = 1_048_576;

/** The longest payload of a frame that is not DATA. */
export const MAX_CONTROL = 4096;

/** Types of frames, by the letter in their second byte. */
export const TYPE = {
  hello: 0x48, // H  sender: epoch, lowest offset held (offset), JSON
  welcome: 0x57, // W  receiver: committed (offset), where to go on, credit, JSON
  data: 0x44, // D  sender: whole lines from offset
  ack: 0x41, // A  receiver: everything below offset is committed; payload u64, the credit limit
  ping: 0x50, // P  both: alive
  loss: 0x4c, // L  sender: the bytes from offset to `to` will not come; receiver: so many lines were refused; JSON
  end: 0x45, // E  sender: the stream ends at offset; receiver: and all of it is committed
  goaway: 0x47, // G  receiver: come again later, JSON
  error: 0x58, // X  both: why this connection ends, JSON
} as const;

const LIMITS = new Map<number, number>([
  [TYPE.hello, MAX_CONTROL],
  [TYPE.welcome, MAX_CONTROL],
  [TYPE.data, MAX_PAYLOAD],
  [TYPE.ack, 8],
  [TYPE.ping, 0],
  [TYPE.loss, MAX_CONTROL],
  [TYPE.end, 0],
  [TYPE.goaway, MAX_CONTROL],
  [TYPE.error, MAX_CONTROL],
]);

/** What the other side did wrong, as the code that an ERROR frame carries. */
export type Fault = 'AUTH' | 'VERSION' | 'FRAME' | 'GAP' | 'CREDIT' | 'FENCED' | 'BUSY';

/** A peer broke the protocol: the connection cannot go on. */
export class WireError extends Error {
  readonly code: Fault;

  constructor(code: Fault, message: string) {
    super(message);
    this.code = code;
  }
}

/** A frame as read. `payload` may share memory with the chunk it came in; `crc` is the CRC-32 of the payload alone. */
export type Frame = { type: number; offset: number; lines: number; payload: Buffer; crc: number };

/** Put a header before the payload that stands at bytes[24...]; returns the CRC-32 of the payload. */
export function putHeader(bytes: Buffer, type: number, offset: number, lines: number): number {
  bytes[0] = 0x4c;
  bytes[1] = type;
  bytes.writeUInt16BE(0, 2);
  bytes.writeUInt32BE(bytes.length - HEADER, 4);
  putOffset(bytes, 8, offset);
  bytes.writeUInt32BE(lines, 16);
  const crc = crc32(bytes.subarray(HEADER));
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 20), crc), 20);
  return crc;
}

function putOffset(bytes: Buffer, at: number, offset: number): void {
  bytes.writeUInt32BE(Math.floor(offset / 2 ** 32), at);
  bytes.writeUInt32BE(offset % 2 ** 32, at + 4);
}

/** An offset as a header holds it, which may be out of range. */
export function offsetOf(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}

function readOffset(bytes: Buffer, at: number): number {
  const offset = offsetOf(bytes, at);
  if (!Number.isSafeInteger(offset)) throw new WireError('FRAME', 'offset out of range');
  return offset;
}

/** A whole frame other than DATA; `body` becomes its JSON. */
export function control(type: number, offset: number, body?: object): Buffer {
  const payload = body ? Buffer.from(JSON.stringify(body)) : Buffer.alloc(0);
  const bytes = Buffer.allocUnsafe(HEADER + payload.length);
  payload.copy(bytes, HEADER);
  putHeader(bytes, type, offset, 0);
  return bytes;
}

/** An ACK: everything below `committed` is safe, and bytes up to `limit` may be sent. */
export function ack(committed: number, limit: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER + 8);
  putOffset(bytes, HEADER, limit);
  putHeader(bytes, TYPE.ack, committed, 0);
  return bytes;
}

/** The credit limit that an ACK carries. Throws WireError. */
export function ackLimit(frame: Frame): number {
  if (frame.payload.length !== 8) throw new WireError('FRAME', 'an ACK without limit');
  return readOffset(frame.payload, 0);
}

/**
 * Frames out of chunks that end anywhere. Between chunks it holds at most one unfinished frame, and no more memory than 64 KiB or twice
 * what has come of it.
 */
export class FrameReader {
  /** The longest payload taken now: small until the peer has introduced itself. */
  max = MAX_CONTROL;
  /** Whole frames read. */
  frames = 0;
  readonly #header = Buffer.allocUnsafe(HEADER);
  #headerGot = 0;
  #payload: Buffer | undefined;
  #got = 0;
  #length = 0;

  /** Bytes of an unfinished frame. */
  get held(): number {
    return this.#headerGot + this.#got;
  }

  /** Give every frame that `chunk` completes to `take`, in order. Throws WireError; the reader is of no use after that. */
  push(chunk: Buffer, take: (frame: Frame) => void): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#headerGot < HEADER) {
        at += this.#fillHeader(chunk, at);
        if (this.#headerGot < HEADER) return;
        this.#length = this.#checkHeader();
      }
      const rest = chunk.length - at;
      const length = this.#length;
      if (this.#got === 0 && rest >= length) {
        take(this.#frame(chunk.subarray(at, at + length)));
        at += length;
      } else if (rest > 0) {
        const n = Math.min(rest, this.#length - this.#got);
        const payload = this.#grow(n);
        chunk.copy(payload, this.#got, at, at + n);
        this.#got += n;
        at += n;
        if (this.#got === this.#length) take(this.#frame(payload));
      }
    }
  }

  #fillHeader(chunk: Buffer, at: number): number {
    const n = Math.min(HEADER - this.#headerGot, chunk.length - at);
    chunk.copy(this.#header, this.#headerGot, at, at + n);
    this.#headerGot += n;
    if (this.#header[0] !== 0x4c) throw new WireError('FRAME', 'not a frame');
    return n;
  }

  /** The payload's length, if the header is one. */
  #checkHeader(): number {
    const limit = LIMITS.get(this.#header[1] as number);
    if (limit === undefined) throw new WireError('FRAME', 'unknown type of frame');
    if (this.#header.readUInt16BE(2) !== 0) throw new WireError('VERSION', 'unknown flags');
    const length = this.#header.readUInt32BE(4);
    if (length > limit || length > this.max) throw new WireError('FRAME', 'payload too long');
    if (!Number.isSafeInteger(readOffset(this.#header, 8) + length)) throw new WireError('FRAME', 'offset out of range');
    return length;
  }

  /** Room for `n` more bytes: a length that is only claimed costs nothing. */
  #grow(n: number): Buffer {
    const need = this.#got + n;
    if (this.#payload && this.#payload.length >= need) return this.#payload;
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#length, Math.max(need, 65_536, 2 * (this.#payload?.length ?? 0))));
    this.#payload?.copy(grown, 0, 0, this.#got);
    this.#payload = grown;
    return grown;
  }

  #frame(payload: Buffer): Frame {
    const crc = crc32(payload);
    if (crc32(this.#header.subarray(0, 20), crc) !== this.#header.readUInt32BE(20)) throw new WireError('FRAME', 'wrong checksum');
    const [type, lines] = [this.#header[1] as number, this.#header.readUInt32BE(16)];
    const frame = { type, offset: readOffset(this.#header, 8), lines, payload, crc };
    this.#headerGot = 0;
    this.#got = 0;
    this.#length = 0;
    this.#payload = undefined;
    this.frames++;
    return frame;
  }
}
