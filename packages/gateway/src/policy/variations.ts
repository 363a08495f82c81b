/** What rules can ask for that is not the same each time that a text is run. `minute`: of the time, but nothing finer; `moment`: the very time. */
export type Variation = 'parameters' | 'protocol' | 'transaction' | 'minute' | 'moment';

/** How each is named among what a rule uses (`Rule.uses`): a variable, or one of its fields. */
export const variations: { readonly [Name in Variation]: string } = {
  parameters: 'statement.parameters',
  protocol: 'statement.protocol',
  transaction: 'session.inTransaction',
  minute: 'time',
  moment: 'time.timestamp',
};
