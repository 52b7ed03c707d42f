/** The moments of a drill: since 1970, yet never going back while it runs. */
const originMs = performance.timeOrigin

export function nowMs(): number {
  return originMs + performance.now()
}

/** Ends early, without an error, when the signal does. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms <= 0 || signal?.aborted === true) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}
