/**
 * A message as one line of a log. Some of it comes from the other end of a link, from servers and clients: it must not look
 * like lines of ours, or steer a terminal.
 */
export function oneLine(message: string): string {
  return message.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
