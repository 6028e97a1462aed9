/** What is said for a moment, and can be undone there; and what is only heard. */
import type { JSX } from 'preact';
import { heard, said } from './desk.ts';

export function Toast(): JSX.Element {
  const now = said.value;
  if (!now) return <span class="unseen-text">{heard.value}</span>;
  const { text, undo, bad } = now;
  return (
    <div class={bad ? 'toast bad' : 'toast'}>
      <span>{text}</span>
      {undo ? (
        <button
          type="button"
          onClick={() => {
            said.value = undefined;
            undo();
          }}
        >
          Undo
        </button>
      ) : null}
    </div>
  );
}
