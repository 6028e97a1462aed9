/** Rows of a chunk as plain text that expressions can be run over. */
import { plainText } from './sgr.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const WIDE = /[^\0-\xff]/;

/** All rows in one string, and where each begins and ends in it. */
export class RowText {
  readonly text: string;
  readonly places: Uint32Array;

  /** `bounds` are start and end of each row's text in `bytes`. */
  constructor(bytes: Uint8Array, bounds: Uint32Array) {
    const text = decoder.decode(bytes);
    // One decoding for all rows: in the text they begin where they do in the bytes, unless some characters take several bytes.
    const places = text.length === bytes.length ? bounds : placesInText(bytes, bounds, text.length);
    if (places && !text.includes('\x1b')) {
      this.text = text;
      this.places = places;
      return;
    }
    this.places = new Uint32Array(bounds.length);
    const lines: string[] = [];
    let at = 0;
    for (let i = 0; i < bounds.length; i += 2) {
      const line = plainText(places ? text.slice(places[i], places[i + 1]) : decoder.decode(bytes.subarray(bounds[i], bounds[i + 1])));
      this.places[i] = at;
      this.places[i + 1] = at += line.length;
      lines.push(line);
    }
    this.text = lines.join('');
  }

  get rows(): number {
    return this.places.length / 2;
  }

  line(row: number): string {
    return this.text.slice(this.places[row * 2], this.places[row * 2 + 1]);
  }

  /** Memory taken, bytes: engines keep a string of Latin-1 in one byte a character, any other in two. */
  get size(): number {
    return this.text.length * (WIDE.test(this.text) ? 2 : 1) + this.places.byteLength;
  }
}

/** The bounds, counted in characters of the decoded text instead of bytes; undefined where the bytes are not UTF-8 throughout. */
function placesInText(bytes: Uint8Array, bounds: Uint32Array, length: number): Uint32Array | undefined {
  const places = new Uint32Array(bounds.length);
  let units = 0;
  let at = 0;
  for (let i = 0; i < bounds.length; i++) {
    const stop = bounds[i] as number;
    for (; at < stop; at++) {
      const c = bytes[at] as number;
      if (c < 0x80 || c >= 0xc0) units += c >= 0xf0 ? 2 : 1;
    }
    places[i] = units;
  }
  for (; at < bytes.length; at++) units += (bytes[at] as number) >= 0xf0 ? 2 : ((bytes[at] as number) & 0xc0) === 0x80 ? 0 : 1;
  return units === length ? places : undefined;
}
