import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type {
  CopyInEnded,
  Decision,
  DecodeText,
  Entry,
  Masked,
  Outcome,
  Statement,
  TransactionStatus,
  TypeCatalog,
} from '@onrecord/record';
import type { JournalReader, Place } from '../journal/reader.ts';
import { ApprovalReader } from './approval-view.ts';
import { role } from './codes.ts';
import { type SessionFacts, SessionFactsReader } from './session-facts.ts';
import type { IndexedStatement } from './statement-rows-query.ts';
import type { ApprovalView, OnBehalfOf } from './views.ts';

/** Everything that the journal holds on one statement, gathered but not decoded. */
export interface StatementEntries {
  readonly indexed: IndexedStatement;
  /** What was asked first, then each later Execute of the same portal. */
  readonly executions: readonly [Execution, ...Execution[]];
  /** Body of Bind behind its names, or of FunctionCall. */
  readonly parameters: Uint8Array | undefined;
  readonly parameterTypes: readonly number[];
  /** Columns of an outcome that refers to them. */
  columnsOf(n: number): Uint8Array | undefined;
  readonly copyIn: readonly Uint8Array[];
  readonly copyInMessages: number;
  readonly copyInEnded: CopyInEnded | undefined;
  readonly cancelRequestedAt: readonly number[];
  /** Approvals that were asked for it or used by it, in that order, with all of their steps. */
  readonly approvals: readonly ApprovalView[];
  /** Status before the next statement of the session, for when no outcome says it. */
  readonly nextTransactionBefore: TransactionStatus | undefined;
  readonly decode: DecodeText;
  readonly catalog: TypeCatalog;
  readonly onBehalfOf: OnBehalfOf;
}

export interface Execution {
  readonly entry: Entry;
  readonly statement: Statement;
  /** In order. Rows that no outcome followed stand in a last one without it. */
  readonly results: readonly Result[];
  readonly decisions: readonly Decision[];
  readonly masked: readonly Masked[];
}

export interface Result {
  readonly outcome: Outcome | undefined;
  /** Row or COPY OUT messages that were kept. */
  readonly messages: readonly Uint8Array[];
}

interface Row {
  readonly segment: number;
  readonly offset: number;
  readonly endedSegment: number | null;
  readonly endedOffset: number | null;
  readonly hasPieces: number;
}

interface Piece {
  readonly role: number;
  readonly entry: Entry;
}

/** Answers that many statements of a session refer to are kept: a prepared statement's columns, a bind's parameters. */
const maxKept = 512;

/** Reads statements out of the journal by the places that the index has. Its few look-ups run once for each statement. */
export class StatementEntriesReader {
  readonly #journal: JournalReader;
  readonly #facts: SessionFactsReader;
  readonly #selectRow: StatementSync;
  readonly #selectPieces: StatementSync;
  readonly #selectBefore: StatementSync;
  readonly #selectWaiting: StatementSync;
  readonly #approvals: ApprovalReader;
  readonly #columns = new Map<string, Uint8Array | undefined>();
  readonly #parameterSets = new Map<string, Uint8Array | undefined>();
  readonly #parsedTypes = new Map<string, readonly number[] | undefined>();

  constructor(database: DatabaseSync, journal: JournalReader) {
    this.#journal = journal;
    this.#facts = new SessionFactsReader(database, journal);
    this.#approvals = new ApprovalReader(database, journal);
    this.#selectRow = database.prepare(
      `SELECT segment, offset, ended_segment AS endedSegment, ended_offset AS endedOffset, has_pieces AS hasPieces
       FROM statements WHERE session = ? AND n = ?`,
    );
    this.#selectPieces = database.prepare(
      'SELECT role, segment, offset FROM pieces WHERE session = ? AND n = ? ORDER BY entry',
    );
    // Everything that waits together was recorded before anybody was asked.
    this.#selectWaiting = database.prepare(
      'SELECT n FROM pieces WHERE session = ? AND n < ? AND role = ? AND entry > ? ORDER BY n DESC LIMIT 1',
    );
    this.#selectBefore = database.prepare('SELECT transaction_before FROM statements WHERE session = ? AND n = ?');
  }

  read(indexed: IndexedStatement): StatementEntries {
    const session = indexed.sessionId;
    const pieces = this.#pieces(session, indexed.n, indexed);
    const first = this.#execution(indexed, pieces);
    const fetches = pieces.filter((piece) => piece.role === role.fetch).map(({ entry }) => this.#fetch(session, entry));
    const executions: [Execution, ...Execution[]] = [first, ...fetches];
    const last = executions.at(-1) ?? first;
    const facts = this.#facts.of(session);
    return {
      indexed,
      executions,
      parameters: this.#parameters(session, first.statement, pieces),
      parameterTypes: this.#parameterTypes(session, first),
      columnsOf: (n) => this.#columnsOf(session, n),
      ...copyInOf(pieces),
      approvals: this.#approvalsOf(session, first, pieces).map((approval) => this.#approvals.read(approval)),
      cancelRequestedAt: pieces.filter((piece) => piece.role === role.cancel).map(({ entry }) => entry.at),
      nextTransactionBefore: this.#before(session, last),
      decode: facts.decodeText(indexed.entry),
      catalog: facts.catalog,
      onBehalfOf: facts.onBehalfOf,
    };
  }

  /** What a session's texts and values are read with. */
  facts(session: number): SessionFacts {
    return this.#facts.of(session);
  }

  /** Call it when the index has moved on. */
  forget(): void {
    this.#facts.forget();
    for (const kept of [this.#columns, this.#parameterSets, this.#parsedTypes]) kept.clear();
  }

  #execution(row: Row, pieces: readonly Piece[]): Execution {
    const entry = this.#journal.read(row);
    const statement = entry.body;
    if (statement.type !== 'statement') throw notWhatItWas(entry, 'statement');
    return { entry, statement, results: this.#results(row, pieces), ...controlsOf(pieces) };
  }

  #fetch(session: number, entry: Entry): Execution {
    const statement = entry.body;
    if (statement.type !== 'statement') throw notWhatItWas(entry, 'statement');
    const row = this.#row(session, statement.n);
    const pieces = row === undefined ? [] : this.#pieces(session, statement.n, row);
    const results = row === undefined ? [] : this.#results(row, pieces);
    return { entry, statement, results, ...controlsOf(pieces) };
  }

  #results(row: Row, pieces: readonly Piece[]): Result[] {
    const entries = pieces
      .filter((piece) => piece.role === role.rows || piece.role === role.outcome)
      .map((piece) => piece.entry);
    const ended = endOf(row);
    if (ended !== undefined) entries.push(this.#journal.read(ended));
    const results: Result[] = [];
    let messages: Uint8Array[] = [];
    for (const { body } of entries.sort((a, b) => a.index - b.index)) {
      if (body.type === 'rows') messages.push(body.messages);
      if (body.type !== 'outcome') continue;
      if (body.rows !== undefined) messages.push(body.rows);
      results.push({ outcome: body, messages });
      messages = [];
    }
    if (messages.length > 0) results.push({ outcome: undefined, messages });
    return results;
  }

  #parameters(session: number, statement: Statement, pieces: readonly Piece[]): Uint8Array | undefined {
    if (statement.parameters !== undefined) return statement.parameters;
    const parts = pieces.flatMap(({ entry: { body } }) => (body.type === 'statement_part' ? [body.bytes] : []));
    if (parts.length > 0) return Buffer.concat(parts);
    const of = statement.parametersOf;
    if (of === undefined || of === statement.n) return undefined;
    return this.#kept(this.#parameterSets, session, of, (row) => {
      const { body } = this.#journal.read(row);
      if (body.type !== 'statement') return undefined;
      return this.#parameters(session, body, this.#pieces(session, of, row))?.slice();
    });
  }

  /** What the server said they are, else what Parse did, here or where the text stands. */
  #parameterTypes(session: number, { statement, results }: Execution): readonly number[] {
    const told = results.find(({ outcome }) => outcome?.parameterTypes !== undefined)?.outcome?.parameterTypes;
    if (told !== undefined) return told;
    if (statement.parameterTypes !== undefined || statement.sqlOf === undefined) return statement.parameterTypes ?? [];
    const parsed = this.#kept(this.#parsedTypes, session, statement.sqlOf, (row) => {
      const { body } = this.#journal.read(row);
      return body.type === 'statement' ? body.parameterTypes : undefined;
    });
    return parsed ?? [];
  }

  #columnsOf(session: number, n: number): Uint8Array | undefined {
    return this.#kept(this.#columns, session, n, (row) => {
      const results = this.#results(row, this.#pieces(session, n, row));
      // A copy: the view would keep the batch that it was read in.
      return results.findLast(({ outcome }) => outcome?.columns !== undefined)?.outcome?.columns?.slice();
    });
  }

  #before(session: number, { statement, results }: Execution): TransactionStatus | undefined {
    if (results.at(-1)?.outcome?.transactionAfter !== undefined) return undefined;
    return this.#selectBefore.get(session, statement.n + 1)?.['transaction_before'] as TransactionStatus | undefined;
  }

  /**
   * Ids of the approvals that a statement waited for or was let through by. Of several that wait together, the first has
   * them; and an Execute goes by what was asked at its Bind.
   */
  #approvalsOf(session: number, { entry, statement, decisions }: Execution, pieces: readonly Piece[]): string[] {
    const own = approvalsIn(pieces);
    if (own.length > 0 || decisions.every(({ decision }) => decision !== 'approve')) return own;
    const { n, parametersOf } = statement;
    const first = this.#selectWaiting.get(session, n, role.approval, entry.index)?.['n'];
    const of = first === undefined ? parametersOf : Number(first);
    return of === undefined ? [] : approvalsIn(this.#pieces(session, of, { hasPieces: 1 }));
  }

  #pieces(session: number, n: number, row: Pick<Row, 'hasPieces'>): Piece[] {
    if (row.hasPieces === 0) return [];
    return this.#selectPieces.all(session, n).map((piece) => ({
      role: Number(piece['role']),
      entry: this.#journal.read({ segment: Number(piece['segment']), offset: Number(piece['offset']) }),
    }));
  }

  #row(session: number, n: number): Row | undefined {
    return this.#selectRow.get(session, n) as unknown as Row | undefined;
  }

  #kept<T>(
    kept: Map<string, T | undefined>,
    session: number,
    n: number,
    read: (row: Row) => T | undefined,
  ): T | undefined {
    const key = `${session}/${n}`;
    if (kept.has(key)) return kept.get(key);
    const row = this.#row(session, n);
    const value = row === undefined ? undefined : read(row);
    if (kept.size >= maxKept) kept.clear();
    kept.set(key, value);
    return value;
  }
}

function endOf({ endedSegment, endedOffset }: Row): Place | undefined {
  return endedSegment === null || endedOffset === null ? undefined : { segment: endedSegment, offset: endedOffset };
}

function copyInOf(pieces: readonly Piece[]): Pick<StatementEntries, 'copyIn' | 'copyInMessages' | 'copyInEnded'> {
  const copyIn: Uint8Array[] = [];
  let copyInMessages = 0;
  let copyInEnded: CopyInEnded | undefined;
  for (const { entry } of pieces) {
    if (entry.body.type === 'copy_in_ended') copyInEnded = entry.body;
    if (entry.body.type !== 'copy_in') continue;
    copyIn.push(entry.body.messages);
    copyInMessages += entry.body.count;
  }
  return { copyIn, copyInMessages, copyInEnded };
}

function controlsOf(pieces: readonly Piece[]): Pick<Execution, 'decisions' | 'masked'> {
  const decisions: Decision[] = [];
  const masked: Masked[] = [];
  for (const { entry } of pieces) {
    if (entry.body.type === 'decision') decisions.push(entry.body);
    if (entry.body.type === 'masked') masked.push(entry.body);
  }
  return { decisions, masked };
}

/** Ids of approvals, each once. */
function approvalsIn(pieces: readonly Piece[]): string[] {
  const ids = pieces.flatMap(({ role: as, entry: { body } }) =>
    as === role.approval && 'approval' in body ? [body.approval] : [],
  );
  return [...new Set(ids)];
}

function notWhatItWas(entry: Entry, expected: string): Error {
  return new Error(`entry ${entry.index} of the journal is ${entry.body.type}, the index says ${expected}`);
}
