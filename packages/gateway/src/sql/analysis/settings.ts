import type { Effect } from '../analysis.ts';
import { constantText, fieldsOf, list, type Node, text } from './tree.ts';

/** Settings whose value is a list of identifiers (GUC_LIST_QUOTE in guc_tables.c). */
const identifierLists = new Set([
  'search_path',
  'temp_tablespaces',
  'session_preload_libraries',
  'shared_preload_libraries',
  'local_preload_libraries',
  'unix_socket_directories',
]);

/** What SET and RESET do to the session's settings. */
export function settingEffects(fields: Node): readonly Effect[] {
  const name = text(fields['name']).toLowerCase();
  const local = fields['is_local'] === true;
  switch (fields['kind']) {
    case 'VAR_RESET_ALL':
      return [{ type: 'reset all' }];
    case 'VAR_SET_MULTI':
      return transactionSettings(fields['args'], name === 'transaction' ? 'transaction' : 'session');
    case 'VAR_SET_VALUE':
      return [{ type: 'set', name, value: settingValue(name, list(fields['args'])), local }];
    default:
      return [{ type: 'set', name, value: undefined, local }];
  }
}

/** As flatten_set_variable_args puts the arguments of SET together. */
function settingValue(name: string, args: readonly Node[]): string | undefined {
  const values: string[] = [];
  for (const arg of args) {
    // SET TIME ZONE INTERVAL '…' is a cast: what it comes to is not said here.
    const value = fieldsOf(arg, 'A_Const') === undefined ? undefined : constantText(arg);
    if (typeof value !== 'string') return undefined;
    values.push(identifierLists.has(name) ? quoted(value) : value);
  }
  return values.join(', ');
}

function quoted(identifier: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(identifier) ? identifier : `"${identifier.replaceAll('"', '""')}"`;
}

/** The modes of a transaction, of BEGIN, SET TRANSACTION, or as defaults of the session. */
export function transactionSettings(options: unknown, of: 'transaction' | 'session'): readonly Effect[] {
  return list(options).flatMap((option) => {
    const { defname, arg } = fieldsOf(option, 'DefElem') ?? {};
    const given = text(defname);
    // SET TRANSACTION SNAPSHOT has a constant here.
    if (given === '') return [];
    const value = constantText(arg);
    const isFlag = given !== 'transaction_isolation';
    return {
      type: 'set',
      name: of === 'session' && given.startsWith('transaction_') ? `default_${given}` : given,
      value: typeof value !== 'string' ? undefined : isFlag ? (value === '0' ? 'off' : 'on') : value,
      local: of === 'transaction',
    };
  });
}

const transactionEffects: { readonly [kind: string]: readonly Extract<Effect, { type: 'transaction' }>['does'][] } = {
  TRANS_STMT_BEGIN: ['begin'],
  TRANS_STMT_START: ['begin'],
  TRANS_STMT_COMMIT: ['commit'],
  TRANS_STMT_ROLLBACK: ['rollback'],
  TRANS_STMT_SAVEPOINT: ['savepoint'],
  TRANS_STMT_RELEASE: ['release'],
  TRANS_STMT_ROLLBACK_TO: ['rollback to'],
  TRANS_STMT_PREPARE: ['prepare'],
};

/** What BEGIN, COMMIT and the like do; AND CHAIN begins the next. */
export function transactionEffectsOf(fields: Node): readonly Effect[] {
  const does = transactionEffects[text(fields['kind'])] ?? [];
  const effects: Effect[] = does.map((one) => ({ type: 'transaction', does: one }));
  if (fields['chain'] === true) effects.push({ type: 'transaction', does: 'begin' });
  return [...effects, ...transactionSettings(fields['options'], 'transaction')];
}
