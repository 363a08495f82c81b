interface PlanNode {
  readonly 'Node Type'?: string;
  readonly 'Plan Rows'?: number;
  readonly 'Parent Relationship'?: string;
  readonly Plans?: readonly PlanNode[];
}

/**
 * Rows that a plan (EXPLAIN, FORMAT JSON) would insert, update or delete, as the planner estimates; undefined when it
 * changes nothing. Those that triggers and cascades change are not in it.
 */
export function estimatedRows(json: string): number | undefined {
  const plans = JSON.parse(json) as readonly { readonly Plan?: PlanNode }[];
  const changed = plans.flatMap(({ Plan }) => (Plan === undefined ? [] : changes(Plan)));
  return changed.length === 0 ? undefined : changed.reduce((sum, rows) => sum + rows, 0);
}

/** ModifyTable itself counts what it returns; what it changes is what comes to it. */
function changes(node: PlanNode): readonly number[] {
  const inputs = node.Plans ?? [];
  const below = inputs.flatMap(changes);
  if (node['Node Type'] !== 'ModifyTable') return below;
  const comes = inputs.filter(
    ({ 'Parent Relationship': relationship }) => relationship === 'Outer' || relationship === 'Member',
  );
  return [comes.reduce((sum, input) => sum + (input['Plan Rows'] ?? 0), 0), ...below];
}
