/** What a node and a process that runs a handler say to each other: a line of JSON each. Each side bounds the lines that it receives. */
import { invokePayloadBytesMax } from '../../core/limits/trigger-limits.ts'

export type ToHandler =
  | { readonly type: 'start'; readonly module: string; readonly export: string }
  | { readonly type: 'invoke'; readonly event: string; readonly context: HandlerContext }

export type HandlerContext = {
  readonly functionName: string
  readonly functionVersion: string
  readonly invokedFunctionArn: string
  readonly memoryLimitInMB: string
  readonly awsRequestId: string
  readonly clientContext?: unknown
  readonly deadlineMs: number
}

export type FromHandler =
  | { readonly type: 'ready' }
  | { readonly type: 'returned' | 'failed'; readonly payload: string }

/** A payload is a text within the line, in which each quotation mark takes two bytes. */
const handlerLineBytesMax = 2 * invokePayloadBytesMax + 1024

export const handlerDescriptor = 3

/** Gives each whole line; false once one is too long. */
export class Lines {
  readonly #give: (line: string) => void
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(give: (line: string) => void) {
    this.#give = give
  }

  take(chunk: Buffer): boolean {
    let rest = chunk
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      const line = Buffer.concat([...this.#chunks, rest.subarray(0, end)])
      this.#chunks = []
      this.#bytes = 0
      rest = rest.subarray(end + 1)
      if (line.length > handlerLineBytesMax) return false
      this.#give(line.toString())
    }
    if (rest.length > 0) this.#chunks.push(rest)
    this.#bytes += rest.length
    return this.#bytes <= handlerLineBytesMax
  }
}

const newline = 0x0a
