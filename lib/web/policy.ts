/** The one Trusted Types policy: addresses of the page's own workers, which lie beside the script that starts them. */

type Policy = { createScriptURL(url: string): unknown };
type Factory = { createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy };

const OWN = ['feed.js', 'match.js'];

/** The address of a file beside the page, or beside the worker that asks. */
const beside = (name: string): string => new URL(name, self.location.href.replace(/[?#].*/s, '')).href;

function own(url: string): string {
  if (!OWN.some((name) => url === beside(name))) throw new Error(`no script of the page: ${url}`);
  return url;
}

// Not every browser has Trusted Types, and TypeScript's library has none.
const { trustedTypes } = self as unknown as { trustedTypes?: Factory };
const policy = trustedTypes?.createPolicy('lm', { createScriptURL: own });

/** Start the worker `feed.js` or `match.js`. */
export function startWorker(name: string): Worker {
  const url = beside(name);
  return new Worker((policy ? policy.createScriptURL(url) : own(url)) as string);
}
