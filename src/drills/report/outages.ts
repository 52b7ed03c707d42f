/**
 * What clients saw of a fault. A client is interrupted when a request of its own failed, or needed a second attempt, before
 * the next fault; it is served again at the first answer after which it had two quiet seconds. RTO is the time from the fault
 * to the moment at which the last interrupted client of a region is served again.
 */
import { groupBy } from '../definition/group-by.ts'
import type { FaultRecord, Operation, RegionSample } from '../definition/drill-record.ts'

export const quietMs = 2000

export type Recovery = {
  readonly fault: string
  readonly faultMs: number
  /** The clients' region. */
  readonly home: string
  readonly clients: number
  readonly interrupted: number
  /** Absent when nobody was interrupted, or when somebody was not served again. */
  readonly rtoMs?: number | undefined
  /** The client that was served last was still not served then: the true moment lies between the two. */
  readonly rtoMsMin?: number | undefined
  readonly unserved: number
}

/** For each moment at which something broke, and each region with clients. */
export function recoveriesOf(
  operations: readonly Operation[],
  faults: readonly FaultRecord[],
  endMs: number,
): readonly Recovery[] {
  const moments = momentsOf(faults)
  const byHome = groupBy(operations, ({ home }) => home)
  return moments.flatMap(({ fault, startedMs, endedMs = endMs }, index) => {
    // What begins after the fault has ended is not its doing.
    const horizonMs = Math.min(moments[index + 1]?.startedMs ?? endMs, Math.max(endedMs, startedMs + quietMs))
    return [...byHome].map(([home, own]) => {
      const clients = [...groupBy(own, ({ client }) => client).values()]
      const outages = clients.map((each) => outageOf(each, startedMs, horizonMs))
      const interrupted = outages.filter((outage) => outage !== 'none')
      const served = interrupted.flatMap((outage) => (outage === 'unserved' ? [] : [outage]))
      const unserved = interrupted.length - served.length
      const last = served.toSorted((a, b) => b.servedMs - a.servedMs)[0]
      return {
        fault,
        faultMs: startedMs,
        home,
        clients: clients.length,
        interrupted: interrupted.length,
        ...(last === undefined || unserved > 0
          ? {}
          : { rtoMs: last.servedMs - startedMs, rtoMsMin: Math.max(0, last.failedMs - startedMs) }),
        unserved,
      }
    })
  })
}

/** Faults of one step begin together. */
function momentsOf(
  faults: readonly FaultRecord[],
): readonly { fault: string; startedMs: number; endedMs: number | undefined }[] {
  const steps = [...groupBy(faults, ({ step }) => step).values()]
  return steps
    .map((group) => ({
      fault: group.map(({ what }) => what).join(', '),
      startedMs: Math.min(...group.map(({ startedMs }) => startedMs)),
      endedMs: group.some(({ endedMs }) => endedMs === undefined)
        ? undefined
        : Math.max(...group.map(({ endedMs = 0 }) => endedMs)),
    }))
    .toSorted((a, b) => a.startedMs - b.startedMs)
}

/** The client's first answer, and the last moment before it at which it is known not to have been served. */
type Served = { readonly servedMs: number; readonly failedMs: number }

function outageOf(operations: readonly Operation[], faultMs: number, horizonMs: number): Served | 'none' | 'unserved' {
  const own = operations
    .filter(({ startMs, endMs }) => endMs > faultMs && startMs < Math.max(horizonMs, faultMs + 1))
    .toSorted((a, b) => a.startMs - b.startMs)
  let first = own.findIndex(isDisturbed)
  if (first === -1) return 'none'
  for (;;) {
    // What was asked before the horizon and is answered after it still counts, so all later ones are looked at.
    const answered = own.findIndex((operation, index) => index >= first && operation.fate === 'acknowledged')
    const servedMs = own[answered]?.endMs
    if (servedMs === undefined) return servedLater(operations, own.at(-1)?.endMs ?? faultMs)
    const next = own.findIndex(
      (operation, index) => index > answered && isDisturbed(operation) && operation.startMs < servedMs + quietMs,
    )
    if (next === -1) return { servedMs, failedMs: failedBefore(own, answered, faultMs) }
    first = next
  }
}

function servedLater(operations: readonly Operation[], afterMs: number): Served | 'unserved' {
  const later = operations.filter(({ fate, endMs }) => fate === 'acknowledged' && endMs > afterMs)
  return later.length === 0 ? 'unserved' : { servedMs: Math.min(...later.map(({ endMs }) => endMs)), failedMs: afterMs }
}

/** A request that was repeated failed after it began; one that was answered at the first attempt, when the one before it failed. */
function failedBefore(own: readonly Operation[], answered: number, faultMs: number): number {
  const answer = own[answered]
  if (answer === undefined) return faultMs
  if (answer.attempts > 1) return answer.startMs
  return own[answered - 1]?.endMs ?? faultMs
}

function isDisturbed({ fate, attempts }: Operation): boolean {
  return fate !== 'acknowledged' || attempts > 1
}

export type Outage = {
  readonly region: string
  /** The first time that it did not answer, and the last time before that it did. */
  readonly fromMs: number
  readonly answeredMs?: number | undefined
  /** Absent when it did not come back. */
  readonly toMs?: number | undefined
}

/** When a region did not serve, as the drill's own watch has seen it. */
export function outagesOf(samples: readonly RegionSample[]): readonly Outage[] {
  return [...groupBy(samples, ({ region }) => region)].flatMap(([region, own]) => {
    const outages: Outage[] = []
    let answeredMs: number | undefined
    let open: Omit<Outage, 'toMs'> | undefined
    for (const { atMs, state } of own.toSorted((a, b) => a.atMs - b.atMs)) {
      if (state === 'ready') {
        if (open !== undefined) outages.push({ ...open, toMs: atMs })
        open = undefined
        answeredMs = atMs
      } else open ??= { region, fromMs: atMs, answeredMs }
    }
    if (open !== undefined) outages.push(open)
    return outages
  })
}
