/** A program: attackers of the short form, in a process of their own so that what they hold counts nowhere. */
import { apiHeaders } from '../conformance/raw-request.ts'
import { attacks, type Entrance } from './attacks.ts'
import type { Tally } from './line.ts'

const strength = { part: 0.05, holdMs: 200 }

process.on('message', ({ name, endpoint }: { readonly name: string; readonly endpoint: string }) => {
  const entrance: Entrance = { name, kind: 'api', endpoint, token: 'none', headers: apiHeaders }
  const tally: Tally = new Map()
  const attack = attacks.find((each) => each.name === name)
  void attack?.run(entrance, strength, tally).then(() => process.send?.({ answers: Object.fromEntries(tally) }))
})
process.on('disconnect', () => process.exit(0))
