/** What restarts and kills of each part of a chain may cost, whoever keeps the parts running: the same oracle for all of them. */
import * as assert from 'uvu/assert';
import { keptBy, Load, missing, type Chain, type Got } from './load.ts';
import { report } from './sh.ts';

export type Part = 'receiver' | 'viewer' | 'sender';

/** A chain whose parts somebody starts again when they are gone, as systemd and supervisor do. */
export interface KeptChain extends Chain {
  /** A shell line that prints the processes of a part, all of them. */
  processes(part: Part): string;
  /** A shell line that asks for a restart of a part, and does not wait for it. */
  restarting(part: Part): string;
  /** Run a shell line that makes a part go away, and wait until it is up again by itself. Gives what the line printed. */
  replaced(part: Part, line: string): string;
}

/** How often, and at how many lines a second. */
export type Measure = { rounds: number; rate: number };

/** All lines from `first` to `last`, each once and in order. */
function whole(lines: number[], first: number, last: number): void {
  assert.equal(missing(lines, first, last), [], 'none missing');
  assert.is(lines.length, last - first + 1, 'none twice');
  assert.equal(lines, [...lines].sort((a, b) => a - b), 'in order');
}

const linesOf = (got: Got[]): number[] => got.map(({ line }) => line);

/** Replace receiver and viewer in turn while lines flow. Gives the load, the first line of it that came, and how many were written. */
async function inTurn(chain: KeptChain, name: string, { rounds, rate }: Measure, line: (part: Part) => string): Promise<[Load, number, number]> {
  const load = new Load(chain, name, rate);
  await load.flows();
  const first = load.got()[0]?.line ?? 0;
  for (let i = 0; i < rounds; i++) {
    for (const part of ['receiver', 'viewer'] as const) {
      chain.replaced(part, line(part));
      await load.flows();
    }
  }
  return [load, first, await load.end()];
}

/** Clean restarts of receiver and viewer each: every line once, in the journal and on the page. */
export async function restarts(chain: KeptChain, measure: Measure): Promise<void> {
  const [load, first, written] = await inTurn(chain, 'restarts', measure, (part) => chain.restarting(part));
  whole(linesOf(await load.kept()), first, written);
  whole(linesOf(load.got()), first, written);
  report(`${measure.rounds} + ${measure.rounds} restarts: ${written} lines written, each once in the journal and on the page`);
}

/** Kills of receiver and viewer each: every line once in the journal; the page lacks what the viewer died with. */
export async function kills(chain: KeptChain, measure: Measure): Promise<void> {
  const { rounds } = measure;
  const [load, first, written] = await inTurn(chain, 'kills', measure, (part) => `kill -KILL $(${chain.processes(part)}) || :`);
  whole(linesOf(await load.kept()), first, written);
  const lines = linesOf(load.got());
  // What the viewer had read but not yet given to a follower: one chunk of a pipe, 64 KiB, for each of its deaths.
  const gone = missing(lines, first, written);
  const twice = lines.length - new Set(lines).size;
  report(`${rounds} + ${rounds} kills: ${written} lines written, each once in the journal; on the page ${gone.length} not seen, ${twice} twice`);
  assert.ok(gone.length <= rounds * 65_536 / 80, `${gone.length} lines gone`);
  assert.ok(gone.filter((line) => !gone.includes(line - 1)).length <= rounds, 'at most one hole for each death of the viewer');
  assert.is(twice, 0);
}

/** In a shell: stop these processes of the sender where they are, and print how many bytes tail has put into its pipe, by the kernel's account. */
function freezer(chain: KeptChain): string {
  return `all=$(${chain.processes('sender')}); for p in $all; do [ "$(cat /proc/$p/comm)" != tail ] || tail=$p; done
    freeze() { kill -STOP "$@"; until grep -q '^State:.T' /proc/$tail/status; do sleep 0.02; done; sed -n 's/^wchar: //p' /proc/$tail/io; }`;
}

/** Restarts and then kills of the sender: what tail has given arrives once; a kill may cost what is in pipes then, which is counted. */
export async function senderEnds(chain: KeptChain, { rounds, rate }: Measure): Promise<void> {
  const load = new Load(chain, 'senders', rate);
  const freeze = freezer(chain);
  // Stopped until the SIGTERM waits for it, tail gives nothing after it was asked what it has given.
  const restart = `${freeze}; freeze $tail; ${chain.restarting('sender')}
    until [ $((0x$(sed -n 's/^ShdPnd:.//p' /proc/$tail/status) & 0x4000)) != 0 ]; do sleep 0.02; done; kill -CONT $tail`;
  const kill = `${freeze}; freeze $all; kill -KILL $all || :`;
  const given: number[] = [];
  for (const line of [restart, kill].flatMap((way) => Array.from({ length: rounds }, () => way))) {
    await load.flows();
    given.push(Number(chain.replaced('sender', line)));
  }
  await load.flows();
  const written = await load.end();
  const kept = await load.kept();
  const lines = linesOf(kept);
  assert.equal(lines, [...new Set(lines)].sort((a, b) => a - b), 'none twice, in order');
  assert.equal(linesOf(load.got()), lines, 'the page has what the journal has');

  const records = (await keptBy(chain)).filter(({ id, msg }) => id === chain.id && msg !== undefined);
  const runs = [...new Set(kept.map(({ run }) => run))];
  assert.is(runs.length, 2 * rounds + 1);
  let killed = 0;
  for (const [i, run] of runs.entries()) {
    const own = linesOf(kept.filter((got) => got.run === run));
    whole(own, own[0] ?? 0, i === runs.length - 1 ? written : own.at(-1) ?? 0);
    const of = records.filter((record) => record.run === run);
    assert.is(of.findIndex(({ n }, at) => n !== at + 1), -1, 'every record of the run up to its last, once, in order');
    const bytes = of.reduce((sum, { msg = '' }) => sum + msg.length + 1, 0);
    const lost = i < given.length ? (given[i] ?? NaN) - bytes : 0;
    if (i < rounds) assert.is(lost, 0, `restart ${i}: bytes that tail gave and that did not arrive`);
    else assert.ok(lost >= 0 && lost <= 2 * 65_536, `kill ${i - rounds}: ${lost} bytes lost`);
    killed += lost;
  }
  const unread = missing(lines, lines[0] ?? 0, written).length;
  report(`${rounds} restarts and ${rounds} kills of the sender: ${written} lines written; ${killed} bytes in pipes lost by the kills, `
    + `${unread} lines not there, most of them written while no tail was`);
  const { streams } = JSON.parse(chain.run(`curl -s ${chain.page}/api/streams`)) as { streams: { id: string; lost: number }[] };
  assert.equal(streams.map(({ id, lost }) => [id, lost]), [[chain.id, 0]]);
}
