/** For tests of the transport: keys made by openssl, receivers and senders under test, and a proxy that cuts connections. */
import { spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { start, stopAll, withFolder, type Running } from './sh.ts';

/** Files of an identity and its pin. `crt` has the certificate alone. */
export type Key = { pem: string; crt: string; pin: string };

function openssl(...args: string[]): void {
  const done = spawnSync('openssl', args);
  if (done.status !== 0) throw new Error(done.stderr.toString());
}

/** Make a key and a self-signed certificate for it, as openssl users do; with `days` below 0 it has expired. */
export function makeKey(dir: string, name: string, subject = `/CN=${name}`, days = 30): Key {
  const file = (ext: string): string => join(dir, `${name}.${ext}`);
  const [key, csr, crt] = [file('key'), file('csr'), file('crt')];
  openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', subject, '-keyout', key, '-out', csr);
  openssl('x509', '-req', '-in', csr, '-signkey', key, '-days', String(days), '-out', crt);
  writeFileSync(file('pem'), Buffer.concat([readFileSync(key), readFileSync(crt)]), { mode: 0o600 });
  const spki = new X509Certificate(readFileSync(crt)).publicKey.export({ type: 'spki', format: 'der' });
  return { pem: file('pem'), crt, pin: `sha256:${createHash('sha256').update(spki).digest('base64url')}` };
}

/** A receiver under test, whose output goes to a file or, with `out` undefined, to a pipe that the test reads. */
export type Recv = { process: Running; address: string; port: number };

export async function startRecv(args: string[], out?: string, env: NodeJS.ProcessEnv = {}): Promise<Recv> {
  const fd = out === undefined ? undefined : openSync(out, 'a');
  const given = args.some((arg) => /^\S*:\d+$/.test(arg)) ? args : [...args, '127.0.0.1:0'];
  const process = start('lm-tls-recv', given, { stdio: ['ignore', fd ?? 'pipe', 'pipe'], env, keepOutput: false });
  if (fd !== undefined) closeSync(fd);
  const address = (await process.says(/listening on (\S+)/))[1] as string;
  return { process, address, port: Number(address.slice(address.lastIndexOf(':') + 1)) };
}

/** What a sender needs to be let in and to know its receiver. */
export function sendArgs(sender: Key, receiver: Key, address: string): string[] {
  return ['-k', sender.pem, '--pin', receiver.pin, address];
}

/** A receiver that lets one key in, as `web1`; what it writes is in the file `out` of the folder. */
export type Site = { dir: string; receiver: Key; sender: Key; recv: Recv; out: () => string };

/** With such a receiver, started with these options. */
export async function withSite(body: (site: Site) => Promise<void>, options: string[] = []): Promise<void> {
  await withFolder(async (dir) => {
    const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
    writeFileSync(join(dir, 'authorized'), `web1 ${sender.pin} *\n`);
    const recv = await startRecv(['-k', receiver.pem, '-a', join(dir, 'authorized'), ...options], join(dir, 'out'));
    await body({ dir, receiver, sender, recv, out: () => readFileSync(join(dir, 'out'), 'latin1') });
    await stopAll(recv.process);
  });
}

/** Send text, to the end. */
export async function send(args: string[], input: string | Buffer, env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const r = start('lm-tls-send', args, { env });
  r.child.stdin?.end(input);
  await r.closed;
  return r;
}

/** A port where nobody listens. */
export async function deadPort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Where to cut a connection, in bytes of its way to the receiver, and how: by reset, by an orderly end, or by silence. */
export type Cut = { after: number; how: 'reset' | 'end' | 'silence' };

/** A proxy that cuts connections where `plan` says so; without a plan it lets them be. */
export class Chaos {
  cuts = 0;
  connections = 0;
  readonly sockets = new Set<Socket>();
  readonly #server = createServer({ allowHalfOpen: true }, (near) => this.#connect(near));
  readonly #port: number;
  readonly #plan: () => Cut | undefined;

  constructor(port: number, plan: () => Cut | undefined = () => undefined) {
    this.#port = port;
    this.#plan = plan;
  }

  listen(): Promise<string> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        const at = this.#server.address();
        resolve(`127.0.0.1:${typeof at === 'object' && at ? at.port : 0}`);
      });
    });
  }

  /** Reset everything that goes through now. */
  cutAll(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  #connect(near: Socket): void {
    this.connections++;
    const far = connect({ host: '127.0.0.1', port: this.#port, allowHalfOpen: true });
    const cut = this.#plan();
    let passed = 0;
    for (const [from, to] of [[near, far], [far, near]] as const) {
      this.sockets.add(from);
      from.on('error', () => {});
      from.on('data', (chunk: Buffer) => {
        if (from === near && cut) {
          const left = cut.after - passed;
          passed += chunk.length;
          if (left <= chunk.length) {
            if (left > 0) to.write(chunk.subarray(0, left));
            this.#cut(near, far, cut);
            return;
          }
        }
        if (!to.write(chunk)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
      from.on('end', () => to.end());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }

  #cut(near: Socket, far: Socket, cut: Cut): void {
    if (this.sockets.size === 0) return;
    this.cuts++;
    for (const socket of [near, far]) {
      socket.removeAllListeners('data').pause();
      if (cut.how === 'reset') socket.resetAndDestroy();
      else if (cut.how === 'end') socket.end(() => socket.destroy());
    }
    // Silence: nothing goes through any more, and neither side is told until the test is patient no longer.
    if (cut.how === 'silence') setTimeout(() => near.destroy(), 300);
  }
}

/** The shell lines of a manual page's EXAMPLES, those that go on (`  ` at their beginning, `|` at the end) joined. */
export function examplesOf(page: string): string[] {
  const text = readFileSync(new URL(`../man/${page}`, import.meta.url), 'utf8');
  const section = /^\.Sh EXAMPLES\n([^]*?)^\.Sh /m.exec(text)?.[1] ?? '';
  const lines = [...section.matchAll(/^\.Dl (.*)$/gm)].map((m) => (m[1] ?? '').replaceAll('\\(aq', "'").replaceAll('\\ ', ' '));
  return lines.join('\n').replaceAll(/\|\n +/g, '| ').split('\n').map((line) => line.replace(/^\$ /, ''));
}
