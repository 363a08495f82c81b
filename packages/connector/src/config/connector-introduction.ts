/** What docs/connector-config.md says before the settings. */
export const connectorIntroduction: string = `# Configuration of a connector

<!-- Generated from packages/connector/src/config/connector-settings.ts: node scripts/run.mjs run scripts/generate-docs.ts -->

A [connector](connector.md) reads one file, \`connector.yaml\` in the working directory or the one that \`--config FILE\` names:

\`\`\`yaml
gateways: [gateway.example.com:7432]
connections:
  billing: { host: 127.0.0.1, database: billing, user: billing_app, password: env:BILLING_PASSWORD }
\`\`\`

A connection is written as in the gateway's [onrecord.yaml](config.md), so that it can move from the one file to the other; there
it has the connector's name instead. What is recorded, and who may connect, the gateway's file says. Everything that is wrong is
said with line and column when the connector starts, and a setting that does not exist is an error. Editors complete and check
while you type with \`schema/connector.schema.json\`:

\`\`\`yaml
# yaml-language-server: $schema=./connector.schema.json
\`\`\`

- **Paths** are relative to the directory of the file.
- **Durations** have a unit: \`ms\`, \`s\`, \`m\`, \`h\`, \`d\`, \`w\`.
- **Secrets** are references: \`env:NAME\`, \`file:PATH\` or \`exec:COMMAND\`. A secret in the file itself is an error, and the error
  does not show it. They are resolved when a session opens, here, and never leave this machine but to Postgres.
- **SIGHUP** makes the connector read the file again, for sessions that open from then on. \`gateways\` and \`state\` only change
  with a restart. A file with a problem changes nothing.
`;
