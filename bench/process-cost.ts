import { readFileSync } from 'node:fs';

/** What a process has cost so far, from Linux's /proc. All of its threads count. */

/** _SC_CLK_TCK, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU time of a process, user and system, in microseconds; resolution is 10 ms. 0 where there is no /proc. */
export function cpuUs(pid: number): number {
  const fields = statFields(pid);
  // utime and stime are fields 14 and 15; the two before the first of `fields` are pid and comm.
  return fields === undefined ? 0 : ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond;
}

/** Resident memory of a process in bytes, at this moment; undefined where there is no /proc. */
export function residentBytes(pid: number): number | undefined {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** The command name may hold spaces and parentheses, so that fields are counted from its last one. */
function statFields(pid: number): readonly string[] | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
