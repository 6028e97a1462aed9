/** For tests of lm-tls-recv --journal: what a journal on the disk holds, senders that go on through restarts, and the oracle over both. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { realDisk } from '../lib/disk.ts';
import { segmentNumber } from '../lib/journal-format.ts';
import { JournalReader } from '../lib/journal-reader.ts';
import { random } from './oracle.ts';
import { start, until, type Running } from './sh.ts';
import { makeKey, sendArgs, startRecv, type Key, type Recv } from './tls.ts';

/** The segments of a journal, oldest first. */
export async function segmentsOf(folder: string): Promise<string[]> {
  return (await realDisk.list(folder)).filter((name) => segmentNumber(name) !== undefined).sort();
}

/** All lines of a journal, latin1. Fails where it is damaged, unless `damage` takes it. */
export async function journalText(folder: string, damage?: string[]): Promise<string> {
  const [first = ''] = await segmentsOf(folder);
  const reader = new JournalReader(realDisk, folder, { segment: segmentNumber(first) ?? 1, at: 0, done: 0 });
  const parts: string[] = [];
  for (let got = await reader.read(); got; got = await reader.read()) {
    if (got.is === 'lines') parts.push(got.lines.toString('latin1'));
    else if (damage) damage.push(got.damage.reason);
    else assert.unreachable(`damaged: ${JSON.stringify(got.damage)}`);
  }
  await reader.close();
  return parts.join('');
}

/** A receiver with a journal and some keys, to be started again and again at one address. */
export class Site {
  readonly dir: string;
  readonly journal: string;
  readonly receiver: Key;
  readonly options: string[];
  address = '127.0.0.1:0';
  recv: Recv | undefined;

  constructor(dir: string, ...options: string[]) {
    this.dir = dir;
    this.journal = join(dir, 'journal');
    this.options = options;
    this.receiver = makeKey(dir, 'receiver');
    writeFileSync(join(dir, 'authorized'), '');
  }

  /** A new key that may send under its name. */
  sender(name: string): Key {
    const key = makeKey(this.dir, name);
    writeFileSync(join(this.dir, 'authorized'), `${name} ${key.pin} *\n`, { flag: 'a' });
    return key;
  }

  /** Start the receiver; its output goes to the file `out`, or to a pipe that the test reads. */
  async start(to: 'file' | 'pipe' = 'file', env: NodeJS.ProcessEnv = {}): Promise<Recv> {
    const { receiver, dir, journal, options, address } = this;
    const args = ['-k', receiver.pem, '-a', join(dir, 'authorized'), '-J', journal, ...options, address];
    this.recv = await startRecv(args, to === 'file' ? join(dir, 'out') : undefined, env);
    this.address = this.recv.address;
    return this.recv;
  }

  /** The receiver as a shell line, at a port of its own. */
  get line(): string {
    const { receiver, dir, journal, options } = this;
    return ['lm-tls-recv', '-k', receiver.pem, '-a', join(dir, 'authorized'), '-J', journal, ...options, '127.0.0.1:0'].join(' ');
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.recv?.process.kill(signal);
    await this.recv?.process.closed;
  }

  get out(): string {
    return readFileSync(join(this.dir, 'out'), 'latin1');
  }

  text(): Promise<string> {
    return journalText(this.journal);
  }

  /** Send text to its end; resolves when the sender has ended. */
  async send(key: Key, text: string | Buffer): Promise<Running> {
    const r = start('lm-tls-send', sendArgs(key, this.receiver, this.address));
    r.child.stdin?.end(text);
    await r.closed;
    return r;
  }
}

/** A sender of numbered lines that goes on until it is told to end. */
export class Talker {
  readonly name: string;
  readonly process: Running;
  readonly #next: () => number;
  readonly #sent: string[] = [];
  #ending = false;

  /** `key` has to be known to the receiver. */
  constructor(site: Site, name: string, key: Key, perTick: number) {
    this.name = name;
    this.#next = random(name.length + perTick);
    this.process = start('lm-tls-send', sendArgs(key, site.receiver, site.address));
    this.#talk(perTick);
  }

  /** All it has been given to send. */
  get sent(): string {
    return this.#sent.join('');
  }

  #talk(perTick: number): void {
    if (this.#ending) {
      this.process.child.stdin?.end();
      return;
    }
    let text = '';
    for (let i = 0; i < perTick; i++) text += `${this.name} ${this.#sent.length}.${i} ${'x'.repeat(this.#next() * 200)}\n`;
    this.#sent.push(text);
    this.process.child.stdin?.write(text, () => setTimeout(() => this.#talk(perTick), 10));
  }

  /** No more; resolves when all was acknowledged. */
  async end(ms = 60_000): Promise<void> {
    this.#ending = true;
    await until(() => this.process.over, ms, () => `${this.name} to end: ${this.process.err}`);
    assert.is(this.process.code, 0, this.process.err);
  }
}

/** Every talker's lines are in `text` once, in order, and nothing else but what the receiver says itself. */
export function checkTalk(text: string, talkers: Talker[]): void {
  const came = new Map<string, string[]>(talkers.map(({ name }) => [name, []]));
  for (const line of text.split(/(?<=\n)/)) {
    const list = came.get(line.slice(0, line.indexOf(' ')));
    if (list) list.push(line);
    else if (line !== '') assert.unreachable(`a line of nobody: ${line.slice(0, 200)}`);
  }
  for (const { name, sent } of talkers) {
    const got = came.get(name)?.join('') ?? '';
    if (got === sent) continue;
    let at = 0;
    while (got[at] === sent[at]) at++;
    const show = (s: string): string => JSON.stringify(s.slice(Math.max(0, at - 60), at + 60));
    assert.unreachable(`${name}: ${got.length} of ${sent.length} bytes, they differ at ${at}: ${show(got)} for ${show(sent)}`);
  }
}

/** Output in which a kill may have repeated some lines: without the repetitions it is the journal. Returns bytes repeated. */
export function checkRepeated(out: string, journal: string): number {
  const at = new Map<string, number>();
  const lines = journal.split(/(?<=\n)/).filter(Boolean);
  lines.forEach((line, i) => at.set(line, i));
  let [next, repeated] = [0, 0];
  for (const line of out.split(/(?<=\n)/).filter(Boolean)) {
    let i = at.get(line);
    // A write cut by the kill leaves the beginning of a line before what is repeated.
    for (let cut = 1; i === undefined && cut < line.length; cut++) i = at.get(line.slice(cut));
    assert.ok(i !== undefined && i <= next, `out of order: ${line.slice(0, 100)} is ${i}, after ${next}`);
    if (i < next) repeated += line.length;
    next = Math.max(next, i + 1);
  }
  assert.is(next, lines.length, 'lines on stdout');
  return repeated;
}
