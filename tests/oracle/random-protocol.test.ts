import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Body } from '@onrecord/record';
import { backendTag } from '@onrecord/wire';
import { JournalReader } from '../../packages/gateway/src/journal/reader.ts';
import { describeMessage } from '../conformance/describe-message.ts';
import { assertSameAnswers } from '../guarded/answers.ts';
import { testGuard } from '../support/guard.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { assertSameLines } from '../support/same-lines.ts';
import type { Target } from '../support/target.ts';
import { errorFields, type WireMessage } from '../support/wire-client.ts';
import { differsFromLog } from './differs-from-log.ts';
import { type Conversation, holdConversation } from './hold-conversation.ts';
import { logEverything, readPostgresLog } from './postgres-log.ts';
import { randomConversation } from './random-conversation.ts';
import { readSessions, sessionsByBackend } from './recorded-sessions.ts';
import { Seeded } from './seeded.ts';
import { settled } from './settled.ts';
import { differenceInReceived, differenceInSent } from './wire-events.ts';

/** The first of `conversations` seeds; one of them alone is `ONRECORD_SEED=n ONRECORD_CONVERSATIONS=1`. */
const firstSeed = Number(process.env.ONRECORD_SEED ?? 20_261_124);
const conversations = Number(process.env.ONRECORD_CONVERSATIONS ?? 200);
const atATime = 4;
/** A Sync among the data of a COPY that fails can make it impossible to tell what was run; the gateway then ends. */
const mayBeEnded = 0.03;

/** One conversation, held with Postgres itself and through the gateway. */
interface Held {
  readonly seed: number;
  readonly lines: readonly string[];
  readonly direct: Conversation;
  readonly through: Conversation;
}

describe('random conversations', { timeout: 300_000 + conversations * 2_000 }, () => {
  let pair: Pair;
  const held: Held[] = [];
  before(async () => {
    pair = await startPair({ postgres: { settings: logEverything } });
    let next = firstSeed;
    const end = firstSeed + conversations;
    const hold = async (): Promise<void> => {
      for (let seed = next++; seed < end; seed = next++) held.push(await both(seed, pair));
    };
    await Promise.all(Array.from({ length: atATime }, hold));
    await settled(pair);
    await pair.gateway.shutDown();
    held.sort((a, b) => a.seed - b.seed);
  });
  after(() => pair?.stop());

  it('are answered by the gateway as by Postgres itself', () => {
    each(held, ({ direct, through }) => {
      const lines = [transcript(direct), transcript(through)] as const;
      // A connection that the server closes in the middle of a sentence may lose the server's last words (RST).
      const length = direct.cutShort || through.cutShort ? Math.min(lines[0].length, lines[1].length) : undefined;
      assertAnswers(lines[1].slice(0, length), lines[0].slice(0, length));
    });
  });

  it('are seldom ended by the gateway', () => {
    const ended = held.filter(({ direct, through }) => !direct.cutShort && through.cutShort);
    const told = ended.map(({ seed, through: { received } }) => `seed ${seed}: ${received.at(-1)?.body().rest()}`);
    assert.ok(ended.length <= conversations * mayBeEnded, told.join('\n'));
  });

  it('are on record message by message, with what was answered', () => {
    const recorded = bodiesByPid(pair.gateway.data);
    each(held, ({ direct, through }) => {
      const bodies = recorded.get(through.backendPid) ?? [];
      const whole = !direct.cutShort && !through.cutShort;
      none(differenceInSent(through.sent, bodies, whole));
      none(differenceInReceived(answersOf(through), bodies, whole));
    });
  });

  it("are on record as in the server's own log, and every statement has ended", () => {
    const log = readPostgresLog(pair.postgres.dataDirectory);
    const sessions = sessionsByBackend(readSessions(pair.gateway.data));
    each(held, ({ direct, through }) => {
      const session = sessions.get(through.backendPid);
      assert.ok(session !== undefined);
      none(differsFromLog(session, log.get(through.backendPid) ?? []));
      const open = session.events
        .map((event) =>
          'body' in event ? `${event.body.n} ${event.text.slice(0, 60)}: ${event.outcome?.outcome}` : '',
        )
        .filter((told) => /(?:unknown|client gone)$/.test(told));
      if (!direct.cutShort && !through.cutShort) none(open[0]);
    });
  });
});

async function both(seed: number, { postgres, gateway }: Pair): Promise<Held> {
  const said = randomConversation(new Seeded(seed), String(seed));
  const lines = isGuarded ? said.map(withKnownNames) : said;
  const hold = async (target: Target): Promise<Conversation> => {
    try {
      return await holdConversation(lines, target, new Seeded(seed + 1));
    } catch (error) {
      throw new Error(`seed ${seed}, ${target.name}: ${(error as Error).message}\n${lines.join('\n')}`);
    }
  };
  return { seed, lines, direct: await hold(postgres), through: await hold(gateway) };
}

/** A guard refuses a Query as a whole when a name in it is not there, and not when it comes to it. */
function withKnownNames(line: string): string {
  const known = line.replaceAll('nothing from nowhere', 'nothing');
  return line.includes(';') ? known.replaceAll('execute q (3)', 'select 3') : known;
}

function none(problem: string | undefined): void {
  if (problem !== undefined) throw new Error(problem);
}

/** Checks all of them, and reports those that fail together: how many, and the first in full. */
function each(held: readonly Held[], check: (held: Held) => void): void {
  const failures: { readonly held: Held; readonly error: Error }[] = [];
  assert.equal(held.length, conversations);
  for (const one of held) {
    try {
      check(one);
    } catch (error) {
      failures.push({ held: one, error: error as Error });
    }
  }
  const [first] = failures;
  if (first === undefined) return;
  const told = failures.map(({ held: { seed }, error }) => `seed ${seed}: ${error.message}`);
  assert.fail(`${told.join('\n').slice(0, 20_000)}\n\nThe first said:\n${first.held.lines.join('\n').slice(0, 8000)}`);
}

/**
 * What was answered, without what the gateway says of its own accord, which is in no source file of Postgres; with a guard
 * it answers for Postgres, too, and only that it has lost it is its own.
 */
function answersOf({ received }: Conversation): readonly WireMessage[] {
  return received.filter((message) => {
    if (message.tag !== backendTag.errorResponse) return true;
    const { F: file, C: sqlstate } = errorFields(message);
    return file !== undefined || (isGuarded && sqlstate !== '08006');
  });
}

/** With a guard the gateway answers some messages itself, in their place. */
const isGuarded = testGuard() !== undefined;
const assertAnswers = isGuarded ? assertSameAnswers : assertSameLines;

function transcript(conversation: Conversation): readonly string[] {
  const { backendPid } = conversation;
  const names = { oids: new Map<number, string>(), processes: new Map([[backendPid, 'itself']]), ownWords: false };
  return answersOf(conversation).map((message) =>
    describeMessage(message, names).replaceAll(/pg_temp_\d+/g, 'pg_temp'),
  );
}

function bodiesByPid(data: string): ReadonlyMap<number, readonly Body[]> {
  const reader = new JournalReader(join(data, 'journal'));
  const bySession = new Map<string, Body[]>();
  for (const { entry } of reader.entries(0)) {
    const bodies = bySession.get(entry.session) ?? [];
    bySession.set(entry.session, bodies);
    bodies.push(entry.body);
  }
  reader.close();
  const byPid = new Map<number, readonly Body[]>();
  for (const bodies of bySession.values()) {
    const [opened] = bodies;
    // The gateway asks on the same backend how the session begins.
    if (opened?.type === 'session_opened' && opened.method !== 'gateway') byPid.set(opened.backendPid, bodies);
  }
  return byPid;
}
