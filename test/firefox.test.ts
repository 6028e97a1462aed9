/** The page in Firefox, where it is installed: its main way, and what its style sheet and its console say there. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mainWay, says, unknownRules } from './engine.ts';
import { MISSING, withFirefox, type Firefox } from './firefox.ts';
import { records, serving } from './serving.ts';
import { timed } from './sh.ts';

const inFirefox = (body: (web: Firefox) => Promise<void>): (() => Promise<void>) => timed(90_000, () => withFirefox(body));
const here = MISSING === undefined ? test : test.skip;
if (MISSING !== undefined) console.log(`SKIPPED firefox.test.ts: ${MISSING}`);

here('the main way', inFirefox(mainWay));

here('the console has nothing to complain of, and the style sheet is understood', inFirefox((web) =>
  serving([], async (server) => {
    await server.feed(records('web1', 1, 500));
    await web.open(`${server.url}/#filter=7&find=77`);
    await says(web, /^95 of 500 lines match/, '.tally', 30_000);
    await says(web, /^5$/, '.hits');
    await web.press('End', ':');
    await says(web, /Pause/, 'dialog[open] ul');
    assert.is.not(await web.run('return getComputedStyle(document.querySelector("dialog ul")).scrollbarColor'), 'auto', 'white on dark');
    assert.equal(await unknownRules(web, (await server.ask('/page.css')).text), []);
    assert.equal(web.said, []);
  }),
));

test.run();
