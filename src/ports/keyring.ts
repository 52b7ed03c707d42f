/** Where the keys lie that data keys are wrapped with: a file, or a service that never gives them away. */
export type WrappedKey = {
  /** Which key of the keyring it was wrapped with. */
  readonly by: string
  readonly bytes: Buffer
}

export interface Keyring {
  /** Wraps a data key with the keyring's newest key. What was wrapped is given back for the same context only. Rejects with KeyUnavailable. */
  wrap(dataKey: Buffer, context: string): Promise<WrappedKey>
  /** Rejects with KeyUnavailable. */
  unwrap(wrapped: WrappedKey, context: string): Promise<Buffer>
  /** The key that wraps now. Rejects with KeyUnavailable. */
  newest(): Promise<string>
}

/** The keyring has no such key, or cannot be reached. Says what to do. */
export class KeyUnavailable extends Error {
  override readonly name = 'KeyUnavailable'
}
