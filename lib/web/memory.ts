/** What this browser remembers of a person: how the page looks, pinned streams, filters kept and used. Without storage it lasts as long as the page. */
import { computed, effect, signal } from '@preact/signals-core';
import type { Chip } from './layout.ts';
import { PLAIN_LOOK, type Density, type Look } from './look.ts';
import { TIME_MODES } from './timing.ts';

export type Theme = 'auto' | 'light' | 'dark';

export type Remembered = Look & {
  theme: Theme;
  /** The list of streams is shown in a wide window, and the histogram. */
  list: boolean;
  shape: boolean;
  wrap: boolean;
  pins: string[];
  shut: string[];
  recent: Chip[];
  saved: Chip[];
};

/** Bounds of the size of text, px. */
export const SIZES = { least: 9, most: 22 };
const KEY = 'lm.page';
const MAX_LIST = 1000;
const MAX_RECENT = 20;
const MAX_TEXT = 10_000;

const one = <T extends string>(value: unknown, ...of: [T, ...T[]]): T => of.find((known) => known === value) ?? of[0];
const on = (value: unknown, usual: boolean): boolean => (typeof value === 'boolean' ? value : usual);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= MAX_TEXT;
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value.slice(0, MAX_LIST) : []);

function chipOf(value: unknown): Chip[] {
  const { source, mode, fold, exclude } = (value ?? {}) as Record<string, unknown>;
  return isText(source) ? [{ source, mode: one(mode, 'regex', 'text'), fold: on(fold, true), exclude: on(exclude, false), on: true }] : [];
}

/** What was remembered, out of its text; whatever cannot be read is as usual. */
export function remembered(text: string | null): Remembered {
  let kept: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text ?? '{}');
    if (typeof parsed === 'object' && parsed !== null) kept = parsed as Record<string, unknown>;
  } catch {
    // Spoilt, or of another program: as usual.
  }
  const size = Number(kept['size']);
  return {
    theme: one(kept['theme'], 'auto', 'light', 'dark'),
    density: one<Density>(kept['density'], 'normal', 'compact', 'roomy'),
    size: size >= SIZES.least && size <= SIZES.most ? size : PLAIN_LOOK.size,
    time: TIME_MODES.find((mode) => mode === kept['time']) ?? PLAIN_LOOK.time,
    tokens: on(kept['tokens'], PLAIN_LOOK.tokens),
    structure: on(kept['structure'], PLAIN_LOOK.structure),
    list: on(kept['list'], true),
    shape: on(kept['shape'], true),
    wrap: on(kept['wrap'], false),
    pins: list(kept['pins']).filter(isText),
    shut: list(kept['shut']).filter(isText),
    recent: list(kept['recent']).flatMap(chipOf).slice(0, MAX_RECENT),
    saved: list(kept['saved']).flatMap(chipOf),
  };
}

/** The same list with a value in front, no more than once, and not too long. */
export function inFront<T>(values: readonly T[], value: T, same: (a: T, b: T) => boolean, max = MAX_RECENT): T[] {
  return [value, ...values.filter((other) => !same(other, value))].slice(0, max);
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is shut off
  }
}

export const memory = signal<Remembered>(remembered(read()));

/** How lines look: the same as long as nothing of it changes. */
export const look = computed((): Look => {
  const { size, density, time, tokens, structure } = memory.value;
  const now = { size, density, time, tokens, structure };
  if (JSON.stringify(now) !== JSON.stringify(lastLook)) lastLook = now;
  return lastLook;
});
let lastLook = PLAIN_LOOK;

export function remember(some: Partial<Remembered>): void {
  memory.value = { ...memory.value, ...some };
}

/** From now on keep what changes. Other tabs hear of it when they are opened. */
export function keepMemory(): void {
  effect(() => {
    const text = JSON.stringify(memory.value);
    try {
      localStorage.setItem(KEY, text);
    } catch {
      // Not remembered, then.
    }
  });
}
