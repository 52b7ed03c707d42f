/**
 * npm run simulate:nodes -- [--seeds 1000] [--from 1]    many seeds of a region of three nodes; stops at the first that fails
 *                           [--keep-going]               all of them
 *                           [--seed 12] [--trace]        one seed, with its story as it happens
 *                           [--history FILE]             where the history of a seed that fails, or of --seed, is written
 *
 * Exit status 0 only when every seed asked for has run and holds.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { historyText } from '../../linearizability/history.ts'
import { runNodes, type NodesResult } from './run-nodes.ts'
import { nodesFaultNames } from './nodes-faults.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    history: { type: 'string' },
  },
})

const progressEvery = 50
const tellLines = 60

process.exitCode =
  values.seed === undefined ? await many(Number(values.from), Number(values.seeds)) : await one(Number(values.seed))

async function one(seed: number): Promise<number> {
  const result = await runNodes({ seed, ...(values.trace ? { print: (line) => console.log(line) } : {}) })
  keep(result)
  if (result.failure !== undefined) tell(seed, result)
  else console.log(`seed ${seed} holds: ${JSON.stringify(result.counts)}`)
  return result.failure === undefined ? 0 : 1
}

async function many(from: number, seeds: number): Promise<number> {
  const failing: number[] = []
  const total = new Map<string, number>()
  const add = (name: string, count: number): void => void total.set(name, (total.get(name) ?? 0) + count)
  let run = 0
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await runNodes({ seed })
    run++
    for (const [name, count] of Object.entries(result.counts)) add(name, count)
    for (const [name, count] of result.met) add(`fault ${name}`, count)
    if (result.failure !== undefined) {
      failing.push(seed)
      keep(result)
      tell(seed, result)
      if (!values['keep-going']) break
    }
    if (run % progressEvery === 0) console.log(`${run} of ${seeds} seeds, ${failing.length} failing`)
  }
  for (const [name, count] of total) console.log(`${String(count).padStart(9)}  ${name}`)
  for (const name of nodesFaultNames) if (!total.has(`fault ${name}`)) console.log(`never met: ${name}`)
  if (failing.length > 0) console.log(`${failing.length} of ${run} seeds fail: ${failing.join(', ')}`)
  else console.log(`all ${run} seeds from ${from} to ${from + seeds - 1} hold`)
  return failing.length === 0 ? 0 : 1
}

function keep({ history }: NodesResult): void {
  if (values.history !== undefined) writeFileSync(values.history, historyText(history), { mode: 0o600 })
}

function tell(seed: number, { failure, story }: NodesResult): void {
  if (!values.trace) for (const line of story.slice(-tellLines)) console.log(line)
  console.log(`\nseed ${seed} fails: ${failure?.stack}`)
  console.log(`again, in full:  npm run simulate:nodes -- --seed ${seed} --trace\n`)
}
