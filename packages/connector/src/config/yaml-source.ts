import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { offsetInScalar } from './offset-in-scalar.ts';
import type { Problem } from './problem.ts';

interface Position {
  readonly line: number;
  readonly column: number;
}

/** YAML text as a plain value, with the places that its parts stand at. */
export interface YamlSource {
  readonly value: unknown;
  /** Where the text is not well-formed; `value` is undefined then. Never quotes the text: it may hold a secret. */
  readonly problems: readonly Problem[];
  /** Where the value of a path stands, or the nearest thing around it that is there. */
  positionOf(path: readonly PropertyKey[]): Position;
  /** Where the key of a path stands. */
  positionOfKey(path: readonly PropertyKey[]): Position;
  /** Where the character at `offset` (UTF-16) of the text that is a path's value stands in the file. */
  positionIn(path: readonly PropertyKey[], offset: number): Position;
}

type YamlNode = Document['contents'];

/** Reads one YAML 1.2 document (core schema: `off` and `no` are text). No I/O. */
export function readYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    ...position(error.pos[0]),
    path: '',
    message: messages[error.code] ?? `is not well-formed YAML (${error.code})`,
  }));
  visit(document, {
    Pair(_, pair) {
      // An object cannot have it as an ordinary member, so nothing behind this would see it.
      if (isScalar(pair.key) && pair.key.value === '__proto__') {
        problems.push({ ...position(pair.key.range?.[0] ?? 0), path: '', message: '"__proto__" is not a name' });
      }
    },
  });
  const value = problems.length === 0 ? plainValue(document, problems) : undefined;
  const find = (path: readonly PropertyKey[]): Found => locate(document, path);
  return {
    value,
    problems,
    positionOf: (path) => position(find(path).value),
    positionOfKey: (path) => position(find(path).key),
    positionIn: (path, offset) => {
      const at = find(path).value;
      const node = document.getIn(path, true);
      const written = isScalar(node) && node.range?.[0] === at ? offsetInScalar(text, node, offset) : undefined;
      return position(written ?? at);
    },
  };
}

function plainValue(document: Document, problems: Problem[]): unknown {
  try {
    return document.toJS();
  } catch {
    problems.push({
      path: '',
      message: 'an alias (*name) has no anchor, or too many stand for each other',
    });
    return undefined;
  }
}

interface Found {
  readonly key: number;
  readonly value: number;
}

function locate(document: Document, path: readonly PropertyKey[]): Found {
  let node: YamlNode = document.contents;
  let found: Found = { key: offsetOf(node) ?? 0, value: offsetOf(node) ?? 0 };
  for (const step of path) {
    const container = resolved(node, document);
    if (isMap(container)) {
      const pair = container.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
      if (pair === undefined) return found;
      const key = offsetOf(pair.key as YamlNode) ?? found.key;
      node = pair.value as YamlNode;
      found = { key, value: offsetOf(node) ?? key };
    } else if (isSeq(container)) {
      node = container.items[Number(step)] as YamlNode;
      const offset = offsetOf(node) ?? found.value;
      found = { key: offset, value: offset };
    } else {
      return found;
    }
  }
  return found;
}

function resolved(node: YamlNode, document: Document): YamlNode {
  return isAlias(node) ? ((node as Alias).resolve(document) ?? null) : node;
}

function offsetOf(node: YamlNode): number | undefined {
  return node?.range?.[0];
}

/** By the parser's error code. Its own texts quote the source. */
const messages: { readonly [code: string]: string } = {
  BAD_ALIAS: 'an alias (*name) must stand alone and name an anchor (&name) above it',
  BAD_DQ_ESCAPE: 'a backslash in double quotes begins an escape that YAML does not have; use single quotes',
  BAD_INDENT: 'the indentation does not match the lines above',
  BAD_SCALAR_START: 'plain text cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a map inside a value must begin on a line of its own, or the value needs quotes',
  BLOCK_IN_FLOW: 'a block cannot stand inside { } or [ ]',
  DUPLICATE_KEY: 'this name stands twice in the same map',
  MISSING_CHAR: 'a closing bracket, quote, comma, colon or space is missing here',
  MULTILINE_IMPLICIT_KEY: 'a name must stand on one line with a colon and a space behind it',
  MULTIPLE_DOCS: 'only one document can stand in this file; remove the "---" between',
  NON_STRING_KEY: 'a name must be text',
  TAB_AS_INDENT: 'lines are indented with spaces, not with tabs',
  TAG_RESOLVE_FAILED: 'tags (!name) have no meaning here',
  UNEXPECTED_TOKEN: 'this is not expected here; text that begins with a bracket, such as "[::1]:6432", needs quotes',
};
