import { createHmac } from 'node:crypto';
import type { Analysis, Command, Lineage } from '../sql/analysis.ts';
import { catalogFixture } from '../sql/catalog.fixture.ts';
import type { Catalog } from '../sql/catalog.ts';
import { noCommand } from '../sql/nothing.ts';
import { type ActiveMasks, activeMasks } from './active-masks.ts';
import type { MaskAction } from './mask.ts';
import type { MaskingRule } from './masking-rule.ts';
import { type ResolvedMasks, resolveMasks } from './resolved-masks.ts';

/** A rule for everybody that says nothing, but for what is given. */
export function maskingRule(rule: Partial<MaskingRule> = {}): MaskingRule {
  return {
    connections: undefined,
    identities: undefined,
    groups: undefined,
    except: { identities: [], groups: [] },
    columns: new Map(),
    detectors: new Map(),
    patterns: [],
    probe: 'allow',
    trustedFunctions: [],
    ...rule,
  };
}

export const subject = { connection: 'billing', identity: 'billing-agent', groups: ['agents'] };

/** What one rule for everybody says. */
export function active(rule: Partial<MaskingRule>): ActiveMasks {
  const masks = activeMasks([maskingRule(rule)], subject);
  if (masks === undefined) throw new Error('the rule says nothing');
  return masks;
}

/** `public.customers` (OID 20000): id int4, email text, name text, credit numeric; and `public.notes` (20001): id int4, body text. */
export const customers: Catalog = catalogFixture({
  relations: [
    { name: 'customers', columns: ['id int4', 'email text', 'name text', 'credit numeric'] },
    { name: 'notes', columns: ['id int4', 'body text'] },
    { name: 'people', kind: 'view', columns: ['email text'], definition: 'SELECT email FROM public.customers' },
  ],
  functions: [
    { name: 'tax_of', language: 'plpgsql' },
    { name: 'st_makepoint', language: 'c', volatility: 'immutable' },
    { name: 'leak', language: 'plpgsql' },
    { name: 'first_of', kind: 'aggregate', language: 'internal', volatility: 'immutable' },
  ],
});

export const email = '20000.2';
export const customerName = '20000.3';

/** Masks on columns of `customers`; `catalog` undefined: nothing is known of the database. */
export function masksOn(
  columns: { readonly [column: string]: MaskAction },
  { catalog = customers, ...rule }: Partial<MaskingRule> & { readonly catalog?: Catalog } = {},
): ResolvedMasks {
  const named = Object.entries(columns).map(([name, action]) => [`public.customers.${name}`, action] as const);
  return resolveMasks(active({ columns: new Map(named), ...rule }), catalog);
}

export const none: ReadonlySet<never> = new Set();

/** A lineage that touches nothing, but for what is given. */
export function lineage(parts: Partial<Lineage> = {}): Lineage {
  return { outputs: [], probes: none, stores: none, touches: none, ...parts };
}

export function command(parts: Partial<Command> = {}): Command {
  return { ...noCommand, ...parts };
}

/** An analysis of one command and those that run within it. */
export function analysis(
  parts: Partial<Omit<Analysis, 'lineage'>> & { readonly lineage?: Partial<Lineage> } = {},
): Analysis {
  return { commands: [command()], effects: [], unresolved: [], ...parts, lineage: lineage(parts.lineage) };
}

export function hmac(bytes: Uint8Array): Uint8Array {
  return createHmac('sha256', 'key of the tests').update(bytes).digest();
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
