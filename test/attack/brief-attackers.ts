/** A program: attackers of the short form, in a process of their own so that what they hold counts nowhere. */
import { apiHeaders, signedHeaders } from '../conformance/raw-request.ts'
import { authorization, greeting } from '../unit/dax/sample-frames.ts'
import type { Entrance } from './acts.ts'
import { attacks } from './attacks.ts'
import type { Tally } from './line.ts'

const strength = { part: 0.05, holdMs: 200 }

/** Signed in form only, for a service. */
const formOf = (service: string): Readonly<Record<string, string>> => ({
  ...signedHeaders,
  Authorization: (signedHeaders['Authorization'] ?? '').replace('/dynamodb/', `/${service}/`),
})

type Order = { readonly name: string; readonly endpoint: string }

process.on('message', ({ name, endpoint }: Order) => {
  const entrance: Entrance = {
    name,
    kind: endpoint.startsWith('dax:') ? 'dax' : 'api',
    endpoint,
    token: 'none',
    headers: apiHeaders,
    serviceHeaders: ({ service, headers }) => ({ ...headers, ...formOf(service) }),
    opening: () => Buffer.concat([greeting(), authorization()]),
  }
  const tally: Tally = new Map()
  const attack = attacks.find((each) => each.name === name)
  void attack?.run(entrance, strength, tally).then(() => process.send?.({ answers: Object.fromEntries(tally) }))
})
process.on('disconnect', () => process.exit(0))
