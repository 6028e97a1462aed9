/** Patterns of stream ids as people write them: `web1/*`, `*nginx`, `db?`. */

/** The longest pattern: no id is longer. */
export const MAX_GLOB = 256;

/**
 * Whether the whole of `text` fits `glob`: `*` stands for any characters (`/` too), `?` for one, anything else for itself.
 * Takes at most length times length steps, whatever the pattern.
 */
export function matchesGlob(glob: string, text: string): boolean {
  let g = 0;
  let t = 0;
  let star = -1; // the last star, and how far into the text it reaches so far
  let reach = 0;
  while (t < text.length) {
    if (glob[g] === '*') {
      star = g++;
      reach = t;
    } else if (g < glob.length && (glob[g] === '?' || glob[g] === text[t])) {
      g++;
      t++;
    } else if (star >= 0) {
      g = star + 1;
      t = ++reach;
    } else return false;
  }
  while (glob[g] === '*') g++;
  return g === glob.length;
}

/** Chooses stream ids: those that fit one of the globs. Remembers what it found, since the same ids come again and again. */
export class IdFilter {
  readonly #globs: readonly string[];
  readonly #known = new Map<string, boolean>();

  constructor(globs: readonly string[]) {
    this.#globs = globs;
  }

  matches(id: string): boolean {
    let known = this.#known.get(id);
    if (known === undefined) {
      if (this.#known.size >= 20_000) this.#known.clear();
      known = this.#globs.some((glob) => matchesGlob(glob, id));
      this.#known.set(id, known);
    }
    return known;
  }
}
