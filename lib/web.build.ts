/** Builds the page into a folder, its scripts made as small as they go: `make` runs it. */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { minify, type MinifyOptions } from 'terser';

const FROM = 'lib/web';
const into = process.argv[2] ?? 'dist/web';

/** esbuild bundles and drops what nothing uses; terser, which tries harder, takes a further thirtieth off (measured, gzip). */
const SMALL: MinifyOptions = {
  module: true,
  ecma: 2020,
  compress: { passes: 3, lhs_constants: false }, // constants written first compress worse
};

const { outputFiles } = await build({
  entryPoints: { page: `${FROM}/page.tsx`, feed: `${FROM}/feed.worker.ts`, match: `${FROM}/match.worker.ts` },
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'warning',
  outdir: into,
  write: false,
});
mkdirSync(into, { recursive: true });
for (const { path, text } of outputFiles) writeFileSync(path, (await minify(text, SMALL)).code ?? '');
for (const name of readdirSync(FROM)) if (/\.(html|svg)$/.test(name)) copyFileSync(join(FROM, name), join(into, name));
await build({ entryPoints: [`${FROM}/page.css`], bundle: true, logLevel: 'warning', outdir: into });
