/** The page in the places where people open it, and what it says of them: passwords, proxies, a server started again, and what is missing. */
/// <reference lib="dom" />
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { visit, withBrowser } from './browser.ts';
import { says, status } from './dom.ts';
import { records, serving } from './serving.ts';
import { sh, timed, withFolder } from './sh.ts';

/** A password file in which anna is a user. */
function users(dir: string): string {
  const path = join(dir, 'users');
  assert.is(sh(`htpasswd -cbB -C 4 ${path} anna secret`).code, 0);
  return path;
}

test('opened by an address with a password in it, the page is there', timed(60_000, () => withFolder((dir) =>
  withBrowser((browser) =>
    serving(['-u', users(dir)], async (server) => {
      await server.feed(records('web1', 1, 10));
      const { page, complaints } = await visit(browser, `http://anna:secret@127.0.0.1:${server.port}/`);
      await says(page, /^10 lines$/);
      await server.feed(records('web1', 11, 10));
      await says(page, /^20 lines$/);
      await says(page, /Live/, status);
      assert.equal(complaints, []);
    }),
  ),
)));

test.run();
