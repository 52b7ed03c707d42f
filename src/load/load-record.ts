/** What is loaded: items, as DynamoDB JSON, each with the place that it was found at. */
export type ItemJson = Readonly<Record<string, unknown>>

export type LoadRecord = {
  /** Undefined where the source does not say; then the command does. */
  readonly table: string | undefined
  readonly put: ItemJson | undefined
  /** Of a delete: the key. */
  readonly remove: ItemJson | undefined
  /** Of CSV: texts, which get the types of the table's key attributes. */
  readonly isText?: true
  readonly sizeBytes: number
}

/** `place` is for people: a file and a line. `position` counts what was found in the source, to go on after it. */
export type Found = {
  readonly place: string
  readonly position: number
  readonly record: LoadRecord | undefined
  /** What is wrong with it. */
  readonly problem?: string
}

/** A file, or a table of another endpoint. */
export type Source = {
  readonly name: string
  /** What the records after a position are; 0 for all. */
  readonly records: (after: number) => AsyncIterable<Found>
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Each member is an attribute value: an object of one type. */
export function isItem(value: unknown): value is ItemJson {
  return isRecord(value) && Object.values(value).every((each) => isRecord(each) && Object.keys(each).length === 1)
}
