import type { Identity } from '../config/config.ts';
import type { Approval, Vote } from './approval.ts';
import type { Question } from './question.ts';

type Identities = ReadonlyMap<string, Identity>;

/**
 * Why somebody may not decide on an approval, as a sentence; undefined when they may. Groups are those of the
 * configuration that is in force now.
 */
export function whyNotVote(name: string, { question, votes }: Approval, identities: Identities): string | undefined {
  const voter = identities.get(name);
  if (voter === undefined) return `there is no identity "${name}"`;
  if (voter.kind !== 'person') return `"${name}" is of kind ${voter.kind}: only a person decides`;
  if (isRequester(name, question)) return `"${name}" asked for it, and nobody decides on what they asked for`;
  if (!question.asks.some(({ group }) => voter.groups.includes(group))) {
    const groups = [...new Set(question.asks.map(({ group }) => `"${group}"`))];
    return `"${name}" is not in ${groups.length === 1 ? 'the group' : 'one of the groups'} ${groups.join(', ')}`;
  }
  if (votes.some(({ by }) => by === name)) return `"${name}" has decided on it already`;
  return undefined;
}

/** Whether the votes satisfy every rule. One person counts for each rule whose group has them, as the groups are now. */
export function isApproved({ asks }: Question, votes: readonly Vote[], identities: Identities): boolean {
  return asks.every(({ group, count }) => {
    const counted = votes.filter(({ by, vote }) => {
      const voter = identities.get(by);
      return vote === 'approve' && voter?.kind === 'person' && voter.groups.includes(group);
    });
    return counted.length >= count;
  });
}

/**
 * The requester is the identity, and whoever it acts for. That name comes from somewhere else, perhaps as an address:
 * one that only looks like the voter's counts too, because another person can decide, and the wrong one must not.
 */
function isRequester(name: string, { identity, onBehalfOf }: Question): boolean {
  const voter = fold(name);
  if (voter === fold(identity)) return true;
  if (onBehalfOf === undefined) return false;
  const person = fold(onBehalfOf);
  return person === voter || localPart(person) === localPart(voter);
}

function fold(name: string): string {
  return name.normalize('NFKC').toLowerCase().trim();
}

function localPart(name: string): string {
  return name.split('@')[0] ?? name;
}
