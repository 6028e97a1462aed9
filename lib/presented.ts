/** The certificate that a TLS server presents to whoever connects. */
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { type Address, showAddress } from './address.ts';
import { why } from './cli.ts';
import { pinOf } from './pin.ts';

// Receivers refuse who offers no protocol, web servers who offers one that they do not know: the first one known is chosen.
const PROTOCOLS = ['lm/1', 'http/1.1'];

/**
 * The pin of the certificate that is presented there: nothing about it is verified. Nothing is sent but the handshake, without a key
 * of our own. Rejects with `cannot connect to HOST:PORT: REASON`, also when it has taken `ms` in all.
 */
export function presentedPin({ host, port }: Address, ms: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const servername = isIP(host) === 0 ? { servername: host.replace(/\.$/, '') } : {};
    const socket = connect({ host, port, ...servername, ALPNProtocols: PROTOCOLS, rejectUnauthorized: false });
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${ms / 1000} s`)), ms);
    const done = (err?: Error): void => {
      clearTimeout(timer);
      const pin = pinPresented(socket);
      if (pin !== undefined) resolve(pin);
      else reject(failure(showAddress(host, port), err));
      socket.end(() => socket.destroy());
    };
    socket.once('secureConnect', () => done());
    // A server that wants a key of ours may end the handshake after it has shown its own.
    socket.on('error', done);
  });
}

function failure(where: string, err: Error | undefined): Error {
  return new Error(`cannot connect to ${where}: ${err ? why(err) : 'it presents no certificate'}`, { cause: err });
}

function pinPresented(socket: TLSSocket): string | undefined {
  const cert = socket.getPeerX509Certificate();
  return cert && pinOf(cert);
}
