import type { Analysis, Command } from './analysis.ts';

/** A command that reads nothing and does nothing. */
export const noCommand: Command = {
  kind: 'select',
  reads: [],
  writes: [],
  readsColumns: [],
  writesColumns: [],
  functions: [],
  volatileFunctions: [],
  hasWhere: true,
  isWrite: false,
  isDdl: false,
  isTransactionControl: false,
  isOpaque: false,
  isOutside: false,
};

/** A statement that does nothing and shows nothing. */
export const nothing: Analysis = {
  commands: [noCommand],
  lineage: { outputs: [], probes: new Set(), stores: new Set(), touches: new Set() },
  effects: [],
  unresolved: [],
};
