import { closed, derived, type Flow, type Shape } from './flow.ts';
import { rowTypeShape } from './row-type.ts';
import type { Trace } from './trace.ts';

/** The fields of a value that is a row, as far as they are known. */
export function fieldsOf(trace: Trace, flow: Flow): Shape | undefined {
  if (flow.row !== undefined) return flow.row;
  const known = flow.type === undefined ? undefined : rowTypeShape(trace.catalog, flow.type);
  if (known === undefined) return undefined;
  const field = derived(flow.sources);
  return closed(known.columns.map(({ name }) => ({ name, flow: field })));
}
