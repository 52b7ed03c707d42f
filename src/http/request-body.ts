/**
 * The body of a request, whole: bounded in size before and after decompression, and together with all others by a
 * budget, so that no mix of large and slow bodies can take the node's memory.
 */
import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import { createGunzip, createInflate } from 'node:zlib'
import { discardedBytesMax, requestBytesInFlightMax, requestSizeBytesMax } from '../core/limits.ts'

export type BodyProblem = 'too-large' | 'over-budget' | 'undecodable' | 'aborted'
export type ReadBody =
  /** `sent` is what travelled, where that is something else: signatures are over it. */
  { readonly bytes: Buffer; readonly sent?: Buffer } | { readonly problem: BodyProblem }

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

/** Of a body read whole, its bytes stay taken of the budget until the caller gives them back. */
export function readBody(request: IncomingMessage, budget: BodyBudget): Promise<ReadBody> {
  const decoder = decoderOf(request.headers['content-encoding'])
  return new Promise((resolve) => {
    const source = decoder === undefined ? request : request.pipe(decoder)
    let chunks: Buffer[] = []
    const sent: Buffer[] = []
    let size = 0
    const fail = (problem: BodyProblem): void => {
      chunks = []
      budget.giveBack(size)
      size = 0
      source.removeListener('data', take)
      source.removeListener('end', finish)
      request.removeListener('close', abandon)
      request.unpipe()
      discardRest(request, () => resolve({ problem }))
    }
    const take = (chunk: Buffer): void => {
      if (size + chunk.length > requestSizeBytesMax) fail('too-large')
      else if (!budget.take(chunk.length)) fail('over-budget')
      else {
        size += chunk.length
        chunks.push(chunk)
      }
    }
    const finish = (): void => {
      request.removeListener('close', abandon)
      const bytes = chunks.length === 1 ? (chunks[0] ?? empty) : Buffer.concat(chunks, size)
      resolve(decoder === undefined ? { bytes } : { bytes, sent: Buffer.concat(sent) })
    }
    const abandon = (): void => {
      if (!request.complete) fail('aborted')
    }
    source.on('data', take)
    source.on('end', finish)
    request.on('close', abandon)
    request.on('error', () => {})
    if (decoder === undefined) return
    decoder.on('error', () => fail('undecodable'))
    // No more than its decoded form, which is bounded.
    request.on('data', (chunk: Buffer) => void sent.push(chunk))
  })
}

const empty = Buffer.alloc(0)

/**
 * A client that is still sending would see its connection reset, and not the answer, so the rest is read and thrown
 * away first, unless there is too much of it.
 */
function discardRest(request: IncomingMessage, done: () => void): void {
  if (request.complete || request.destroyed) return done()
  let discarded = 0
  const stop = (): void => {
    request.removeListener('data', count)
    request.removeListener('end', stop)
    request.removeListener('close', stop)
    done()
  }
  const count = (chunk: Buffer): void => {
    discarded += chunk.length
    if (discarded > discardedBytesMax) stop()
  }
  request.on('data', count)
  request.on('end', stop)
  request.on('close', stop)
  request.resume()
}

function decoderOf(encoding: string | undefined): Transform | undefined {
  const name = encoding?.trim().toLowerCase()
  if (name === 'gzip' || name === 'x-gzip') return createGunzip()
  return name === 'deflate' ? createInflate() : undefined
}
