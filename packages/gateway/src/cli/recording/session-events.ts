import type { EventType } from '../../store/codes.ts';
import type { Store } from '../../store/store.ts';
import type { RecordedEvent } from '../../store/views.ts';

/** What happens in a session besides statements and their own end. */
const sessionEventTypes: readonly EventType[] = [
  'session_opened',
  'session_closed',
  'cancel_requested',
  'server_message',
  'replication_data',
  'approval_requested',
  'approval_evidence',
  'approval_voted',
  'approval_ended',
  'approval_used',
];

/** Events of a session in order, without the steps of an approval that is shown with its statement. */
export async function* sessionEvents(store: Store, session: string): AsyncGenerator<RecordedEvent> {
  for await (const event of store.events({ session, types: sessionEventTypes })) {
    if (!('approval' in event.body) || event.body.of === undefined) yield event;
  }
}
