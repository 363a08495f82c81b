import { constantText, fieldsOf, isNode, list, type Node, text, unwrap, words } from './tree.ts';

/** What a condition is without looking at any row; `constant`: the same for all rows, but not which; `parameter`: the client says which. */
type Truth = true | false | 'constant' | 'parameter' | 'varies';

/**
 * True when a WHERE clause can tell rows apart, or keeps all out. TRUE, `1=1`, `NOT FALSE`, `x = x`, and whatever looks
 * at no column and no table are no condition: the statement may concern every row.
 */
export function isCondition(where: unknown): boolean {
  if (!isNode(where)) return false;
  const truth = truthOf(where);
  return truth === 'varies' || truth === false;
}

function truthOf(node: unknown): Truth {
  const [type, fields] = unwrap(node);
  switch (type) {
    case 'A_Const':
      return constantTruth(node);
    case 'TypeCast':
      return truthOf(fields['arg']);
    case 'BoolExpr':
      return booleanTruth(fields);
    case 'A_Expr':
      return comparisonTruth(node, fields);
    case 'BooleanTest':
      return testTruth(fields);
    default:
      return lookedAt(node);
  }
}

const truths = new Set(['t', 'true', 'y', 'yes', 'on', '1']);
const falsehoods = new Set(['f', 'false', 'n', 'no', 'off', '0']);

function constantTruth(node: unknown): Truth {
  const constant = constantText(node);
  if (constant === null) return false;
  const word = (constant ?? '').trim().toLowerCase();
  if (truths.has(word)) return true;
  return falsehoods.has(word) ? false : 'constant';
}

function booleanTruth({ boolop, args }: Node): Truth {
  const inner = list(args).map(truthOf);
  if (boolop === 'NOT_EXPR') {
    const [only = 'varies'] = inner;
    return typeof only === 'boolean' ? !only : only;
  }
  const decides = boolop === 'OR_EXPR';
  if (inner.includes(decides)) return decides;
  // Of an OR, one constant that may be true is enough to concern every row; of an AND, one that varies tells rows apart.
  const order = decides
    ? (['constant', 'varies', 'parameter'] as const)
    : (['varies', 'parameter', 'constant'] as const);
  return order.find((truth) => inner.includes(truth)) ?? !decides;
}

/** `=`, `<=`, `>=` and IS NOT DISTINCT FROM of a thing with itself; of NULL columns they are not, which is not asked here. */
const reflexive = new Set(['=', '<=', '>=']);

function comparisonTruth(node: unknown, fields: Node): Truth {
  const { kind, name, lexpr, rexpr } = fields;
  const operator = words(name).at(-1) ?? '';
  const left = constantText(lexpr);
  const right = constantText(rexpr);
  if (kind === 'AEXPR_OP' && typeof left === 'string' && typeof right === 'string') {
    if (operator === '=') return left === right;
    if (operator === '<>') return left !== right;
  }
  const isReflexive =
    (kind === 'AEXPR_OP' && reflexive.has(operator)) || kind === 'AEXPR_NOT_DISTINCT' || kind === 'AEXPR_LIKE';
  if (isReflexive && sameColumn(lexpr, rexpr)) return true;
  return lookedAt(node);
}

function sameColumn(left: unknown, right: unknown): boolean {
  const one = words(fieldsOf(left, 'ColumnRef')?.['fields']);
  const other = words(fieldsOf(right, 'ColumnRef')?.['fields']);
  return one.length > 0 && one.at(-1) !== '' && one.join('\0') === other.join('\0');
}

function testTruth({ arg, booltesttype }: Node): Truth {
  const truth = truthOf(arg);
  if (typeof truth !== 'boolean') return truth;
  const asked = text(booltesttype).endsWith('TRUE');
  return text(booltesttype).startsWith('IS_NOT') ? truth !== asked : truth === asked;
}

/** A column, a table or a cursor's place in it makes it vary. */
function lookedAt(root: unknown): Truth {
  let truth: Truth = 'constant';
  const stack: unknown[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (!isNode(node)) continue;
    if (isNode(node['ColumnRef']) || isNode(node['RangeVar']) || isNode(node['CurrentOfExpr'])) return 'varies';
    if (isNode(node['ParamRef'])) truth = 'parameter';
    for (const field in node) if (isNode(node[field])) stack.push(node[field]);
  }
  return truth;
}
