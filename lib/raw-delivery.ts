/** The way of the lines from standard input to a plain TLS receiver, without acknowledgements. */
import { EXIT, note } from './cli.ts';
import type { DeliveryOptions } from './delivery.ts';
import { farewell } from './farewell.ts';
import { leaveOnStop, type Input } from './input.ts';
import { countLines, LineCutter } from './lines.ts';
import { notifyReady } from './notify.ts';
import { byteSize, showProgress } from './progress.ts';
import { RawUplink } from './raw-uplink.ts';

/** Send the whole input. Resolves with the exit status: 1 also where a connection broke, since nobody knows what it took with it. */
export async function deliverRaw(options: DeliveryOptions, input: Input): Promise<number> {
  const uplink = new RawUplink(options);
  const cutter = new LineCutter();
  const done = { lines: 0, bytes: 0 };
  const lost = { lines: 0, bytes: 0 };
  const progress = showProgress(options.verbose, () => ({ ...done, connections: uplink.connections, split: cutter.split }));
  leaveOnStop(input, options.patience, () => uplink.stop());
  note('sending without acknowledgements: what a broken connection loses is not noticed');
  const put = async (block: Buffer): Promise<void> => {
    const into = (await uplink.send(block)) ? done : lost;
    into.lines += countLines(block);
    into.bytes += block.length;
  };
  const notifier = notifyReady(() => `sending without acknowledgements; ${byteSize(done.bytes)} so far`);
  for await (const chunk of input) for (const block of cutter.push(chunk)) await put(block);
  notifier.end();
  for (const block of cutter.end()) await put(block);
  await uplink.end();
  progress.stop();
  if (uplink.breaks > 0) note(`connections that broke: ${uplink.breaks}; lines under way then may be lost or doubled`);
  return Math.max(farewell({ split: cutter.split, lost }), uplink.breaks > 0 ? EXIT.fail : EXIT.ok);
}
