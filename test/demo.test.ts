/** `make demo`: the README's first command, from its start to Ctrl-C. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BIN, sh, start, timed, until, withFolder } from './sh.ts';

for (const own of [false, true]) {
  test(`the demo, ${own ? 'on a log of my own' : 'on the log it writes'}: a page with lines, and nothing left after Ctrl-C`, timed(60_000, () => withFolder(async (dir) => {
    writeFileSync(join(dir, 'my.log'), 'one line\nand another\n');
    const env = { TMPDIR: dir, PATH: process.env['PATH'], ...(own ? { LOG: join(dir, 'my.log') } : {}) };
    const demo = start('sh', ['lib/demo.sh', BIN], { env });
    await until(() => /^ {2}http.*\n/m.test(demo.out) || demo.over, 20_000, () => demo.out + demo.err);
    const page = /^ {2}(http\S+)$/m.exec(demo.out)?.[1] ?? '';
    const lines = (): string => sh(`curl -s '${page}api/tail'`).out;
    await until(() => lines().includes(own ? '"id":"demo/my.log"' : '"id":"demo/machine.log"'), 20_000, () => demo.out + demo.err);
    if (own) assert.match(lines(), '"msg":"and another"');
    assert.match(sh(`curl -s '${page}'`).out, '<title>lm: logs');
    process.kill(demo.child.pid ?? 0, 'SIGINT');
    await demo.closed;
    assert.is(demo.code, 130, demo.err);
    assert.match(demo.out, /lm demo: ended\n$/);
    assert.is(sh(`pgrep -af '${dir}' | grep -v pgrep`).out, '');
    assert.equal(readdirSync(dir), ['my.log']);
  })));
}

test.run();
