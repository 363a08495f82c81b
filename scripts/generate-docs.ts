// Writes the files that are made from the configuration's schema. `npm test` fails while they are not up to date.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from '../packages/gateway/src/config/generated-files.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

for (const [path, content] of generatedFiles()) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  console.log(path);
}
