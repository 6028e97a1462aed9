/** Builds the page into a folder, its scripts made as small as they go: `make` runs it. */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
  build({ ...bundled, ...jsx, entryPoints: { page: `${FROM}/page.tsx` } }),
  build({ ...bundled, entryPoints: { start: `${FROM}/start.ts`, feed: `${FROM}/feed.worker.ts`, match: `${FROM}/match.worker.ts` } }),
]);
mkdirSync(into, { recursive: true });
for (const { path, text } of built.flatMap(({ outputFiles }) => outputFiles)) writeFileSync(path, (await minify(text, SMALL)).code ?? '');
for (const name of readdirSync(FROM)) if (/\.(html|svg)$/.test(name)) copyFileSync(join(FROM, name), join(into, name));
await build({ entryPoints: [`${FROM}/page.css`], bundle: true, logLevel: 'warning', outdir: into });
