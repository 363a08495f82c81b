import { bypasses } from './every-bypass.ts';
import { tryBypasses } from './try-bypasses.ts';

tryBypasses(bypasses.found);
