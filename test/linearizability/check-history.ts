/**
 * npm run check-history -- FILE    prints whether the history in the file is linearizable, and what contradicts itself if not
 *
 * Exit status: 0 linearizable, 1 not, 2 undecided or not a history.
 */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { check } from './check.ts'
import { drawingOf } from './drawing.ts'
import { type History, historyLinesMax, parseHistory } from './history.ts'
import { offenceIn } from './offence.ts'

const [path] = process.argv.slice(2)
if (path === undefined) {
  console.error('npm run check-history -- FILE')
  process.exitCode = 2
} else process.exitCode = await tell(path)

async function tell(file: string): Promise<number> {
  let history: History
  try {
    history = parseHistory(await linesOf(file))
  } catch (error) {
    console.error(`${file}: ${error instanceof Error ? error.message : String(error)}`)
    return 2
  }
  const result = check(history)
  const about = `${history.operations.length} operations of ${new Set(history.operations.map(({ key }) => key)).size} keys`
  if (result.verdict === 'linearizable') console.log(`linearizable: ${about}`)
  else console.log(`${result.verdict}: ${about}, key ${result.key}`)
  if (result.verdict === 'not linearizable')
    console.log(`\n${drawingOf(result.key, offenceIn(history.initial, result.refuted))}`)
  return { linearizable: 0, 'not linearizable': 1, undecided: 2 }[result.verdict]
}

async function linesOf(file: string): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const line of createInterface({ input: createReadStream(file) })) {
    lines.push(line)
    if (lines.length > historyLinesMax) break
  }
  return lines
}
