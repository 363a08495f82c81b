import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '../config/parse-config.ts';
import { neighbourNotes } from './neighbours.ts';

const { connections } = parseConfig(
  [
    'listen: { connectors: 127.0.0.1:7432 }',
    'connections:',
    '  billing: { host: Db.Example.com, database: billing, user: app, watch: { user: w } }',
    '  reports: { host: db.example.com, database: reports, user: app, roles: [ { groups: [g], user: reader } ] }',
    '  same: { host: db.example.com, database: other, user: app }',
    '  port: { host: db.example.com, port: 5433, database: other, user: nobody }',
    '  far: { connector: db-eu }',
    '  near: { host: localhost, database: x, user: a }',
    '  socket: { host: /run/postgresql, database: x, user: b }',
  ].join('\n'),
  '/etc/onrecord.yaml',
);

function notesOf(name: string, uses: readonly string[]): readonly string[] {
  const connection = connections.get(name);
  assert.ok(connection);
  return neighbourNotes({ connections }, connection, { uses }).map(({ message }) => message);
}

describe('neighbourNotes', () => {
  it('names the roles of other connections to the same server that the lines lock out', () => {
    const [known, unknown, ...more] = notesOf('billing', ['app', 'w']);
    assert.match(
      known ?? '',
      /^the connection "reports" reaches the same server as "reader", .*`onrecord doctor reports`/,
    );
    assert.match(unknown ?? '', /^where "far" is on the same server, which only the connectors know/);
    assert.deepEqual(more, []);
  });

  it('takes the names of this machine and its sockets for one', () => {
    assert.match(notesOf('near', ['a'])[0] ?? '', /"socket" reaches the same server as "b"/);
  });

  it('knows nothing of what connectors reach', () => {
    assert.match(notesOf('far', ['app']).join(), /^where "billing", "reports", .* are on the same server/);
  });
});
