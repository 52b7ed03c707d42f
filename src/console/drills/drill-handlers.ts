/** What the page of drills asks: which there are, to start one, how it goes, to abort it, and the reports. */
import { Failure } from '../../process/failure.ts'
import type { Handlers } from '../../deployment/control/call-server.ts'
import { castOf } from '../../drills/definition/cast.ts'
import { builtInDrills } from '../../drills/run/drill-files.ts'
import { isHarmful } from '../../drills/run/drill-session.ts'
import type { consoleCalls } from '../console-calls.ts'
import type { DrillRuns } from './drill-runs.ts'
import { reportsIn, type ReportTickets } from './reports.ts'

export type DrillReach = {
  readonly runs: DrillRuns
  readonly tickets: ReportTickets
  readonly reports: string
}

type Names = 'drills' | 'startDrill' | 'abortDrill' | 'drillRun' | 'drillReport'

export function drillHandlers(
  reach: DrillReach | undefined,
  { regions, isRunHere }: { readonly regions: readonly string[]; readonly isRunHere: () => boolean },
): Pick<Handlers<typeof consoleCalls>, Names> {
  const wanted = (): DrillReach => {
    if (reach !== undefined && isRunHere()) return reach
    throw new Failure('no `longitude up` runs these regions here: drills are started by the command line')
  }
  return {
    drills: () => ({
      isRunHere: reach !== undefined && isRunHere(),
      drills: builtInDrills().map(({ text, drill }) => ({
        name: drill.name,
        title: drill.title,
        text,
        isHarmful: isHarmful(drill.steps),
        ...problemOf(castOf(drill, regions)),
      })),
      reports: reach === undefined ? [] : reportsIn(reach.reports),
    }),
    startDrill: ({ text, allowHarm, seed }) => {
      wanted().runs.start({ text, allowHarm, ...(seed === undefined ? {} : { seed }) })
      return { done: 'started' }
    },
    abortDrill: () => {
      wanted().runs.abort()
      return { done: 'it mends what it broke, and ends' }
    },
    drillRun: () => {
      const run = reach?.runs.view
      return run === undefined ? {} : { run }
    },
    drillReport: ({ id }) => ({ path: wanted().tickets.issue(id, Date.now()) }),
  }
}

const problemOf = (cast: unknown) => (typeof cast === 'string' ? { problem: cast } : {})
