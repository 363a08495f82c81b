import type { Analysis, Lineage, Output } from '../sql/analysis.ts';
import { columnKey, type RelationKind } from '../sql/catalog.ts';
import { ColumnPlan, type ColumnPlanOptions } from './column-plan.ts';
import { canHold } from './detectors/replace-in-value.ts';
import type { Hmac } from './hash-value.ts';
import { HiddenRows } from './hidden.ts';
import type { ColumnMask, ResultColumn, RowMask } from './mask.ts';
import { MaskedRows } from './masked-rows.ts';
import type { ResolvedMasks } from './resolved-masks.ts';
import { derivedMask, stricterMask } from './stricter.ts';
import { mayRead, writesThroughCode } from './touches-masked.ts';
import { familyOf } from './value-family.ts';

/** What is known of a result. */
export interface AboutResult {
  /** Of the statement that it is of; undefined: it was not analysed. */
  readonly lineage: Lineage | undefined;
  /**
   * Of the same statement. With it, what the lineage leaves unknown is shown where the statement cannot get at a masked
   * column at all, and where only functions that the rules trust are in the way.
   */
  readonly analysis?: Analysis | undefined;
  /** Undefined: the RowDescription in force is not known. */
  readonly columns: readonly ResultColumn[] | undefined;
  readonly hmac: Hmac;
  /** Types of users that read as text (citext); the values of others of theirs are NULL where they are masked. */
  readonly isText?: (type: number) => boolean;
}

/** The mask of what cannot be traced. */
export const unknownSource: ColumnMask = { rule: 'unknown source', action: 'redact' };

/** The masks of a result's columns; undefined when nothing of it can be masked. */
export function planResult(masks: ResolvedMasks, about: AboutResult): RowMask | undefined {
  const { columns } = about;
  if (columns === undefined) return new HiddenRows();
  const columnMasks = masksOfColumns(masks, about, columns);
  const plans = columns.map(({ name, type, format }, column) => {
    const family = about.isText?.(type) === true ? 'text' : familyOf(type);
    const { hmac } = about;
    return planColumn({
      column,
      name,
      mask: columnMasks[column],
      family,
      format,
      detectors: masks.active.detectors,
      hmac,
    });
  });
  return plans.some((plan) => plan !== undefined) ? new MaskedRows(plans) : undefined;
}

/** Undefined when its values stay. */
export function planColumn(planned: ColumnPlanOptions): ColumnPlan | undefined {
  const { mask, detectors, family } = planned;
  const detects = mask === undefined && detectors.length > 0 && canHold(family);
  return mask !== undefined || detects ? new ColumnPlan(planned) : undefined;
}

function masksOfColumns(
  masks: ResolvedMasks,
  about: AboutResult,
  columns: readonly ResultColumn[],
): readonly (ColumnMask | undefined)[] {
  if (masks.active.columns.size === 0) return [];
  const outputs = outputsOf(about.lineage, columns.length);
  const showsUnknown = about.analysis !== undefined && !mayRead(masks, about.analysis);
  if (about.analysis !== undefined && writesThroughCode(masks, about.analysis)) return columns.map(() => unknownSource);
  return columns.map((column, index) => {
    const described = masks.columns.get(columnKey(column.table, column.attribute));
    const output = outputs?.[index];
    const traced = output === undefined ? 'unknown' : maskOfOutput(masks, output);
    if (traced !== 'unknown')
      return described === undefined || traced === undefined ? (described ?? traced) : stricterMask(described, traced);
    if (described !== undefined) return described;
    return showsUnknown || isPlainColumn(masks, column) ? undefined : unknownSource;
  });
}

/** Undefined when they are not as many as the columns: then none can be told. */
export function outputsOf(lineage: Lineage | undefined, count: number): readonly Output[] | undefined {
  const outputs = lineage?.outputs;
  return outputs === undefined || outputs === 'unknown' || outputs.length !== count ? undefined : outputs;
}

/** The mask that the sources of an output ask for; undefined: none of them is masked. */
export function maskOfOutput(masks: ResolvedMasks, { sources, plain }: Output): ColumnMask | undefined | 'unknown' {
  if (sources === 'unknown') return 'unknown';
  let strictest: ColumnMask | undefined;
  for (const source of sources) {
    const mask = masks.columns.get(source);
    if (mask !== undefined) strictest = stricterMask(strictest, plain ? mask : derivedMask(mask));
  }
  return strictest;
}

const bases: readonly RelationKind[] = ['table', 'partitioned table', 'foreign table'];

/**
 * Whether RowDescription says that a column is one of a table that the catalog knows, as it is (markTargetListOrigin,
 * parse_target.c). Of a view it says the same, whatever is in it.
 */
function isPlainColumn({ catalog }: ResolvedMasks, { table, attribute }: ResultColumn): boolean {
  const relation = table === 0 ? undefined : catalog?.relation(table);
  if (relation === undefined || !bases.includes(relation.kind)) return false;
  return relation.columns.some(({ number }) => number === attribute);
}
