/** Connections to a receiver: made, checked, or given up in time. */
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Address } from './address.ts';
import { why } from './cli.ts';
import type { Check, Trust } from './trust.ts';
import { ALPN } from './wire.ts';

const STEP_MS = 10_000; // each for name and TCP, and for TLS
const KEEPALIVE_MS = 30_000;

/**
 * Connect to the address and check who is there. The name is looked up anew each time. Nothing of the data is sent before the check.
 * With `raw`, no protocol is asked for; else the peer must speak lm/1. Rejects with an Error whose message says what is wrong.
 */
export async function dial(address: Address, trust: Trust, raw: boolean, signal: AbortSignal): Promise<TLSSocket> {
  const check = await trust.check(address);
  const socket = connect({ host: address.host, port: address.port, ...tlsOptions(address, check, raw) });
  socket.on('error', () => {}); // each phase listens by itself; between them nothing may be thrown
  try {
    await established(socket, signal);
    const problem = check.problem(socket);
    if (problem !== undefined) throw new Error(problem);
    if (!raw && socket.alpnProtocol !== ALPN) throw new Error('it takes TLS but does not speak lm/1; see --raw');
  } catch (err) {
    socket.destroy();
    throw err;
  }
  socket.disableRenegotiation();
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEPALIVE_MS);
  return socket;
}

/** How TLS is to be set up with that address, so that `check` can judge the peer. */
export function tlsOptions(address: Address, check: Check, raw: boolean): ConnectionOptions {
  return {
    secureContext: check.context,
    rejectUnauthorized: false, // `check` decides, and says why
    ...(isIP(address.host) ? {} : { servername: address.host }),
    ...(raw ? {} : { ALPNProtocols: [ALPN] }),
  };
}

function established(socket: TLSSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer = setTimeout(() => finish(new Error('no answer within 10 s')), STEP_MS);
    const onConnect = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => finish(new Error('no TLS within 10 s')), STEP_MS);
    };
    const onAbort = (): void => finish(new Error('stopped'));
    const onError = (err: Error): void => finish(new Error(reasonOf(err), { cause: err }));
    const onClose = (): void => finish(new Error('it closes the connection before TLS is set up'));
    const onSecure = (): void => finish();
    function finish(err?: Error): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect).off('error', onError).off('close', onClose).off('secureConnect', onSecure);
      if (err) reject(err);
      else resolve();
    }
    signal.addEventListener('abort', onAbort);
    socket.on('connect', onConnect).on('error', onError).on('close', onClose).on('secureConnect', onSecure);
    if (signal.aborted) onAbort();
  });
}

/** OpenSSL's errors in words: its codes mean little to people. */
export function reasonOf(err: Error): string {
  const code = why(err);
  if (code === 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL') return 'it does not speak lm/1; see --raw';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'it does not speak TLS';
  if (!code.startsWith('ERR_SSL_')) return code;
  return `TLS fails: ${code.slice('ERR_SSL_'.length).toLowerCase().replaceAll('_', ' ')}`;
}
