/** What the page of drills shows. */
import type { ToldOf } from '../../console-calls.ts'

export type Drills = ToldOf<'drills'>
export type RunView = NonNullable<ToldOf<'drillRun'>['run']>
