import { type ColumnMask, type MaskAction, maskActions } from './mask.ts';

/** The more restrictive of two actions. */
export function stricterAction(a: MaskAction, b: MaskAction): MaskAction {
  return maskActions.indexOf(a) <= maskActions.indexOf(b) ? a : b;
}

/** The more restrictive of two masks; of two that are alike the first. */
export function stricterMask(a: ColumnMask | undefined, b: ColumnMask): ColumnMask {
  return a === undefined || stricterAction(a.action, b.action) !== a.action ? b : a;
}

/** The mask on what was computed from a masked value: parts of it and its hash would tell more than they do of a whole value. */
export function derivedMask({ rule, action }: ColumnMask): ColumnMask {
  return { rule, action: action === 'null' ? 'null' : 'redact' };
}
