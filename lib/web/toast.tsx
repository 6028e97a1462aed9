/** What is said for a moment, and can be undone there. */
import type { JSX } from 'preact';
import { said } from './desk.ts';

export function Toast(): JSX.Element | null {
  const now = said.value;
  if (!now) return null;
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
