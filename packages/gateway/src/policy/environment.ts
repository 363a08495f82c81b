import { Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { ConnectionFacts, IdentityFacts, SessionFacts, StatementFacts, TimeFacts } from './facts.ts';

type FieldsOf<Facts> = { readonly [Name in keyof Facts]: string };

interface CelFields {
  readonly statement: FieldsOf<StatementFacts>;
  readonly identity: FieldsOf<IdentityFacts>;
  readonly connection: FieldsOf<ConnectionFacts>;
  readonly session: FieldsOf<SessionFacts>;
  readonly time: FieldsOf<TimeFacts>;
}

const names = 'list<string>';

/** The fields of each variable and their CEL types; the classes of policy/facts.ts have them. */
export const celFields: CelFields = {
  statement: {
    kind: 'string',
    reads: names,
    writes: names,
    tables: names,
    readsColumns: names,
    writesColumns: names,
    functions: names,
    volatileFunctions: names,
    hasWhere: 'bool',
    isWrite: 'bool',
    isDdl: 'bool',
    isTransactionControl: 'bool',
    isOpaque: 'bool',
    isOutside: 'bool',
    via: 'string',
    sql: 'string',
    protocol: 'string',
    unresolved: names,
    parameters: 'list<dyn>',
  },
  identity: {
    name: 'string',
    kind: 'string',
    groups: names,
    onBehalfOf: 'string',
    method: 'string',
  },
  connection: { name: 'string', database: 'string', role: 'string' },
  session: { client: 'string', application: 'string', runId: 'string', inTransaction: 'bool' },
  time: {
    hour: 'int',
    minute: 'int',
    weekday: 'int',
    date: 'string',
    timestamp: 'google.protobuf.Timestamp',
  },
};

const classes: { readonly [Name in keyof CelFields]: unknown } = {
  statement: StatementFacts,
  identity: IdentityFacts,
  connection: ConnectionFacts,
  session: SessionFacts,
  time: TimeFacts,
};

/** What `matches` becomes in a checked condition: not a name that a condition can write. */
export const linearMatches: string = 'matches in linear time';

/** The CEL environment of conditions. Bounded well below what the parser could take, and far above what people write. */
export function celEnvironment(): Environment {
  const environment = new Environment({ limits: { maxAstNodes: 2000, maxDepth: 50, maxListElements: 1000 } });
  for (const [variable, fields] of Object.entries(celFields)) {
    const type = variable.charAt(0).toUpperCase() + variable.slice(1);
    environment.registerType(type, { ctor: classes[variable as keyof CelFields], fields } as never);
    environment.registerVariable(variable, type);
  }
  const compiled = new Map<string, RE2JS>();
  const matches = (text: string, pattern: string): boolean => {
    let expression = compiled.get(pattern);
    if (expression === undefined) {
      expression = RE2JS.compile(pattern);
      compiled.set(pattern, expression);
    }
    return expression.test(text);
  };
  environment.registerFunction({
    name: linearMatches,
    receiverType: 'string',
    returnType: 'bool',
    params: [{ name: 'pattern', type: 'string' }],
    handler: matches,
    async: false,
  } as never);
  return environment;
}
