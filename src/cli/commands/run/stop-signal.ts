/** When `longitude up` is asked to stop: by a signal, or by the end of the npm that started it. */

export type StopSignal = { readonly first: Promise<string>; onSecond(act: () => void): void }

/** npm passes a Ctrl-C on that the terminal has sent to everybody already: a second one so soon is not a person's. */
const sameSignalMs = 1000

/** From the first line on, so that Ctrl-C during the start stops what was started. */
export function stopSignal(): StopSignal {
  let firstMs: number | undefined
  let onSecond = (): void => {}
  const first = new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        const nowMs = performance.now()
        firstMs ??= nowMs
        if (nowMs - firstMs > sameSignalMs) onSecond()
        else resolve(signal)
      })
    whenNpmIsGone(() => resolve('the end of npm'))
  })
  return {
    first,
    onSecond: (act) => {
      onSecond = act
    },
  }
}

const npmWatchMs = 250

/** Whoever kills `npm start` means what it runs, but what npm starts is not told when npm itself is killed. */
function whenNpmIsGone(act: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return
  const npm = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === npm) return
    clearInterval(timer)
    act()
  }, npmWatchMs).unref()
}
