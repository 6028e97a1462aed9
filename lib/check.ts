/** The way to a receiver, tried step by step without sending a line: what was seen at each, and how to mend the one that fails. */
import { lookup } from 'node:dns/promises';
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { showAddress, type Address } from './address.ts';
import { isSenderName } from './authorized.ts';
import { EXIT, plain, print, VERSION, why } from './cli.ts';
import { reasonOf, tlsOptions } from './dial.ts';
import { Failure } from './failure.ts';
import type { Identity } from './identity.ts';
import { certificate } from './pem.ts';
import { newStream, SenderSession } from './sender.ts';
import { checkSpool } from './spool-check.ts';
import { Window } from './window.ts';
import type { Check, Trust } from './trust.ts';
import { ALPN, FrameReader } from './wire.ts';

const STEP_MS = 10_000;

type Wanted = { addresses: readonly Address[]; trust: Trust; identity: Identity | undefined };

/** Try every receiver, and the spool if one is given; print a line for each step. Resolves with the exit status. */
export async function checkAll(wanted: Wanted, spool: string | undefined): Promise<number> {
  let passed = true;
  for (const address of wanted.addresses) passed = (await walk(STEPS, way(address, wanted))) && passed;
  if (spool !== undefined) passed = (await walk(['spool'], checkSpool(spool))) && passed;
  return passed ? EXIT.ok : EXIT.fail;
}

/** Take the named steps one after another, to the first that fails. */
async function walk(names: string[], findings: AsyncIterable<string>): Promise<boolean> {
  let step = 0;
  try {
    for await (const seen of findings) report('ok', names[step++] ?? '', seen);
    return true;
  } catch (err) {
    report('FAILED', names[step] ?? '', why(err));
    if (err instanceof Failure) print(`        to mend it: ${plain(err.remedy)}\n`);
    return false;
  }
}

function report(verdict: string, step: string, seen: string): void {
  print(`${verdict.padEnd(8)}${step.padEnd(10)}${plain(seen)}\n`);
}

const STEPS = ['name', 'port', 'TLS', 'key', 'protocol', 'sender'];

async function* way(address: Address, { trust, identity }: Wanted): AsyncGenerator<string> {
  const name = showAddress(address.host, address.port);
  yield await resolve(address.host);
  const begun = performance.now();
  const tcp = await dialTcp(address);
  try {
    yield `${name} takes connections, after ${Math.round(performance.now() - begun)} ms`;
    const check = await trust.check(address);
    const socket = await startTls(tcp, address, check);
    const cipher = socket.getCipher().name;
    yield `${socket.getProtocol() ?? 'TLS'}, ${cipher}`;
    yield judge(socket, check);
    if (socket.alpnProtocol !== ALPN) {
      throw new Failure('it takes TLS but does not speak lm/1', 'that is no lm-tls-recv(1): check host and port, or see --raw');
    }
    yield ALPN;
    yield await introduce(socket, identity);
  } finally {
    tcp.destroy();
  }
}

async function resolve(host: string): Promise<string> {
  try {
    const found = await lookup(host, { all: true });
    return `${host} is ${found.map(({ address }) => address).join(', ')}`;
  } catch (err) {
    const remedy = why(err) === 'ENOTFOUND' ? 'check the spelling of the name, and /etc/hosts' : 'check the name servers in /etc/resolv.conf';
    throw new Failure(`cannot find ${host}: ${why(err)}`, remedy);
  }
}

const PORT_REMEDIES: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there: is lm-tls-recv(1) running, on that port, not on 127.0.0.1 only? Or a firewall says so',
  EHOSTUNREACH: 'there is no way to that machine: is it up, and in a network that this one reaches?',
  ENETUNREACH: 'this machine has no way into that network: check its routes',
};

function dialTcp({ host, port }: Address): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  const late = 'a firewall that drops packets? It has to let in that TCP port';
  return within(socket, `no answer within ${STEP_MS / 1000} s`, late, (done, fail) => {
    socket.once('connect', () => done(socket));
    socket.on('error', (err) => fail(why(err), PORT_REMEDIES[why(err)] ?? 'check host and port, and firewalls on the way'));
  });
}

function startTls(tcp: Socket, address: Address, check: Check): Promise<TLSSocket> {
  const socket = connectTls({ socket: tcp, ...tlsOptions(address, check, false) });
  const remedy = 'check host and port: that is no lm-tls-recv(1), or something on the way speaks for it';
  return within(socket, `no TLS within ${STEP_MS / 1000} s`, remedy, (done, fail) => {
    socket.once('secureConnect', () => done(socket));
    socket.on('error', (err) => fail(reasonOf(err), remedy));
    socket.once('close', () => fail('it closes the connection before TLS is set up', `${remedy}; or it has too many connections`));
  });
}

function judge(socket: TLSSocket, check: Check): string {
  const problem = check.problem(socket);
  if (problem === undefined) return check.reason;
  const clock = /CERT_(?:HAS_EXPIRED|NOT_YET_VALID)/.test(problem) ? `; the clock here says ${new Date().toISOString()}` : '';
  throw new Failure(problem, `compare the pin with what "lm-cert -p" prints on the receiving machine before you trust it${clock}`);
}

/** Introduce ourselves as a stream that ends at once, and is nothing to remember. Resolves with the name we are known by. */
function introduce(socket: TLSSocket, identity: Identity | undefined): Promise<string> {
  const session = new SenderSession({ ...newStream(new Window(0)), ended: true });
  const reader = new FrameReader();
  const remedy = 'it may be busy or stopping: try again, and look into its log';
  return within(socket, `no welcome within ${STEP_MS / 1000} s`, remedy, (done, fail) => {
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk, (frame) => session.take(frame));
      } catch (err) {
        fail(`it breaks the protocol: ${why(err)}`, 'are both of the same version?');
      }
      const { state, complaint, goAway, name } = session;
      const end = session.next();
      if (end) socket.write(end);
      if (complaint) fail(`it says ${complaint.code}: ${complaint.reason}`, complaint.code === 'AUTH' ? askFor(identity) : remedy);
      else if (goAway) fail(`it says: ${goAway.reason}`, remedy);
      else if (state === 'done') socket.end(() => done(`let in as ${name}`));
    });
    socket.once('close', () => fail('it closes the connection', remedy));
    socket.write(session.hello(`lm-tls-send ${VERSION} --check`));
  });
}

/** The line of lm-authorized(5) that would let us in. */
function askFor(identity: Identity | undefined): string {
  if (!identity) return 'there is no key to show: make one with lm-cert(1), and give it by --key or as sender.pem among the settings';
  const claimed = /^CN=(.*)$/m.exec(certificate(identity.cert).subject)?.[1] ?? '';
  const name = [claimed, hostname()].find(isSenderName) ?? 'NAME';
  return `add to the authorized senders of the receiver, and let it read them again, the line: ${name} ${identity.pin} ${name}/*`;
}

/** A step with a limit; whatever goes wrong ends it once. */
function within<T>(
  socket: Socket, late: string, remedy: string, begin: (done: (value: T) => void, fail: (seen: string, remedy: string) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(late, remedy), STEP_MS);
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      end();
    };
    const fail = (seen: string, how: string): void => settle(() => {
      reject(new Failure(seen, how));
      socket.destroy();
    });
    begin((value) => settle(() => resolve(value)), fail);
  });
}
