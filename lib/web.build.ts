/** Builds the page into a folder, its scripts made as small as they go: `make` runs it. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';
import { minify, type MinifyOptions } from 'terser';

const FROM = 'lib/web';
const into = process.argv[2] ?? 'dist/web';

/** esbuild bundles and drops what nothing uses; terser, which tries harder, takes a further thirtieth off (measured, gzip). */
const SMALL: MinifyOptions = {
  module: true,
  ecma: 2020,
  compress: { passes: 3, lhs_constants: false }, // constants written first compress worse
};

const bundled = {
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'warning',
  outdir: into,
  write: false,
} satisfies BuildOptions;
/**
 * JSX as calls of `h`, in which children need no name: 200 bytes less than by preact/jsx-runtime. Only of the page: the workers have none.
 * `tsconfigRaw`: what tsconfig.json says of JSX, for tsc, would win.
 */
const jsx = {
  jsx: 'transform',
  jsxFactory: 'h',
  jsxFragment: 'Fragment',
  inject: [fileURLToPath(import.meta.resolve('preact'))],
  tsconfigRaw: {},
} satisfies BuildOptions;

const built = await Promise.all([
  build({ ...bundled, ...jsx, splitting: true, chunkNames: 'page', entryPoints: { own: `${FROM}/page.tsx`, rest: `${FROM}/rest.ts` } }),
  build({ ...bundled, entryPoints: { start: `${FROM}/start.ts`, feed: `${FROM}/feed.worker.ts`, match: `${FROM}/match.worker.ts` } }),
]);
const scripts = new Map<string, string>();
for (const { path, text } of built.flatMap(({ outputFiles }) => outputFiles)) scripts.set(basename(path), (await minify(text, SMALL)).code ?? '');
// rest.ts needs page.tsx, so that all of it is one file, of which the rest takes its parts: in each they would be there twice, with all that they know.
if (scripts.get('own.js')?.replace(/import"\.\/page\.js";?/, '') !== '') throw new Error('the page is not one file');
scripts.delete('own.js');

/**
 * All but the first have what is in them in their names: a page that has been open since before the server got another version finds no part
 * of that one. What is given here names each once.
 */
const hash = createHash('sha256').update([...scripts.values()].join('')).digest('hex').slice(0, 8);
const marked = (text: string, ...names: string[]): string =>
  names.reduce((all, name) => {
    if (all.split(`${name}.js`).length !== 2) throw new Error(`${name}.js is not named once`);
    return all.replace(`${name}.js`, `${name}-${hash}.js`);
  }, text);
const index = marked(readFileSync(join(FROM, 'index.html'), 'utf8'), 'page');
scripts.set('start.js', marked(scripts.get('start.js') ?? '', 'page', 'feed', 'match'));
for (const [name, ...others] of [['page', 'rest'], ['rest', 'page', 'match'], ['feed', 'feed', 'match'], ['match']] as const) {
  scripts.set(`${name}-${hash}.js`, marked(scripts.get(`${name}.js`) ?? '', ...others));
  scripts.delete(`${name}.js`);
}

mkdirSync(into, { recursive: true });
for (const [name, code] of scripts) writeFileSync(join(into, name), code);
for (const name of readdirSync(FROM)) if (name.endsWith('.svg')) copyFileSync(join(FROM, name), join(into, name));
writeFileSync(join(into, 'index.html'), index);
// Written as the oldest browsers of the manual page know it: Safari has user-select by a name of its own only.
await build({ entryPoints: [`${FROM}/page.css`], bundle: true, target: ['chrome123', 'firefox121', 'safari17.5'], logLevel: 'warning', outdir: into });
