/** Fetches and starts match workers: the jobs of one wait until it has begun, however far away the server is. */
import type { Matcher } from './match-thread.ts';
import { startWorker } from './policy.ts';
import type { MatchAnswer, MatchJob } from './talk.ts';

/** It is fetched so often, so long apart, ms, before that is given up: the server may be away for a moment. */
const TRIES = 10;
const AGAIN = 1000;

/** Start one. `failed` is told that it cannot be had; what it was given is not done then. */
export function startMatcher(answer: (answer: MatchAnswer) => void, failed: () => void): Matcher {
  const waiting: [job: MatchJob, transfer: ArrayBuffer[]][] = [];
  let begun = false;
  let worker: Worker;
  let again: ReturnType<typeof setTimeout> | undefined;
  const start = (left: number): void => {
    worker = startWorker('match');
    worker.onmessage = (event: MessageEvent<MatchAnswer>) => {
      if (begun) return answer(event.data);
      begun = true; // its first word says nothing else
      for (const [job, transfer] of waiting.splice(0)) worker.postMessage(job, transfer);
    };
    worker.onerror = () => {
      if (begun) return;
      if (left > 1) again = setTimeout(() => start(left - 1), AGAIN);
      else failed();
    };
  };
  start(TRIES);
  return {
    get begun() {
      return begun;
    },
    post: (job, transfer) => {
      if (begun) worker.postMessage(job, transfer);
      else waiting.push([job, transfer]);
    },
    end: () => {
      clearTimeout(again);
      worker.terminate();
    },
  };
}
