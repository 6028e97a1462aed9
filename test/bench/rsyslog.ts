/** Two rsyslogd of the test's own, with configuration files of its own and never as services: a file in, TLS between them, a file out. */
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sh, start, stopAll, until } from '../sh.ts';
import { cpuOf } from './measure.ts';

/** How lines travel: as plain syslog over TLS, or as RELP, which acknowledges each message once it is in the receiver's queue. */
export type Way = 'tls' | 'relp';

const MODULES = ['imfile', 'imtcp', 'imrelp', 'omrelp', 'lmnsd_ossl'];
const LIMIT_MS = Number(process.env['RSYSLOG_MS'] ?? 180_000);
const READY_MS = 1500; // it does not say when it listens

/** What is missing to run it, or '' when it is all there. */
export function rsyslogMissing(): string {
  const { out, code } = sh('PATH=$PATH:/usr/sbin; command -v rsyslogd >/dev/null || exit 1; for m in '
    + `${MODULES.join(' ')}; do ls /usr/lib/*/rsyslog/$m.so /usr/lib*/rsyslog/$m.so 2>/dev/null | grep -q . || echo $m; done`);
  return code !== 0 ? 'rsyslogd' : out.trim().split('\n').join(' ');
}

/** The lines as they are, both ways; a window of 10,000, since RELP's own 128 waits for most of the time (about 650 lines/s). */
function configs(way: Way, folder: string, log: string, port: number): { send: string; recv: string } {
  const pem = (name: string): string => join(folder, name);
  const global = `global(workDirectory="${folder}/work" maxMessageSize="64k" defaultNetstreamDriver="ossl" `
    + `defaultNetstreamDriverCAFile="${pem('s.crt')}" defaultNetstreamDriverCertFile="${pem('s.crt')}" defaultNetstreamDriverKeyFile="${pem('s.key')}")\n`;
  const relpTls = `tls="on" tls.caCert="${pem('s.crt')}" tls.myCert="${pem('s.crt')}" tls.myPrivKey="${pem('s.key')}" tls.authMode="certvalid"`;
  const out = `template(name="asis" type="string" string="%rawmsg%\\n")\naction(type="omfile" file="${folder}/out" template="asis")\n`;
  const from = `module(load="imfile")\ninput(type="imfile" file="${log}" tag="bench")\n`;
  if (way === 'relp') return {
    recv: `${global}module(load="imrelp" tls.tlslib="openssl")\ninput(type="imrelp" address="127.0.0.1" port="${port}" ${relpTls})\n${out}`,
    send: `${global}module(load="omrelp" tls.tlslib="openssl")\ntemplate(name="line" type="string" string="%msg%")\n${from}`
      + `action(type="omrelp" target="127.0.0.1" port="${port}" template="line" windowSize="10000" ${relpTls})\n`,
  };
  return {
    recv: `${global}module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")\n`
      + `input(type="imtcp" address="127.0.0.1" port="${port}" supportOctetCountedFraming="off")\n${out}`,
    send: `${global}template(name="line" type="string" string="%msg%\\n")\n${from}action(type="omfwd" protocol="tcp" target="127.0.0.1" `
      + `port="${port}" template="line" streamDriver="ossl" streamDriverMode="1" streamDriverAuthMode="anon")\n`,
  };
}

/**
 * Carry the file's lines to `folder`/out, in which key and certificate are s.key and s.crt. Ends when all bytes have come, or none for 20 s.
 * Returns seconds from the sender's start, and CPU seconds of each end.
 */
export async function rsyslog(way: Way, folder: string, log: string): Promise<{ wall: number; send: number; recv: number }> {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const out = join(folder, 'out');
  rmSync(out, { force: true });
  rmSync(join(folder, 'work'), { recursive: true, force: true });
  mkdirSync(join(folder, 'work'));
  const launch = (end: 'send' | 'recv'): ReturnType<typeof start> => {
    writeFileSync(join(folder, `${end}.conf`), configs(way, folder, log, port)[end]);
    return start('/usr/sbin/rsyslogd', ['-n', '-f', join(folder, `${end}.conf`), '-i', join(folder, `${end}.pid`)]);
  };
  const recv = launch('recv');
  await new Promise((resolve) => setTimeout(resolve, READY_MS));
  const before = cpuOf(recv.child.pid ?? 0);
  const begun = performance.now();
  const send = launch('send');
  const target = statSync(log).size;
  const come = (): number => statSync(out, { throwIfNoEntry: false })?.size ?? 0;
  let [size, changed] = [0, performance.now()];
  try {
    await until(() => {
      if (recv.over || send.over) throw new Error(`rsyslogd has ended: ${recv.err}${send.err}`);
      const now = come();
      if (now !== size) [size, changed] = [now, performance.now()];
      return now >= target || performance.now() - changed > 20_000;
    }, LIMIT_MS).catch((err: unknown) => {
      if (recv.over || send.over) throw err; // else what has come by now is what it could do
    });
    return { wall: (changed - begun) / 1000, send: cpuOf(send.child.pid ?? 0), recv: cpuOf(recv.child.pid ?? 0) - before };
  } finally {
    await stopAll(send, recv);
  }
}
