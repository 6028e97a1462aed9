/** A step of a check that failed. */

/** The message is what was seen, `remedy` how it can be mended. */
export class Failure extends Error {
  readonly remedy: string;

  constructor(seen: string, remedy: string) {
    super(seen);
    this.remedy = remedy;
  }
}
