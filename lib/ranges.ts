/** Ranges of addresses as people write them: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`. */
import { BlockList, isIP } from 'node:net';

/** A list of ranges, separated by commas. An address alone is a range of one; bits behind the prefix do not count. */
export class Ranges {
  readonly text: string;
  readonly #four = new BlockList(); // apart: Node takes 10.0.0.1 to be in ::/0
  readonly #six = new BlockList();

  /** Throws Error with the fact when the text is no such list. */
  constructor(text: string) {
    this.text = text;
    for (const range of text.split(',')) this.#add(range);
  }

  #add(range: string): void {
    const [, address = '', prefix] = /^([^/%]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(range) ?? [];
    const version = isIP(address);
    const bits = version === 4 ? 32 : 128;
    const length = Number(prefix ?? bits);
    if (version === 0 || length > bits) throw new Error(`range ${range} is not understood`);
    if (version === 4) this.#four.addSubnet(address, length, 'ipv4');
    else this.#six.addSubnet(address, length, 'ipv6');
  }

  /** Whether the address lies in one of them; an IPv4 address that came over IPv6 counts as IPv4. */
  has(address: string): boolean {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, ''); // without the zone of a link-local address
    const version = isIP(plain);
    return version === 4 ? this.#four.check(plain, 'ipv4') : version === 6 && this.#six.check(plain, 'ipv6');
  }
}
