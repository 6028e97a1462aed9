/** What it costs the receiver to look at the stream id of every record: CPU with the pattern `web1/*` beside `*`, in turns, in one run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sh, startLine, stopAll } from '../sh.ts';
import { cpuOf, machine, median, nginxLog, row } from './measure.ts';

const LINES = Number(process.env['LINES'] ?? 1_000_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const dir = mkdtempSync(join(tmpdir(), 'lm-bench-'));

/** CPU seconds that the receiver takes for all records. */
async function receive(patterns: string): Promise<number> {
  sh(`cd ${dir} && echo "web1 $(cat s.pin) ${patterns}" > authorized`);
  const recv = startLine(`exec lm-tls-recv -k ${dir}/r.pem -a ${dir}/authorized 127.0.0.1:0 > ${dir}/out`);
  const at = (await recv.says(/listening on (\S+)/))[1];
  const before = cpuOf(recv.child.pid ?? 0);
  const sent = sh(`lm-tls-send -k ${dir}/s.pem --pin $(cat ${dir}/r.pin) ${at} < ${dir}/records`);
  const used = cpuOf(recv.child.pid ?? 0) - before;
  await stopAll(recv);
  if (sent.code !== 0 || sh(`cmp ${dir}/records ${dir}/out && rm ${dir}/out`).code !== 0) throw new Error(`what arrived differs: ${sent.err}`);
  return used;
}

try {
  const log = nginxLog(LINES);
  sh(`cd ${dir} && lm-cert r localhost > r.pin && lm-cert s x > s.pin && lm-frame -i web1/nginx < ${log} > one`);
  // The other extreme: four streams, line by line in turn.
  sh(`cd ${dir} && split -n r/4 one part && for i in a b c d; do lm-frame -d < parta$i | lm-frame -i web1/$i > s$i; done && paste -d '\\n' sa sb sc sd | grep . > four`);
  process.stdout.write(`CPU seconds of the receiver for ${LINES} records, median of ${ROUNDS} rounds (${machine()})\n`);
  row('', '*', 'web1/*', 'more %');
  for (const file of ['one', 'four']) {
    sh(`cp ${dir}/${file} ${dir}/records`);
    const [all, some]: [number[], number[]] = [[], []];
    for (let i = 0; i < ROUNDS; i++) {
      all.push(await receive('*'));
      some.push(await receive('web1/*'));
    }
    row(`records of ${file} stream${file === 'one' ? '' : 's, mixed'}`, median(all), median(some), (median(some) / median(all) - 1) * 100);
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
