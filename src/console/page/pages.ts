/** The pages, in the order of their links. */
import type { FunctionComponent } from 'preact'
import { World } from './world/world.tsx'

type Page = { readonly name: string; readonly title: string; readonly View: FunctionComponent }

export const pages: readonly [Page, ...Page[]] = [{ name: 'world', title: 'World', View: World }]
