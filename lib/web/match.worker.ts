/** The match worker: runs people's expressions, and may be ended at any moment because it owns nothing but copies. */
import type { MatchJob } from './talk.ts';
import { Tries } from './tries.ts';

const scope = self as unknown as DedicatedWorkerGlobalScope;
const tries = new Tries();
scope.postMessage({}); // it has begun
scope.onmessage = (event: MessageEvent<MatchJob>) => {
  const answer = tries.answer(event.data);
  if (answer) scope.postMessage(answer, answer.rooms ?? []);
};
