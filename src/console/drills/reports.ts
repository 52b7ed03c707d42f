/** The reports of drills in a folder, and tickets by which a frame of the page reads one: a frame sends no header. */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { z } from 'zod'
import { reportBytesMax, reportsShownMax, reportTicketMs, reportTicketsMax } from '../../core/limits/console-limits.ts'
import { Failure } from '../../process/failure.ts'

const head = z.object({
  name: z.string(),
  title: z.string(),
  outcome: z.enum(['pass', 'fail']),
  startedMs: z.number(),
  endedMs: z.number(),
  verdicts: z.array(z.object({ target: z.string(), wanted: z.string(), found: z.string(), pass: z.boolean() })),
})
export const shownReport = head.extend({ id: z.string() })
type ShownReport = z.output<typeof shownReport>

const idForm = /^[\w-]{1,160}$/

/** The newest first. What is no report, as that of a drill that was aborted, is left out. */
export function reportsIn(folder: string): readonly ShownReport[] {
  return namesIn(folder)
    .flatMap((id) => {
      try {
        const path = join(folder, id, 'report.json')
        if (statSync(path).size > reportBytesMax) return []
        return [{ id, ...head.parse(JSON.parse(readFileSync(path, 'utf8'))) }]
      } catch {
        return []
      }
    })
    .toSorted((a, b) => b.startedMs - a.startedMs)
}

/** Their names end with their times. */
function namesIn(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => idForm.test(name))
    return names.toSorted((a, b) => (timeIn(a) < timeIn(b) ? 1 : -1)).slice(0, reportsShownMax)
  } catch {
    return []
  }
}

const timeIn = (name: string): string => name.slice(-'2026-11-30T12-00-00'.length)

/** A report is a page that somebody's drill file has words in: it gets no scripts, no origin and nothing from elsewhere. */
const headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups",
  'X-Frame-Options': 'SAMEORIGIN',
  'Cache-Control': 'no-store',
}

export class ReportTickets {
  readonly #folder: string
  readonly #tickets = new Map<string, { readonly id: string; readonly untilMs: number }>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** A path that is good for a while, for a frame that brings no key. Throws a Failure when there is no such report. */
  issue(id: string, nowMs: number): string {
    if (!idForm.test(id)) throw new Failure(`no report ${id}`)
    if (statSync(this.#pageOf(id), { throwIfNoEntry: false })?.isFile() !== true) throw new Failure(`no report ${id}`)
    for (const [ticket, { untilMs }] of this.#tickets) if (untilMs < nowMs) this.#tickets.delete(ticket)
    const [oldest] = this.#tickets.keys()
    if (this.#tickets.size >= reportTicketsMax && oldest !== undefined) this.#tickets.delete(oldest)
    const ticket = randomBytes(16).toString('base64url')
    this.#tickets.set(ticket, { id, untilMs: nowMs + reportTicketMs })
    return `/report/${ticket}`
  }

  /** False when the path is of no ticket. */
  serve(path: string, response: ServerResponse, nowMs: number): boolean {
    const found = this.#tickets.get(path.replace(/^\/report\//, ''))
    if (found === undefined || found.untilMs < nowMs) return false
    const page = this.#pageOf(found.id)
    if ((statSync(page, { throwIfNoEntry: false })?.size ?? Infinity) > reportBytesMax) return false
    response.writeHead(200, headers)
    response.end(readFileSync(page))
    return true
  }

  #pageOf(id: string): string {
    return join(this.#folder, id, 'report.html')
  }
}
