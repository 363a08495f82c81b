import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Analysis, CopyForm } from '../sql/analysis.ts';
import { active, analysis, command, customerName, customers, email, masksOn, none } from './masks.fixture.ts';
import { maskRefusal } from './refusal.ts';
import { resolveMasks } from './resolved-masks.ts';

const masks = masksOn({ email: 'partial' });
const masked = new Set([email] as const);
const others = new Set([customerName] as const);

function message(refused: Analysis, on = masks): string | undefined {
  return maskRefusal(on, refused)?.message;
}

describe('maskRefusal', () => {
  it('refuses copies of masked columns, and no others', () => {
    assert.match(
      message(analysis({ lineage: { stores: masked } })) ?? '',
      /cannot be copied \(public\.customers\.email\)/,
    );
    assert.equal(message(analysis({ lineage: { stores: others } })), undefined);
    assert.equal(message(analysis({ lineage: { stores: 'unknown' } })), undefined, 'it touches nothing');
  });

  it('refuses copies that cannot be traced where the statement can get at a masked column', () => {
    const storing = (functions: readonly string[], reads: readonly string[] = []): Analysis =>
      analysis({
        commands: [command({ kind: 'insert', isWrite: true, functions, reads })],
        lineage: { stores: 'unknown', touches: 'unknown' },
      });
    assert.equal(message(storing(['public.st_makepoint'])), undefined);
    assert.match(message(storing(['public.st_makepoint'], ['public.customers'])) ?? '', /cannot be copied/);
    assert.match(message(storing(['public.nowhere'])) ?? '', /is not known/);
    assert.equal(
      message(storing(['public.tax_of']), masksOn({ email: 'null' }, { trustedFunctions: ['public.tax_of'] })),
      undefined,
    );
  });

  it('refuses probes where a rule says so', () => {
    const denying = masksOn({ email: 'partial' }, { probe: 'deny' });
    const probing = analysis({ lineage: { probes: masked } });
    assert.equal(message(probing), undefined);
    assert.match(message(probing, denying) ?? '', /cannot stand in conditions/);
    assert.equal(message(analysis({ lineage: { probes: others } }), denying), undefined);
    const unknown = { probes: 'unknown', touches: 'unknown' } as const;
    const reading = command({ reads: ['public.customers'] });
    assert.match(message(analysis({ commands: [reading], lineage: unknown }), denying) ?? '', /cannot stand/);
    assert.equal(message(analysis({ lineage: unknown }), denying), undefined, 'it names nothing masked');
  });

  it('refuses expressions over masked columns where a rule denies probes', () => {
    const denying = masksOn({ email: 'partial' }, { probe: 'deny' });
    const computing = analysis({ lineage: { computes: masked } });
    assert.equal(message(computing), undefined);
    assert.match(message(computing, denying) ?? '', /cannot stand in expressions \(public\.customers\.email\)/);
    assert.equal(message(analysis({ lineage: { computes: others } }), denying), undefined);
    const shown = { outputs: [{ name: 'email', sources: masked, plain: true }], touches: masked, computes: none };
    assert.equal(message(analysis({ lineage: shown }), denying), undefined);
  });

  it('refuses to put the rows of a masked table in another order where a rule denies probes', () => {
    const cluster = command({ kind: 'maintenance', isWrite: true, writes: ['public.customers'] });
    const arranging = analysis({ commands: [{ ...cluster, readsColumns: ['public.customers.email'] }] });
    const denying = masksOn({ email: 'partial' }, { probe: 'deny' });
    assert.match(message(arranging, denying) ?? '', /rows of public\.customers.* another order/);
    assert.equal(message(arranging), undefined);
    assert.equal(message(analysis({ commands: [cluster] }), denying), undefined, 'it reads nothing');
  });

  it('refuses COPY from files of the server, and with its programs', () => {
    const copy = { kind: 'copy', isOutside: true, isWrite: true } as const;
    const copying = (parts: Parameters<typeof command>[0]): string | undefined =>
      message(analysis({ commands: [command({ ...copy, ...parts })] }));
    assert.match(copying({ writes: ['public.notes'] }) ?? '', /bring back what is masked/);
    assert.match(copying({ isOpaque: true }) ?? '', /bring back what is masked/);
    assert.equal(copying({ reads: ['public.notes'] }), undefined, 'to a file');
    assert.equal(copying({ writes: ['public.notes'], isOutside: false }), undefined, 'from the client');
  });

  it('refuses definitions by which a table could be read from outside', () => {
    const foreign = command({ kind: 'ddl', isDdl: true, isWrite: true, isOutside: true });
    assert.match(message(analysis({ commands: [foreign] })) ?? '', /cannot be defined under a mask/);
    assert.equal(message(analysis({ commands: [{ ...foreign, isOutside: false }] })), undefined);
    assert.equal(message(analysis({ commands: [{ ...foreign, isDdl: false }] })), undefined);
  });

  it('refuses binary COPY of what would be masked, or looked at by detectors', () => {
    const copy: CopyForm = {
      direction: 'out',
      withClient: true,
      format: 'binary',
      delimiter: '\t',
      nullText: '\\N',
      header: false,
      quote: '"',
      escape: '"',
    };
    const of = (sources: ReadonlySet<`${number}.${number}`> | 'unknown', form = copy): Analysis =>
      analysis({ copy: form, lineage: { outputs: [{ name: 'a', sources, plain: true }], touches: sources } });
    assert.match(message(of(masked)) ?? '', /binary/);
    assert.equal(message(of(others)), undefined);
    assert.equal(message(of(masked, { ...copy, format: 'csv' })), undefined);
    assert.equal(message(of(masked, { ...copy, direction: 'in' })), undefined);
    const detecting = resolveMasks(active({ detectors: new Map([['card', 'redact']]) }), customers);
    assert.match(message(of(others), detecting) ?? '', /binary/);
  });

  it('refuses to send masked columns to files, programs and other servers', () => {
    const outside = command({ kind: 'copy', isOutside: true });
    assert.match(message(analysis({ commands: [outside], lineage: { touches: masked } })) ?? '', /files, programs/);
    assert.equal(message(analysis({ commands: [outside], lineage: { touches: others } })), undefined);
    assert.equal(message(analysis({ commands: [outside], lineage: { touches: 'unknown' } })), undefined);
  });

  it('refuses to change the definition of a relation with masked columns', () => {
    const ddl = (name: string): Analysis =>
      analysis({ commands: [command({ kind: 'ddl', isDdl: true, isWrite: true, writes: [name] })] });
    assert.match(message(ddl('public.customers')) ?? '', /definition of public\.customers/);
    assert.equal(message(ddl('public.notes')), undefined);
  });

  it('refuses DO blocks that read masked columns or run SQL that cannot be read', () => {
    const block = (parts: Parameters<typeof command>[0], lineage: Partial<Analysis['lineage']> = {}): Analysis =>
      analysis({ commands: [command({ kind: 'do', ...parts })], lineage: { touches: 'unknown', ...lineage } });
    assert.match(message(block({ isOpaque: true })) ?? '', /DO block/);
    assert.match(message(block({ reads: ['public.customers'] })) ?? '', /DO block/);
    assert.equal(message(block({ reads: ['public.notes'] })), undefined);
    assert.equal(message(block({ isOpaque: true }, { touches: none })), undefined);
  });

  it('refuses functions that can write what they read of masked columns', () => {
    const body = (name: string, parts: Parameters<typeof command>[0]): Analysis =>
      analysis({
        commands: [
          command({ functions: [name], volatileFunctions: [name] }),
          command({ via: `function ${name}`, ...parts }),
        ],
        lineage: { touches: masked },
      });
    const copying = { reads: ['public.customers'], readsColumns: ['public.customers.email'], isWrite: true };
    assert.match(message(body('public.leak', copying)) ?? '', /function public\.leak/);
    assert.match(message(body('public.leak', { isOpaque: true })) ?? '', /trusted|cannot be told/);
    assert.match(message(body('public.nowhere', {})) ?? '', /public\.nowhere/);
    assert.equal(message(body('public.leak', { ...copying, isWrite: false })), undefined);
    assert.equal(message(body('public.leak', { reads: ['public.notes'], isWrite: true })), undefined);
    const trusting = masksOn({ email: 'partial' }, { trustedFunctions: ['public.leak'] });
    assert.equal(message(body('public.leak', copying), trusting), undefined);
  });

  it('refuses writes that call a function which reads masked columns, as a default does', () => {
    const reading = command({ via: 'function public.leak', reads: ['public.customers'] });
    const insert = command({ kind: 'insert', isWrite: true, writes: ['public.notes'], functions: ['public.leak'] });
    assert.match(
      message(analysis({ commands: [insert, reading] })) ?? '',
      /function public\.leak reads masked columns/,
    );
    assert.equal(message(analysis({ commands: [command(), reading] })), undefined, 'it only shows');
    const trusting = masksOn({ email: 'partial' }, { trustedFunctions: ['public.leak'] });
    assert.equal(message(analysis({ commands: [insert, reading] }), trusting), undefined);
  });

  it('refuses code that reads masked columns, or hears of them, and leaves something where it can be read', () => {
    const calls = command({ functions: ['public.leak'] });
    const reading = command({ via: 'function public.leak', reads: ['public.customers'] });
    const keeping = command({ via: 'function public.tax_of', functions: ['pg_catalog.set_config'] });
    assert.match(message(analysis({ commands: [calls, reading, keeping] })) ?? '', /public\.leak may copy/);
    const idle = command({ via: 'function public.leak' });
    assert.equal(message(analysis({ commands: [calls, idle, keeping] })), undefined, 'it reads nothing');
    const hearing = command({ via: 'function public.leak', hearsErrors: true });
    const changing = command({ via: 'function public.tax_of', writes: ['public.customers'] });
    assert.match(message(analysis({ commands: [calls, hearing, changing, keeping] })) ?? '', /public\.leak may copy/);
    assert.equal(message(analysis({ commands: [calls, hearing, keeping] })), undefined, 'of nothing that is masked');
    const writing = command({ functions: ['public.leak'], isWrite: true });
    assert.match(message(analysis({ commands: [writing, hearing, changing] })) ?? '', /reads masked columns/);
  });

  it('refuses code that cannot be read, whatever it says of itself', () => {
    const calls = command({ functions: ['public.leak'], volatileFunctions: [] });
    const opaque = command({ via: 'function public.leak', isOpaque: true });
    assert.match(message(analysis({ commands: [calls, opaque] })) ?? '', /public\.leak may copy/);
    const trusting = masksOn({ email: 'partial' }, { trustedFunctions: ['public.leak'] });
    assert.equal(message(analysis({ commands: [calls, opaque] }), trusting), undefined);
  });

  it('refuses conditions of row security that call what looks at masked columns where a rule denies probes', () => {
    const create = command({ kind: 'ddl', isDdl: true });
    const unknown = { probes: 'unknown', touches: 'unknown' } as const;
    const looking = { use: [command({ readsColumns: ['public.customers.email'] })], write: [] };
    const denying = masksOn({ email: 'partial' }, { probe: 'deny' });
    const defining = analysis({ commands: [create], lineage: { ...unknown }, later: looking });
    assert.match(message(defining, denying) ?? '', /conditions/);
    assert.equal(message(analysis({ commands: [create], lineage: { ...unknown } }), denying), undefined);
    assert.equal(message(defining), undefined);
  });

  it('refuses to define triggers that cannot be read', () => {
    const later = { use: [], write: [command({ via: 'trigger public.leak', isOpaque: true })] };
    assert.match(
      message(analysis({ commands: [command({ kind: 'ddl', isDdl: true })], later })) ?? '',
      /to run unseen/,
    );
  });

  it('leaves the code of triggers alone, which others have put there', () => {
    const inserting = analysis({
      commands: [
        command({ kind: 'insert', isWrite: true, writes: ['public.notes'] }),
        command({ via: 'trigger public.leak', volatileFunctions: ['public.leak'], isOpaque: true }),
      ],
    });
    assert.equal(message(inserting), undefined);
  });

  it('takes what has been defined anew since the catalog was read for anything', () => {
    const stale = analysis({ isStale: true, lineage: { stores: 'unknown', touches: none } });
    assert.match(message(stale) ?? '', /cannot be copied/);
    assert.match(message({ ...stale, commands: [command({ kind: 'do' })] }) ?? '', /DO block/);
  });

  it('refuses nothing for detectors alone but binary COPY', () => {
    const detecting = resolveMasks(active({ detectors: new Map([['card', 'redact']]), probe: 'deny' }), undefined);
    const all = analysis({
      commands: [command({ kind: 'do', isOpaque: true, isOutside: true })],
      lineage: { outputs: 'unknown', probes: 'unknown', stores: 'unknown', touches: 'unknown' },
    });
    assert.equal(message(all, detecting), undefined);
  });
});
