import type { Target } from '../../tests/support/target.ts';
import type { Contender, ControlledName, Started } from './contender.ts';
import { olderCheckout } from './older-checkout.ts';
import { databaseOf, type Launched, launch } from './start-gateway.ts';

/** The last commit whose gateway has no controls. */
const beforeControls = '2aa355a';

/** Each identity of the controlled gateway, and the connection that it uses. */
const identities: { readonly [name: string]: { readonly connection: string; readonly as: ControlledName } } = {
  policed: { connection: 'relaxed', as: 'policy' },
  durable: { connection: 'before-forward', as: 'policy-before-forward' },
  masked: { connection: 'relaxed', as: 'masked' },
  detected: { connection: 'relaxed', as: 'detected' },
};

/**
 * A gateway with the three rules of the README and masks for two of its identities. Everybody is an agent, and every rule
 * is asked about every statement.
 */
export async function startControlled(postgres: Target, start: { readonly built: boolean }): Promise<Started> {
  const gateway = await launch(controlled(postgres), start);
  return {
    contenders: Object.entries(identities).map(([identity, { connection, as }]) => ({
      ...contenderOf(gateway, as),
      user: identity,
      password: gateway.ask('tokens', 'create', identity),
      database: connection,
    })),
    stop: gateway.stop,
  };
}

/** The gateway as it was before it had controls, from its sources. */
export async function startBeforeControls(postgres: Target): Promise<Started> {
  const checkout = olderCheckout(beforeControls);
  try {
    const gateway = await launch(plain(postgres), { built: false, root: checkout.root });
    return {
      contenders: [
        {
          ...contenderOf(gateway, 'before-controls'),
          user: 'bench',
          password: gateway.ask('tokens', 'create', 'bench'),
          database: 'relaxed',
        },
      ],
      stop: async () => {
        await gateway.stop();
        checkout.remove();
      },
    };
  } catch (error) {
    checkout.remove();
    throw error;
  }
}

function contenderOf(gateway: Launched, name: ControlledName): Omit<Contender, 'user' | 'password' | 'database'> {
  return {
    name,
    host: '127.0.0.1',
    port: gateway.port,
    pids: [gateway.child.pid],
    journalBytes: gateway.journalBytes,
  };
}

function plain(postgres: Target): string {
  return `listen: { postgres: 127.0.0.1:0 }
data: ./data
tls: "off"
connections:
  relaxed:${databaseOf(postgres)}    recording: { durability: relaxed }
identities:
  bench: { kind: service, connections: [relaxed] }
`;
}

function controlled(postgres: Target): string {
  const agents = Object.entries(identities).map(
    ([name, { connection }]) => `  ${name}: { kind: agent, connections: [${connection}] }\n`,
  );
  return `listen: { postgres: 127.0.0.1:0 }
data: ./data
tls: "off"
connections:
  relaxed:${databaseOf(postgres)}    recording: { durability: relaxed }
  before-forward:${databaseOf(postgres)}    recording: { durability: before-forward }
identities:
${agents.join('')}  alice: { kind: person, connections: [relaxed], groups: [finance] }
policy:
  - name: no blind deletes
    when: statement.kind in ["delete", "update"] && !statement.hasWhere
    then: deny
    message: Add a WHERE clause.
  - name: money moves need a second pair of eyes
    when: statement.writes.exists(t, t == "public.payments") && identity.kind == "agent"
    then: approve
    approvers: { group: finance, count: 1, timeout: 10m }
  - name: agents write in office hours
    when: statement.isWrite && identity.kind == "agent" && (time.hour < 8 || time.hour >= 18)
    then: deny
    message: Agents may write between 08:00 and 18:00 UTC.
masking:
  rules:
    - identities: [masked, detected]
      columns: { public.bench_people.email: partial, public.bench_people.phone: redact }
    - identities: [detected]
      detectors: { card: redact, email: redact, iban: redact, api_key: redact, private_key: redact }
`;
}
