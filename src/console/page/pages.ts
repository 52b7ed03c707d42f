/** The pages, in the order of their links. */
import type { FunctionComponent } from 'preact'
import { Access } from './access/access.tsx'
import { Backups } from './backups/backups.tsx'
import { Capacity } from './capacity/capacity.tsx'
import { Conflicts } from './conflicts/conflicts.tsx'
import { DrillPage } from './drills/drills.tsx'
import { Nodes } from './nodes/nodes.tsx'
import { Replication } from './replication/replication.tsx'
import { Tables } from './tables/tables.tsx'
import { Streams } from './streams/streams.tsx'
import { World } from './world/world.tsx'

type Page = { readonly name: string; readonly title: string; readonly View: FunctionComponent }

export const pages: readonly [Page, ...Page[]] = [
  { name: 'world', title: 'World', View: World },
  { name: 'tables', title: 'Tables', View: Tables },
  { name: 'replication', title: 'Replication', View: Replication },
  { name: 'conflicts', title: 'Conflicts', View: Conflicts },
  { name: 'streams', title: 'Streams', View: Streams },
  { name: 'backups', title: 'Backups', View: Backups },
  { name: 'drills', title: 'Drills', View: DrillPage },
  { name: 'access', title: 'Access', View: Access },
  { name: 'capacity', title: 'Capacity', View: Capacity },
  { name: 'nodes', title: 'Nodes', View: Nodes },
]
