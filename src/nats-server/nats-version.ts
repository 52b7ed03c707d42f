/** Which nats-server is new enough: 2.10.20 to 2.10.22 lose streams on a crash, 2.9 does not know sync_interval. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export const versionFloor = '2.10.23'
const answerMsMax = 5000

/** The version that the binary says it is; undefined when it cannot be run or says something else. */
export async function versionOf(binary: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(binary, ['--version'], { timeout: answerMsMax })
    return /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1]
  } catch {
    return undefined
  }
}

export function isNewEnough(version: string, floor: string = versionFloor): boolean {
  const [a, b] = [partsOf(version), partsOf(floor)]
  for (const [index, part] of a.entries()) {
    const wanted = b[index] ?? 0
    if (part !== wanted) return part > wanted
  }
  return true
}

function partsOf(version: string): number[] {
  return version.split('.').map(Number)
}
