/** Records of runs that never were, for the tests of what follows from them. */
import type { ConflictRecord, FaultRecord, Operation } from '../../../src/drills/definition/drill-record.ts'

export function operation(startMs: number, more: Partial<Operation> = {}): Operation {
  return {
    kind: 'write',
    client: 'one',
    home: 'a',
    served: more.home ?? 'a',
    key: `item-${startMs}`,
    value: `value-${startMs}`,
    shared: false,
    startMs,
    endMs: startMs + 10,
    fate: 'acknowledged',
    attempts: 1,
    ...more,
  }
}

export function fault(startedMs: number, endedMs: number | undefined, more: Partial<FaultRecord> = {}): FaultRecord {
  return {
    step: startedMs,
    what: 'kill: a',
    kind: 'kill',
    part: 'region',
    regions: ['a'],
    links: [],
    startedMs,
    endedMs,
    ...more,
  }
}

export function conflict(key: string, loser: string, winner: string): ConflictRecord {
  return {
    key,
    metIn: 'b',
    metMs: 1,
    winner: { region: 'b', value: winner, stamp: { wallMs: 2, counter: 0, region: 2 } },
    loser: { region: 'a', value: loser, stamp: { wallMs: 1, counter: 0, region: 1 } },
  }
}
