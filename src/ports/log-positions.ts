/** What a region knows of places (region/positions.ts). */
export type LogPositions = {
  /** Where its own log ends. */
  readonly written: () => string
  /** Undefined when all that the headers ask for is here; else resolves once it is. */
  readonly reached: (headers: Headers) => Promise<void> | undefined
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>
