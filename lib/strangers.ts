/** Counts connections that have not said who they are, so that one address cannot take all places. */

/** An IPv4 address that came over an IPv6 socket, as IPv4. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d)/, '');
}

export class Strangers {
  readonly #most: number;
  readonly #ports = new Map<string, Set<number>>();

  /** `most` connections of one address at a time. */
  constructor(most: number) {
    this.#most = most;
  }

  /** A connection has come. Returns false when it is one too many; then it is not counted. */
  enter(address: string, port: number): boolean {
    const ports = this.#ports.get(address) ?? new Set();
    if (ports.size >= this.#most) return false;
    ports.add(port);
    this.#ports.set(address, ports);
    return true;
  }

  /** It is known now, or gone; once or more often. */
  leave(address: string, port: number): void {
    const ports = this.#ports.get(address);
    if (ports?.delete(port) && ports.size === 0) this.#ports.delete(address);
  }
}
