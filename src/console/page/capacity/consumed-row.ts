/** A table or an index with what it consumed. */
import type { ToldOf } from '../../console-calls.ts'

export type Row = ToldOf<'capacity'>['rows'][number]

export const nameOf = ({ table, index }: Row): string => (index === undefined ? table : `${table} / ${index}`)
