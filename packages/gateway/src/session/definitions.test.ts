import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Analysis, Effect as AnyEffect, Sources } from '../sql/analysis.ts';
import { SharedDefinitions } from './shared-definitions.ts';

type Effect = Extract<AnyEffect, { type: 'define' }>;

const nothing = new Set<never>();

function statement(more: Partial<Analysis['commands'][0]>, effects: Analysis['effects'] = []): Analysis {
  const command = { kind: 'select', reads: [], writes: [], functions: [], isWrite: false, ...more };
  const lineage = { outputs: [], probes: nothing, stores: nothing, touches: nothing };
  return { commands: [command], lineage, effects, unresolved: [] } as unknown as Analysis;
}

const defines = (names: readonly string[] | undefined): Analysis => statement({}, [{ type: 'define', names }]);

describe('what sessions define', () => {
  it('makes what is named alike doubtful in every schema, until the catalog has it', () => {
    const all = new SharedDefinitions();
    const [one, other] = [all.join(), all.join()];
    one.begin(defines(['mine.wishes', 'public.lower']));
    for (const own of [one, other]) {
      assert.equal(all.cautious(statement({ reads: ['public.wishes'] }), own).isStale, true);
      assert.equal(all.cautious(statement({ functions: ['pg_catalog.lower'] }), own).isStale, true);
      assert.equal(all.cautious(statement({ reads: ['public.orders'] }), own).isStale, undefined);
    }
    one.caughtUp();
    assert.equal(all.cautious(statement({ reads: ['public.wishes'] }), one).isStale, undefined);
  });

  it('makes doubtful what began before the catalog had it, however often it was changed since', () => {
    const all = new SharedDefinitions();
    const [one, other] = [all.join(), all.join()];
    const since = all.mark;
    for (const name of ['public.shown', 'public.orders']) {
      one.begin(defines([name]));
      one.caughtUp();
    }
    const isDoubtful = (name: string, mark: number): boolean =>
      all.cautiousOfOthers(statement({ functions: [name] }), other, mark).isStale === true;
    assert.deepEqual([isDoubtful('public.shown', since), isDoubtful('public.shown', all.mark)], [true, false]);
    assert.equal(isDoubtful('public.total', since), false);
    for (let count = 0; count < 200; count += 1) {
      one.begin(defines(['public.other']));
      one.caughtUp();
    }
    // Nobody remembers all that was defined since.
    assert.equal(isDoubtful('public.total', since), true);
  });

  it('finds names with dots in them', () => {
    const all = new SharedDefinitions();
    const own = all.join();
    own.begin(defines(['a.b.wishes']));
    assert.equal(all.cautious(statement({ reads: ['public.b.wishes'] }), own).isStale, true);
    assert.equal(own.has('b.wishes') && own.has('wishes'), true);
  });

  it('has schemas of its own, and those of others that are not in an open transaction', () => {
    const all = new SharedDefinitions();
    const [own, other] = [all.join(), all.join()];
    own.begin(defines(['mine']));
    other.begin(defines(['theirs']), { inBlock: true });
    assert.deepEqual(all.schemasFor(own), ['mine']);
    other.begin(statement({}, [{ type: 'transaction', does: 'commit' }]));
    assert.deepEqual(all.schemasFor(own), ['mine', 'theirs']);
  });

  describe('leaves to a plain definition what it tells', () => {
    const plain: Effect = { type: 'define', names: ['public.wishes'], plain: new Set(['1.1']) };
    const index = (effect: Effect = plain): Analysis => {
      const analysis = statement({ kind: 'ddl', isDdl: true, isWrite: true, writes: ['public.wishes'] }, [effect]);
      return { ...analysis, lineage: { ...analysis.lineage, touches: new Set(['1.1']), computes: nothing } };
    };
    const probesBehind = (...before: readonly Analysis[]): Sources => {
      const own = new SharedDefinitions().join();
      for (const each of before) own.begin(each);
      const seen = own.cautious(index());
      assert.equal(seen.isStale, true);
      assert.deepEqual(seen.lineage.computes ?? 'unknown', seen.lineage.probes);
      return seen.lineage.probes;
    };

    it('of columns that it names, and that definitions in front of it have named', () => {
      const other: Effect = { ...plain, plain: new Set(['2.1', '2.2']) };
      assert.deepEqual(probesBehind(defines(['public.wishes'])), new Set(['1.1']));
      assert.deepEqual(probesBehind(index(), index(other)), new Set(['1.1', '2.1', '2.2']));
      const view = {
        ...defines(['public.wishes']),
        lineage: { ...index().lineage, touches: new Set(['3.1'] as const) },
      };
      assert.deepEqual(probesBehind(view), new Set(['1.1', '3.1']));
    });

    it('where what it asks about is in no catalog yet', () => {
      const own = new SharedDefinitions().join();
      own.begin(defines(['public.wishes']));
      const unique = { ...index(), lineage: { ...index().lineage, probes: 'unknown', computes: 'unknown' } } as const;
      const { probes, computes } = own.cautious(unique).lineage;
      assert.deepEqual([probes, computes], [new Set(['1.1']), new Set(['1.1'])]);
    });

    it('but not behind what can bring in code that no text calls', () => {
      assert.equal(probesBehind(defines(undefined)), 'unknown');
      assert.equal(probesBehind(defines(['public.int4']), defines(['public.wishes'])), 'unknown');
      assert.equal(probesBehind(statement({}, [{ type: 'anything' }])), 'unknown');
      const [command] = index().commands;
      const code = { ...defines(['public.wishes']), commands: [command, command] } as unknown as Analysis;
      assert.equal(probesBehind(code), 'unknown');
      assert.deepEqual(probesBehind(index({ ...plain, names: undefined })), new Set(['1.1']), 'DROP … CASCADE');
    });

    it('and nothing to others', () => {
      const own = new SharedDefinitions().join();
      own.begin(defines(['public.wishes']));
      const { plain: _, ...other } = plain;
      for (const effects of [[other], [plain, plain]])
        assert.equal(own.cautious({ ...index(), effects }).lineage.probes, 'unknown');
      const [command] = index().commands;
      const inCode = { ...index(), commands: [{ ...command, via: 'function public.f' }] } as Analysis;
      assert.equal(own.cautious(inCode).lineage.probes, 'unknown');
    });
  });

  it('takes a definition for one of what stands behind its names', () => {
    const own = new SharedDefinitions().join();
    const effect: Effect = { type: 'define', names: ['mine.wishes'], behind: ['public.wishes'] };
    const changes = statement({ kind: 'ddl', isDdl: true, isWrite: true, writes: ['mine.wishes'] }, [effect]);
    assert.deepEqual(own.cautious(changes).commands[0].writes, ['mine.wishes']);
    own.begin(defines(['mine.wishes']));
    assert.deepEqual(own.cautious(changes).commands[0].writes, ['mine.wishes', 'public.wishes']);
  });

  it('makes everything doubtful where it cannot be told', () => {
    const all = new SharedDefinitions();
    const own = all.join();
    own.begin(defines(undefined));
    assert.equal(all.cautious(statement({ reads: ['public.orders'] }), all.join()).isStale, true);
  });

  it('leaves others alone while a transaction block is open, and no longer', () => {
    const all = new SharedDefinitions();
    const [one, other] = [all.join(), all.join()];
    const isDoubtful = (own: typeof one): boolean =>
      all.cautious(statement({ reads: ['public.wishes'] }), own).isStale === true;
    const inBlock = { inBlock: true };
    one.begin(defines(undefined), inBlock);
    assert.deepEqual([isDoubtful(one), isDoubtful(other)], [true, false]);
    one.begin(statement({}, [{ type: 'transaction', does: 'commit' }]), inBlock);
    assert.deepEqual([isDoubtful(one), isDoubtful(other)], [true, true]);
    one.ready('I');
    one.caughtUp();
    // In a pipeline the server does not say that a block has ended.
    one.begin(statement({}, [{ type: 'transaction', does: 'rollback' }]), inBlock);
    one.begin(defines(undefined), inBlock);
    assert.equal(isDoubtful(other), true);
  });

  it('makes what cannot be traced doubtful while there are functions that nobody knows', () => {
    const all = new SharedDefinitions();
    const own = all.join();
    own.begin(statement({}, [{ type: 'define', names: ['public.f'], functions: true }]));
    const other = statement({ reads: ['public.orders'] });
    assert.equal(all.cautious(other, own).isStale, undefined);
    const untraced: Analysis = { ...other, lineage: { ...other.lineage, touches: 'unknown' } };
    assert.equal(all.cautious(untraced, own).isStale, true);
  });

  it('makes what is replaced behind a write or a cursor run, since it can do so at the end of the transaction', () => {
    const later = { use: [statement({ kind: 'delete' }).commands[0]], write: [] };
    const replaces: Analysis = { ...statement({}, [{ type: 'define', names: ['public.f'], functions: true }]), later };
    const renames: Analysis = { ...defines(['public.w']), later };
    const known = (name: string): boolean => name === 'f';
    for (const before of [statement({ isWrite: true }), statement({ kind: 'declare' })]) {
      const own = new SharedDefinitions().join();
      const kinds = (analysis: Analysis): readonly string[] =>
        own.withTriggersThatWait(analysis, known).commands.map(({ kind }) => kind);
      assert.deepEqual(kinds(replaces), ['select']);
      own.begin(before);
      assert.deepEqual(kinds(replaces), ['select', 'delete']);
      assert.deepEqual(kinds(renames), ['select', 'delete']);
      own.ready('I');
      assert.deepEqual(kinds(replaces), ['select']);
    }
  });

  it('knows what was surely dropped, until it may be there again', () => {
    const own = new SharedDefinitions().join();
    const drop = statement({}, [{ type: 'define', names: ['public.wishes'], drops: 'surely' }]);
    own.begin(drop);
    assert.equal(own.isDropped('public.wishes'), false, 'before it has run');
    own.completed(drop);
    assert.equal(own.isDropped('public.wishes'), true);
    const fork = own.fork();
    fork.begin(defines(['public.wishes']));
    assert.deepEqual(
      [fork, own].map((each) => each.isDropped('public.wishes')),
      [false, true],
    );
    own.undone();
    assert.equal(own.isDropped('public.wishes'), false);
    const code = { ...drop, commands: [...drop.commands, ...drop.commands] } as unknown as Analysis;
    own.completed(code);
    assert.equal(own.isDropped('public.wishes'), false, 'what code may not have come to');
  });
});
