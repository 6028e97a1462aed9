/** The match worker: runs people's expressions, and may be ended at any moment because it owns nothing. */
import type { MatchJob } from './talk.ts';
import { Tries } from './tries.ts';

const scope = self as unknown as DedicatedWorkerGlobalScope;
const tries = new Tries();
scope.onmessage = (event: MessageEvent<MatchJob>) => scope.postMessage(tries.answer(event.data));
