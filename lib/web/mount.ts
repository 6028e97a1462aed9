/** A part of the page that is drawn anew whenever something changes that it shows. */
import { effect } from '@preact/signals-core';
import { render, type JSX } from 'preact';

/** Draw it in `place` from now on. Where drawing takes away what had the focus, `next` gets it: keys would begin at the page's top again. Gives what ends it. */
export function mount(place: HTMLElement, draw: () => JSX.Element | null, next: () => HTMLElement | undefined): () => void {
  place.replaceChildren();
  const stop = effect(() => {
    const drawn = draw();
    const focused = place.contains(document.activeElement);
    render(drawn, place);
    if (focused && !place.contains(document.activeElement)) next()?.focus({ preventScroll: true });
  });
  return () => {
    stop();
    render(null, place);
  };
}
