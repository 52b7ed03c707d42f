/** What `longitude drill run` prints while it runs, a line for everything that happens. Pure. */

export type DrillLine = {
  /** As it was printed, such as `12.3 s`; absent on lines without a time. */
  readonly at?: string
  readonly mark: 'done' | 'failed' | 'begun' | 'told'
  readonly text: string
}

export type DrillRunView = {
  readonly name: string
  readonly title: string
  readonly startedMs: number
  readonly endedMs?: number
  readonly state: 'running' | 'ending' | 'passed' | 'failed' | 'could not run' | 'aborted'
  readonly lines: readonly DrillLine[]
  /** Its report's name, once there is one. */
  readonly report: string
}

const withTime = /^ *([\d.]+ s) {2}(.*)$/

export function drillLineOf(line: string): DrillLine {
  const [, at, rest = line] = withTime.exec(line) ?? []
  // What has no time is a table of the summary, whose columns stay.
  const text = at === undefined ? line.trimEnd() : rest.replace(/^\s*[✓✗]?\s*/, '')
  const about = { ...(at === undefined ? {} : { at }), text }
  if (rest.startsWith('✓')) return { ...about, mark: 'done' }
  if (rest.startsWith('✗')) return { ...about, mark: 'failed' }
  return { ...about, mark: /^ {2}\S/.test(rest) && at !== undefined ? 'begun' : 'told' }
}

/** A step that has ended is shown once. */
export function withoutBegun(lines: readonly DrillLine[]): readonly DrillLine[] {
  return lines.filter(({ mark, text }, index) => {
    const next = mark === 'begun' ? lines.slice(index + 1).find((each) => each.mark !== 'told') : undefined
    return next === undefined || next.mark === 'begun' || !next.text.startsWith(text)
  })
}
