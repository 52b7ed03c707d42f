/**
 * Requests that a process of a region does not answer itself go to the one that owns the writes, as frames (request-frames.ts), and the replies come
 * back the same way. That process is another one of this machine, or the node that leads a region of several.
 *
 * The process that owns the writes does with such a request all that it does with its own, signature and bounds included.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { InvariantViolation } from '../../core/assert.ts'
import { ServiceError } from '../../core/errors.ts'
import { workerUnreadBytesMax } from '../../core/limits/limits.ts'
import { FrameCalls, type FrameEnds, serveFrames } from './request-frames.ts'
import { type ApiRequest, errorAnswer, json10 } from '../pipeline.ts'
import type { Reply } from '../bytes/reply.ts'

export type Send = (requestId: string, reply: Reply) => void

type AboutRequest = {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly address?: string | undefined
  readonly isSecure?: boolean | undefined
  readonly endpoint?: string | undefined
}
type AboutReply = Omit<Reply, 'bytes'> & { readonly requestId: string }
/** The other end has not begun the request, and will not. */
type Declined = { readonly declined: true }

export type Forwarding = {
  /** Takes a request, and answers it once. */
  forward(request: ApiRequest, send: Send): void
}

/** The asking end. */
export class Forwarder implements Forwarding {
  readonly #calls: FrameCalls
  readonly #waiting = new Set<(reply: Reply) => void>()
  readonly #onBroken: FrameEnds['onBroken']

  /** Between processes that trust each other a broken frame is a bug of ours. */
  constructor(socket: Socket, ends: FrameEnds = { onBroken: brokenInvariant }) {
    this.#calls = new FrameCalls(socket, ends)
    this.#onBroken = ends.onBroken
  }

  /** `declined` is called instead of `send` where the other end does not answer such requests now. */
  forward(request: ApiRequest, send: Send, declined: () => void = () => send('', notAnswered)): void {
    const { url, headers, rawHeaders, body, address, isSecure, endpoint } = request
    const about: AboutRequest = { url, headers, rawHeaders: rawHeaders(), address, isSecure, endpoint }
    const end = (reply: Reply): void => send('', reply)
    const answered = (told: unknown, bytes: Buffer): void => {
      if (!this.#waiting.delete(end)) return
      if (isDeclined(told)) return declined()
      if (isAboutReply(told)) {
        const { requestId, ...reply } = told
        return send(requestId, { ...reply, bytes })
      }
      end(notAnswered)
      this.#onBroken('what is said about a reply is not of its form')
    }
    // Body and head are bounded where they are read, so that this never happens; it costs the request and not the process.
    if (!this.#calls.call(about, body, answered)) return end(tooLarge)
    this.#waiting.add(end)
  }

  tell(about: unknown): void {
    this.#calls.tell(about)
  }

  /** Requests that were sent and have no answer yet. */
  get count(): number {
    return this.#waiting.size
  }

  /** Answers all that wait with this: no other answer comes, or none that is believed. */
  end(reply: Reply): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const each of waiting) each(reply)
  }
}

export type Owner = Partial<FrameEnds> & {
  /** Returns false where it does not answer requests now: this one is not begun. */
  readonly answer: (request: ApiRequest, send: Send) => boolean | void
  /** The other end does not read what it is answered. */
  readonly onStuck: () => void
}

/** The owner's end: `answer` is given every request. Returns how to tell the other end something. */
export function serveForwarded(socket: Socket, owner: Owner): (about: unknown) => void {
  const { answer, onStuck, onTold = () => undefined, onBroken = brokenInvariant } = owner
  return serveFrames(socket, {
    onTold,
    onBroken,
    answer: (about, body, reply) => {
      if (!isAboutRequest(about)) return onBroken('what is said about a request is not of its form')
      const { rawHeaders, ...asked } = about
      const taken = answer(
        { ...asked, rawHeaders: () => rawHeaders, body, payload: body },
        (requestId, { bytes, ...rest }) => {
          if (socket.destroyed) return
          if (socket.writableLength > workerUnreadBytesMax) return onStuck()
          if (reply({ requestId, ...rest, parts: undefined } satisfies AboutReply, bytes)) return
          const { bytes: text, ...refusal } = tooLarge
          reply({ requestId, ...refusal } satisfies AboutReply, text)
        },
      )
      if (taken === false) reply({ declined: true } satisfies Declined, none)
    },
  })
}

const none = Buffer.alloc(0)

function brokenInvariant(reason: string): never {
  throw new InvariantViolation(`forwarding: ${reason}`)
}

type Members = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null

function isAboutRequest(about: unknown): about is AboutRequest {
  if (!isObject(about)) return false
  const { url, headers, rawHeaders, address, isSecure, endpoint } = about
  return (
    typeof url === 'string' &&
    isObject(headers) &&
    Object.values(headers).every(isHeader) &&
    Array.isArray(rawHeaders) &&
    rawHeaders.every((text) => typeof text === 'string') &&
    (address === undefined || typeof address === 'string') &&
    (isSecure === undefined || typeof isSecure === 'boolean') &&
    (endpoint === undefined || typeof endpoint === 'string')
  )
}

const isHeader = (value: unknown): boolean =>
  typeof value === 'string' || (Array.isArray(value) && value.every((each) => typeof each === 'string'))

function isAboutReply(about: unknown): about is AboutReply {
  if (!isObject(about)) return false
  const { requestId, status, contentType, headers, cut } = about
  return (
    typeof requestId === 'string' &&
    Number.isInteger(status) &&
    Number(status) >= statusMin &&
    Number(status) <= statusMax &&
    typeof contentType === 'string' &&
    (headers === undefined ||
      (isObject(headers) &&
        Object.values(headers).every((value) => typeof value === 'string' && !lineEnd.test(value)))) &&
    (cut === undefined || cut === 'reset' || cut === 'close')
  )
}

const [statusMin, statusMax] = [100, 599]
/** It would begin another header of the reply. */
const lineEnd = /[\r\n]/

const isDeclined = (about: unknown): about is Declined => isObject(about) && about['declined'] === true

/** For a request or a reply that does not fit a frame. */
const tooLarge: Reply = errorAnswer(
  new ServiceError('InternalServerError', 'The request or its reply is too large for a region with workers.'),
  json10,
)

const notAnswered: Reply = errorAnswer(
  new ServiceError('InternalServerError', 'The request was not answered by the process that it was passed on to.'),
  json10,
)
