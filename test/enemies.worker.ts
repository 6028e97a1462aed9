/** Connections that mean no good, for tests: `enemies.worker.ts PORT PEM COUNT` makes them all at once, and says when they are there. */
import { connect } from 'node:net';
import { control, TYPE } from '../lib/wire.ts';
import { frameOf, Light } from './light.ts';

const [port = 0, , count = 0] = process.argv.slice(2).map(Number);
const pem = process.argv[3] ?? '';
const HELLO = Buffer.from('1603010200010001fc0303', 'hex'); // how a TLS handshake begins

/** One byte a second, again and again. */
function dribble(socket: { writable: boolean; write: (bytes: Buffer) => unknown }, bytes: Buffer): void {
  let at = 0;
  setInterval(() => socket.writable && socket.write(bytes.subarray(at % bytes.length, (at++ % bytes.length) + 1)), 1000);
}

let there = 0;
const arrived = (): void => void (++there === count && console.log('there'));

for (let i = 0; i < count; i++) {
  const localAddress = `127.0.9.${1 + Math.floor(i / 10)}`;
  if (i % 4 < 2) {
    const socket = connect({ port, host: '127.0.0.1', localAddress }, arrived).on('error', () => {});
    if (i % 4 === 1) dribble(socket, HELLO);
    continue;
  }
  const { socket } = new Light({ port, pem, localAddress });
  socket.once('connect', arrived);
  socket.once('secureConnect', () => {
    socket.write(control(TYPE.hello, 0, { v: 1, epoch: `e${i.toString(16).padStart(31, '0')}`, agent: '' }));
    if (i % 4 === 2) dribble(socket, frameOf(TYPE.data, 0, `${'x'.repeat(500)}\n`));
    else socket.pause().write(frameOf(TYPE.data, 0, 'x\n'));
  });
}
