import type { OpenStatement, Portal } from '../open-statement.ts';
import type { SessionState } from '../session-state.ts';

/** What a completed statement did to the names of the session. */
export function applyEffect(state: SessionState, open: OpenStatement): void {
  const { prepared, preparedInSql, portals, syncs } = state;
  const { effect } = open;
  if (effect === undefined) return;
  switch (effect.type) {
    case 'prepare':
      preparedInSql.set(effect.name, open);
      break;
    case 'deallocate':
      if (effect.name === undefined) {
        preparedInSql.clear();
        prepared.forgetConfirmed({ butUnnamed: true });
      } else {
        preparedInSql.delete(effect.name);
        prepared.forget(effect.name);
      }
      break;
    case 'discard all':
      preparedInSql.clear();
      prepared.forgetConfirmed({ butUnnamed: true });
      portals.forgetConfirmed();
      break;
    case 'declare':
      portals.confirm(portals.put(effect.name, portalOf(open, effect.held, state), syncs));
      break;
    case 'close':
      if (effect.name === undefined) portals.forgetConfirmed();
      else portals.forget(effect.name);
      break;
  }
}

/** The portal that DECLARE made: an Execute that names it fetches from it. */
function portalOf(declared: OpenStatement, held: boolean, { definitions, namings, options }: SessionState): Portal {
  const analysis = declared.judged?.analysis?.names?.analysis;
  const judged = declared.judged === undefined ? undefined : { ...declared.judged, analysis };
  const none = { name: undefined, prepared: undefined, columns: undefined, described: false };
  // Where rules ask for the time, it is judged again whenever it is.
  const judgedAt = { statement: undefined, definitions, namings, catalog: options.catalog?.(), time: 0 };
  return { ...none, owner: declared, execution: declared, held, judged, judgedAt };
}
