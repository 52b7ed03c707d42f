/**
 * When a process of ours is to end: at Ctrl-C, when it is told to, and when the supervisor that started it is gone, which
 * the end of the channel to it says.
 */

export type Parent = {
  /** Ends the process now: the channel to the supervisor, while it is listened to, would keep it alive. */
  exit(): never
  /** Resolves with the reason, once. */
  readonly end: Promise<string>
  ready(): void
  /** Why it cannot be ready; whether there is a supervisor, which has then been told. */
  failed(message: string): Promise<boolean>
}

export function childOf(): Parent {
  const end = new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(signal))
    process.once('disconnect', () => resolve('the supervisor is gone'))
  })
  return {
    exit: () => process.exit(0),
    end,
    ready: () => {
      if (process.connected) process.send?.({ type: 'ready' })
    },
    failed: async (message) => {
      if (!process.connected) return false
      await new Promise<void>((resolve) => {
        process.send?.({ type: 'failure', message }, () => resolve())
      })
      return true
    },
  }
}
