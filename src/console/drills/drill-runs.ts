/**
 * Runs one drill at a time as a process of its own, `longitude drill run`, so that its clients do not share the console's time. What it prints is kept, and
 * it is told to end as by Ctrl-C: it mends what it broke first.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { drillLineCharactersMax, drillLinesMax } from '../../core/limits/console-limits.ts'
import { parseDrill, DrillMistakes } from '../../drills/definition/parse-drill.ts'
import { Failure } from '../../process/failure.ts'
import { type DrillLine, drillLineOf, type DrillRunView } from '../model/drill-lines.ts'

export type DrillProgram = {
  /** Node's flags and the path of the command line. */
  readonly program: readonly string[]
  readonly data: string
  /** Reports of this console's drills, a folder each. */
  readonly reports: string
  /** With the token, and the key that signs. */
  readonly environment: () => NodeJS.ProcessEnv
}

export type Asked = { readonly text: string; readonly allowHarm: boolean; readonly seed?: number }

type Run = {
  readonly name: string
  readonly title: string
  readonly startedMs: number
  readonly report: string
  readonly child: ChildProcess
  readonly lines: DrillLine[]
  /** Its exit status. */
  readonly ended: Promise<number | undefined>
  state: DrillRunView['state']
  endedMs?: number
}

export class DrillRuns {
  readonly #program: DrillProgram
  readonly #onChange: (text: string, regions: readonly string[]) => void
  #run: Run | undefined

  constructor(program: DrillProgram, onChange: (text: string, regions: readonly string[]) => void) {
    this.#program = program
    this.#onChange = onChange
  }

  /** Throws a Failure that says where the drill is wrong, or that another one runs. */
  start({ text, allowHarm, seed }: Asked): void {
    if (this.#run !== undefined && this.#run.endedMs === undefined)
      throw new Failure(`the drill ${this.#run.name} runs: abort it, or wait for its end`)
    const { name, title, regions } = checked(text)
    const report = `${name}-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`
    const folder = join(this.#program.reports, report)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const file = join(folder, 'asked.yaml')
    writeFileSync(file, text, { mode: 0o600 })
    const { program, data, environment } = this.#program
    const flags = [
      '--yes',
      `--data=${data}`,
      `--out=${folder}`,
      ...(allowHarm ? ['--allow-harm'] : []),
      ...(seed === undefined ? [] : [`--seed=${seed}`]),
    ]
    const child = spawn(process.execPath, [...program, 'drill', 'run', file, ...flags], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#run = this.#followed(child, { name, title, report }, regions)
    this.#onChange(`the drill ${name} begins`, regions)
  }

  #followed(child: ChildProcess, about: Pick<Run, 'name' | 'title' | 'report'>, regions: readonly string[]): Run {
    const lines: DrillLine[] = []
    const take = (line: string): void => {
      if (lines.length >= drillLinesMax) lines.shift()
      if (line.trim() !== '') lines.push(drillLineOf(line.slice(0, drillLineCharactersMax)))
    }
    for (const stream of [child.stdout, child.stderr])
      if (stream !== null) createInterface({ input: stream, crlfDelay: Infinity }).on('line', take)
    const run: Run = { ...about, startedMs: Date.now(), child, lines, ended: endOf(child, take), state: 'running' }
    void this.#afterEnd(run, regions)
    return run
  }

  async #afterEnd(run: Run, regions: readonly string[]): Promise<void> {
    const status = await run.ended
    run.endedMs = Date.now()
    run.state = run.state === 'ending' ? 'aborted' : stateAfter(status)
    this.#onChange(`the drill ${run.name} has ended: ${run.state}`, regions)
  }

  abort(): void {
    const run = this.#run
    if (run === undefined || run.endedMs !== undefined) throw new Failure('no drill runs')
    run.state = 'ending'
    run.child.kill('SIGINT')
  }

  get view(): DrillRunView | undefined {
    if (this.#run === undefined) return undefined
    const { name, title, startedMs, endedMs, state, lines, report } = this.#run
    return { name, title, startedMs, ...(endedMs === undefined ? {} : { endedMs }), state, lines: [...lines], report }
  }

  /** A drill does not outlive the console by more than what it has to mend. */
  async close(): Promise<void> {
    if (this.#run === undefined || this.#run.endedMs !== undefined) return
    this.abort()
    await this.#run.ended
  }
}

async function endOf(child: ChildProcess, take: (line: string) => void): Promise<number | undefined> {
  return await new Promise((resolve) => {
    child.once('error', (error) => {
      take(`longitude: ${error.message}`)
      resolve(undefined)
    })
    child.once('close', (status) => resolve(status ?? undefined))
  })
}

/** As the command has it. */
function stateAfter(status: number | undefined): DrillRunView['state'] {
  if (status === 0) return 'passed'
  return status === 1 ? 'failed' : 'could not run'
}

function checked(text: string) {
  try {
    return parseDrill(text, 'line')
  } catch (error) {
    if (error instanceof DrillMistakes) throw new Failure(error.message)
    throw error
  }
}
