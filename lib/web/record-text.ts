/** The record that a line came in, written again: what is copied and saved as NDJSON. */
import { KIND, type Label } from './kind.ts';

/** In the order of keys that lm-frame writes (lm-record(5)). What was no record has no run, and says why it is none. */
export function recordText({ id, run, n, ts, kind }: Label, text: string, tail: string): string {
  const numbered = run === '' || kind === KIND.bad ? '' : `,"run":${JSON.stringify(run)},"n":${n}`;
  return `{"id":${JSON.stringify(id)}${numbered},"ts":${ts},"msg":${JSON.stringify(text)}${tail === '' ? '}' : tail}`;
}
