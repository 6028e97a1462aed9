/** The one Trusted Types policy: addresses of the page's own workers, which lie beside the script that starts them. */

type Policy = { createScriptURL(url: string): unknown };
type Factory = { createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy };

const OWN = { feed: 'feed.js', match: 'match.js' }; // the build puts a hash into both

type WorkerName = keyof typeof OWN;

/** The address of a worker's script: beside the page, or beside the worker that asks. */
const scriptOf = (worker: WorkerName): string => new URL(OWN[worker], self.location.href.replace(/[?#].*/s, '')).href;

function own(url: string): string {
  if (url !== scriptOf('feed') && url !== scriptOf('match')) throw new Error(`no script of the page: ${url}`);
  return url;
}

// Not every browser has Trusted Types, and TypeScript's library has none.
const { trustedTypes } = self as unknown as { trustedTypes?: Factory };
const policy = trustedTypes?.createPolicy('lm', { createScriptURL: own });

/** Start a worker. */
export function startWorker(name: WorkerName): Worker {
  const url = scriptOf(name);
  return new Worker((policy ? policy.createScriptURL(url) : own(url)) as string);
}
