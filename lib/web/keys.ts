/** The keyboard: keys of the table of actions, wherever nobody is typing. */
import { ACTION_LIST, onMac, type ActionId } from './actions.ts';
import { isAwaited } from './later.ts';

const OF_KEY = new Map<string, ActionId>(ACTION_LIST.flatMap(({ id, keys }) => keys.map((key): [string, ActionId] => [key, id])));

/** Elements that keep Space, Enter and arrows for themselves. */
const OWN = 'button, input, select, summary, a[href], [role=slider], [role=separator]';
const OWN_KEYS = [' ', 'Enter'];
const TYPED = 'input:not([type=checkbox], [type=radio], [type=range]), textarea, [contenteditable]';
/** Held down, these go on; others are done once. */
const GO_ON = new Set<ActionId>([
  'up', 'down', 'rowUp', 'rowDown', 'pageUp', 'pageDown', 'next', 'previous', 'nextError', 'previousError', 'nextWarning', 'previousWarning', 'larger', 'smaller',
]);

/** The action that a key stands for, undefined for none: typing into a box and the browser's own combinations stay as they are. */
export function actionOf(event: KeyboardEvent): ActionId | undefined {
  const { key } = event;
  const target = event.target instanceof Element ? event.target : undefined;
  // On a Mac Option is how many keyboards write |, \, [ and ].
  if (event.altKey && !(onMac && key.length === 1)) return undefined;
  const typed = target?.matches(TYPED);
  if (event.ctrlKey || event.metaKey) {
    if (event.shiftKey || (typed && key.length > 1)) return undefined; // Ctrl+End is the end of what is typed
    return OF_KEY.get(`Mod+${key.length > 1 ? key : key.toUpperCase()}`);
  }
  if (typed) return undefined;
  if (OWN_KEYS.includes(key) && target?.closest(OWN)) return undefined;
  return OF_KEY.get(key === ' ' && event.shiftKey ? 'Shift+ ' : key);
}

/** Listen for keys. `escape` is told of Esc where no dialog takes it. */
export function listen(run: (id: ActionId) => void, escape: (target: HTMLElement) => void): void {
  // A button that was clicked would keep the Space key for itself; one reached by keyboard does so rightly.
  document.addEventListener('click', (event) => {
    if (event.detail === 0 || !(event.target instanceof Element)) return;
    const pressed = event.target.closest<HTMLElement>('button, input[type=checkbox]');
    if (!pressed?.closest('dialog, .over')) pressed?.blur();
  });
  // While a word is put together, as in Japanese, Enter and arrows are for that.
  document.addEventListener('keydown', (event) => event.isComposing && event.stopPropagation(), true);
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape') return escape(event.target instanceof HTMLElement ? event.target : document.body);
    const id = actionOf(event);
    if (!id || (event.repeat && !GO_ON.has(id))) return;
    event.preventDefault();
    if (!isAwaited()) run(id);
  });
}
