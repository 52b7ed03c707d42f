/**
 * Server-sent events for the pages: the state of the deployment, of which only the latest counts, and notes, of which a page that comes back
 * gets those that it has missed. A page that does not read misses states; when it would miss notes its stream ends, and it resumes.
 */
import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { consoleNotesMax, consoleStreamBytesMax, consoleStreamsMax } from '../core/limits/console-limits.ts'
import type { Note, State } from './model/console-state.ts'

type Kept = { readonly number: number; readonly note: Note }

export class EventStreams {
  /** Numbers of another process mean nothing here. */
  readonly #run = randomBytes(4).toString('hex')
  readonly #streams = new Set<ServerResponse>()
  readonly #notes: Kept[] = []
  #number = 0
  #state = ''

  get notes(): readonly Note[] {
    return this.#notes.map(({ note }) => note)
  }

  get count(): number {
    return this.#streams.size
  }

  /** False when there are as many as there may be. */
  add(response: ServerResponse, lastId: string | undefined): boolean {
    if (this.#streams.size >= consoleStreamsMax) return false
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      Connection: 'keep-alive',
    })
    this.#streams.add(response)
    response.once('close', () => this.#streams.delete(response))
    response.on('error', () => response.destroy())
    response.write('retry: 1000\n\n')
    const after = this.#numberOf(lastId)
    for (const kept of this.#notes) if (kept.number > after) response.write(this.#noteFrame(kept))
    if (this.#state !== '') response.write(this.#state)
    return true
  }

  tellState(state: State): void {
    this.#state = frame('state', this.#id(), state)
    for (const stream of this.#streams) if (stream.writableLength < consoleStreamBytesMax) stream.write(this.#state)
  }

  tellNote(note: Note): void {
    this.#number += 1
    const kept = { number: this.#number, note }
    this.#notes.push(kept)
    if (this.#notes.length > consoleNotesMax) this.#notes.shift()
    for (const stream of this.#streams)
      if (stream.writableLength < consoleStreamBytesMax) stream.write(this.#noteFrame(kept))
      else stream.destroy()
  }

  close(): void {
    for (const stream of this.#streams) stream.destroy()
  }

  #noteFrame({ number, note }: Kept): string {
    return frame('note', `${this.#run}-${number}`, note)
  }

  /** The last note that a page has; 0 for a page that has followed another process. */
  #numberOf(id: string | undefined): number {
    const [run, number] = (id ?? '').split('-')
    const parsed = Number(number)
    return run === this.#run && Number.isSafeInteger(parsed) ? parsed : 0
  }

  #id(): string {
    return `${this.#run}-${this.#number}`
  }
}

/** JSON has no line breaks, so it is one line of data. */
function frame(event: string, id: string, data: unknown): string {
  return `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`
}
