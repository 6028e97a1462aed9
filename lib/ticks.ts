/** Lets a reader of input also act when nothing comes. */

/** What input must be: chunks to ask for, and a way to ask no more. */
export type Stoppable = AsyncIterable<Buffer> & { stop(): void };

/**
 * The chunks of an input, and `undefined` whenever the time `due()` (ms, as performance.now() counts; Infinity for never) comes before
 * the next chunk. Chunks and ticks come one after the other, so whoever reads them needs no locks. Leaving the loop stops the input.
 */
export async function* withTicks(input: Stoppable, due: () => number): AsyncGenerator<Buffer | undefined, void> {
  const chunks = input[Symbol.asyncIterator]();
  try {
    for (let next = chunks.next(); ; ) {
      const got = await before(next, due());
      if (got?.done) return;
      if (got) {
        yield got.value;
        next = chunks.next();
      } else yield undefined;
    }
  } finally {
    input.stop();
  }
}

/** The outcome of a promise if it is there before `due`. */
async function before<T>(promise: Promise<T>, due: number): Promise<T | undefined> {
  if (due === Infinity) return promise;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, due - performance.now()));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
