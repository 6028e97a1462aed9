/** The thread that runs people's regular expressions, so that one that never ends stops nothing but itself. */
import { parentPort, workerData } from 'node:worker_threads';
import { stripAnsi } from './ansi.ts';
import { unescape } from './record.ts';
import { compile } from './web/pattern.ts';
import { Sequence } from './web/sequence.ts';

/** Texts to look at: the inside of the msg of the i-th is bytes[msgs[2i], msgs[2i + 1]). */
export type Work = { source: string; fold: boolean; bytes: Uint8Array; msgs: Uint32Array };

/** Which of the texts match, or why that is not known. */
export type Outcome = { hits: Uint32Array } | { fault: string };

/** The first message: the thread has begun. */
export type Ready = { ready: true };

const KEPT = 32;
const compiled = new Map<string, Sequence>();

function sequenceOf(source: string, fold: boolean): Sequence {
  const key = `${fold ? 'i' : '-'}${source}`;
  let sequence = compiled.get(key);
  if (!sequence) {
    if (compiled.size >= KEPT) compiled.clear();
    sequence = new Sequence(compile(source, fold, false));
    compiled.set(key, sequence);
  }
  return sequence;
}

/** Look at every entry; `progress` counts them for the one who watches. */
function work({ source, fold, bytes, msgs }: Work, progress: Int32Array): Outcome {
  try {
    const sequence = sequenceOf(source, fold);
    const hits: number[] = [];
    for (let i = 0; 2 * i < msgs.length; i++) {
      Atomics.add(progress, 0, 1);
      if (sequence.test(stripAnsi(unescape(bytes, msgs[2 * i] as number, msgs[2 * i + 1] as number)))) hits.push(i);
    }
    return { hits: Uint32Array.from(hits) };
  } catch (err) {
    return { fault: err instanceof Error ? err.message : String(err) };
  }
}

const port = parentPort;
if (port && workerData instanceof Int32Array) {
  const progress = workerData;
  port.on('message', (given: Work) => port.postMessage(work(given, progress)));
  port.postMessage({ ready: true } satisfies Ready);
}
