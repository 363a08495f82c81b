#!/usr/bin/env node
// Plain JavaScript, because whatever Node somebody has must be able to run it (20 and later).
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runPinned } from '@onrecord/connector/run-pinned';

runPinned('onrecord', dirname(dirname(fileURLToPath(import.meta.url))));
