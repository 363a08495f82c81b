import type { EventView, StatementView, TimelineItem } from '../../store/views.ts';

/** Statements and events, each in journal order, as one timeline in journal order. Holds one of each at a time. */
export async function* inOrder(
  statements: AsyncIterable<StatementView>,
  events: AsyncIterable<EventView> | Iterable<EventView>,
): AsyncGenerator<TimelineItem> {
  const waiting = Symbol.asyncIterator in events ? events[Symbol.asyncIterator]() : events[Symbol.iterator]();
  let event = await waiting.next();
  for await (const view of statements) {
    for (; !event.done && event.value.index < view.index; event = await waiting.next()) {
      yield { type: 'event', view: event.value };
    }
    yield { type: 'statement', view };
  }
  for (; !event.done; event = await waiting.next()) yield { type: 'event', view: event.value };
}
