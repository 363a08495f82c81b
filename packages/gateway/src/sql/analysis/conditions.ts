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
    case 'CoalesceExpr':
      return coalescedTruth(node, fields);
    case 'CaseExpr':
      return caseTruth(node, fields);
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
  if (decides && hasOpposites(list(args))) return true;
  // Of an OR, one constant that may be true is enough to concern every row; of an AND, one that varies tells rows apart.
  const order = decides
    ? (['constant', 'varies', 'parameter'] as const)
    : (['varies', 'parameter', 'constant'] as const);
  return order.find((truth) => inner.includes(truth)) ?? !decides;
}

/** Of a thing with itself; of NULL columns they are not, which is not asked here. */
const reflexive: ReadonlyMap<string, boolean> = new Map([
  ['=', true],
  ['<=', true],
  ['>=', true],
  ['<>', false],
  ['<', false],
  ['>', false],
]);

function comparisonTruth(node: unknown, fields: Node): Truth {
  const { kind, name, lexpr, rexpr } = fields;
  const operator = words(name).at(-1) ?? '';
  const left = constantText(lexpr);
  const right = constantText(rexpr);
  if (kind === 'AEXPR_OP' && typeof left === 'string' && typeof right === 'string') {
    if (operator === '=') return left === right;
    if (operator === '<>') return left !== right;
  }
  const ofItself = withItself(text(kind), operator);
  if (ofItself !== undefined && isSame(lexpr, rexpr)) return ofItself;
  if (text(kind) === 'AEXPR_IN' && operator === '=' && list(listed(rexpr)).some((one) => isSame(lexpr, one)))
    return true;
  if (text(kind).startsWith('AEXPR_BETWEEN') && list(listed(rexpr)).every((one) => isSame(lexpr, one))) return true;
  return lookedAt(node);
}

/** What a comparison of a thing with itself comes to; undefined: that cannot be told. */
function withItself(kind: string, operator: string): boolean | undefined {
  if (kind === 'AEXPR_OP') return reflexive.get(operator);
  if (kind === 'AEXPR_NOT_DISTINCT' || kind === 'AEXPR_LIKE') return true;
  return kind === 'AEXPR_DISTINCT' ? false : undefined;
}

function listed(node: unknown): unknown {
  return fieldsOf(node, 'List')?.['items'];
}

/** Both are the same column, with its table in front or not, or the same expression. */
function isSame(left: unknown, right: unknown): boolean {
  const one = columnParts(left);
  const other = columnParts(right);
  if (one.length > 0 && other.length > 0) {
    const shared = Math.min(one.length, other.length);
    return one.at(-1) !== '' && one.slice(-shared).join('\0') === other.slice(-shared).join('\0');
  }
  // What looks at no column is the same for all rows anyway.
  return isNode(left) && isNode(right) && lookedAt(left) === 'varies' && written(left) === written(right);
}

function columnParts(node: unknown): readonly string[] {
  return words(fieldsOf(node, 'ColumnRef')?.['fields']);
}

/** An expression without the places at which its parts stand in the text. */
function written(node: unknown): string {
  return JSON.stringify(node, (name, value: unknown) =>
    name === 'location' || name.endsWith('_loc') ? undefined : value,
  );
}

/** More alternatives are not compared with one another. */
const maxCompared = 16;
const opposite: ReadonlyMap<string, string> = new Map([
  ['=', '<>'],
  ['<', '>='],
  ['>', '<='],
]);

/** `x IS NULL OR x IS NOT NULL`, `x = 1 OR x <> 1`, `x OR NOT x`: one of them is true of every row, or nearly. */
function hasOpposites(alternatives: readonly Node[]): boolean {
  if (alternatives.length > maxCompared) return false;
  const said = new Set(alternatives.map(written));
  return alternatives.some((one) => {
    const opposed = oppositeOf(one);
    return opposed !== undefined && said.has(written(opposed));
  });
}

function oppositeOf(node: Node): Node | undefined {
  const [type, fields] = unwrap(node);
  if (type === 'NullTest' && fields['nulltesttype'] === 'IS_NULL')
    return { NullTest: { ...fields, nulltesttype: 'IS_NOT_NULL' } };
  if (type === 'BoolExpr' && fields['boolop'] === 'NOT_EXPR') return list(fields['args'])[0];
  const operator = type === 'A_Expr' && fields['kind'] === 'AEXPR_OP' ? words(fields['name']).at(-1) : undefined;
  const sval = opposite.get(operator ?? '');
  return sval === undefined ? undefined : { A_Expr: { ...fields, name: [{ String: { sval } }] } };
}

/** Without a NULL the first is taken. */
function coalescedTruth(node: unknown, { args }: Node): Truth {
  return truthOf(list(args)[0]) === true ? true : lookedAt(node);
}

/** Whichever way it goes. */
function caseTruth(node: unknown, { args, defresult }: Node): Truth {
  const results = list(args).map((one) => fieldsOf(one, 'CaseWhen')?.['result']);
  return [...results, defresult].every((result) => isNode(result) && truthOf(result) === true) ? true : lookedAt(node);
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
