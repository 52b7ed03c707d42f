/**
 * The command of a simulator whose histories are held to be linearizable, one seed or many:
 *
 *   [--seeds 1000] [--from 1]    many seeds; stops at the first that fails
 *   [--keep-going]               all of them
 *   [--seed 12] [--trace]        one seed, with its story as it happens
 *   [--history FILE]             where the history of a seed that fails, or of --seed, is written
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type History, historyText } from '../linearizability/history.ts'

export type SeedResult = {
  readonly failure?: Error
  readonly story: readonly string[]
  readonly history: History
  readonly counts: Readonly<Record<string, number>>
  /** How often each fault has begun. */
  readonly met: ReadonlyMap<string, number>
}

export type Simulator = {
  /** As of `npm run`. */
  readonly command: string
  readonly faultNames: readonly string[]
  readonly run: (options: { readonly seed: number; readonly print?: (line: string) => void }) => Promise<SeedResult>
}

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

/** Returns the exit status: 0 only when every seed asked for has run and holds. */
export async function simulateSeeds(simulator: Simulator): Promise<number> {
  const { seed, from, seeds } = values
  return seed === undefined ? await many(simulator, Number(from), Number(seeds)) : await one(simulator, Number(seed))
}

async function one({ run, command }: Simulator, seed: number): Promise<number> {
  const result = await run({ seed, ...(values.trace ? { print: (line) => console.log(line) } : {}) })
  keep(result)
  if (result.failure !== undefined) tell(command, seed, result)
  else console.log(`seed ${seed} holds: ${JSON.stringify(result.counts)}`)
  return result.failure === undefined ? 0 : 1
}

async function many({ run, command, faultNames }: Simulator, from: number, seeds: number): Promise<number> {
  const failing: number[] = []
  const total = new Map<string, number>()
  const add = (name: string, times: number): void => void total.set(name, (total.get(name) ?? 0) + times)
  let count = 0
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await run({ seed })
    count++
    for (const [name, times] of Object.entries(result.counts)) add(name, times)
    for (const [name, times] of result.met) add(`fault ${name}`, times)
    if (result.failure !== undefined) {
      failing.push(seed)
      keep(result)
      tell(command, seed, result)
      if (!values['keep-going']) break
    }
    if (count % progressEvery === 0) console.log(`${count} of ${seeds} seeds, ${failing.length} failing`)
  }
  for (const [name, times] of total) console.log(`${String(times).padStart(9)}  ${name}`)
  for (const name of faultNames) if (!total.has(`fault ${name}`)) console.log(`never met: ${name}`)
  if (failing.length > 0) console.log(`${failing.length} of ${count} seeds fail: ${failing.join(', ')}`)
  else console.log(`all ${count} seeds from ${from} to ${from + seeds - 1} hold`)
  return failing.length === 0 ? 0 : 1
}

function keep({ history }: SeedResult): void {
  if (values.history !== undefined) writeFileSync(values.history, historyText(history), { mode: 0o600 })
}

function tell(command: string, seed: number, { failure, story }: SeedResult): void {
  if (!values.trace) for (const line of story.slice(-tellLines)) console.log(line)
  console.log(`\nseed ${seed} fails: ${failure?.stack}`)
  console.log(`again, in full:  npm run ${command} -- --seed ${seed} --trace\n`)
}
