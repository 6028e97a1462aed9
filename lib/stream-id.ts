/** Names of streams: what may be one, in commands and in the page alike. */

/** The longest stream id. */
export const MAX_ID = 128;

const ID = /^[A-Za-z0-9][A-Za-z0-9._/@:-]{0,127}$/;

/** Whether `id` may name a stream: `[A-Za-z0-9][A-Za-z0-9._/@:-]{0,127}` with no `..`. */
export function isStreamId(id: string): boolean {
  return ID.test(id) && !id.includes('..');
}
