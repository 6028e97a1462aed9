/** The receiving side of the chain for tests: keys, receiver, named pipe and page, as the manual sets them up. */
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sh, start, startLine, stopAll, type Running } from './sh.ts';

export type Chain = {
  dir: string;
  /** The page's address, ending in a slash. */
  page: string;
  /** host:port of the receiver. */
  receiver: string;
  /** What a shell line puts behind a pipe to send, as the manual says. */
  send: string;
  processes: { serve: Running; recv: Running };
  stop(): Promise<void>;
};

/** Start receiver and viewer with a named pipe between them in `dir`, one key authorized for the patterns. */
export async function startChain(dir: string, options: { serve?: string; recv?: string; patterns?: string } = {}): Promise<Chain> {
  const made = sh(`cd ${dir} && lm-cert receiver localhost > receiver.pin && lm-cert sender web1 > sender.pin`);
  if (made.code !== 0) throw new Error(made.err);
  const pin = (name: string): string => readFileSync(join(dir, `${name}.pin`), 'utf8').trim();
  writeFileSync(join(dir, 'authorized'), `web1 ${pin('sender')} ${options.patterns ?? '*'}\n`);
  const serve = startLine(`exec lm-serve -l 127.0.0.1:0 ${options.serve ?? ''} ${dir}/in`);
  const page = (await serve.says(/listening on (http:\S+)/))[1] as string;
  const pipe = openSync(join(dir, 'in'), 'w');
  const recvArgs = ['-k', `${dir}/receiver.pem`, '-a', `${dir}/authorized`, ...(options.recv?.split(' ') ?? []), '127.0.0.1:0'];
  const recv = start('lm-tls-recv', recvArgs, { stdio: ['ignore', pipe, 'pipe'] });
  closeSync(pipe);
  const receiver = (await recv.says(/listening on (\S+)/))[1] as string;
  return {
    dir,
    page,
    receiver,
    send: `lm-tls-send -k ${dir}/sender.pem --pin ${pin('receiver')} ${receiver}`,
    processes: { serve, recv },
    stop: () => stopAll(recv, serve),
  };
}
