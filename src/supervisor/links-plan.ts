/** The plan of the links, as a file beside the data: what `longitude links run` reads. Other programs may read it too. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, messageOf } from '../process/failure.ts'
import type { PlanRow } from '../links/plan.ts'
import type { Layout } from '../deployment/layout.ts'

/** Writes it and returns its path. */
export function linksPlan({ data, links, routes }: Layout): string {
  const path = join(data, 'links.json')
  const rows: PlanRow[] = [...links, ...routes].map(({ from, to, port, targetPort, roundTripMs }) => ({
    from,
    to,
    listen: port,
    target: `127.0.0.1:${targetPort}`,
    rtt: `${roundTripMs}ms`,
  }))
  try {
    writeFileSync(path, `${JSON.stringify({ links: rows }, undefined, 2)}\n`)
  } catch (error) {
    throw new Failure(`the data folder ${data} cannot be written: ${messageOf(error)}`)
  }
  return path
}
