import type { Seeded } from '../oracle/seeded.ts';

/** A column that the query may name, and whether it is a text. */
interface Column {
  readonly name: string;
  readonly isText: boolean;
}

/** Something of FROM, as the level that it stands in sees it. */
interface Source {
  readonly sql: string;
  readonly alias: string;
  readonly columns: readonly Column[];
}

interface Level {
  readonly sources: readonly Source[];
  readonly outer: Level | undefined;
  readonly queries: readonly Source[];
}

const tables: { readonly [name: string]: readonly string[] } = {
  customers: ['id', 'email:', 'name:', 'city:'],
  'public.customers': ['id', 'email:', 'name:', 'city:'],
  'other.customers': ['id', 'email:', 'phone:'],
  orders: ['id', 'customer_id', 'note:'],
  payments: ['id', 'region:', 'iban:'],
  payments_eu: ['id', 'region:', 'iban:'],
  tree: ['id', 'up', 'label:'],
  customer_names: ['id', 'name:'],
  customer_mail: ['no', 'mail:', 'low:'],
  mail_of_mail: ['mail:', 'name:'],
  order_lines: ['id', 'note:', 'customer:'],
  per_city: ['city:', 'n', 'some:'],
  either: ['what:'],
  stored_mail: ['id', 'email:'],
};

/** Writes queries over `shop` that Postgres accepts more often than not: the same for the same seed. */
export class RandomQuery {
  readonly #random: Seeded;
  #aliases = 0;

  constructor(random: Seeded) {
    this.#random = random;
  }

  write(): string {
    return this.#select({ sources: [], outer: undefined, queries: [] }, 3).sql;
  }

  #chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  #alias(): string {
    this.#aliases += 1;
    return `a${this.#aliases}`;
  }

  /** A query and the columns that it is known to return. */
  #select(outer: Level, depth: number): { readonly sql: string; readonly columns: readonly Column[] } {
    let level: Level = { sources: [], outer, queries: outer.queries };
    let prefix = '';
    if (depth > 0 && this.#chance(25)) {
      const query = this.#select(level, depth - 1);
      const alias = this.#alias();
      const recursive = this.#chance(30) ? `WITH RECURSIVE ${alias}` : `WITH ${alias}`;
      const names = query.columns.map((_, index) => `c${index}`);
      const isNamed = this.#chance(50);
      const columns = isNamed
        ? query.columns.map((column, at) => ({ ...column, name: names[at] ?? '' }))
        : query.columns;
      prefix = `${recursive}${isNamed ? `(${names.join()})` : ''} AS (${query.sql}) `;
      level = { ...level, queries: [...level.queries, { sql: alias, alias, columns }] };
    }
    if (depth > 0 && this.#chance(15)) return this.#union(level, depth, prefix);
    const { level: filled, from } = this.#from(level, depth);
    const { sql, columns } = this.#targets(filled, depth);
    const where = this.#chance(20) ? ` WHERE ${this.#text(filled, 0)} IS NOT NULL` : '';
    const order = this.#chance(15) ? ' ORDER BY 1' : '';
    const limit = this.#chance(15) ? ' LIMIT 3' : '';
    const distinct = this.#chance(10) ? 'DISTINCT ' : '';
    return { sql: `${prefix}SELECT ${distinct}${sql} FROM ${from}${where}${order}${limit}`, columns };
  }

  #union(level: Level, depth: number, prefix: string): { readonly sql: string; readonly columns: readonly Column[] } {
    const one = (): string => {
      const { level: filled, from } = this.#from(level, depth - 1);
      return `SELECT ${this.#text(filled, 1)} AS u, ${this.#text(filled, 1)}::text FROM ${from}`;
    };
    const operator = this.#random.pick(['UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT']);
    return { sql: `${prefix}(${one()}) ${operator} (${one()})`, columns: [{ name: 'u', isText: true }] };
  }

  #from(level: Level, depth: number): { readonly level: Level; readonly from: string } {
    let filled = level;
    let from = '';
    const count = 1 + this.#random.below(3);
    for (let index = 0; index < count; index += 1) {
      const source = this.#source(filled, depth);
      const isUsing = index > 0 && this.#chance(30) && [...filled.sources, source].every(hasId);
      const join = this.#random.pick(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN']);
      if (index === 0) from = source.sql;
      else if (isUsing && index === 1) from += ` ${join} ${source.sql} USING (id)`;
      else
        from += this.#chance(50)
          ? `, ${source.sql}`
          : ` ${this.#random.pick(['CROSS JOIN', 'NATURAL JOIN'])} ${source.sql}`;
      filled = { ...filled, sources: [...filled.sources, source] };
    }
    return { level: filled, from };
  }

  #source(level: Level, depth: number): Source {
    const alias = this.#alias();
    if (level.queries.length > 0 && this.#chance(35)) {
      const { sql, columns } = this.#random.pick(level.queries);
      return { sql: `${sql} ${alias}`, alias, columns };
    }
    if (depth > 0 && this.#chance(40)) {
      const isLateral = this.#chance(50);
      const visible = isLateral ? level : { ...level, sources: [] };
      const { sql, columns } = this.#select(visible, depth - 1);
      const names = columns.map((column, index) => (this.#chance(40) ? { ...column, name: `n${index}` } : column));
      const isNamed = this.#chance(30);
      const list = isNamed ? `(${names.map(({ name }) => `"${name}"`).join()})` : '';
      return {
        sql: `${isLateral ? 'LATERAL ' : ''}(${sql}) ${alias}${list}`,
        alias,
        columns: isNamed ? names : columns,
      };
    }
    if (this.#chance(8)) {
      const text = this.#text(level, 0);
      return {
        sql: `LATERAL (VALUES (${text}, 1), ('x', 2)) ${alias}(v, n)`,
        alias,
        columns: [{ name: 'v', isText: true }],
      };
    }
    const [table = '', columns = []] = this.#random.pick(Object.entries(tables));
    return { sql: `${table} ${alias}`, alias, columns: columns.map(columnOf) };
  }

  #targets(level: Level, depth: number): { readonly sql: string; readonly columns: readonly Column[] } {
    const targets: string[] = [];
    const columns: Column[] = [];
    const count = 1 + this.#random.below(3);
    for (let index = 0; index < count; index += 1) {
      const source = this.#random.pick(level.sources);
      const kind = this.#random.below(10);
      if (kind === 0 && index === count - 1) targets.push('*');
      else if (kind === 1) {
        targets.push(`${source.alias}.*`);
        columns.push(...source.columns);
      } else if (kind < 5 && source.columns.length > 0) {
        const column = this.#random.pick(source.columns);
        targets.push(`${source.alias}."${column.name}"`);
        columns.push(column);
      } else {
        const name = `t${this.#aliases}x${index}`;
        targets.push(`${this.#text(level, depth)} AS ${name}`);
        columns.push({ name, isText: true });
      }
    }
    return { sql: targets.join(', '), columns };
  }

  /** A text over what is in scope, of outer levels too. */
  #text(level: Level, depth: number): string {
    const levels: Level[] = [];
    for (let at: Level | undefined = level; at !== undefined; at = at.outer) if (at.sources.length > 0) levels.push(at);
    if (levels.length === 0) return `'none'`;
    const source = this.#random.pick(
      this.#chance(75) ? (levels[0] as Level).sources : this.#random.pick(levels).sources,
    );
    const texts = source.columns.filter(({ isText }) => isText);
    const column = texts.length === 0 ? `${source.alias}::text` : `${source.alias}."${this.#random.pick(texts).name}"`;
    if (depth <= 0) return column;
    const inner = (): string => this.#text(level, depth - 1);
    switch (this.#random.below(14)) {
      case 0:
        return `upper(${inner()})`;
      case 1:
        return `(${inner()} || ${inner()})`;
      case 2:
        return `coalesce(${inner()}, ${inner()})`;
      case 3:
        return `CASE WHEN ${inner()} > 'm' THEN ${inner()} ELSE ${inner()} END`;
      case 4:
        return `row_to_json(${source.alias})::text`;
      case 5:
        return `(SELECT ${this.#scalar(level, depth)})`;
      case 6:
        return `${source.alias}::text`;
      case 7:
        return `(ARRAY[${inner()}, ${inner()}])[1]`;
      case 8:
        return `(ROW(${inner()}, 1))::text`;
      case 9:
        return texts.length === 0 ? column : `(${source.alias})."${this.#random.pick(texts).name}"`;
      case 10:
        return `jsonb_build_object('k', ${inner()})->>'k'`;
      case 11:
        return `${inner()}::varchar`;
      default:
        return column;
    }
  }

  #scalar(level: Level, depth: number): string {
    const { level: filled, from } = this.#from({ sources: [], outer: level, queries: level.queries }, depth - 1);
    const text = this.#text(filled, depth - 1);
    return this.#chance(50) ? `max(${text}) FROM ${from}` : `${text} FROM ${from} LIMIT 1`;
  }
}

function columnOf(spelled: string): Column {
  return { name: spelled.replace(':', ''), isText: spelled.endsWith(':') };
}

function hasId({ columns }: Source): boolean {
  return columns.filter(({ name }) => name === 'id').length === 1;
}
