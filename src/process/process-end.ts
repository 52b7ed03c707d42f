/**
 * When a process of ours is to end: at Ctrl-C, when it is told to, and when the supervisor that started it is gone, which
 * the end of the channel to it says.
 */

export type Parent = {
  /**
   * Ends the process now: the channel to the supervisor, while it is listened to, would keep it alive. The status is 0, or that of
   * the signal when the end was asked for before the process was ready.
   */
  exit(): never
  /** Resolves with the reason, once. */
  readonly end: Promise<string>
  ready(): void
  /** It takes longer than usual to become ready, and goes on. */
  progress(): void
  /** Why it cannot be ready; whether there is a supervisor, which has then been told. */
  failed(message: string): Promise<boolean>
}

/** As a shell has it for a program that a signal has ended. */
export const signalStatus = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

export function childOf(): Parent {
  let status = 0
  let isReady = false
  const end = new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        if (!isReady) status = signalStatus[signal]
        resolve(signal)
      })
    process.once('disconnect', () => resolve('the supervisor is gone'))
    // It may be gone before we listen: there is no event any more.
    if (process.send !== undefined && !process.connected) resolve('the supervisor is gone')
  })
  return {
    exit: () => process.exit(status),
    end,
    ready: () => {
      isReady = true
      if (process.connected) process.send?.({ type: 'ready' })
    },
    progress: () => {
      if (process.connected) process.send?.({ type: 'progress' })
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
