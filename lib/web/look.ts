/** How lines look, as the person has set it: size and density of the text, colours, times. */
import type { TimeMode } from './timing.ts';

export type Density = 'compact' | 'normal' | 'roomy';

export type Look = {
  /** Size of the text, px. */
  size: number;
  density: Density;
  time: TimeMode;
  /** Times, addresses, numbers and the like are coloured. */
  tokens: boolean;
  /** JSON and logfmt are shown as message and fields; else as they came. */
  structure: boolean;
};

export const PLAIN_LOOK: Look = { size: 12.5, density: 'normal', time: 'local', tokens: true, structure: true };

const SPACING: Record<Density, number> = { compact: 1.28, normal: 1.6, roomy: 1.92 };

/** The height of a line of text, px: a whole number, so that rows lie on pixels. */
export function lineHeight({ size, density }: Look): number {
  return Math.max(Math.ceil(size * 1.15), Math.round(size * SPACING[density]));
}
