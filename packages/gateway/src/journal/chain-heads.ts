import {
  type Body,
  type Chains,
  type Entry,
  gatewaySession,
  type Heads,
  hashBytes,
  type UnusedApproval,
} from '@onrecord/record';
import { unusedAfter } from './unused-approvals.ts';

/** Where a chain stands: number and hash of its last entry; -1 and zeros before the first. */
export interface ChainHead {
  seq: number;
  hash: Uint8Array;
}

/** An open session, or the gateway's own chain. */
export interface SessionHead extends ChainHead {
  readonly session: string;
  readonly identity: string;
  statements: number;
  /** Numbers of the statements that owe an outcome. */
  readonly openStatements: Set<number>;
  unusedApprovals: readonly UnusedApproval[];
}

const none = new Uint8Array(hashBytes);

/**
 * Where every identity's and every open session's chain stands, which statements owe an outcome, and which of them were kept
 * from Postgres: what the next entry's envelope is made from, what `heads` entries hold, and what recovery closes.
 */
export class ChainHeads {
  readonly #identities: Map<string, ChainHead> = new Map();
  readonly #sessions: Map<string, SessionHead> = new Map();

  /** Takes up from a `heads` entry, which says where the chains stood before it. */
  static from(heads: Heads): ChainHeads {
    const chains = new ChainHeads();
    for (const { identity, seq, hash } of heads.identities) {
      chains.#identities.set(identity, { seq, hash: hash.slice() });
    }
    for (const head of heads.sessions) {
      const openStatements = new Set(head.openStatements);
      const { unusedApprovals = [] } = head;
      chains.#sessions.set(head.session, { ...head, hash: head.hash.slice(), openStatements, unusedApprovals });
    }
    return chains;
  }

  /** The session of the next entry. Throws when it is not open and the entry does not open it. */
  session({ session, identity }: Chains, next: Body | undefined): SessionHead {
    const head = this.#sessions.get(session);
    if (session === gatewaySession) return head ?? newSession(session, '');
    if (head === undefined) {
      if (next?.type === 'session_opened') return newSession(session, identity);
      throw new Error(`session ${session} is not open: ${next?.type} cannot be appended`);
    }
    if (head.identity !== identity)
      throw new Error(`session ${session} is of identity ${head.identity}, not ${identity}`);
    return head;
  }

  identity(identity: string): ChainHead {
    return this.#identities.get(identity) ?? { seq: -1, hash: none };
  }

  /** Takes account of an entry that has become the last of both its chains. */
  advance(session: SessionHead, identityName: string, identity: ChainHead, body: Body): void {
    switch (body.type) {
      case 'statement':
        session.statements += 1;
        if (body.kind !== 'prepare' && body.kind !== 'bind') session.openStatements.add(body.n);
        break;
      case 'outcome':
        if (body.more === undefined) session.openStatements.delete(body.of);
        if (session.unusedApprovals.length > 0)
          session.unusedApprovals = unusedAfter(session.unusedApprovals, body, session);
        break;
      case 'approval_requested':
      case 'approval_ended':
      case 'approval_used':
        session.unusedApprovals = unusedAfter(session.unusedApprovals, body, {
          session: session.session,
          identity: identityName,
        });
        break;
      default:
    }
    this.#identities.set(identityName, identity);
    if (body.type === 'session_closed') this.#sessions.delete(session.session);
    else if (session.seq === 0) this.#sessions.set(session.session, session);
  }

  /** Takes account of an entry that was read. Throws when it does not continue its chains. */
  follow(entry: Entry): void {
    const session = this.session(entry, entry.body);
    const identity = this.identity(entry.identity);
    check(`session ${entry.session}`, session, entry.sessionSeq, entry.previousInSession);
    check(`identity ${entry.identity}`, identity, entry.identitySeq, entry.previousOfIdentity);
    session.seq = entry.sessionSeq;
    identity.seq = entry.identitySeq;
    session.hash = identity.hash = entry.hash;
    this.advance(session, entry.identity, identity, entry.body);
  }

  /** Sessions that are open, without the gateway's own chain, in the order they were opened. */
  openSessions(): SessionHead[] {
    return [...this.#sessions.values()].filter(({ session }) => session !== gatewaySession);
  }

  /** The gateway's own chain; undefined before its first entry. */
  gatewayItself(): SessionHead | undefined {
    return this.#sessions.get(gatewaySession);
  }

  /** The body of a `heads` entry. */
  snapshot(): Heads {
    return {
      type: 'heads',
      identities: [...this.#identities].map(([identity, { seq, hash }]) => ({ identity, seq, hash })),
      sessions: [...this.#sessions.values()].map(({ openStatements, unusedApprovals, ...head }) => ({
        ...head,
        openStatements: [...openStatements],
        ...(unusedApprovals.length === 0 ? {} : { unusedApprovals }),
      })),
    };
  }
}

function newSession(session: string, identity: string): SessionHead {
  return { session, identity, seq: -1, hash: none, statements: 0, openStatements: new Set(), unusedApprovals: [] };
}

function check(chain: string, head: ChainHead, seq: number, previous: Uint8Array): void {
  if (seq !== head.seq + 1) throw new Error(`${chain}: entry ${head.seq + 1} of it expected, ${seq} found`);
  if (Buffer.compare(previous, head.hash) !== 0)
    throw new Error(`${chain}: entry ${seq} does not continue the one before`);
}
