import type { CatalogFunction } from '../catalog.ts';
import type { QualifiedName } from '../resolve.ts';
import {
  type Conduct,
  isCommonFunction,
  isHarmlessExtension,
  knownConduct,
  volatileConduct,
} from './known-functions.ts';
import { regclassName } from './regclass.ts';
import { fullName, listedNames, named } from './surroundings.ts';
import type { Touch } from './touch.ts';
import { constantText, list, type Node } from './tree.ts';

const largeObjectCatalog = 'pg_catalog.pg_largeobject';
const unreadable: Conduct = { isOpaque: true, isWrite: true };
const harmless: Conduct = {};

/** Takes down that a function is called: a candidate of the catalog, or a name that it does not have. */
export function recordCall(touch: Touch, called: CatalogFunction | QualifiedName, fields: Node | undefined): void {
  const { draft, around } = touch;
  const isKnown = 'oid' in called;
  // What is only planned calls functions to see what they give; one that says it is volatile is not called. What types call
  // (it has no call in the text) runs as soon as a literal is read.
  if (around.isPlanOnly && fields !== undefined && isKnown && called.volatility === 'volatile') return;
  const name = fullName(called).replace(/^\./, '');
  draft.functions.add(name);
  const conduct = isKnown ? conductOf(called) : conductOfName(called);
  if (isKnown ? called.volatility === 'volatile' : !isHarmlessName(called)) draft.volatileFunctions.add(name);
  if (isKnown && canBeRead(called)) draft.runs({ type: 'function', oid: called.oid });
  if (isKnown) comesWith(touch, called, fields);
  if (called.name === 'set_config') setting(touch, fields);
  apply(touch, conduct, { name, fields });
}

/** Expressions for arguments that are left out, what the types of its parameters call, and what an aggregate is made of. */
function comesWith(touch: Touch, called: CatalogFunction, fields: Node | undefined): void {
  const { oid, defaults, attached = [], madeOf = [] } = called;
  const { draft, around } = touch;
  if (defaults !== undefined && (fields === undefined || list(fields['args']).length < defaults.parameters)) {
    const facts = around.knowledge?.expression(defaults.expressions);
    if (facts !== undefined) draft.include(facts);
  }
  // A cast's function has the type as its parameter.
  if (attached.length + madeOf.length === 0 || draft.followed.has(oid)) return;
  draft.followed.add(oid);
  for (const one of [...attached, ...madeOf]) touch.code(one);
}

function canBeRead({ builtIn, language, body }: CatalogFunction): boolean {
  return !builtIn && body !== undefined && (language === 'sql' || language === 'plpgsql');
}

function conductOf(called: CatalogFunction): Conduct {
  const { builtIn, name, language, volatility, madeOf } = called;
  // An aggregate does what it is made of.
  if (madeOf !== undefined) return harmless;
  if (builtIn) return volatility === 'volatile' ? volatileConduct(name) : (knownConduct(name) ?? harmless);
  if (canBeRead(called)) return harmless;
  if (language !== 'c') return unreadable;
  // C is a superuser's, and its label his word.
  const known = knownConduct(name);
  if (known !== undefined) return known;
  return volatility === 'volatile' && !isHarmlessExtension(name) ? unreadable : harmless;
}

function isHarmlessName({ schema, name }: QualifiedName): boolean {
  return (schema === '' || schema === 'pg_catalog') && isCommonFunction(name) && knownConduct(name) === undefined;
}

function conductOfName({ schema, name }: QualifiedName): Conduct {
  const isPostgres = (schema === '' || schema === 'pg_catalog') && isCommonFunction(name);
  return isPostgres ? (knownConduct(name) ?? harmless) : { ...unreadable, ...knownConduct(name) };
}

interface Call {
  readonly name: string;
  readonly fields: Node | undefined;
}

function apply(touch: Touch, conduct: Conduct, { name, fields }: Call): void {
  const { draft } = touch;
  const { ofArguments } = conduct;
  if (ofArguments !== undefined && fields !== undefined && list(fields['args']).length !== ofArguments) return;
  if (conduct.recomputes === true) touch.recompute(touch.around.catalog?.relations ?? []);
  if (conduct.isWrite === true && conduct.query === undefined) draft.isWrite = true;
  if (conduct.isOutside === true) draft.isOutside = true;
  if (conduct.isOpaque === true && conduct.query === undefined) touch.runsAnything();
  if (conduct.largeObjects === true) (conduct.isWrite === true ? draft.writes : draft.reads).add(largeObjectCatalog);
  const { query, reads, writes } = conduct;
  if (query !== undefined) touch.readGiven(argument(touch, fields, query) ?? undefined, `function ${name}`);
  if (reads !== undefined) givenRelation(touch, argument(touch, fields, reads), 'read');
  if (writes !== undefined) givenRelation(touch, argument(touch, fields, writes), 'write');
}

/** What a constant argument says; undefined when it is none. */
function argument({ around }: Touch, fields: Node | undefined, index: number): string | null | undefined {
  return around.isCondensed ? undefined : constantText(list(fields?.['args'])[index]);
}

/** A relation that is given as text: of nextval('s'), any other way to name the sequence says no more than that one is written. */
function givenRelation(touch: Touch, given: string | null | undefined, does: 'read' | 'write'): void {
  const { around, draft } = touch;
  const name = typeof given === 'string' ? regclassName(given) : undefined;
  if (name === undefined) {
    if (does === 'read') draft.isUnreadable();
    return;
  }
  const { relations } = named(around, name);
  for (const found of relations) {
    if (does === 'read') touch.readRelation(found, true);
    else touch.writeRelation(found, { inherits: true });
  }
  if (relations.length > 0) return;
  for (const listed of listedNames(around, name)) (does === 'read' ? draft.reads : draft.writes).add(listed);
}

const yes = /^(t|true|y|yes|on|1)$/i;

/** What set_config(name, value, is_local) does to the session, where its arguments are constants. */
function setting(touch: Touch, fields: Node | undefined): void {
  const { findings, certainCalls } = touch;
  const [name, value, local] = [0, 1, 2].map((index) => argument(touch, fields, index));
  if (typeof name !== 'string') {
    findings.effects.push({ type: 'anything' });
    return;
  }
  const isCertain = fields !== undefined && certainCalls.has(fields) && typeof local === 'string';
  findings.effects.push({
    type: 'set',
    name: name.toLowerCase(),
    value: isCertain && typeof value === 'string' ? value : undefined,
    local: isCertain && yes.test(local),
  });
}
