import type { Analysis, Command, Sources } from '../sql/analysis.ts';
import { functionsNamed } from '../sql/functions-named.ts';
import { traitsOfBuiltIn } from '../sql/lineage/built-ins.ts';
import { planCopyColumns } from './plan-copy.ts';
import type { ResolvedMasks } from './resolved-masks.ts';
import { functionOf, hasMasked, hearsOfMasked, mayBeMasked, mayRead, readsMasked } from './touches-masked.ts';

/** Why a statement does not run under a mask. */
export interface MaskRefusal {
  /** For the decision's entry. */
  readonly rule: string;
  readonly message: string;
  readonly hint?: string;
}

type Check = (masks: ResolvedMasks, analysis: Analysis) => MaskRefusal | undefined;

/**
 * What a statement may not do under a mask: anything by which a masked value would get to where no mask is. Undefined when
 * it may run; what it shows is masked, and what it says is withheld.
 */
export function maskRefusal(masks: ResolvedMasks, analysis: Analysis): MaskRefusal | undefined {
  for (const check of checks) {
    const refused = check(masks, analysis);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

const binaryCopy: Check = (masks, analysis) => {
  const { copy, lineage } = analysis;
  if (copy === undefined || copy.direction !== 'out' || copy.format !== 'binary') return undefined;
  const columns = lineage.outputs === 'unknown' ? 1 : lineage.outputs.length;
  if (
    !planCopyColumns(masks, { lineage, analysis, columns }).some(
      (column) => column.mask !== undefined || column.detects,
    )
  ) {
    return undefined;
  }
  return {
    rule: 'masking',
    message: 'COPY in binary format cannot be masked',
    hint: 'Use COPY in text or CSV format.',
  };
};

const copies: Check = (masks, { lineage, ...analysis }) => {
  if (!mayBeMasked(masks, lineage.stores, { lineage, ...analysis })) return undefined;
  return {
    rule: 'masking',
    message: `a masked column cannot be copied${named(masks, lineage.stores)}`,
    hint: 'Leave masked columns out of what the statement stores, sends or sets.',
  };
};

/** Defaults and generated columns call functions that no output or assignment of the statement names. */
const codeInWrites: Check = (masks, analysis) => {
  const { commands } = analysis;
  if (!commands[0].isWrite && !commands[0].isDdl) return undefined;
  for (const command of commands) {
    const name = functionOf(command.via);
    if (name === undefined || masks.active.trustedFunctions.has(name)) continue;
    if (!learnsMasked(masks, command, commands)) continue;
    return {
      rule: 'masking',
      message: `function ${name} reads masked columns, and the statement that calls it writes`,
      hint: 'An operator can list it in trusted_functions of the masking rule.',
    };
  }
  return undefined;
};

const outside: Check = (masks, analysis) => {
  if (analysis.commands.some(bringsIn)) {
    return {
      rule: 'masking',
      message: 'COPY from files, and with programs, of the server can bring back what is masked',
      hint: 'Use COPY with STDIN.',
    };
  }
  if (!analysis.commands.some(({ isOutside }) => isOutside) || !mayRead(masks, withoutOutside(analysis)))
    return undefined;
  return {
    rule: 'masking',
    message: 'a statement that reaches files, programs or other servers may not read masked columns',
  };
};

/** Files of the server are its tables, too, and a program can do anything. */
function bringsIn({ kind, isOutside, isOpaque, writes }: Command): boolean {
  return kind === 'copy' && isOutside && (isOpaque || writes.length > 0);
}

/** The same statement, asked for what it reads within the database. */
function withoutOutside(analysis: Analysis): Analysis {
  const [first, ...others] = analysis.commands;
  const inside = (command: Command): Command => ({ ...command, isOutside: false });
  return { ...analysis, commands: [inside(first), ...others.map(inside)] };
}

const probes: Check = (masks, analysis) => {
  if (masks.active.probe === 'allow' || !mayBeMasked(masks, analysis.lineage.probes, withLater(analysis)))
    return undefined;
  return {
    rule: 'masking probe',
    message: `a masked column cannot stand in conditions, joins, orderings or groupings${named(masks, analysis.lineage.probes)}`,
    hint: 'Filter and order by columns that are not masked.',
  };
};

/** With what a condition of row security calls once it is defined. */
function withLater(analysis: Analysis): Analysis {
  const { commands, later } = analysis;
  return later === undefined ? analysis : { ...analysis, commands: [...commands, ...later.use] };
}

/**
 * An expression over a masked column is a question about its value, whatever becomes of its result: it fails or not
 * (`1 / (ascii(email) - 97)`), and takes longer or not. What is shown as it stands in its column is none.
 */
const computed: Check = (masks, analysis) => {
  const { computes = 'unknown' } = analysis.lineage;
  if (masks.active.probe === 'allow' || !mayBeMasked(masks, computes, analysis)) return undefined;
  return {
    rule: 'masking probe',
    message: `a masked column cannot stand in expressions${named(masks, computes)}`,
    hint: 'Select masked columns as they are.',
  };
};

/** CLUSTER: where rows stand then tells of their values, and of any that somebody has put between them. */
const arrangements: Check = (masks, { commands }) => {
  if (masks.active.probe === 'allow') return undefined;
  for (const command of commands) {
    const relation = command.kind === 'maintenance' && command.writes.find((name) => masks.relations.has(name));
    if (relation === false || relation === undefined || !readsMasked(masks, command)) continue;
    return {
      rule: 'masking probe',
      message: `the rows of ${relation}, which has masked columns, cannot be put in another order`,
    };
  }
  return undefined;
};

/** A table of another server, and code in C, can lead back to what is masked here. */
const ways: Check = (_, { commands }) => {
  if (!commands.some(({ isDdl, isOutside }) => isDdl && isOutside)) return undefined;
  return {
    rule: 'masking',
    message: 'what reaches files, programs or other servers cannot be defined under a mask',
  };
};

/** Of what `partial` and `hash` show of a value, a change by itself makes more: `SET email = substr(email, 1, 4)`. */
const rewrites: Check = (masks, { lineage: { rewrites: changed = none }, commands }) => {
  const isWritten = commands.some(({ writes }) => writes.some((name) => masks.relations.has(name)));
  if (changed === 'unknown' && !isWritten) return undefined;
  const shown = changed === 'unknown' ? [...masks.columns.keys()] : Array.from(changed);
  const column = shown.find((key) => partly.has(masks.columns.get(key)?.action ?? ''));
  if (column === undefined) return undefined;
  return {
    rule: 'masking',
    message: `a column of which a part or a hash is shown cannot be computed from itself (${masks.columns.get(column)?.rule})`,
    hint: 'Set it to a value; lower, upper, trim, COALESCE and CASE may have it as it is.',
  };
};

const none: Sources = new Set();
const partly: ReadonlySet<string> = new Set(['partial', 'hash']);

/** Code of users is given a masked value, and some of it can leave that where it can be read later. */
const gives: Check = (masks, analysis) => {
  if (!mayBeMasked(masks, analysis.lineage.given ?? none, analysis)) return undefined;
  for (const command of analysis.commands) {
    const name = functionOf(command.via);
    if (name === undefined || masks.active.trustedFunctions.has(name) || !canKeep(masks, command)) continue;
    return suspectFunction(masks, name);
  }
  return undefined;
};

/**
 * Functions that leave what they are given where it can be read (set_config, pg_notify, locks), in code: whatever reads along
 * with them may give it to them.
 */
const keeps: Check = (masks, { commands }) => {
  if (!commands.some((command) => command.via !== undefined && callsKeeper(masks, command))) return undefined;
  for (const command of commands) {
    const name = functionOf(command.via);
    if (name === undefined || masks.active.trustedFunctions.has(name)) continue;
    if (learnsMasked(masks, command, commands)) return suspectFunction(masks, name);
  }
  return undefined;
};

/** Rules run statements that the client's text does not have; what they copy does not stand in its lineage. */
const rules: Check = (masks, { commands }) => {
  for (const command of commands) {
    if (command.via?.startsWith('rule ') !== true || !readsMasked(masks, command) || !canKeep(masks, command)) continue;
    return {
      rule: 'masking',
      message: `the ${command.via} reads masked columns, and keeps what it reads`,
    };
  }
  return undefined;
};

/** Writes, cannot be read, or calls what leaves its arguments where they can be read. */
function canKeep(masks: ResolvedMasks, command: Command): boolean {
  return command.isWrite || command.isOpaque || callsKeeper(masks, command);
}

function callsKeeper({ catalog }: ResolvedMasks, { functions }: Command): boolean {
  if (catalog === undefined) return true;
  return functions.some((name) =>
    functionsNamed(catalog, name).some((called) => {
      return called.builtIn && traitsOfBuiltIn(called.name, called.volatility).keeps;
    }),
  );
}

/**
 * What is defined can run where no statement names it: a CHECK of a domain while a text is parsed. What copies is not defined
 * under a mask; nor is, as an operator, a cast, a domain or a trigger, what calls code that cannot be read.
 */
const unseen: Check = (masks, { later, effects }) => {
  if (later === undefined) return undefined;
  const hasNoName = effects.some((effect) => effect.type === 'define' && effect.names === undefined);
  const copies = later.use.some((command) => writesWhatItReads(masks, command, later.use));
  const called = later.use.find(({ via, isOpaque }) => isOpaque && functionOf(via) !== undefined);
  const triggered = later.write.some((command) => command.isOpaque && command.via?.startsWith('trigger ') === true);
  if (!copies && !(hasNoName && called !== undefined) && !triggered) return undefined;
  return {
    rule: 'masking',
    message: 'what copies masked columns, or cannot be read, cannot be defined under a mask to run unseen',
  };
};

/** Renamed, moved or attached elsewhere, a column would no longer be the one that a rule names. */
const definitions: Check = (masks, { commands }) => {
  for (const { isDdl, kind, writes } of commands) {
    const relation = isDdl && kind === 'ddl' ? writes.find((name) => masks.relations.has(name)) : undefined;
    if (relation === undefined) continue;
    return {
      rule: 'masking',
      message: `the definition of ${relation}, which has masked columns, cannot be changed under a mask`,
    };
  }
  return undefined;
};

/**
 * Code that an agent sends or has defined can write what it reads to another table, where nothing is masked. What the
 * gateway can read of it is judged by what it does; what it cannot read does not run where it could write.
 */
const code: Check = (masks, analysis) => {
  const { commands } = analysis;
  if (commands[0].kind === 'do' && mayRead(masks, analysis)) {
    return {
      rule: 'masking',
      message: 'a DO block may not read masked columns, nor run SQL that cannot be read before it runs',
      hint: 'Send its statements one by one.',
    };
  }
  for (const { functions, via } of commands) {
    if (via?.startsWith('trigger ')) continue;
    const name = functions.find((called) => mayCopy(masks, analysis, called));
    if (name === undefined) continue;
    return suspectFunction(masks, name);
  }
  return undefined;
};

function suspectFunction({ catalog }: ResolvedMasks, name: string): MaskRefusal {
  if (catalog !== undefined && functionsNamed(catalog, name).length === 0) {
    return {
      rule: 'masking',
      message: `function ${name} is not known: whether it copies masked columns cannot be told`,
      hint: 'Look for its name and schema. One that was made in this transaction can be called once that is committed.',
    };
  }
  return {
    rule: 'masking',
    message: `function ${name} may copy masked columns: it reads them and writes, or what it does cannot be told`,
    hint: 'An operator can list it in trusted_functions of the masking rule.',
  };
}

/**
 * A function that is not Postgres's own and not in C: can it write what it reads of masked columns? Code that cannot be read
 * can, whatever it says of itself: set_config and pg_notify run in what is called stable or immutable as well.
 */
function mayCopy(masks: ResolvedMasks, { commands }: Analysis, name: string): boolean {
  const { active, catalog } = masks;
  if (catalog === undefined || active.trustedFunctions.has(name)) return false;
  const candidates = functionsNamed(catalog, name);
  if (candidates.length === 0) return true;
  return candidates.some(({ builtIn, language }) => {
    if (builtIn || language === 'c' || language === 'internal') return false;
    const body = commands.filter(({ via }) => functionOf(via) === name);
    // Generic triggers, which run dynamic SQL, are many; those that can be read are asked.
    const ofTrigger = commands.filter(({ via }) => via === `trigger ${name}`);
    // One can put what it reads into the row that is written.
    if (ofTrigger.some((command) => learnsMasked(masks, command, commands))) return true;
    if (body.length === 0 && ofTrigger.length > 0) return false;
    return body.length === 0 || body.some((command) => command.isOpaque || writesWhatItReads(masks, command, body));
  });
}

/** The code reads masked columns, or hears of them by what errors say of any of the `commands` that run with it. */
function learnsMasked(masks: ResolvedMasks, command: Command, commands: Analysis['commands']): boolean {
  return readsMasked(masks, command) || (command.hearsErrors === true && hearsOfMasked(masks, { commands }));
}

function writesWhatItReads(masks: ResolvedMasks, command: Command, body: readonly Command[]): boolean {
  return readsMasked(masks, command) && body.some(({ isWrite }) => isWrite);
}

const columnChecks: readonly Check[] = [
  code,
  codeInWrites,
  gives,
  keeps,
  rules,
  outside,
  copies,
  rewrites,
  probes,
  computed,
  arrangements,
  definitions,
  unseen,
  ways,
];

const checks: readonly Check[] = [
  binaryCopy,
  ...columnChecks.map(
    (check): Check =>
      (masks, analysis) => {
        return masks.active.columns.size === 0 ? undefined : check(masks, analysis);
      },
  ),
];

/** ` (public.customers.email)`, where it can be told. */
function named(masks: ResolvedMasks, sources: Sources): string {
  if (sources === 'unknown' || !hasMasked(masks, sources)) return '';
  const rules = Array.from(sources, (source) => masks.columns.get(source)?.rule).filter((rule) => rule !== undefined);
  return ` (${Array.from(new Set(rules)).slice(0, 5).join(', ')})`;
}
