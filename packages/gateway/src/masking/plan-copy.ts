import type { Analysis, CopyForm, Lineage, Output } from '../sql/analysis.ts';
import { ColumnPlan } from './column-plan.ts';
import { CopyDataMask } from './copy/copy-data-mask.ts';
import { copyFormat } from './copy/copy-format.ts';
import { canHold } from './detectors/replace-in-value.ts';
import type { Hmac } from './hash-value.ts';
import { HiddenCopy } from './hidden.ts';
import type { ColumnMask, CopyMask } from './mask.ts';
import { maskOfOutput, outputsOf, unknownSource } from './plan-result.ts';
import type { ResolvedMasks } from './resolved-masks.ts';
import { mayRead, writesThroughCode } from './touches-masked.ts';
import { familyOf, type ValueFamily } from './value-family.ts';

/** What is known of a COPY TO STDOUT. */
export interface AboutCopy {
  readonly lineage: Lineage | undefined;
  /** As for a result (AboutResult). */
  readonly analysis?: Analysis | undefined;
  /** Undefined: how its data reads is not known. */
  readonly form: CopyForm | undefined;
  /** As CopyOutResponse counts them. */
  readonly columns: number;
  readonly hmac: Hmac;
  /** Of the session, as ParameterStatus names it; UTF8 when it is not given. */
  readonly clientEncoding?: string;
}

/** Encodings of clients in which a character may hold the byte of a delimiter or a backslash (PG_ENCODING_IS_CLIENT_ONLY). */
const unsafeEncodings = new Set(['SJIS', 'SHIFT_JIS_2004', 'SHIFTJIS2004', 'BIG5', 'GBK', 'UHC', 'GB18030', 'JOHAB']);

/**
 * The masks of the data of a COPY TO STDOUT; undefined when nothing of it can be masked. Where something would have to be
 * and its form does not allow it (binary), nothing of it is shown.
 */
export function planCopy(masks: ResolvedMasks, about: AboutCopy): CopyMask | undefined {
  const columns = planCopyColumns(masks, about);
  if (!columns.some(({ mask, detects }) => mask !== undefined || detects)) return undefined;
  const { form, hmac } = about;
  const isSafe = !unsafeEncodings.has((about.clientEncoding ?? 'UTF8').toUpperCase());
  const format = form === undefined || !isSafe ? undefined : copyFormat(form);
  if (form === undefined || format === undefined) return new HiddenCopy();
  const plans = columns.map(({ name, mask, family, detects }, column) => {
    if (mask === undefined && !detects) return undefined;
    return new ColumnPlan({ column, name, mask, family, format: 0, detectors: masks.active.detectors, hmac });
  });
  return new CopyDataMask(plans, format, form.header);
}

export interface CopyColumn {
  readonly name: string;
  readonly mask: ColumnMask | undefined;
  readonly family: ValueFamily;
  /** Detectors look at its values. */
  readonly detects: boolean;
}

/** What becomes of each column of a COPY. What type one has, only its lineage tells; without one, all but NULL is guessed. */
export function planCopyColumns(
  masks: ResolvedMasks,
  { lineage, analysis, columns }: Pick<AboutCopy, 'lineage' | 'analysis' | 'columns'>,
): readonly CopyColumn[] {
  const changes = analysis !== undefined && writesThroughCode(masks, analysis);
  const outputs = changes ? undefined : outputsOf(lineage, columns);
  const showsUnknown = masks.active.columns.size === 0 || (analysis !== undefined && !mayRead(masks, analysis));
  return Array.from({ length: columns }, (_, index) => {
    const output = outputs?.[index];
    const traced = output === undefined ? 'unknown' : maskOfOutput(masks, output);
    const mask = traced !== 'unknown' ? traced : showsUnknown ? undefined : unknownSource;
    const family = familyOfOutput(masks, output);
    const detects = mask === undefined && masks.active.detectors.length > 0 && canHold(family);
    return { name: output?.name ?? `column ${index + 1}`, mask, family, detects };
  });
}

/** A column's own type; a container, of which nothing is known, for all else. */
function familyOfOutput({ catalog }: ResolvedMasks, output: Output | undefined): ValueFamily {
  if (output === undefined || output.sources === 'unknown' || !output.plain) return 'container';
  const families = new Set<ValueFamily>();
  for (const source of output.sources) {
    const [relation = 0, attribute = 0] = source.split('.').map(Number);
    const column = catalog?.relation(relation)?.columns.find(({ number }) => number === attribute);
    families.add(column === undefined ? 'container' : familyOf(column.type));
  }
  const [family, ...others] = families;
  return family === undefined || others.length > 0 ? 'container' : family;
}
