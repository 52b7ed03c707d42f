import { messageOf } from '../../../process/failure.ts'

/** Ctrl-C ends the drill, and it mends what it broke; a second one does not make that any faster, so it is not listened to. */
export function endSignal(doing: string): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (!controller.signal.aborted) console.error(`longitude: ${signal}: ${doing}`)
      controller.abort()
    })
  process.on('uncaughtException', (error) => {
    console.error(`longitude: ${messageOf(error)}`)
    controller.abort()
  })
  return controller.signal
}
