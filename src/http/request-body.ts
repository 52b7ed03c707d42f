/**
 * The body of a request, whole: bounded in size before and after decompression, and together with all others by a
 * budget, so that no mix of large and slow bodies can take the node's memory.
 */
import type { IncomingMessage } from 'node:http'
import { createGunzip, createInflate } from 'node:zlib'
import { requestBytesInFlightMax, requestSizeBytesMax } from '../core/limits.ts'

export type BodyProblem = 'too-large' | 'over-budget' | 'undecodable' | 'aborted'
export type ReadBody = { readonly bytes: Buffer } | { readonly problem: BodyProblem }

/** Bytes of bodies held by one server at this moment. */
export class BodyBudget {
  #held = 0

  take(bytes: number): boolean {
    if (this.#held + bytes > requestBytesInFlightMax) return false
    this.#held += bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#held -= bytes
  }
}

const empty = Buffer.alloc(0)

/** `done` is called exactly once; what the body took of the budget stays taken until `release`. */
export function readBody(
  request: IncomingMessage,
  budget: BodyBudget,
  done: (body: ReadBody, release: () => void) => void,
): void {
  const source = decoded(request)
  let chunks: Buffer[] = []
  let size = 0
  let finished = false
  const finish = (body: ReadBody): void => {
    if (finished) return
    finished = true
    chunks = []
    const held = size
    if ('problem' in body) {
      budget.giveBack(held)
      source.removeAllListeners('data')
      if (source !== request) request.unpipe()
      // What is still to come is read and thrown away, up to where the connection is closed by the answer.
      request.resume()
      done(body, () => {})
    } else done(body, () => budget.giveBack(held))
  }
  if (Number(request.headers['content-length'] ?? 0) > requestSizeBytesMax) return finish({ problem: 'too-large' })
  source.on('data', (chunk: Buffer) => {
    if (size + chunk.length > requestSizeBytesMax) return finish({ problem: 'too-large' })
    if (!budget.take(chunk.length)) return finish({ problem: 'over-budget' })
    size += chunk.length
    chunks.push(chunk)
  })
  source.on('end', () => finish({ bytes: chunks.length === 1 ? (chunks[0] ?? empty) : Buffer.concat(chunks, size) }))
  source.on('error', () => finish({ problem: source === request ? 'aborted' : 'undecodable' }))
  request.on('close', () => {
    if (!request.complete) finish({ problem: 'aborted' })
  })
}

function decoded(request: IncomingMessage): NodeJS.ReadableStream {
  switch (request.headers['content-encoding']?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return request.pipe(createGunzip())
    case 'deflate':
      return request.pipe(createInflate())
    default:
      return request
  }
}
