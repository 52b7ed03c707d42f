/** Functions that answer events, and where records go that none has handled. What a function does harms only itself: it may fail, hang, crash or eat memory. */

export type FunctionInfo = {
  readonly name: string
  /** What runs it, as text for operators: never a secret. */
  readonly target: string
  readonly timeoutSeconds: number
  readonly memoryMb: number
}

export type Invoked =
  | { readonly kind: 'returned'; readonly payload: Buffer; readonly log?: string | undefined }
  /** The function has failed: `payload` is its error, as Lambda tells it. */
  | { readonly kind: 'failed'; readonly payload: Buffer; readonly log?: string | undefined }
  /** It could not be asked: it is throttled, or what runs it is not there. It has seen nothing of the event, as far as is known. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly isThrottled: boolean }

export interface Functions {
  /** In the order of their names. */
  all(): readonly FunctionInfo[]
  /** Never rejects, and always ends: within the function's time and a little more. */
  invoke(name: string, event: Buffer, about: InvocationContext): Promise<Invoked>
}

export type InvocationContext = {
  readonly requestId: string
  readonly functionArn: string
  /** In JSON. */
  readonly clientContext?: string | undefined
}

export interface Destinations {
  has(arn: string): boolean
  /** Resolves when the destination has taken it. `key` is that of an object in a bucket. */
  send(arn: string, message: { readonly body: Buffer; readonly key?: string }): Promise<void>
}

/** What stands in the place of Kinesis data streams. */
export interface DataStreams {
  has(arn: string): boolean
  /** Resolves when all of them are taken; after a failure all are put again. A record's `id` tells repeats from others. */
  put(arn: string, records: readonly { readonly id: string; readonly body: Buffer }[]): Promise<void>
}
