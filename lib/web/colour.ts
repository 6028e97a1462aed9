/** Colours that can be read: those that lines ask for, moved until they stand out in either theme; and one for each stream. */

type Rgb = [number, number, number];

/** The page's background, light and dark, as frame.css has it. */
const LIGHT: Rgb = [255, 255, 255];
const DARK: Rgb = [16, 20, 24];

/** Contrast that WCAG 2 asks of text at level AA. */
const READABLE = 4.5;

const known = new Map<string, string>();
const MAX_KNOWN = 2000;

/** A CSS colour for text of colour `#rrggbb` on the page's own background: the nearest that can be read in each theme. */
export function readable(hex: string): string {
  let css = known.get(hex);
  if (css === undefined) {
    if (known.size >= MAX_KNOWN) known.clear();
    const rgb = parse(hex);
    css = `light-dark(${toward(rgb, LIGHT, [0, 0, 0])}, ${toward(rgb, DARK, [255, 255, 255])})`;
    known.set(hex, css);
  }
  return css;
}

/** Black or white, whichever can be read on `#rrggbb`. */
export function textOn(hex: string): string {
  const rgb = parse(hex);
  return contrast(rgb, [0, 0, 0]) >= contrast(rgb, [255, 255, 255]) ? '#000' : '#fff';
}

/** So many hues can be told apart at a glance. */
const HUES = 12;

/** The hue of a stream, in degrees: the same in every tab and on every machine. */
export function hueOf(id: string): number {
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b); // the finisher of MurmurHash3: neighbours like web1 and web2 get apart
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) % HUES) * (360 / HUES);
}

function toward(rgb: Rgb, background: Rgb, pole: Rgb): string {
  let colour = rgb;
  for (let step = 1; step <= 20 && contrast(colour, background) < READABLE; step++) {
    colour = rgb.map((c, i) => Math.round(c + ((pole[i] as number) - c) * (step / 20))) as Rgb;
  }
  return `rgb(${colour.join(' ')})`;
}

function parse(hex: string): Rgb {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as Rgb;
}

/** The contrast of two colours, 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((c) => {
    const s = c / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
