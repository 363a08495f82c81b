import type { CatalogFunction, Relation } from '../../sql/catalog.ts';
import type { CatalogRows } from '../../sql/catalog-index.ts';
import { type AttachmentRows, type Attachments, decodeAttachments, noAttachments } from './attachments.ts';
import { type CatalogFingerprint, decodeFingerprint, fingerprintQuery } from './catalog-fingerprint.ts';
import {
  aggregatesQuery,
  attachedQuery,
  beginQuery,
  type CatalogPartName,
  changedSystemQuery,
  codeTypesQuery,
  columnsQuery,
  constraintsQuery,
  eventTriggersQuery,
  expressionsQuery,
  foreignKeysQuery,
  functionsQuery,
  inheritanceQuery,
  operatorsQuery,
  policiesQuery,
  relationsQuery,
  rulesQuery,
  schemasQuery,
  triggersQuery,
} from './catalog-queries.ts';
import { decodeCodeType, decodeFunctions, decodeOperator } from './decode-functions.ts';
import { decodeRelations, type RelationRows, standIns } from './decode-relations.ts';
import { firstNumber, type Row } from './row.ts';

/** Columns, relations and functions of one database. With more, the gateway would not know what to do with its memory. */
const maxRows = 4_000_000;

type RelationQuery = keyof RelationRows | 'functions';
type OwnQuery = RelationQuery | keyof AttachmentRows | 'schemas' | 'operators' | 'codeTypes' | 'eventTriggers';
type SystemQuery = RelationQuery | 'changed';

/** What is asked in a reading: a text for each name. */
export interface CatalogQueries {
  readonly fingerprint: string;
  readonly own: { readonly [Name in OwnQuery]: string };
  readonly system: { readonly [Name in SystemQuery]: string };
}

/** The queries for a server (`server_version_num`). */
export function catalogQueries(serverVersion: number): CatalogQueries {
  const ofBoth = (part: CatalogPartName): { readonly [Name in RelationQuery]: string } => ({
    relations: limited(relationsQuery(part)),
    columns: limited(columnsQuery(part)),
    expressions: limited(expressionsQuery(part)),
    rules: rulesQuery(part),
    policies: policiesQuery(part),
    functions: limited(functionsQuery(part, serverVersion)),
  });
  return {
    fingerprint: fingerprintQuery,
    own: {
      ...ofBoth('own'),
      triggers: triggersQuery,
      attached: attachedQuery,
      aggregates: aggregatesQuery,
      foreignKeys: foreignKeysQuery,
      constraints: limited(constraintsQuery),
      inheritance: inheritanceQuery,
      schemas: schemasQuery,
      operators: operatorsQuery,
      codeTypes: codeTypesQuery,
      eventTriggers: eventTriggersQuery,
    },
    system: { ...ofBoth('system'), changed: changedSystemQuery },
  };
}

function limited(sql: string): string {
  return `${sql}\nLIMIT ${maxRows + 1}`;
}

/** What a reading came to, all of one state of the database. */
export interface Reading {
  readonly fingerprint: CatalogFingerprint;
  /** Everything but relations and functions of Postgres's own. */
  readonly own: Omit<CatalogRows, 'version'>;
  /** Those, when they were asked for, without what somebody has attached to them. */
  readonly system: SystemPart | undefined;
  readonly attachments: Attachments;
  /** OIDs of relations of which something could not be told. */
  readonly unknown: readonly number[];
}

export interface SystemPart {
  readonly relations: readonly Relation[];
  readonly functions: readonly CatalogFunction[];
  /** It is the same for as long as `CatalogFingerprint.system` is. */
  readonly isLasting: boolean;
}

/**
 * Reads parts of the catalog (`own` is one always), in one transaction. What cannot be told at the moment, because somebody
 * has locked a relation against any use, has a stand-in (catalog-queries.ts). Rejects where Postgres would not answer.
 */
export async function readParts(
  queryAll: (texts: readonly string[]) => Promise<(string | null)[][][]>,
  queries: CatalogQueries,
  parts: readonly CatalogPartName[],
): Promise<Reading> {
  const asked = parts.map((part) => ({ part, names: Object.keys(queries[part]), texts: Object.values(queries[part]) }));
  const texts = asked.flatMap((each): readonly string[] => each.texts);
  const end = 'COMMIT /* onrecord: the catalog */';
  const [, fingerprint = [], ...answers] = await queryAll([beginQuery, queries.fingerprint, ...texts, end]);
  const rows = new Map<string, readonly Row[]>();
  for (const { part, names } of asked) {
    for (const name of names) rows.set(`${part} ${name}`, bounded(answers.shift() ?? []));
  }
  const own = (name: OwnQuery): readonly Row[] => rows.get(`own ${name}`) ?? [];
  const system = (name: SystemQuery): readonly Row[] => rows.get(`system ${name}`) ?? [];
  const attachments = decodeAttachments({
    triggers: own('triggers'),
    attached: own('attached'),
    aggregates: own('aggregates'),
    foreignKeys: own('foreignKeys'),
    constraints: own('constraints'),
    inheritance: own('inheritance'),
  });
  return {
    fingerprint: decodeFingerprint(fingerprint),
    own: await decodeOwn(own, attachments),
    system: parts.includes('system') ? await decodeSystem(system) : undefined,
    attachments,
    unknown: [...standIns(relationRows(own)), ...standIns(relationRows(system))],
  };
}

type Answer<Name> = (name: Name) => readonly Row[];

function bounded(rows: readonly Row[]): readonly Row[] {
  if (rows.length > maxRows) throw new Error(`the catalog has more than ${maxRows} rows of a kind`);
  return rows;
}

function relationRows(answer: Answer<RelationQuery>): RelationRows {
  return {
    relations: answer('relations'),
    columns: answer('columns'),
    expressions: answer('expressions'),
    rules: answer('rules'),
    policies: answer('policies'),
  };
}

async function decodeOwn(answer: Answer<OwnQuery>, attachments: Attachments): Promise<Reading['own']> {
  const eventTriggers = answer('eventTriggers').map(firstNumber);
  const schemas = answer('schemas');
  return {
    openSchemas: schemas.flatMap(([name, isOpen]) => (isOpen === 't' ? (name ?? '') : [])),
    closedSchemas: schemas.flatMap(([name, isOpen]) => (isOpen === 't' ? [] : (name ?? ''))),
    relations: await decodeRelations(relationRows(answer), attachments),
    functions: decodeFunctions(answer('functions'), attachments),
    operators: answer('operators').map(decodeOperator),
    codeTypes: answer('codeTypes').map(decodeCodeType),
    ...(eventTriggers.length === 0 ? {} : { eventTriggers }),
  };
}

async function decodeSystem(answer: Answer<SystemQuery>): Promise<SystemPart> {
  const relations = relationRows(answer);
  return {
    relations: await decodeRelations(relations, noAttachments),
    functions: decodeFunctions(answer('functions'), noAttachments),
    isLasting: answer('changed')[0]?.[0] === 'f' && standIns(relations).length === 0,
  };
}
