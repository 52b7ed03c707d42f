/**
 * npm run simulate -- [--seeds 20000]                many seeds on all cores, with progress; stops at the first that fails
 *                     [--from 123456]                this range of seeds; without it, each run takes another, and prints it
 *                     [--keep-going]                 all of them, and in the end how many fail, and which
 *                     [--jobs 2]                     on fewer cores
 *                     [--seed 123] [--trace]         one seed, with its whole story as it happens
 *                     [--only 'crash,flap']          only these faults, in every seed
 *                     [--world 1]                    in an earlier version of the world, as seeds.ts records it
 *
 * At the end it prints in how many seeds each fault was drawn, and in how many it met the state that it exists for.
 * Exit status 0 only when every seed asked for has run and holds.
 */
import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { allAims, worldNow } from './aims.ts'
import { allFaults } from './faults/all-faults.ts'
import { runSeed } from './run.ts'
import { Tally } from './sightings.ts'
import { type Report, reportOf, serve, Workers } from './workers.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20000' },
    from: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    world: { type: 'string', default: String(worldNow) },
    jobs: { type: 'string', default: String(availableParallelism()) },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    /** Set by ourselves. */
    worker: { type: 'boolean', default: false },
  },
})

/** Of a failing seed's story; of the seeds that fail after the first few, only what failed is told. */
const tellLines = 80
const toldMax = 5
const progressMs = process.stdout.isTTY ? 2000 : 10_000

/** Where a range that nobody has named begins. */
const [fromMin, fromMax] = [1_000_000, 1_000_000_000]

const world = Number(values.world)
const only = values.only?.split(',')
const unknown = only?.find((name) => !allFaults.some((fault) => fault.name === name))
if (unknown !== undefined)
  throw new Error(`no fault is called "${unknown}": ${allFaults.map(({ name }) => name).join(', ')}`)

const onlyText = only === undefined ? '' : ` --only '${only.join(',')}'`

if (values.worker) serve()
else if (values.seed !== undefined) await one(Number(values.seed))
else await many(Number(values.from ?? randomInt(fromMin, fromMax)), Number(values.seeds))

async function one(seed: number): Promise<void> {
  const report = reportOf(
    await runSeed({ seed, world, only, ...(values.trace ? { print: (line) => console.log(line) } : {}) }),
  )
  if (report.failure !== undefined) tell(report, values.trace ? 0 : tellLines)
  else console.log(`seed ${seed} holds: ${JSON.stringify({ ...report, story: undefined })}`)
  process.exit(report.failure === undefined ? 0 : 1)
}

async function many(from: number, seeds: number): Promise<void> {
  console.log(`seeds ${from} to ${from + seeds - 1} of world ${world}`)
  const total = { seeds: 0, accepted: 0, events: 0, virtualMs: 0 }
  const tally = new Tally()
  const failing: Report[] = []
  const startedMs = performance.now()
  const progress = (): void => console.log(progressText({ ...total, of: seeds, failing: failing.length, startedMs }))
  const timer = setInterval(progress, progressMs)
  const workers = new Workers({
    seeds: { from, to: from + seeds - 1 },
    world,
    only,
    count: Math.max(1, Math.min(Number(values.jobs), seeds)),
    onReport: (report) => {
      total.seeds++
      tally.add(report.sightings)
      for (const name of ['accepted', 'events', 'virtualMs'] as const) total[name] += report[name]
      if (report.failure === undefined) return
      failing.push(report)
      tell(report, failing.length <= toldMax ? tellLines : 0)
      if (!values['keep-going']) workers.stop()
    },
  })
  await workers.done
  clearInterval(timer)
  progress()
  for (const line of tally.lines(allAims)) console.log(line)
  const numbers = failing.map(({ seed }) => seed).toSorted((a, b) => a - b)
  if (numbers.length > 0) console.log(`${numbers.length} of ${total.seeds} seeds fail: ${numbers.join(', ')}`)
  else console.log(`all ${total.seeds} seeds from ${from} to ${from + seeds - 1} hold`)
  console.log(`the same again:  npm run simulate -- --from ${from} --seeds ${seeds} --world ${world}${onlyText}`)
  process.exit(numbers.length > 0 || total.seeds < seeds ? 1 : 0)
}

type Progress = {
  readonly seeds: number
  readonly of: number
  readonly accepted: number
  readonly events: number
  readonly virtualMs: number
  readonly failing: number
  readonly startedMs: number
}

function progressText({ seeds, of, accepted, events, virtualMs, failing, startedMs }: Progress): string {
  const seconds = (performance.now() - startedMs) / 1000
  const rate = seeds / seconds
  const left = seeds === 0 ? '' : `, ${durationText((of - seeds) / rate)} left`
  return (
    `${seeds} of ${of} seeds, ${failing} failing; ${rate.toFixed(1)} seeds/s, ${durationText(seconds)} gone${left}; ` +
    `${accepted} writes, ${events} events, ${(virtualMs / 3_600_000).toFixed(1)} hours of virtual time`
  )
}

function durationText(seconds: number): string {
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

function tell({ seed, failure, story }: Report, lines: number): void {
  if (lines > 0) for (const line of story.slice(-lines)) console.log(line)
  console.log(`\nseed ${seed} fails: ${failure}`)
  console.log(`again, in full:  npm run simulate -- --seed ${seed} --world ${world}${onlyText} --trace\n`)
}
