/**
 * Steps through an exported session. Runs from within the file that `html.ts` writes, after the functions that
 * `page.d.ts` declares. Text gets into the document as text only: there is no markup made from strings here, and the
 * file's policy would not allow it.
 *
 * @import { PageSession, PageStatement, PageResult, PageCopy, PageMasks, PageParameter } from '../page-data.ts'
 * @import { ControlFact } from '../control-facts.ts'
 * @import { MessageView, EventView } from '../../../store/views.ts'
 */

const rowHeight = 52;
const stripCells = 240;
const rowsAtFirst = 200;
const printedAtMost = 500;

/**
 * @template {HTMLElement} Element
 * @param {string} id
 * @param {new () => Element} kind
 * @returns {Element}
 */
function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${id}`);
  return element;
}

/** @param {string} kind */
function blocks(kind) {
  return [...document.querySelectorAll(`script[data-of="${kind}"]`)].map((element) => element.textContent ?? '');
}

const about = /** @type {PageSession} */ (JSON.parse(blocks('about')[0] ?? '{}'));
/** @type {PageStatement[]} */
const outline = blocks('outline').flatMap((text) => JSON.parse(text));
/** Not parsed yet. */
const resultTexts = blocks('results').flatMap((text) => text.split('\n'));

/** @param {number} index @returns {PageResult} */
function resultOf(index) {
  return JSON.parse(resultTexts[index] ?? '{}');
}

const app = byId('app', HTMLElement);
const list = byId('list', HTMLElement);
const rows = byId('rows', HTMLElement);
const strip = byId('strip', HTMLElement);
const article = byId('statement', HTMLElement);
const status = byId('status', HTMLElement);
const search = byId('search', HTMLInputElement);
const filter = byId('filter', HTMLSelectElement);
const jump = byId('jump', HTMLInputElement);
const speed = byId('speed', HTMLSelectElement);
const playButton = byId('play', HTMLButtonElement);
const previousButton = byId('previous', HTMLButtonElement);
const nextButton = byId('next', HTMLButtonElement);
const keysDialog = byId('keys', HTMLDialogElement);

/** Indices into the outline that the search and the filter leave, in order. */
let shown = outline.map((_, index) => index);
/** Index into the outline of the statement on show. */
let current = 0;
/** The statement that was on show when the search began: as it is typed, the first match from there on is shown. */
let anchor = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let playing;

/* ---- building blocks ---- */

/**
 * @param {string} name
 * @param {string} [className]
 * @param {...(Node | string)} children strings are ours, never recorded text
 */
function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** Elements within one text, at most: browsers take minutes to lay out some hundred thousand. What is left stays plain. */
const maxMarks = 5_000;

/**
 * Recorded text: hidden characters as marked escapes, what is searched for marked.
 * @param {string} text
 * @param {string} [kept]
 */
function recorded(text, kept = '') {
  const fragment = document.createDocumentFragment();
  let plain = '';
  for (const piece of piecesOf(text, kept)) {
    if (fragment.childElementCount >= maxMarks) plain += piece.text;
    else if (piece.hidden) fragment.append(element('span', 'hidden', piece.text));
    else mark(piece.text, fragment);
  }
  fragment.append(plain);
  return fragment;
}

/** @param {string} text @param {DocumentFragment} into */
function mark(text, into) {
  const wanted = search.value.trim().toLowerCase();
  const lower = text.toLowerCase();
  let done = 0;
  if (wanted !== '' && lower.length === text.length) {
    for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, done)) {
      if (into.childElementCount >= maxMarks) break;
      into.append(text.slice(done, at), element('mark', '', text.slice(at, at + wanted.length)));
      done = at + wanted.length;
    }
  }
  into.append(text.slice(done));
}

const clocks = {
  time: new Intl.DateTimeFormat('en-GB', { timeZone: about.timeZone, timeStyle: 'medium', hourCycle: 'h23' }),
  day: new Intl.DateTimeFormat('en-GB', { timeZone: about.timeZone, weekday: 'long' }),
  date: new Intl.DateTimeFormat('sv-SE', { timeZone: about.timeZone, dateStyle: 'short' }),
};

/** @param {number} at */
function timeOf(at) {
  return `${clocks.time.format(at / 1000)}.${String(at % 1_000_000).padStart(6, '0')}`;
}

/** @param {number} at */
function momentOf(at) {
  return `${clocks.day.format(at / 1000)} ${clocks.date.format(at / 1000)} ${timeOf(at)} ${about.timeZone}`;
}

/* ---- the list ---- */

function drawList() {
  const first = Math.max(0, Math.floor(list.scrollTop / rowHeight) - 8);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / rowHeight) + 8);
  const drawn = [];
  for (let place = first; place < last; place++) {
    const index = shown[place];
    const item = index === undefined ? undefined : outline[index];
    if (index === undefined || item === undefined) continue;
    const row = element('div', 'row');
    row.id = `row-${item.n}`;
    row.setAttribute('role', 'option');
    row.setAttribute('aria-selected', String(index === current));
    row.setAttribute('aria-setsize', String(shown.length));
    row.setAttribute('aria-posinset', String(place + 1));
    row.style.top = `${place * rowHeight}px`;
    const mark = about.marks[item.outcome];
    const sign = element('span', mark.style, mark.sign);
    sign.title = mark.meaning;
    sign.setAttribute('aria-label', mark.meaning);
    sign.setAttribute('role', 'img');
    const code = element('code');
    code.append(recorded(item.sql.slice(0, 400).replace(/\s+/g, ' ').trim().slice(0, 200) || '(empty)'));
    row.append(
      element(
        'p',
        '',
        element('b', '', String(item.n)),
        sign,
        timeOf(item.at).slice(0, 12),
        controlSigns(item),
        element(
          'span',
          'last',
          [rowsIn(item), item.durationUs === undefined ? '' : formatDuration(item.durationUs)]
            .filter(Boolean)
            .join(' · '),
        ),
      ),
      code,
    );
    row.addEventListener('click', () => go(index));
    drawn.push(row);
  }
  if (shown.length === 0) drawn.push(element('p', 'none', outline.length === 0 ? 'No statements.' : 'None fits.'));
  rows.replaceChildren(...drawn);
  list.setAttribute('aria-activedescendant', `row-${outline[current]?.n ?? 0}`);
}

/** One sign for each thing that the gateway did; the words are in its title. @param {PageStatement} item */
function controlSigns(item) {
  const made = element('span', 'controls');
  for (const { text, style } of item.controls) {
    const [first = ''] = text;
    const sign = element('span', style, /[◷▒]/.test(first) ? first : '⊘');
    sign.title = text;
    sign.setAttribute('role', 'img');
    sign.setAttribute('aria-label', text);
    made.append(sign);
  }
  return made;
}

/** @param {PageStatement} item */
function rowsIn(item) {
  return item.rowCount > 0 ? formatCount(item.rowCount, 'row') : '';
}

function bringIntoView() {
  const place = shown.indexOf(current);
  if (place === -1) return;
  const top = place * rowHeight;
  if (top < list.scrollTop) list.scrollTop = top - rowHeight;
  else if (top + rowHeight > list.scrollTop + list.clientHeight)
    list.scrollTop = top - list.clientHeight + 2 * rowHeight;
}

/* ---- the strip ---- */

const cells = Array.from({ length: Math.min(stripCells, outline.length) }, () => document.createElement('i'));

/** @param {number} index */
function cellOf(index) {
  return Math.floor((index * cells.length) / Math.max(1, outline.length));
}

const wrongCells = new Set(outline.flatMap((item, index) => (about.marks[item.outcome].wrong ? [cellOf(index)] : [])));

function drawStrip() {
  const here = cellOf(current);
  cells.forEach((cell, i) => {
    cell.className = [i < here ? 'past' : '', i === here ? 'here' : '', wrongCells.has(i) ? 'wrong' : ''].join(' ');
  });
}

/* ---- one statement ---- */

const transactions = { I: 'none', T: 'open', E: 'failed' };

const kinds = {
  simple: 'simple query',
  execute: 'extended query',
  fetch: 'further rows of a portal',
  prepare: 'prepared, not executed here',
  bind: 'bound, not executed here',
  call: 'function call',
  replication: 'replication command',
};

/** @param {number} index @returns {Node[]} */
function statementParts(index) {
  const item = outline[index];
  if (item === undefined) return [element('p', 'note', 'No statements were recorded in this session.')];
  const result = resultOf(index);
  const mark = about.marks[item.outcome];
  const before = outline[index - 1];
  const facts = [
    kinds[item.kind],
    item.position ? `statement ${item.position.index + 1} of ${item.position.count} in one Query` : '',
    before ? `${formatDuration(Math.max(0, item.at - before.at))} after statement ${before.n}` : '',
  ].filter(Boolean);
  const names = element('span');
  if (item.statementName) names.append(', prepared as ', recorded(item.statementName));
  if (item.portal) names.append(', portal ', recorded(item.portal));
  const parts = [
    element(
      'h2',
      '',
      element('span', mark.style, mark.sign),
      `Statement ${item.n}`,
      element('span', mark.style, mark.meaning),
    ),
    element('p', 'when', momentOf(item.at), element('br'), facts.join(' · '), names),
    sqlBlock(item),
  ];
  if (item.redacted) parts.push(element('p', 'note', 'Password literals were replaced before the text was recorded.'));
  if (item.parameters.length > 0) parts.push(element('h3', '', 'Parameters'), parameterTable(item.parameters));
  if (item.policy.length > 0) parts.push(element('h3', '', 'Policy'), factList(item.policy));
  if (item.error) parts.push(element('h3', '', 'Error'), message(item.error), ...positionNote(item));
  parts.push(element('h3', '', 'Outcome'), outcomeList(item));
  if (result.notices.length > 0 || result.noticesDropped > 0) {
    parts.push(element('h3', '', 'Notices'), ...result.notices.map(message));
    if (result.noticesDropped > 0)
      parts.push(element('p', 'note', `${formatCount(result.noticesDropped, 'further notice')} not kept.`));
  }
  if (item.masks) parts.push(...maskTable(item.masks));
  if (result.columns.length > 0) parts.push(...rowTable(item, result));
  if (result.copy) parts.push(...copyBlock(result.copy));
  const next = outline[index + 1];
  const around = about.events.filter((event) => event.at >= item.at && (next === undefined || event.at < next.at));
  if (around.length > 0) parts.push(element('h3', '', 'Then'), eventList(around));
  return parts;
}

/** @param {PageStatement} item */
function sqlBlock(item) {
  const pre = element('pre', 'sql');
  pre.setAttribute('aria-label', 'SQL');
  if (item.sql.trim() === '') pre.append(element('span', 'comment', '(empty)'));
  const alone = item.position === undefined || item.position.index === 0;
  let fault = -1;
  if (alone && item.error?.position) fault = [...item.sql].slice(0, item.error.position - 1).join('').length;
  let offset = 0;
  for (const { kind, text } of sqlTokens(item.sql)) {
    if (pre.childElementCount >= maxMarks && fault < offset) {
      pre.append(recorded(item.sql.slice(offset), '\n\t'));
      break;
    }
    const at = fault - offset;
    /** @param {string} part @param {string} className */
    const add = (part, className) => {
      if (part === '') return;
      const made = element('span', className);
      made.append(recorded(part, '\n\t'));
      pre.append(made);
    };
    if (fault >= 0 && at >= 0 && at < text.length) {
      const end =
        at === 0 && kind !== 'other' ? text.length : at + String.fromCodePoint(text.codePointAt(at) ?? 0).length;
      add(text.slice(0, at), kind);
      add(text.slice(at, end), `${kind} fault`);
      add(text.slice(end), kind);
    } else add(text, kind);
    offset += text.length;
  }
  return pre;
}

/** @param {PageStatement} item */
function positionNote(item) {
  const elsewhere = item.error?.position !== undefined && item.position !== undefined && item.position.index > 0;
  return elsewhere ? [element('p', 'note', `At character ${item.error?.position} of the whole Query.`)] : [];
}

/** @param {readonly PageParameter[]} parameters */
function parameterTable(parameters) {
  const body = element('tbody');
  parameters.forEach(({ text, typeName, bare, decoded }, i) => {
    const value = element('td', 'value');
    if (text === null) value.append(element('em', 'null', 'NULL'));
    else if (bare) value.append(recorded(text));
    else value.append(recorded(`'${text.replaceAll("'", "''")}'`));
    if (!decoded) value.append(element('span', 'quiet', ' bytes, type not known'));
    const type = element('td', 'quiet');
    type.append(recorded(typeName));
    const name = element('th', 'mono parameter', `$${i + 1}`);
    name.setAttribute('scope', 'row');
    body.append(element('tr', '', name, type, value));
  });
  const table = element('table', '', body);
  table.setAttribute('aria-label', 'Parameters');
  return table;
}

/** @param {MessageView} view */
function message(view) {
  const error = ['ERROR', 'FATAL', 'PANIC'].includes(view.severity);
  const head = element('div');
  const code = element('b', error ? 'bad' : 'warning');
  code.append(recorded(`${view.severity} ${view.sqlstate}`));
  head.append(code, '  ', recorded(view.message, '\n'));
  const made = element('div', error ? 'message error' : 'message', head);
  for (const [name, text] of [
    ['Detail: ', view.detail],
    ['Hint: ', view.hint],
  ]) {
    if (text === undefined) continue;
    const line = element('p', '', element('span', 'quiet', name ?? ''));
    line.append(recorded(text, '\n'));
    made.append(line);
  }
  return made;
}

/** @param {readonly ControlFact[]} facts */
function factList(facts) {
  const made = element('dl', 'steps');
  for (const { label, text, style, multiline } of facts) {
    const value = element(multiline ? 'pre' : 'span', style ?? '');
    value.append(recorded(text, multiline ? '\n\t' : ''));
    made.append(element('div', '', element('dt', '', label), element('dd', '', value)));
  }
  return made;
}

/** @param {PageMasks} masks @returns {Node[]} */
function maskTable({ titles, rows: masked, note }) {
  /** @type {Node[]} */
  const parts = [element('h3', '', 'Masked')];
  if (masked.length > 0) {
    const head = element('tr', '', ...titles.map((title) => element('th', '', title)));
    const body = element('tbody');
    for (const row of masked) {
      body.append(
        element(
          'tr',
          '',
          ...row.map((text, column) => {
            const made = element('td', column === row.length - 1 ? 'right' : '');
            made.append(recorded(text));
            return made;
          }),
        ),
      );
    }
    const table = element('table', '', element('thead', '', head), body);
    table.setAttribute('aria-label', 'Masked');
    parts.push(table);
  }
  if (note !== undefined) parts.push(element('p', 'note', note));
  return parts;
}

/** @param {PageStatement} item */
function outcomeList(item) {
  const made = element('dl');
  /** @param {string} name @param {...(Node | string)} value */
  const add = (name, ...value) => made.append(element('div', '', element('dt', '', name), element('dd', '', ...value)));
  const mark = about.marks[item.outcome];
  add('Outcome', element('span', mark.style, mark.meaning));
  if (item.reason !== undefined) add('Reason', recorded(item.reason));
  if (item.commandTag !== undefined) add('Command tag', recorded(item.commandTag));
  if (item.rowCount > 0) add('Result', `${formatCount(item.rowCount, 'row')}, ${formatBytes(item.rowBytes)}`);
  const after = item.transactionAfter === undefined ? 'not known' : transactions[item.transactionAfter];
  const was = transactions[item.transactionBefore];
  add('Transaction', was === after ? was : `${was} → ${after}`);
  if (item.forwardedUs !== undefined) add('Forwarded after', formatDuration(item.forwardedUs));
  if (item.firstByteUs !== undefined) add('First answer', formatDuration(item.firstByteUs));
  if (item.durationUs !== undefined) add('Ended', formatDuration(item.durationUs));
  for (const at of item.cancelRequestedAt) add('Cancel requested', timeOf(at));
  for (const fetch of item.fetches) {
    const limit = fetch.maxRows === undefined ? 'all rows' : `at most ${formatCount(fetch.maxRows, 'row')}`;
    add(`Fetch ${fetch.n}`, `${timeOf(fetch.at)}, ${limit}: ${formatCount(fetch.rowCount, 'row')}, ${fetch.outcome}`);
  }
  if (item.traceparent !== undefined) add('Trace (claimed)', recorded(item.traceparent));
  return made;
}

/** @param {PageStatement} item @param {PageResult} result @returns {Node[]} */
function rowTable(item, result) {
  const head = element('tr');
  for (const { name, typeName, right, masked } of result.columns) {
    const cell = element('th', right ? 'right' : '');
    cell.setAttribute('scope', 'col');
    const type = element('small');
    type.append(recorded(typeName));
    cell.append(recorded(name));
    if (masked !== undefined) {
      const sign = element('span', 'accent', ' ▒');
      sign.title = `masked: shown ${masked}`;
      sign.setAttribute('role', 'img');
      sign.setAttribute('aria-label', `masked: shown ${masked}`);
      cell.append(sign);
    }
    cell.append(type);
    head.append(cell);
  }
  const body = element('tbody');
  /** @param {number} from @param {number} until */
  const addRows = (from, until) => {
    for (const row of result.rows.slice(from, until)) {
      body.append(element('tr', '', ...row.map((text, column) => cell(text, result.columns[column]?.right === true))));
    }
  };
  addRows(0, rowsAtFirst);
  const table = element('table', '', element('thead', '', head), body);
  table.setAttribute('aria-label', 'Rows');
  const frame = element('div', 'scroll', table);
  frame.tabIndex = 0;
  frame.setAttribute('role', 'region');
  frame.setAttribute('aria-label', 'Rows');
  /** @type {Node[]} */
  const parts = [element('h3', '', 'Rows'), frame];
  if (result.rows.length > rowsAtFirst) {
    const more = /** @type {HTMLButtonElement} */ (
      element('button', 'note', `Show all ${groupDigits(result.rows.length)} rows`)
    );
    more.type = 'button';
    more.addEventListener('click', () => {
      addRows(rowsAtFirst, result.rows.length);
      more.remove();
    });
    parts.push(more);
  }
  if (result.rows.length === 0)
    parts.push(element('p', 'note', item.rowCount === 0 ? 'No rows.' : 'Rows were not kept.'));
  if (result.rowsLeftOut > 0) {
    const kept = result.rows.length + result.rowsLeftOut;
    parts.push(
      element(
        'p',
        'note truncated',
        `This file holds the first ${groupDigits(result.rows.length)} of ${groupDigits(kept)} rows that were kept; the record has all of them.`,
      ),
    );
  }
  if (result.truncatedAt !== undefined) {
    parts.push(
      element(
        'p',
        'note truncated',
        `Truncated: the first ${groupDigits(result.truncatedAt)} of ${formatCount(item.rowCount, 'row')} were kept. The digest is over all of them.`,
      ),
    );
  }
  for (const digest of result.digests) parts.push(element('p', 'note digest', 'SHA-256 ', element('code', '', digest)));
  return parts;
}

/** @param {string | null} text @param {boolean} right */
function cell(text, right) {
  const made = element('td', right ? 'right' : '');
  if (text === null) made.append(element('em', 'null', 'NULL'));
  else if (/^$|^NULL$|^\s|\s$|^'/.test(text)) made.append(recorded(`'${text.replaceAll("'", "''")}'`));
  else made.append(recorded(text, '\n'));
  return made;
}

/** @param {PageCopy} copy @returns {Node[]} */
function copyBlock(copy) {
  const way = copy.direction === 'in' ? 'from the client' : 'to the client';
  const parts = [
    element('h3', '', `COPY data ${way}`),
    element('p', 'note', `${formatCount(copy.messages, 'message')}, ${formatBytes(copy.bytes)}`),
  ];
  const pre = element('pre');
  if (copy.text !== undefined) pre.append(recorded(copy.text, '\n\t'));
  else pre.append((copy.hex ?? '').replace(/(..)(?!$)/g, '$1 '));
  if (copy.kept > 0) parts.push(pre);
  if (copy.truncated)
    parts.push(
      element('p', 'note truncated', `Truncated: ${formatBytes(copy.kept)} of ${formatBytes(copy.bytes)} were kept.`),
    );
  if (copy.failure !== undefined) {
    const failure = element('p', 'message error', 'CopyFail ');
    failure.append(recorded(copy.failure, '\n'));
    parts.push(failure);
  }
  if (copy.digest !== undefined) parts.push(element('p', 'note digest', 'SHA-256 ', element('code', '', copy.digest)));
  return parts;
}

/** @param {readonly EventView[]} events */
function eventList(events) {
  const made = element('ol');
  for (const event of events) {
    const line = element('li', '', element('span', 'quiet', `${timeOf(event.at)} `));
    line.append(recorded(event.summary));
    made.append(line);
  }
  return made;
}

/* ---- moving ---- */

/** @param {number} index */
function show(index) {
  current = Math.max(0, Math.min(outline.length - 1, index));
  const n = outline[current]?.n;
  article.replaceChildren(...statementParts(current));
  article.scrollTop = 0;
  article.setAttribute('aria-label', `Statement ${n ?? ''}`);
  jump.value = String(n ?? '');
  previousButton.disabled = nextShown(-1) === undefined;
  nextButton.disabled = nextShown(1) === undefined;
  rows.style.height = `${Math.max(1, shown.length) * rowHeight}px`;
  bringIntoView();
  drawList();
  drawStrip();
  if (n !== undefined && location.hash !== `#${n}`) history.replaceState(null, '', `#${n}`);
}

/** By hand: whatever was playing stops. @param {number} index */
function go(index) {
  pause();
  show(index);
}

/** The neighbour among those that the search and the filter leave. @param {1 | -1} direction */
function nextShown(direction) {
  const place = shown.indexOf(current);
  if (place !== -1) return shown[place + direction];
  return direction === 1 ? shown.find((index) => index > current) : shown.findLast((index) => index < current);
}

/** @param {1 | -1} direction */
function stepBy(direction) {
  const index = nextShown(direction);
  if (index === undefined) tell(direction === 1 ? 'This is the last one.' : 'This is the first one.');
  else go(index);
}

/** @param {1 | -1} direction */
function stepToTrouble(direction) {
  for (let distance = 1; distance <= outline.length; distance++) {
    const index = (((current + direction * distance) % outline.length) + outline.length) % outline.length;
    const item = outline[index];
    if (item && about.marks[item.outcome].wrong) return go(index);
  }
  tell('Every statement completed.');
}

/** @param {number} n */
function goToNumber(n) {
  const index = outline.findIndex((item) => item.n === n);
  if (index === -1) tell(`There is no statement ${n}.`);
  else go(index);
}

/** @param {string} text */
function tell(text) {
  status.textContent = text;
}

/* ---- playing ---- */

function play() {
  if (nextShown(1) === undefined && shown[0] !== undefined) show(shown[0]);
  playButton.textContent = '⏸';
  playButton.setAttribute('aria-label', 'Pause');
  playOn();
}

function playOn() {
  const next = nextShown(1);
  const item = outline[current];
  const following = next === undefined ? undefined : outline[next];
  if (next === undefined || item === undefined || following === undefined) {
    pause();
    return tell('End of the session.');
  }
  const recordedMs = Math.max(0, following.at - item.at) / 1000;
  const paced = recordedMs / Number(speed.value);
  const shortened = paced > about.longestPauseMs;
  tell(
    shortened
      ? `The next came ${formatDuration(recordedMs * 1000)} later: shown after ${about.longestPauseMs / 1000} s.`
      : 'Playing.',
  );
  playing = setTimeout(
    () => {
      show(next);
      playOn();
    },
    Math.min(about.longestPauseMs, Math.max(60, paced)),
  );
}

function pause() {
  clearTimeout(playing);
  playing = undefined;
  playButton.textContent = '▶';
  playButton.setAttribute('aria-label', 'Play');
  tellCount();
}

function togglePlay() {
  if (playing === undefined) play();
  else pause();
}

/* ---- finding ---- */

/** Lower-cased text of a statement, made when first searched. @type {(string | undefined)[]} */
const haystacks = [];

/** @param {number} index */
function haystack(index) {
  const item = outline[index];
  if (item === undefined) return '';
  const known = haystacks[index];
  if (known !== undefined) return known;
  const { sql, commandTag, error, reason, parameters, policy, controls } = item;
  const texts = [
    sql,
    commandTag,
    error?.sqlstate,
    error?.message,
    error?.detail,
    reason,
    ...parameters.map(({ text }) => text),
    ...policy.map(({ text }) => text),
    ...controls.map(({ text }) => text),
  ];
  const made = texts.join('\n').toLowerCase();
  haystacks[index] = made;
  return made;
}

function applyFilter() {
  const wanted = search.value.trim().toLowerCase();
  const kind = filter.value;
  shown = [];
  outline.forEach((item, index) => {
    const fits = kind === '' || (kind === 'wrong' ? about.marks[item.outcome].wrong : item.outcome === kind);
    if (fits && (wanted === '' || haystack(index).includes(wanted))) shown.push(index);
  });
  tellCount();
  const nearest = shown.find((index) => index >= anchor) ?? shown.at(-1);
  list.scrollTop = 0;
  show(nearest ?? current);
}

function tellCount() {
  tell(
    shown.length === outline.length
      ? ''
      : `${groupDigits(shown.length)} of ${formatCount(outline.length, 'statement')} shown`,
  );
}

function fillFilter() {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { outcome } of outline) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const wrong = outline.filter(({ outcome }) => about.marks[outcome].wrong).length;
  const choices = [
    ['', `all (${groupDigits(outline.length)})`],
    ['wrong', `not completed (${groupDigits(wrong)})`],
    ...[...counts].map(([outcome, count]) => [outcome, `${outcome} (${groupDigits(count)})`]),
  ];
  for (const [value = '', label = ''] of choices) {
    const option = /** @type {HTMLOptionElement} */ (element('option', '', label));
    option.value = value;
    filter.append(option);
  }
}

/* ---- keys ---- */

const keyHelp = [
  ['j → ↓', 'next statement'],
  ['k ← ↑', 'previous statement'],
  ['Home End', 'first, last'],
  ['12 Enter', 'go to statement 12'],
  ['space', 'play at recorded speed, or pause'],
  ['/', 'search; Esc forgets it'],
  ['e E', 'next, previous that did not complete'],
  ['?', 'this list'],
];

function openHelp() {
  const body = element('tbody');
  for (const [key = '', does = ''] of keyHelp) {
    body.append(
      element(
        'tr',
        '',
        element('th', '', ...key.split(' ').flatMap((part) => [element('kbd', '', part), ' '])),
        element('td', '', does),
      ),
    );
  }
  const close = /** @type {HTMLButtonElement} */ (element('button', '', 'Close'));
  close.type = 'button';
  close.addEventListener('click', () => keysDialog.close());
  keysDialog.replaceChildren(element('table', '', body), close);
  keysDialog.showModal();
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || keysDialog.open) return;
  const target = event.target instanceof HTMLElement ? event.target : document.body;
  if (target === search) {
    if (event.key === 'Escape') clearSearch();
    else if (event.key === 'Enter') stepBy(event.shiftKey ? -1 : 1);
    else if (event.key === 'ArrowDown') list.focus();
    else return;
    event.preventDefault();
    return;
  }
  if (target === jump) {
    if (event.key === 'Enter') goToNumber(Number(jump.value));
    if (event.key === 'Enter' || event.key === 'Escape') {
      jump.value = String(outline[current]?.n ?? '');
      list.focus();
    }
    return;
  }
  if (target instanceof HTMLSelectElement) return;
  const inButton = target instanceof HTMLButtonElement || target.tagName === 'SUMMARY';
  const scrolls = target.closest('article') !== null;
  /** @type {Readonly<Record<string, () => void>>} */
  const actions = {
    j: () => stepBy(1),
    k: () => stepBy(-1),
    ArrowRight: () => stepBy(1),
    ArrowLeft: () => stepBy(-1),
    e: () => stepToTrouble(1),
    E: () => stepToTrouble(-1),
    '/': () => search.select(),
    '?': openHelp,
    Escape: clearSearch,
    ...(scrolls
      ? {}
      : {
          ArrowDown: () => stepBy(1),
          ArrowUp: () => stepBy(-1),
          Home: () => go(shown[0] ?? 0),
          End: () => go(shown.at(-1) ?? 0),
        }),
    ...(inButton ? {} : { ' ': togglePlay }),
  };
  const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
  if (action) {
    event.preventDefault();
    action();
  } else if (/^\d$/.test(event.key)) {
    event.preventDefault();
    pause();
    jump.focus();
    jump.value = event.key;
  }
}

function clearSearch() {
  anchor = current;
  search.value = '';
  filter.value = '';
  applyFilter();
  list.focus();
}

/* ---- printing ---- */

function preparePrint() {
  const target = byId('print', HTMLElement);
  const printed = shown.slice(0, printedAtMost);
  target.replaceChildren(...printed.map((index) => element('article', '', ...statementParts(index))));
  if (printed.length < shown.length) {
    target.append(
      element(
        'p',
        'note',
        `Printed: the first ${printedAtMost} of ${formatCount(shown.length, 'statement')}. Filter to print others.`,
      ),
    );
  }
}

/* ---- start ---- */

function start() {
  fillFilter();
  strip.append(...cells);
  strip.style.maxWidth = `${cells.length * 4}rem`;
  byId('of', HTMLElement).textContent = `of ${groupDigits(outline.at(-1)?.n ?? 0)}`;
  if (about.events.length > 0) {
    const events = byId('events', HTMLElement);
    events.hidden = false;
    events.querySelector('ol')?.replaceWith(eventList(about.events));
  }
  app.hidden = false;
  previousButton.addEventListener('click', () => stepBy(-1));
  nextButton.addEventListener('click', () => stepBy(1));
  playButton.addEventListener('click', togglePlay);
  byId('help', HTMLElement).addEventListener('click', openHelp);
  search.addEventListener('input', applyFilter);
  search.addEventListener('focus', () => {
    anchor = current;
  });
  filter.addEventListener('change', () => {
    anchor = current;
    applyFilter();
  });
  list.addEventListener('scroll', drawList, { passive: true });
  strip.addEventListener('click', (event) => {
    const { left, width } = strip.getBoundingClientRect();
    go(Math.floor(((event.clientX - left) / width) * outline.length));
  });
  jump.addEventListener('focus', () => jump.select());
  addEventListener('keydown', onKey);
  addEventListener('resize', drawList);
  addEventListener('hashchange', fromHash);
  addEventListener('beforeprint', preparePrint);
  addEventListener('afterprint', () => byId('print', HTMLElement).replaceChildren());
  fromHash();
  list.focus({ preventScroll: true });
}

function fromHash() {
  const n = Number(location.hash.slice(1));
  const index = outline.findIndex((item) => item.n === n);
  show(index === -1 ? 0 : index);
}

start();
