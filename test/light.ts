/** A light sender for tests: one lm/1 connection that says what the test wants and keeps what it hears. */
import { readFileSync } from 'node:fs';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { control, FrameReader, HEADER, MAX_PAYLOAD, putHeader, TYPE, type Frame } from '../lib/wire.ts';
import { until } from './sh.ts';

/** A DATA frame, or any other, with the payload as it is. */
export function frameOf(type: number, offset: number, payload: string | Uint8Array, lines = 1): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(HEADER), Buffer.from(payload)]);
  putHeader(bytes, type, offset, lines);
  return bytes;
}

export type LightOptions = { port: number; pem?: string | undefined; localAddress?: string } & Pick<ConnectionOptions, 'ALPNProtocols' | 'maxVersion'>;

export class Light {
  readonly socket: TLSSocket;
  readonly heard: Frame[] = [];
  readonly closed: Promise<void>;
  over = false;
  readonly #reader = new FrameReader();

  constructor({ port, pem, ...options }: LightOptions) {
    this.#reader.max = MAX_PAYLOAD;
    const identity = pem === undefined ? {} : { key: readFileSync(pem), cert: readFileSync(pem) };
    this.socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['lm/1'], ...identity, ...options });
    this.socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk, (frame) => void this.heard.push({ ...frame, payload: Buffer.from(frame.payload) }));
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.once('close', () => {
      this.over = true;
      resolve();
    }));
  }

  /** Introduce itself, and wait for the answer, which is given as text: WELCOME or ERROR. */
  async join(epoch: string, base = 0): Promise<string> {
    this.socket.write(control(TYPE.hello, base, { v: 1, epoch: epoch.padStart(32, '0'), agent: 'light' }));
    return this.says(TYPE.welcome, TYPE.error);
  }

  data(offset: number, text: string): void {
    this.socket.write(frameOf(TYPE.data, offset, text));
  }

  /** The next answer of one of these types, which is waited for, as `LETTER OFFSET PAYLOAD`; 'closed' when the connection ends first. */
  async says(...types: number[]): Promise<string> {
    const find = (): Frame | undefined => this.heard.find(({ type }) => types.includes(type));
    await until(() => find() !== undefined || this.over, 15_000, () => `frames ${types.join()}; heard ${JSON.stringify(this.heard)}`);
    const frame = find();
    if (!frame) return 'closed';
    this.heard.splice(0, this.heard.indexOf(frame) + 1);
    return `${String.fromCharCode(frame.type)} ${frame.offset} ${frame.payload.toString('latin1')}`;
  }
}
