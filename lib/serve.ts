/** lm-serve at work: inputs, door and server put together, from the first request to the last. */
import { fileURLToPath } from 'node:url';
import { type Access, trustedHeader } from './access.ts';
import { type Address, showAddress } from './address.ts';
import { Assets } from './assets.ts';
import { note, onReload, onStop, why } from './cli.ts';
import { makeFifo } from './fifo.ts';
import { HostCheck } from './gate.ts';
import { type Input, openFifo, openStdin } from './input.ts';
import { listenFd } from './listenfds.ts';
import { Matcher } from './matcher.ts';
import { notifyReady, type Notifier } from './notify.ts';
import type { Passwords } from './passwords.ts';
import { showProgress } from './progress.ts';
import { Server } from './server.ts';
import { Service } from './service.ts';

/** What lm-serve is to do; `built` finds the parts that are files of their own, `checkReach` throws where nobody guards the address. */
export type Plan = {
  inputs: readonly string[];
  mode: string;
  memory: number;
  listen: Address;
  hostNames: readonly string[];
  key: string | undefined;
  users: string | undefined;
  trustUser: string | undefined;
  trustFrom: readonly string[];
  verbose: boolean;
  built: (path: string) => URL;
  checkReach: (host: string) => void;
};

async function openInputs(paths: readonly string[], mode: string): Promise<Input[]> {
  for (const path of paths) if (path !== '-') await makeFifo(path, mode);
  return paths.map((path) => (path === '-' ? openStdin() : openFifo(path)));
}

async function openPasswords({ users, built }: Plan): Promise<Passwords | undefined> {
  if (users === undefined) return undefined;
  const { Passwords } = await import('./passwords.ts');
  return Passwords.open(users, built('lib/password-thread.worker.js'));
}

function accessOf({ trustUser, trustFrom }: Plan, passwords: Passwords | undefined): Access {
  if (passwords) return (req) => passwords.admit(req);
  if (trustUser !== undefined) return trustedHeader(trustUser, trustFrom);
  return () => ({ user: undefined });
}

async function listen(server: Server, plan: Plan): Promise<string> {
  const { host, port } = plan.listen;
  const fd = listenFd('http');
  const at = await server.listen(fd === undefined ? { host, port } : { fd }).catch((err: unknown) => {
    throw new Error(`cannot listen on ${fd === undefined ? showAddress(host, port) : `descriptor ${fd}`}: ${why(err)}`, { cause: err });
  });
  if (at) plan.checkReach(at.address); // a name may lead anywhere
  return at ? `${plan.key === undefined ? 'http' : 'https'}://${showAddress(at.address, at.port)}/` : 'the socket it was given';
}

/** Read the inputs to their ends; one that fails is told and left, the others go on. Returns whether all were well. */
async function readAll(service: Service, inputs: readonly Input[]): Promise<boolean> {
  const ends = await Promise.all(inputs.map((input) => service.intake.take(input).then(() => true, (err: unknown) => {
    note(err instanceof Error ? err.message : String(err));
    return false;
  })));
  return ends.every(Boolean);
}

/** Reread users and key, each of which stays as it was when that fails. */
async function reload({ key }: Plan, server: Server, passwords: Passwords | undefined): Promise<void> {
  if (passwords) server.revoke(await passwords.reread());
  if (key === undefined) return;
  const { readIdentity } = await import('./identity.ts');
  await readIdentity(key).then((identity) => server.rekey(identity)).catch((err: unknown) => note(why(err)));
}

/** Serve until a signal. Resolves with whether all inputs were well; rejects when serving cannot begin. */
export async function serve(plan: Plan): Promise<boolean> {
  const { built } = plan;
  const service = new Service(plan.memory);
  const matcher = new Matcher(built('lib/matcher.worker.js'));
  const passwords = await openPasswords(plan);
  const tls = plan.key === undefined ? undefined : await (await import('./identity.ts')).readIdentity(plan.key);
  const server = await Server.make({
    service, matcher, tls,
    access: accessOf(plan, passwords),
    assets: new Assets(fileURLToPath(built('web'))),
    hosts: (bound) => new HostCheck(bound, plan.hostNames),
  });
  const stopped = new Promise<void>((resolve) => onStop(resolve));
  onReload(() => void reload(plan, server, passwords));
  const progress = showProgress(plan.verbose, () => service.counters());
  let notifier: Notifier | undefined;
  let inputs: Input[] = [];
  try {
    const url = await listen(server, plan);
    // Only now: another lm-serve at this address may be reading these pipes, and every line that is read here is missing there.
    inputs = await openInputs(plan.inputs, plan.mode);
    note(`listening on ${url}`);
    notifier = notifyReady(() => `listening on ${url}`);
    const reading = readAll(service, inputs);
    await stopped;
    inputs.forEach((input) => input.stop());
    return await reading;
  } finally {
    inputs.forEach((input) => input.stop());
    progress.stop();
    await Promise.all([server.close(), matcher.close()]);
    passwords?.close();
    notifier?.end();
  }
}
