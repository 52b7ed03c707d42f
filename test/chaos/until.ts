/** Asks until the answer is yes. A test's patience, not a sleep: it goes on as soon as it can. */
const pollMs = 50

export async function until(what: string, holds: () => Promise<boolean>, patienceMs = 30_000): Promise<void> {
  const deadlineMs = performance.now() + patienceMs
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`${what}: still not after ${patienceMs} ms`)
    await pause(pollMs)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
