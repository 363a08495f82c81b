import { Refusal } from '../errors.ts';
import type { CopyMask, RowMask } from '../masking/mask.ts';
import type { Analysis } from '../sql/analysis.ts';
import type { Guard, Judged, SessionNames, ToJudge } from './guard.ts';
import { atExecution } from './portal-verdicts.ts';

/**
 * A guard that goes by words of the text: `forbidden` is denied, `ask` needs approval, `unreadable` is no SQL, `set` changes
 * what follows, `hide` has its rows and its errors masked. Keeps what it was told.
 */
export class ScriptedGuard implements Guard {
  masks = false;
  isStale = false;
  rowLimit: number | undefined;
  settings = 'as they were';
  time = 0;
  readonly judgedTexts: (string | undefined)[] = [];
  readonly told: string[] = [];
  /** The next judgement waits for the catalog. */
  catalogIsStale = false;
  forgetsNames = false;

  text(sql: Uint8Array): string {
    return new TextDecoder().decode(sql);
  }

  timeOf(): number {
    return this.time;
  }

  judge(statements: readonly ToJudge[], names: SessionNames): readonly Judged[] | undefined {
    if (this.catalogIsStale) {
      this.catalogIsStale = false;
      return undefined;
    }
    return statements.map(({ text }) => {
      this.judgedTexts.push(text);
      const executed = /^execute "?(\w+)"?/i.exec(text ?? '')?.[1];
      const meant = executed === undefined ? text : names.prepared(executed)?.text;
      return this.#judged(meant ?? 'forbidden: unknown');
    });
  }

  atExecution(before: Judged, now: Judged | undefined): Judged {
    return atExecution(before, now);
  }

  judgeCall(oid: number): Judged | undefined {
    if (this.catalogIsStale) {
      this.catalogIsStale = false;
      return undefined;
    }
    return this.#judged(oid === 1 ? 'forbidden' : 'allowed');
  }

  completed(judged: Judged): void {
    this.told.push(`completed ${judged.settings}`);
  }

  failed(judged: Judged | undefined): void {
    this.told.push(`failed ${judged?.settings}`);
  }

  changesWhatFollows(judged: Judged): boolean {
    return (judged as { readonly text?: string }).text?.startsWith('set') === true;
  }

  ready(): void {}
  reported(): void {}

  takeNamesForgotten(): boolean {
    const forgets = this.forgetsNames;
    this.forgetsNames = false;
    return forgets;
  }

  maskRows(judged: Judged | undefined, columns: Uint8Array | undefined): RowMask | undefined {
    this.told.push(`mask rows, columns ${columns === undefined ? 'unknown' : 'known'}`);
    if (judged !== undefined && !isHidden(judged)) return undefined;
    let values = 0;
    return {
      rows: (bytes) => {
        values += 1;
        return upperCased(bytes);
      },
      counts: () => [{ column: 0, name: 'a', rule: 'public.t.a', action: 'redact', values }],
    };
  }

  maskCopy(judged: Judged | undefined): CopyMask | undefined {
    if (judged !== undefined && !isHidden(judged)) return undefined;
    return { data: upperCased, end: () => nothing, counts: () => [] };
  }

  parses(): undefined {
    return undefined;
  }

  means(): undefined {
    return undefined;
  }

  report(judged: Judged | undefined, body: Uint8Array): Uint8Array {
    if (judged !== undefined && !isHidden(judged)) return body;
    return new TextEncoder().encode('SERROR\0VERROR\0C22P02\0Mwithheld\0\0');
  }

  #judged(text: string): Judged {
    const about = { text, settings: this.settings } as { readonly text: string; readonly settings: string };
    const analysis = /unreadable/.test(text) ? undefined : analysed;
    if (/forbidden|unreadable/.test(text)) {
      const error = new Refusal('42501', 'the rule says no');
      const matches = [{ rule: 'no', then: 'deny' as const }];
      return { ...about, analysis, verdict: { decision: 'deny', matches, error } } as Judged;
    }
    if (/\bask\b/.test(text)) {
      const asks = [{ rule: 'ask', group: 'finance', count: 1, timeoutMs: 1_000, reuseMs: 0 }];
      const matches = [{ rule: 'ask', then: 'approve' as const }];
      return { ...about, analysis, verdict: { decision: 'approve', matches, asks } } as Judged;
    }
    return { ...about, analysis, verdict: { decision: 'allow', matches: [] } } as Judged;
  }
}

const lineage = { outputs: [], probes: new Set(), stores: new Set(), touches: new Set() };
/** It may use names of the session, for all that is known. */
const analysed = { commands: [{ kind: 'do' }], lineage, effects: [], unresolved: [] } as unknown as Analysis;

function isHidden(judged: Judged): boolean {
  return /hide/.test((judged as unknown as { readonly text: string }).text);
}

/** Letters of a to z in values become capitals; headers have none. */
function upperCased(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (byte >= 0x61 && byte <= 0x7a && byte !== 0x64 ? byte - 0x20 : byte));
}

const nothing = new Uint8Array(0);
