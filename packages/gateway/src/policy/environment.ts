import { Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { ConnectionFacts, IdentityFacts, SessionFacts, StatementFacts, TimeFacts } from './facts.ts';
import { zonedField, zonedMethods } from './zoned-time.ts';

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

const ours = ' (ours)';

/** What a method whose own implementation takes the place of that of cel-js becomes: not a name that a condition can write. */
export function ownName(method: string): string {
  return `${method}${ours}`;
}

/** The text with the names that people write. */
export function withoutOwnNames(text: string): string {
  return text.replaceAll(ours, '');
}

/** The CEL environment of conditions. Bounded well below what the parser could take, and far above what people write. */
export function celEnvironment(): Environment {
  const environment = new Environment({ limits: { maxAstNodes: 2000, maxDepth: 50, maxListElements: 1000 } });
  for (const [variable, fields] of Object.entries(celFields)) {
    const type = variable.charAt(0).toUpperCase() + variable.slice(1);
    environment.registerType(type, { ctor: classes[variable as keyof CelFields], fields } as never);
    environment.registerVariable(variable, type);
  }
  const compiled = new Map<string, RE2JS>();
  registerMethod(environment, ['string', ownName('matches'), 'bool'], (text, pattern) => {
    let expression = compiled.get(pattern);
    if (expression === undefined) {
      expression = RE2JS.compile(pattern);
      compiled.set(pattern, expression);
    }
    return expression.test(text as string);
  });
  for (const method of zonedMethods) {
    registerMethod(environment, ['google.protobuf.Timestamp', ownName(method), 'int'], (time, zone) =>
      zonedField(method, time as Date, zone),
    );
  }
  return environment;
}

/** A method that takes a text. */
function registerMethod(
  environment: Environment,
  [receiverType, name, returnType]: readonly [receiver: string, name: string, returns: string],
  handler: (receiver: unknown, text: string) => boolean | bigint,
): void {
  const params = [{ name: 'text', type: 'string' }];
  environment.registerFunction({ name, receiverType, returnType, params, handler, async: false } as never);
}
