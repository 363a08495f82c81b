/** What the tests use of pg-cursor, which brings no types. */
declare module 'pg-cursor' {
  import type { Connection, Submittable } from 'pg';

  // biome-ignore lint/style/noDefaultExport: that is how the package exports it
  export default class Cursor implements Submittable {
    constructor(text: string, values?: readonly unknown[]);
    submit(connection: Connection): void;
    read(rows: number): Promise<unknown[]>;
    close(): Promise<void>;
  }
}
