/** What does not go together with regions of several nodes, and which data folders do not. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Layout } from '../../../deployment/layout.ts'
import { nodeFoldersIn } from '../../../deployment/node-layout.ts'
import { isLoopback } from '../../../http/access/visitors.ts'
import { Failure } from '../../../process/failure.ts'

type Options = {
  readonly nodes: number
  readonly host: string
  readonly workers: number
}

/** Throws a Failure that says what to do instead. */
export function refuseWithNodes({ nodes, host, workers }: Options): void {
  if (nodes === 1) return
  const why: readonly (readonly [boolean, string])[] = [
    [!isLoopback(host), `--host ${host}: it is for this machine alone; leave --host out`],
    [workers > 1, '--workers: every node answers reads already; leave --workers out'],
  ]
  const found = why.find(([isSo]) => isSo)
  if (found !== undefined) throw new Failure(`--nodes ${nodes} does not go together with ${found[1]}`)
}

/** The store of a region of one node is not that of a node of several, nor the other way round. Throws a Failure. */
export function refuseOtherStores({ regions }: Pick<Layout, 'regions'>): void {
  for (const { name, folder, nodes } of regions) {
    const [hasOne, hasSeveral] = [existsSync(join(folder, 'store')), nodeFoldersIn(folder).length > 0]
    if (nodes.length > 0 && hasOne) throw otherStore(name, folder, 'one node', '--nodes 1, or on another --data')
    if (nodes.length === 0 && hasSeveral)
      throw otherStore(name, folder, 'several nodes', '--nodes 3, or on another --data')
  }
}

const otherStore = (region: string, folder: string, of: string, how: string): Failure =>
  new Failure(
    `${folder} has the data of ${region} as a region of ${of}: start it with ${how}; docs/operating/nodes.md says how data moves`,
  )
