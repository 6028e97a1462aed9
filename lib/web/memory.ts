/** What this browser remembers of a person: how the page looks, pinned streams, filters kept and used. Without storage it lasts as long as the page. */
import { effect, signal } from '@preact/signals-core';
import type { Chip } from './layout.ts';

export type Theme = 'auto' | 'light' | 'dark';
export type Density = 'compact' | 'normal' | 'roomy';

export type Remembered = {
  theme: Theme;
  density: Density;
  /** Size of the lines' text, px. */
  size: number;
  /** Width of the list of streams, px, and whether it is shown in a wide window. */
  list: boolean;
  shape: boolean;
  wrap: boolean;
  pins: string[];
  shut: string[];
  recent: Chip[];
  saved: Chip[];
};

export const SIZES = { least: 9, most: 22, usual: 12.5 };
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
    density: one(kept['density'], 'normal', 'compact', 'roomy'),
    size: size >= SIZES.least && size <= SIZES.most ? size : SIZES.usual,
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

export const memory = signal<Remembered>(remembered(typeof localStorage === 'undefined' ? null : read()));

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
