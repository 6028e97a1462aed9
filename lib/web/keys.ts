/** The keys: every control that is used all day has one. */

export type Keys = {
  follow(): void;
  clear(): void;
  lines(count: number): void;
  pages(count: number): void;
  home(): void;
  end(): void;
  all(): void;
  wrap(): void;
  theme(): void;
  help(): void;
};

const OWN_SPACE = 'button, input, textarea, select, summary, a[href]';

/** Listen for keys; typing into a box and the browser's own combinations stay as they are. */
export function listen(keys: Keys, filter: () => HTMLInputElement | null): void {
  const bound = new Map<string, () => void>([
    ['ArrowUp', () => keys.lines(-1)],
    ['ArrowDown', () => keys.lines(1)],
    ['PageUp', () => keys.pages(-1)],
    ['PageDown', () => keys.pages(1)],
    ['Home', keys.home],
    ['End', keys.end],
    ['a', keys.all],
    ['w', keys.wrap],
    ['t', keys.theme],
    ['?', keys.help],
    ['/', () => filter()?.select()],
  ]);
  // A button that was clicked would keep the Space key for itself; one reached by keyboard does so rightly.
  document.addEventListener('click', (event) => {
    if (event.detail === 0 || !(event.target instanceof Element)) return;
    const pressed = event.target.closest<HTMLElement>('button, input[type=checkbox]');
    if (!pressed?.closest('dialog')) pressed?.blur();
  });
  document.addEventListener('keydown', (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape') {
      keys.clear();
      if (target instanceof HTMLElement) target.blur();
      return;
    }
    if (target.matches('input:not([type=checkbox]), textarea')) return;
    const act = event.key === ' ' && !target.closest(OWN_SPACE) ? keys.follow : bound.get(event.key);
    if (!act) return;
    event.preventDefault();
    act();
  });
}
