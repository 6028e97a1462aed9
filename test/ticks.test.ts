/** lib/ticks.ts: chunks in their order, ticks when nothing comes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withTicks, type Stoppable } from '../lib/ticks.ts';
import { timed } from './sh.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** An input that gives chunks after so many ms each, and then waits until it is stopped. */
class Script implements Stoppable {
  stopped = 0;
  #stop = (): void => {};
  readonly #over = new Promise<void>((resolve) => (this.#stop = resolve));
  readonly #steps: [ms: number, text: string][];
  readonly #end: 'ends' | 'waits' | Error;

  constructor(end: 'ends' | 'waits' | Error, ...steps: [ms: number, text: string][]) {
    this.#end = end;
    this.#steps = steps;
  }

  stop(): void {
    this.stopped++;
    this.#stop();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Buffer> {
    for (const [ms, text] of this.#steps) {
      await pause(ms);
      yield Buffer.from(text);
    }
    if (this.#end instanceof Error) throw this.#end;
    if (this.#end === 'waits') await this.#over;
  }
}

test('without a due time it is the input itself', timed(5000, async () => {
  const input = new Script('ends', [5, 'a'], [0, 'b'], [5, 'c']);
  const got: unknown[] = [];
  for await (const chunk of withTicks(input, () => Infinity)) got.push(chunk?.toString());
  assert.equal([got, input.stopped], [['a', 'b', 'c'], 1]);
}));

test('a tick comes when it is due before the next chunk, and no chunk is lost by it', timed(5000, async () => {
  const input = new Script('ends', [0, 'a'], [120, 'b'], [0, 'c']);
  const got: unknown[] = [];
  let due = performance.now() + 60;
  for await (const chunk of withTicks(input, () => due)) {
    got.push(chunk?.toString());
    if (!chunk) due = Infinity;
  }
  assert.equal(got, ['a', undefined, 'b', 'c']);
}));

test('chunks that are there go before a tick that is due', timed(5000, async () => {
  const got: unknown[] = [];
  for await (const chunk of withTicks(new Script('waits', [0, 'a']), () => 0)) {
    got.push(chunk?.toString());
    if (got.length === 3) break;
  }
  assert.equal(got.filter((text) => text === 'a').length, 1);
}));

test('leaving the loop stops the input; its failure comes through', timed(5000, async () => {
  const waiting = new Script('waits');
  for await (const chunk of withTicks(waiting, () => performance.now() + 5)) {
    assert.is(chunk, undefined);
    break;
  }
  assert.is(waiting.stopped, 1);
  const broken = new Script(new Error('broken'), [0, 'a']);
  let failure: unknown;
  try {
    for await (const chunk of withTicks(broken, () => Infinity)) assert.is(chunk?.toString(), 'a');
  } catch (err) {
    failure = err;
  }
  assert.is(failure instanceof Error && failure.message, 'broken');
}));

test.run();
