/** The way of the lines from standard input to a receiver: into the store, and out of it until every one is acknowledged. */
import { note } from './cli.ts';
import { farewell } from './farewell.ts';
import { leaveOnStop, type Input } from './input.ts';
import { LineCutter } from './lines.ts';
import { reportLosses } from './loss-report.ts';
import { notifyReady } from './notify.ts';
import { byteSize, showProgress } from './progress.ts';
import type { Store } from './store.ts';
import { Uplink, type UplinkOptions } from './uplink.ts';

export type DeliveryOptions = UplinkOptions & {
  /** How long to go on sending after a signal to stop, ms. */
  patience: number;
};

/** Deliver the whole input. Resolves with the exit status (see farewell.ts); rejects when it cannot be read. */
export async function deliver(store: Store, options: DeliveryOptions, input: Input): Promise<number> {
  const { stream, window, dropped, damaged } = store;
  const uplink = new Uplink(store.first(), options, () => store.next());
  const cutter = new LineCutter();
  const progress = showProgress(options.verbose, () => ({
    lines: window.taken.lines, bytes: window.taken.bytes, ...store.counters(), connections: uplink.connections, split: cutter.split,
    refused: uplink.refused.lines, dropped: dropped.lines, 'damaged bytes': damaged.bytes,
  }));
  const endReport = reportLosses(dropped, note);
  leaveOnStop(input, options.patience, () => uplink.stop());
  store.onChange = () => uplink.kick();
  const sent = uplink.run();
  const notifier = notifyReady(() => `${uplink.state}; behind by ${byteSize(store.undelivered)}`);
  uplink.onState = () => notifier.tell();
  try {
    for await (const chunk of input) {
      for (const block of cutter.push(chunk)) window.append(block);
      await store.settle();
      uplink.kick();
      if (window.full) await uplink.room(window);
    }
    for (const block of cutter.end()) window.append(block);
  } finally {
    notifier.end();
    await store.secure();
    stream.ended = true;
    uplink.kick();
    await sent;
    progress.stop();
    endReport();
  }
  const { refused } = uplink;
  return farewell({ split: cutter.split, refused: refused.lines, reason: refused.reason, dropped, damaged, ...(await store.close()) });
}
