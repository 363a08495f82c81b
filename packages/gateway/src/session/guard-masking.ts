import { decodeColumns } from '@onrecord/record';
import type { Refusal } from '../errors.ts';
import type { ActiveMasks } from '../masking/active-masks.ts';
import { type Followed, FollowingCopy, FollowingRows } from '../masking/following.ts';
import { HiddenRows } from '../masking/hidden.ts';
import type { CopyMask, ResultColumn, RowMask } from '../masking/mask.ts';
import { masksWith } from '../masking/masks-with.ts';
import { planCopy } from '../masking/plan-copy.ts';
import { planResult } from '../masking/plan-result.ts';
import { type MaskRefusal, maskRefusal } from '../masking/refusal.ts';
import { type ResolvedMasks, resolveMasks } from '../masking/resolved-masks.ts';
import { detectInError, withheldError, withholds } from '../masking/withhold.ts';
import type { Analysis } from '../sql/analysis.ts';
import type { Catalog } from '../sql/catalog.ts';
import type { Judged } from './guard.ts';
import { refusalOf } from './guard-verdicts.ts';
import type { MadeTables } from './made-tables.ts';

export interface GuardMaskingOptions {
  readonly masks: ActiveMasks;
  /** The database's catalog as it is known now. */
  readonly catalog: () => Catalog | undefined;
  /** What a statement means now that it answers. */
  readonly readNow: (analysis: Analysis) => Analysis | undefined;
  /** HMAC-SHA-256 with the key of `hash` masks. */
  readonly hmac: (bytes: Uint8Array) => Uint8Array;
}

const decoder = new TextDecoder();

/** The masks of one session: what they refuse, and what becomes of what comes back. */
export class GuardMasking {
  readonly #options: GuardMaskingOptions;

  constructor(options: GuardMaskingOptions) {
    this.#options = options;
  }

  /** Columns are masked, not only what detectors find. */
  get hasColumns(): boolean {
    return this.#options.masks.columns.size > 0;
  }

  /** Why a statement may not run, if so. */
  refusal(analysis: Analysis, made: MadeTables): MaskRefusal | undefined {
    return maskRefusal(this.#over(made), analysis);
  }

  /** Why a text with a name for later (PREPARE) may not be read, if so: for what code in its literals could do. */
  whyNotRead(analysis: Analysis, made: MadeTables): Refusal | undefined {
    const refused = analysis.commands.length === 1 ? undefined : this.refusal(analysis, made);
    return refused === undefined ? undefined : refusalOf(refused);
  }

  /** `columns`: body of RowDescription; undefined when it is not known. */
  rows(judged: Judged | undefined, columns: Uint8Array | undefined): RowMask | undefined {
    const described = resultColumns(columns);
    if (described === undefined) return new HiddenRows();
    const { hmac } = this.#options;
    const followed = this.#followed(judged, (analysis) =>
      planResult(this.#over(judged?.tables), { lineage: analysis?.lineage, analysis, columns: described, hmac }),
    );
    return computesAnew(judged) ? new FollowingRows(followed) : followed.plan(followed.means(), false);
  }

  /** `columns`: of CopyOutResponse. */
  copy(judged: Judged | undefined, columns: number, clientEncoding: string): CopyMask | undefined {
    const { hmac } = this.#options;
    const form = judged?.analysis?.copy;
    const followed = this.#followed(judged, (analysis, begun) =>
      planCopy(this.#over(judged?.tables), {
        lineage: analysis?.lineage,
        analysis,
        form: form && { ...form, header: form.header && !begun },
        columns,
        hmac,
        clientEncoding,
      }),
    );
    return computesAnew(judged) ? new FollowingCopy(followed) : followed.plan(followed.means(), false);
  }

  /** Body of an ErrorResponse or NoticeResponse as the client may see it. */
  report(judged: Judged | undefined, body: Uint8Array): Uint8Array {
    const masks = this.#over(judged?.tables);
    if (withholds(masks, this.#meaningOf(judged), body)) return withheldError(body);
    const { detectors } = masks.active;
    return detectors.length === 0 ? body : detectInError(body, { detectors, hmac: this.#options.hmac });
  }

  /** The masks on columns, those of tables that the session has made among them. */
  #over(made: MadeTables | undefined): ResolvedMasks {
    const { masks, catalog } = this.#options;
    const current = catalog();
    const resolved = resolveMasks(masks, current);
    return made === undefined || made.isEmpty ? resolved : masksWith(resolved, made.over(current), made.relations);
  }

  #followed<Mask>(
    judged: Judged | undefined,
    plan: Followed<Analysis | undefined, Mask>['plan'],
  ): Followed<Analysis | undefined, Mask> {
    return { means: () => this.#meaningOf(judged), plan };
  }

  /** What a statement means now that it answers. */
  #meaningOf(judged: Judged | undefined): Analysis | undefined {
    const { readNow } = this.#options;
    return judged?.analysis === undefined || !this.hasColumns ? judged?.analysis : readNow(judged.analysis);
  }
}

/**
 * What it shows is computed by code that can become another while the answer comes: by what is not Postgres's own, and by
 * casts to JSON, which Postgres's own functions look up for each value, whether there were any before or not.
 */
function computesAnew(judged: Judged | undefined): boolean {
  if (judged?.analysis === undefined) return false;
  const { commands, lineage } = judged.analysis;
  if (lineage.outputs === 'unknown' || lineage.outputs.some(({ plain }) => !plain)) return true;
  return commands.some(({ functions }) => functions.some((name) => !name.startsWith('pg_catalog.')));
}

/** Of the body of a RowDescription; none when it is not known. */
function resultColumns(body: Uint8Array | undefined): readonly ResultColumn[] | undefined {
  const columns = body === undefined ? undefined : decodeColumns(body);
  return columns?.map((column) => ({ ...column, name: decoder.decode(column.name) }));
}
