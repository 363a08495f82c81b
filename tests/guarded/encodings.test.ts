import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { clientText, readableEncodings } from '../../packages/gateway/src/session/client-text.ts';
import { Admin } from '../support/admin.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';

/** What the server makes of bytes as text in an encoding; NULL when they are none. */
const converts = `create function converts(bytes bytea, encoding name) returns text language plpgsql as $$
  begin return encode(convert_to(convert_from(bytes, encoding), 'UTF8'), 'hex'); exception when others then return null; end $$`;

const characters: { readonly [length: number]: string } = {
  1: "select set_byte('\\x00', 0, a) as bytes from generate_series(1, 255) a",
  2: "select set_byte(set_byte('\\x0000', 0, a), 1, b) as bytes from generate_series(128, 255) a, generate_series(1, 255) b",
};
const longest: { readonly [encoding: string]: number } = { EUC_KR: 2, GBK: 2, SJIS: 2 };

describe('every character that Postgres can read', { timeout: 600_000 }, () => {
  let postgres: Postgres;
  let admin: Admin;
  before(async () => {
    postgres = await startPostgres();
    admin = await Admin.login(postgres);
    await admin.query(converts);
  });
  after(async () => {
    admin?.close();
    await postgres?.stop();
  });

  for (const encoding of readableEncodings.filter((name) => name !== 'UTF8')) {
    it(`is the same here, or none, in ${encoding}`, async () => {
      let same = 0;
      for (let length = 1; length <= (longest[encoding] ?? 1); length += 1) {
        const rows = await admin.query(
          `select encode(bytes, 'hex'), converts(bytes, '${encoding}') from (${characters[length]}) c`,
        );
        for (const [bytes, expected] of rows) {
          const read = clientText(Buffer.from(bytes ?? '', 'hex'), encoding);
          if (expected === null || read === undefined) continue;
          assert.equal(Buffer.from(read).toString('hex'), expected, `${bytes}`);
          same += 1;
        }
      }
      assert.ok(same > 150, `only ${same}`);
    });
  }
});
