/** The pages, in the order of their links. */
import type { FunctionComponent } from 'preact'
import { Conflicts } from './conflicts/conflicts.tsx'
import { Replication } from './replication/replication.tsx'
import { Tables } from './tables/tables.tsx'
import { World } from './world/world.tsx'

type Page = { readonly name: string; readonly title: string; readonly View: FunctionComponent }

export const pages: readonly [Page, ...Page[]] = [
  { name: 'world', title: 'World', View: World },
  { name: 'tables', title: 'Tables', View: Tables },
  { name: 'replication', title: 'Replication', View: Replication },
  { name: 'conflicts', title: 'Conflicts', View: Conflicts },
]
