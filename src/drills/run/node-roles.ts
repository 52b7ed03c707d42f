/** Which node of a region a step means that says what it does: the leading one, or one that follows. */
import { z } from 'zod'
import { Failure } from '../../process/failure.ts'
import type { Target } from './targets/target.ts'

const told = z.looseObject({ leader: z.string().optional(), role: z.string(), node: z.string() })

/** Rejects with a Failure where there is none. */
export async function nodeMeant(target: Target, region: string, wanted: string): Promise<string> {
  const names = await target.nodes(region)
  if (names.length === 0)
    throw new Failure(
      `${region} has one node only: the drill needs regions of three, as \`longitude up --nodes 3\` runs them`,
    )
  if (names.includes(wanted)) return wanted
  const said = told.parse(await target.admin(region, 'node'))
  const leading = said.role === 'leading' ? said.node : said.leader
  const found = wanted === 'leading' ? leading : names.find((name) => name !== leading)
  if (found === undefined || !['leading', 'following'].includes(wanted))
    throw new Failure(`no node of ${region} is "${wanted}" now; it has ${names.join(', ')}`)
  return found
}
