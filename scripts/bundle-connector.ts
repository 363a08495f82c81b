// Makes the connector one file that needs nothing but Node, for machines next to a database. Part of `npm run build`.
// Usage: node scripts/bundle-connector.ts [FILE]
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const connector = join(import.meta.dirname, '..', 'packages', 'connector');
// A package in it that is CommonJS asks for modules of Node.
const require = "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);";

/** The texts of zod's issues in sixty languages, half a megabyte of which we use none. */
const noLocales: Plugin = {
  name: 'no locales',
  setup({ onResolve }) {
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace('index.js', 'en.js')),
    }));
  },
};

await build({
  entryPoints: [join(connector, 'src', 'cli', 'main.ts')],
  outfile: process.argv[2] ?? join(connector, 'dist', 'onrecord-connector.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  conditions: ['@onrecord/source'],
  plugins: [noLocales],
  banner: { js: `#!/usr/bin/env node\n${require}` },
  // Whoever runs it next to a database wants to read it: names and lines stay.
  minify: false,
  legalComments: 'inline',
  logLevel: 'warning',
});
