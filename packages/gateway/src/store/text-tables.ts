import { createTablesReader, type TablesOf } from '../sql/tables.ts';

let loading: Promise<TablesOf> | undefined;

/** What tells the tables of a text, loaded once for each process. */
export function tablesReader(): Promise<TablesOf> {
  loading ??= createTablesReader().then(withoutNumbers);
  return loading;
}

/** A number that is not part of a name, a parameter or a hexadecimal. */
const number = /(?<![\w$\u0080-\uffff])\d+/g;

/**
 * Parsing costs more than everything else about a text, and texts with the values written into them differ in numbers
 * for the most part, which are no tables. So that the reader finds them in its cache, every number becomes 1, which is
 * a number everywhere (`float(0)` is not a type). Left alone are texts in which digits could be part of a quoted name or
 * of an escape.
 */
export function withoutNumbers(tablesOf: TablesOf): TablesOf {
  return (sql) => {
    if (sql.includes('"') || sql.includes('\\')) return tablesOf(sql);
    return tablesOf(sql.replace(number, '1')) ?? tablesOf(sql);
  };
}
