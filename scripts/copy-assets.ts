// Puts what the compiler does not make beside what it does: the page of the HTML export. Part of `npm run build`.
import { cpSync } from 'node:fs';
import { join } from 'node:path';

const gateway = join(import.meta.dirname, '..', 'packages', 'gateway');
const page = join('cli', 'present', 'page');
cpSync(join(gateway, 'src', page), join(gateway, 'dist', page), {
  recursive: true,
  filter: (source) => !/\.(?:ts|json)$/.test(source),
});
