/** The tables of a report, as rows of text: the Markdown and the page show the same ones. */
import { groupBy } from '../../definition/group-by.ts'
import type { Fates, Loss } from '../losses.ts'
import type { Stamp } from '../../definition/drill-record.ts'
import type { Report } from '../report.ts'
import { secondsText } from '../verdict.ts'

export type Table = {
  readonly id: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Said instead when there is no row. */
  readonly none: string
}

const none = '–'

export function verdictTable({ verdicts }: Report): Table {
  return {
    id: 'verdicts',
    head: ['', 'target', 'wanted', 'found'],
    rows: verdicts.map(({ pass, target, wanted, found }) => [pass ? 'met' : 'NOT MET', target, wanted, found]),
    none: 'no targets',
  }
}

export function stepTable(report: Report): Table {
  return {
    id: 'steps',
    head: ['at', 'took', 'step', 'outcome'],
    rows: report.steps.map(({ startedMs, endedMs, text, note, outcome, message }) => [
      since(report, startedMs),
      secondsText(endedMs - startedMs),
      note === undefined ? text : `${text} (${note})`,
      outcome === 'done' ? 'done' : `FAILED: ${message ?? ''}`,
    ]),
    none: 'no step was taken',
  }
}

export function faultTable(report: Report): Table {
  return {
    id: 'faults',
    head: ['from', 'to', 'lasted', 'broken', 'regions and links'],
    rows: report.faults.map(({ startedMs, endedMs, what, regions, links }) => [
      since(report, startedMs),
      endedMs === undefined ? 'the end' : since(report, endedMs),
      endedMs === undefined ? none : secondsText(endedMs - startedMs),
      what,
      [
        ...regions,
        ...(regions.length > 0 && links.length > 4 ? [] : links.map(({ from, to }) => `${from} → ${to}`)),
      ].join(', '),
    ]),
    none: 'nothing was broken',
  }
}

export function outageTable(report: Report): Table {
  return {
    id: 'outages',
    head: ['region', 'last answer', 'first without', 'answers again', 'out of service'],
    rows: report.outages.map(({ region, answeredMs, fromMs, toMs }) => [
      region,
      answeredMs === undefined ? none : since(report, answeredMs),
      since(report, fromMs),
      toMs === undefined ? 'never' : since(report, toMs),
      toMs === undefined ? none : secondsText(toMs - fromMs),
    ]),
    none: 'every region answered all the time',
  }
}

export function serviceTable({ services }: Report): Table {
  return {
    id: 'services',
    head: [
      'clients in',
      'requests',
      'served',
      'availability',
      'repeated',
      'elsewhere',
      'stale reads',
      'median',
      'p99',
      'longest',
    ],
    rows: services.map(({ region, service }) => [
      region,
      String(service.requests),
      String(service.served),
      service.availability === undefined ? none : `${service.availability.toFixed(3)} %`,
      String(service.retried),
      String(service.elsewhere),
      String(service.staleReads),
      ms(service.p50Ms),
      ms(service.p99Ms),
      ms(service.longestMs),
    ]),
    none: 'there was no load',
  }
}

export function recoveryTable(report: Report): Table {
  return {
    id: 'recoveries',
    head: ['fault', 'at', 'clients in', 'interrupted', 'served again after (RTO)'],
    rows: report.recoveries.map(({ fault, faultMs, home, clients, interrupted, rtoMs, unserved }) => [
      fault,
      since(report, faultMs),
      home,
      `${interrupted} of ${clients}`,
      unserved > 0 ? `${unserved} never` : rtoMs === undefined ? 'not interrupted' : secondsText(rtoMs),
    ]),
    none: 'nothing was broken',
  }
}

export function recoveryPointTable(report: Report): Table {
  return {
    id: 'recovery-points',
    head: [
      'region lost',
      'as of',
      'acknowledged before',
      'nowhere else (RPO, items)',
      'oldest of them (RPO, seconds)',
      'lacking in each',
      'pending, by its own last word',
    ],
    rows: report.recoveryPoints.map(({ region, faultMs, acknowledged, items, ageMs, lackedBy, pendingBefore }) => [
      region,
      since(report, faultMs),
      String(acknowledged),
      String(items),
      secondsText(ageMs),
      Object.entries(lackedBy)
        .map(([holder, count]) => `${holder} ${count}`)
        .join(', '),
      pendingBefore === undefined ? none : String(pendingBefore),
    ]),
    none: 'no region was lost or cut off from all others, so there is nothing to count',
  }
}

export function pairTable({ pairs }: Report): Table {
  return {
    id: 'pairs',
    head: ['from', 'to', 'most pending', 'longest lag'],
    rows: pairs.map(({ from, to, pendingMost, lagMsMost }) => [from, to, String(pendingMost), secondsText(lagMsMost)]),
    none: 'no region told what was on its way',
  }
}

export const lossesShownMax = 200

export function lossTable(report: Report): Table {
  return {
    id: 'lost-writes',
    head: [
      'acknowledged at',
      'region',
      'item',
      'write',
      'reason',
      'explanation',
      'beaten by',
      'its stamp',
      'the later stamp',
    ],
    rows: inOrder(report.fates)
      .slice(0, lossesShownMax)
      .map((loss) => [
        since(report, loss.acknowledgedMs),
        loss.region,
        loss.key,
        loss.value,
        loss.reason,
        loss.explanation,
        loss.beatenBy ?? none,
        loss.conflict === undefined ? none : stampText(report, loss.conflict.loser.stamp),
        loss.conflict === undefined ? none : stampText(report, loss.conflict.winner.stamp),
      ]),
    none: 'no acknowledged write was lost',
  }
}

/** Those that nothing explains come first. */
function inOrder({ losses }: Fates): readonly Loss[] {
  const rank = ({ reason }: Loss): number => ['unexplained', 'lost with a disk', 'last writer wins'].indexOf(reason)
  return losses.toSorted((a, b) => rank(a) - rank(b) || a.acknowledgedMs - b.acknowledgedMs)
}

export function fateTable({ fates, conflicts, conflictsCut }: Report): Table {
  const by = (reason: Loss['reason']): string => String(fates.losses.filter((loss) => loss.reason === reason).length)
  return {
    id: 'fates',
    head: ['acknowledged writes', ''],
    rows: [
      ['in all', String(fates.acknowledged)],
      ['there in the end, in every region', String(fates.present)],
      ['replaced by a later write of the same item', String(fates.replaced)],
      ['lost to a concurrent write by last-writer-wins', by('last writer wins')],
      ['lost with a disk', by('lost with a disk')],
      ['lost without an explanation', by('unexplained')],
      ['writes without an answer (they may have happened or not)', String(fates.unknown)],
      ['conflicts that the feeds tell', String(conflicts.length + conflictsCut)],
    ],
    none,
  }
}

/** Of all conflicts, also those whose loser nobody was told of. */
export function conflictTable({ conflicts }: Report): Table {
  const pairs = groupBy(conflicts, ({ loser, winner }) => `${loser.region} ${winner.region}`)
  return {
    id: 'conflicts',
    head: ['lost in conflict: writes of', 'to writes of', 'times', 'items'],
    rows: [...pairs.entries()].map(([pair, own]) => [
      ...pair.split(' '),
      String(own.length),
      [...new Set(own.map(({ key }) => key))].toSorted().join(', '),
    ]),
    none: 'no conflicts',
  }
}

export function proofTable(report: Report): Table {
  return {
    id: 'proofs',
    head: ['asked of', 'at', 'answer', 'replicas', 'items compared', 'up to (watermark)'],
    rows: report.proofs.map(({ askedOf, atMs, equal, problem, replicas, rows, watermark, differing, inMotion }) => [
      askedOf,
      since(report, atMs),
      problem ?? (equal ? `equal${inMotion > 0 ? `, ${inMotion} in motion` : ''}` : `${differing} items differ`),
      replicas.join(', '),
      String(rows),
      watermark === undefined ? none : `${new Date(watermark.wallMs).toISOString()} + ${watermark.counter}`,
    ]),
    none: 'nothing was proved',
  }
}

export function effectTable({ effects = [] }: Report): Table {
  return {
    id: 'effects',
    head: [
      'trigger in',
      'records',
      'made once',
      'more than once',
      'most often',
      'never',
      'writes without one',
      'items',
    ],
    rows: effects.map(({ region, records, once, more, most, never, writesWithout, items }) => [
      region,
      String(records),
      String(once),
      String(more),
      most === 1 ? 'once' : `${most} times`,
      String(never),
      String(writesWithout),
      items.length === 0 ? none : items.join(', '),
    ]),
    none: 'the drill has no trigger',
  }
}

export function since({ startedMs }: Pick<Report, 'startedMs'>, atMs: number): string {
  return `+${secondsText(atMs - startedMs)}`
}

function stampText(report: Report, { wallMs, counter, region }: Stamp): string {
  return `${since(report, wallMs)} .${counter} (region ${region})`
}

function ms(value: number | undefined): string {
  if (value === undefined) return none
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`
}
