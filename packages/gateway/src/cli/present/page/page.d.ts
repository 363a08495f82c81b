/** What stands before `page.js` in the exported file: functions by their source text. */
import type { Piece } from '../escape.ts';
import type { SqlToken } from '../sql-tokens.ts';

declare global {
  function piecesOf(text: string, kept: string): Piece[];
  function sqlTokens(sql: string): SqlToken[];
  function formatDuration(us: number): string;
  function formatBytes(bytes: number): string;
  function formatCount(count: number, one: string, many?: string): string;
  function groupDigits(count: number): string;
}
