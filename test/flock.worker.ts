/** Many light senders in one process, for tests: `flock.worker.ts PORT PEM COUNT PER_SECOND`; tells of itself on stdout, one JSON a line. */
import { readFileSync } from 'node:fs';
import { connect, createSecureContext, type TLSSocket } from 'node:tls';
import { Backoff } from '../lib/backoff.ts';
import { readGoAway, readWelcome } from '../lib/messages.ts';
import { ackLimit, control, FrameReader, TYPE, type Frame } from '../lib/wire.ts';
import { frameOf } from './light.ts';

const [port = 0, , count = 0, perSecond = 0] = process.argv.slice(2).map(Number);
const pem = readFileSync(process.argv[3] ?? '');
const secureContext = createSecureContext({ key: pem, cert: pem });
const tell = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
let joined = 0;
const connects: number[] = []; // when connections were begun

/** One sender: a line now and then, with the time in it; every line is kept until it is acknowledged, and sent again. */
class Bird {
  readonly #i: number;
  readonly #backoff = new Backoff();
  #kept = ''; // the stream from #base on
  #base = 0;
  #sent = 0;
  #limit = 0;
  #socket: TLSSocket | undefined;
  #open = false;
  #retry = 0;
  #n = 0;

  constructor(i: number) {
    this.#i = i;
  }

  connect(): void {
    connects.push(Date.now());
    const reader = new FrameReader();
    // An address for every ten: the receiver counts strangers by it.
    const localAddress = `127.0.${1 + Math.floor(this.#i / 2000)}.${1 + (Math.floor(this.#i / 10) % 200)}`;
    const options = { host: '127.0.0.1', port, secureContext, rejectUnauthorized: false, ALPNProtocols: ['lm/1'], localAddress };
    const socket = connect(options);
    this.#socket = socket;
    socket.on('secureConnect', () => {
      socket.write(control(TYPE.hello, this.#base, { v: 1, epoch: (this.#i + 1).toString(16).padStart(32, '0'), agent: 'flock' }));
    });
    socket.on('data', (chunk: Buffer) => reader.push(chunk, (frame) => this.#hear(frame)));
    socket.on('error', () => {}).on('end', () => socket.destroy());
    socket.on('close', () => {
      if (this.#open) joined--;
      this.#open = false;
      setTimeout(() => this.connect(), Math.max(this.#backoff.next(), Math.random() * this.#retry));
      this.#retry = 0;
    });
  }

  #hear(frame: Frame): void {
    if (frame.type === TYPE.welcome) {
      const { next, limit } = readWelcome(frame);
      this.#release(frame.offset);
      [this.#sent, this.#limit, this.#open] = [next, limit, true];
      this.#backoff.reset();
      joined++;
      this.#pump();
    } else if (frame.type === TYPE.ack) {
      this.#limit = Math.max(this.#limit, ackLimit(frame));
      this.#release(frame.offset);
      this.#pump();
    } else if (frame.type === TYPE.goaway) this.#retry = readGoAway(frame).retry;
    else if (frame.type === TYPE.error) tell({ error: frame.payload.toString() });
  }

  #release(offset: number): void {
    this.#kept = this.#kept.slice(Math.max(0, offset - this.#base));
    this.#base = Math.max(this.#base, offset);
  }

  line(): void {
    this.#kept += `${Date.now()} ${this.#i} ${++this.#n} a line of an ordinary length, with some words in it\n`;
    this.#pump();
  }

  ping(): void {
    if (this.#open) this.#socket?.write(control(TYPE.ping, this.#sent));
  }

  #pump(): void {
    const rest = this.#kept.slice(this.#sent - this.#base);
    if (!this.#open || rest === '' || this.#sent + rest.length > this.#limit) return;
    this.#socket?.write(frameOf(TYPE.data, this.#sent, rest));
    this.#sent += rest.length;
  }
}

const birds = Array.from({ length: count }, (_, i) => new Bird(i));
for (const [i, bird] of birds.entries()) setTimeout(() => bird.connect(), i * 5); // 200 a second
let turn = 0;
setInterval(() => {
  for (let n = 0; n < perSecond / 50; n++) birds[turn++ % count]?.line();
}, 20);
setInterval(() => birds.forEach((bird) => bird.ping()), 10_000);
setInterval(() => tell({ joined, connects: connects.splice(0).length }), 1000);
