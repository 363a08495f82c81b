/**
 * `--on`, `--since`, `--until` and `--tz` as a range of the record, with words that say how they were understood. What
 * is only half understood, or could mean two things, is refused. Pure: the time now is given.
 */
import { readTime, type TimeWords } from './read-time.ts';
import { type CivilUs, civilOf, dayUs, instantsOf, isTimeZone, offsetUs, systemTimeZone } from './zone.ts';

export interface RangeOptions {
  /** A day, week, month or year. Not together with `since` and `until`. */
  readonly on?: string | undefined;
  /** From this moment, or from the beginning of this period. */
  readonly since?: string | undefined;
  /** Up to, not including, this moment; or to the end of this period. */
  readonly until?: string | undefined;
  /** IANA name of the zone of times without an offset. Default: the system's. */
  readonly tz?: string | undefined;
  readonly now: Date;
}

export interface TimeRange {
  /** Microseconds since 1970, included; undefined without a lower bound. */
  readonly fromUs: number | undefined;
  /** Microseconds since 1970, excluded; undefined without an upper bound. */
  readonly untilUs: number | undefined;
  readonly timeZone: string;
  /** How it was understood: `Tuesday 2026-11-17 00:00 – 24:00 Europe/Berlin (UTC+01:00)`; then what needed a decision. */
  readonly echo: string;
}

/** A time on the command line that cannot be used; `message` says which and why, `hint` what to write. */
export class TimeNotUnderstood extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = 'TimeNotUnderstood';
    this.hint = hint;
  }
}

/** Throws {@link TimeNotUnderstood}. */
export function parseRange(options: RangeOptions): TimeRange {
  const timeZone = options.tz ?? systemTimeZone();
  if (!isTimeZone(timeZone)) {
    throw new TimeNotUnderstood(
      `--tz "${timeZone}": there is no such time zone`,
      'Write for example Europe/Berlin or UTC.',
    );
  }
  const { on, since, until } = options;
  if (on !== undefined && (since !== undefined || until !== undefined)) {
    throw new TimeNotUnderstood(
      `--on "${on}" cannot stand with ${since === undefined ? '--until' : '--since'}`,
      'Use either --on, or --since and --until.',
    );
  }
  const nowUs = options.now.getTime() * 1000;
  const notes: string[] = [];
  const read = (option: string, input: string): TimeWords => {
    const words = readTime(input, { us: nowUs, timeZone });
    if (words.type !== 'not understood') return words;
    throw new TimeNotUnderstood(`${option} "${input}": ${words.reason}`, words.hint);
  };
  let from: Bound | undefined;
  let to: Bound | undefined;
  if (on !== undefined) {
    const words = periodOf(on, read('--on', on), timeZone);
    from = lowerBound(words, timeZone, notes);
    to = upperBound(words, timeZone, notes);
    if (from.us >= to.us) {
      throw new TimeNotUnderstood(
        `--on "${on}": that day did not happen in ${timeZone}, where the clock skipped it`,
        'Take the day before or after.',
      );
    }
  }
  if (since !== undefined) from = lowerBound(read('--since', since), timeZone, notes);
  if (until !== undefined) to = upperBound(read('--until', until), timeZone, notes);
  if (from !== undefined && from.us > nowUs) {
    throw new TimeNotUnderstood(
      `${on === undefined ? `--since "${since}"` : `--on "${on}"`} lies in the future (${moment(from, 'from')})`,
      'Only what has happened is on the record.',
    );
  }
  if (from !== undefined && to !== undefined && from.us >= to.us) {
    throw new TimeNotUnderstood(
      `--since "${since}" (${moment(from, 'from')}) is not before --until "${until}" (${moment(to, 'until')})`,
      'Swap them, or widen one.',
    );
  }
  return {
    fromUs: from?.us,
    untilUs: to?.us,
    timeZone,
    echo: [echoOf(from, to, { us: nowUs, timeZone }), ...notes].join('; '),
  };
}

/** An instant, and what the clock shows then (the end of a day as that day's 24:00). */
interface Bound {
  readonly us: number;
  readonly civil: CivilUs;
}

/** `--on "2 days ago"` is that day; any other moment is refused, since nothing happens on a moment. */
function periodOf(on: string, words: TimeWords, timeZone: string): TimeWords {
  if (words.type === 'period') return words;
  if (words.type === 'moment' && /^\d+ ?(d|days?) ago$|^a day ago$/i.test(on.trim())) {
    const day = Math.floor(words.civil / dayUs) * dayUs;
    return { type: 'period', from: day, until: day + dayUs };
  }
  const civil = words.type === 'instant' ? civilOf(words.us, timeZone) : words.civil;
  throw new TimeNotUnderstood(
    `--on "${on}": that is a moment (${stamp(civil)}), not a day or longer`,
    'Use --since and --until for parts of a day.',
  );
}

/** Of two instants the earlier, so that nothing of the time asked for is left out; of none, when the clock jumped. */
function lowerBound(words: TimeWords, timeZone: string, notes: string[]): Bound {
  if (words.type === 'instant') return { us: words.us, civil: civilOf(words.us, timeZone) };
  const civil = words.type === 'period' ? words.from : words.civil;
  const { instants, skippedAt } = instantsOf(civil, timeZone);
  const [first, second] = instants;
  if (first === undefined) return afterSkip(civil, skippedAt ?? civil, timeZone, notes);
  if (second !== undefined) notes.push(`${stamp(civil)} came twice, taken from the first`);
  return { us: first, civil };
}

/** Of two instants the later. The end of a day is the beginning of the next, the first time that it comes. */
function upperBound(words: TimeWords, timeZone: string, notes: string[]): Bound {
  if (words.type === 'instant') return { us: words.us, civil: civilOf(words.us, timeZone) };
  if (words.type === 'period')
    return { us: lowerBound({ type: 'moment', civil: words.until }, timeZone, []).us, civil: words.until };
  const { instants, skippedAt } = instantsOf(words.civil, timeZone);
  const last = instants.at(-1);
  if (last === undefined) return afterSkip(words.civil, skippedAt ?? words.civil, timeZone, notes);
  if (instants.length > 1) notes.push(`${stamp(words.civil)} came twice, taken until the second`);
  return { us: last, civil: words.civil };
}

function afterSkip(civil: CivilUs, skippedAt: number, timeZone: string, notes: string[]): Bound {
  const shown = civilOf(skippedAt, timeZone);
  notes.push(`the clock skipped ${stamp(civil)}, taken as ${stamp(shown)}`);
  return { us: skippedAt, civil: shown };
}

function echoOf(from: Bound | undefined, to: Bound | undefined, now: { us: number; timeZone: string }): string {
  const { timeZone } = now;
  if (from === undefined && to === undefined) return `everything up to now, ${zone(now.us, timeZone)}`;
  const start = from === undefined ? 'the beginning' : moment(from, 'from');
  if (to === undefined) return `${start} – now ${zones(from?.us ?? now.us, now.us, timeZone)}`;
  const sameDay = from !== undefined && dayOf(from.civil) === dayOf(to.civil - 1);
  const end = sameDay ? clock(to.civil - dayOf(from.civil)) : moment(to, 'until');
  const range = `${start} – ${end} ${zones(from?.us ?? to.us, to.us - 1, timeZone)}`;
  const wholeDay = from !== undefined && dayOf(from.civil) === from.civil && to.civil - from.civil === dayUs;
  if (!wholeDay || to.us - from.us === dayUs) return range;
  return `${range}, ${(to.us - from.us) / 3_600_000_000} hours long`;
}

function moment({ civil }: Bound, side: 'from' | 'until'): string {
  // The end of Monday reads as Monday 24:00, not as Tuesday 00:00.
  const day = side === 'until' ? dayOf(civil - 1) : dayOf(civil);
  return `${weekday(day)} ${date(day)} ${clock(civil - day)}`;
}

function dayOf(civil: CivilUs): CivilUs {
  return Math.floor(civil / dayUs) * dayUs;
}

function weekday(civil: CivilUs): string {
  return new Intl.DateTimeFormat('en-GB', { weekday: 'long', timeZone: 'UTC' }).format(civil / 1000);
}

function date(civil: CivilUs): string {
  return new Date(civil / 1000).toISOString().slice(0, 10);
}

function stamp(civil: CivilUs): string {
  return `${date(civil)} ${clock(civil - dayOf(civil))}`;
}

/** As exact as it needs to be: `14:00`, `14:00:05`, `14:00:05.25`. */
function clock(us: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const seconds = Math.floor(us / 1_000_000);
  const fraction = us % 1_000_000;
  const minutes = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`;
  if (seconds % 60 === 0 && fraction === 0) return minutes;
  const exact = `${minutes}:${two(seconds % 60)}`;
  return fraction === 0 ? exact : `${exact}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
}

function zones(fromUs: number, untilUs: number, timeZone: string): string {
  const before = offset(fromUs, timeZone);
  const after = offset(untilUs, timeZone);
  if (timeZone === 'UTC') return timeZone;
  return before === after ? `${timeZone} (${before})` : `${timeZone} (${before}, then ${after})`;
}

function zone(us: number, timeZone: string): string {
  return zones(us, us, timeZone);
}

function offset(us: number, timeZone: string): string {
  const ahead = offsetUs(us, timeZone);
  return `UTC${ahead < 0 ? '-' : '+'}${clock(Math.abs(ahead))}`;
}
