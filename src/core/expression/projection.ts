/** Which paths of an item are wanted: ProjectionExpression and the legacy AttributesToGet. */
import type { Path } from './path.ts'

export type Projection = { readonly paths: readonly Path[] }
