/**
 * npm run simulate -- [--seeds 5000] [--from 1] [--jobs 2]     many seeds, with progress; stops at the first that fails
 *                     [--keep-going]                            all of them, and the list of those that fail
 *                     [--seed 123] [--trace]                    one seed, with its whole story as it happens
 */
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { runSeed, type RunResult } from './run.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    /** Set by ourselves: every how-manieth seed this process runs. */
    stride: { type: 'string' },
  },
})

/** Of a failing seed's story. */
const tellLines = 80
const progressMs = 2000

type Report = Pick<RunResult, 'seed' | 'accepted' | 'events' | 'virtualMs'> & {
  readonly failure?: string
  readonly story: readonly string[]
}

if (values.seed !== undefined) await one(Number(values.seed))
else if (values.stride !== undefined) await some(Number(values.stride))
else await many()

async function one(seed: number): Promise<void> {
  const result = await runSeed({ seed, ...(values.trace ? { print: (line) => console.log(line) } : {}) })
  const report = reportOf(result)
  if (report.failure !== undefined) tell(report, values.trace ? 0 : tellLines)
  else console.log(`seed ${seed} holds: ${JSON.stringify({ ...report, story: undefined })}`)
  process.exit(report.failure === undefined ? 0 : 1)
}

/** The part of the seeds that falls to this process. */
async function some(stride: number): Promise<void> {
  const end = Number(values.from) + Number(values.seeds)
  for (let seed = Number(values.from); seed < end; seed += stride) {
    const report = reportOf(await runSeed({ seed }))
    await new Promise<void>((resolve) => {
      process.send?.(report, () => resolve())
    })
  }
  process.exit(0)
}

async function many(): Promise<void> {
  const jobs = Math.min(Number(values.jobs), Number(values.seeds))
  const total = { seeds: 0, accepted: 0, events: 0, virtualMs: 0 }
  const failing: Report[] = []
  const startedMs = performance.now()
  const progress = (): void => {
    const seconds = (performance.now() - startedMs) / 1000
    const hours = total.virtualMs / 3_600_000
    console.log(
      `${total.seeds} of ${values.seeds} seeds, ${failing.length} failing; ${(total.seeds / seconds).toFixed(0)} seeds/s, ` +
        `${total.accepted} writes, ${total.events} events, ${hours.toFixed(1)} virtual hours in ${seconds.toFixed(0)} s`,
    )
  }
  const timer = setInterval(progress, progressMs)
  const children = Array.from({ length: jobs }, (_, n) => {
    const from = Number(values.from) + n
    const seeds = Number(values.seeds) - n
    return fork(process.argv[1] ?? '', ['--from', `${from}`, '--seeds', `${seeds}`, '--stride', `${jobs}`])
  })
  const stop = (): void => children.forEach((child) => child.kill())
  await Promise.all(
    children.map(
      (child) =>
        new Promise<void>((resolve) => {
          child.on('message', (report: Report) => {
            total.seeds++
            for (const name of ['accepted', 'events', 'virtualMs'] as const) total[name] += report[name]
            if (report.failure === undefined) return
            failing.push(report)
            console.log(`failing: ${report.seed}  ${report.failure.split('\n')[0]}`)
            if (!values['keep-going']) stop()
          })
          child.on('exit', () => resolve())
        }),
    ),
  )
  clearInterval(timer)
  progress()
  const first = failing.toSorted((a, b) => a.seed - b.seed)[0]
  if (first === undefined) return
  tell(first, tellLines)
  console.log(`failing: ${failing.map(({ seed }) => seed).join(', ')}`)
  process.exit(1)
}

function tell({ seed, failure, story }: Report, lines: number): void {
  if (lines > 0) for (const line of story.slice(-lines)) console.log(line)
  console.log(`\nseed ${seed} fails: ${failure}`)
  console.log(`again, in full:  npm run simulate -- --seed ${seed} --trace\n`)
}

function reportOf({ seed, failure, story, accepted, events, virtualMs }: RunResult): Report {
  const told =
    failure === undefined ? {} : { failure: failure.name === 'Violation' ? failure.message : `${failure.stack}` }
  return { seed, accepted, events, virtualMs, ...told, story: failure === undefined ? [] : story }
}
