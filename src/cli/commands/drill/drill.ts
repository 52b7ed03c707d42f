/** `longitude drill …`: rehearses a disaster, and tells what clients saw, what was lost, and by whose proof. */
import { randomInt } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Drill } from '../../../drills/definition/definition.ts'
import type { Report } from '../../../drills/report/report.ts'
import { foundToken } from '../../../deployment/secrets/admin-token.ts'
import { readOptions } from '../../configuration.ts'
import { readOptionsFound } from '../../find-deployment.ts'
import { version } from '../../version.ts'
import { consentTo } from './consent.ts'
import { endSignal } from './end-signal.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { endpointsOf } from '../../../deployment/data-folder.ts'
import { losesKeys } from '../../../drills/definition/steps.ts'
import { runSession, type SessionOptions, triggerIn } from '../../../drills/run/drill-session.ts'
import { EffectsReceiver } from '../../../drills/run/effects/receiver.ts'
import { composeTarget } from '../../../drills/run/targets/compose-target.ts'
import {
  builtInDrills,
  type DrillFile,
  findDrill,
  readReport,
  renderReport,
  writeReport,
} from '../../../drills/run/drill-files.ts'
import { startPrivateRegions } from '../../../drills/run/targets/private-regions.ts'
import { runningTarget } from '../../../drills/run/targets/process-target.ts'
import { Interrupted } from '../../../drills/run/run-drill.ts'
import type { Target } from '../../../drills/run/targets/target.ts'
import { NoAnswer, Refusal } from '../../../drills/run/load/wire.ts'
import { repeatText, summaryText } from './summary-text.ts'
import { Failure, unknownStatus } from '../../../process/failure.ts'
import { LinksControl } from '../../../links/control/links-client.ts'
import { controlOf } from '../../../supervisor/control/supervisor-client.ts'
import { progressTo } from '../../../process/role.ts'
import { tableText } from '../../../process/table-text.ts'

/** As `grep` has it: 1 is an answer, 2 is none. */
const status = { passed: 0, failed: 1, couldNotRun: unknownStatus } as const

type RunFlags = {
  readonly start?: boolean
  readonly compose?: string
  readonly project?: string
  readonly seed?: string
  readonly repeat?: string
  readonly out?: string
  readonly operator?: string
  readonly pace?: string
  readonly allowHarm?: boolean
  readonly yes?: boolean
}

export async function runDrill(command: Command, json: boolean): Promise<void> {
  try {
    process.exitCode = await runAll(command, json)
  } catch (error) {
    if (error instanceof Failure || error instanceof Refusal || error instanceof NoAnswer)
      throw new Failure(error.message, status.couldNotRun)
    console.error(error)
    process.exitCode = status.couldNotRun
  }
}

async function runAll(command: Command, json: boolean): Promise<number> {
  const flags = command.opts<RunFlags>()
  const file = findDrill(command.args[0] ?? '')
  const repeat = numberOf('--repeat', flags.repeat ?? '1', { least: 1, most: 1000, whole: true })
  const pace = numberOf('--pace', flags.pace ?? '1', { least: 0.05, most: 100, whole: false })
  const seed =
    flags.seed === undefined
      ? (file.drill.seed ?? randomInt(1_000_000))
      : numberOf('--seed', flags.seed, { least: 0, most: 2 ** 31, whole: true })
  await requireConsent(command, file.drill.name)
  const base = resolve(flags.out ?? join('drill-reports', `${file.drill.name}-${stampText(new Date())}`))
  const ended = endSignal('mending what was broken …')
  const reports: Report[] = []
  for (let round = 1; round <= repeat && !ended.aborted; round++) {
    const folder = repeat === 1 ? base : join(base, `run-${round}`)
    mkdirSync(folder, { recursive: true })
    // Every run is another one, and any of them can be had again by its seed.
    const owner = `drill-${process.pid}-${round}`
    const { report, recorded } = await runOne(command, file, {
      folder,
      owner,
      seed: seed + round - 1,
      pace,
      signal: ended,
      stream: json ? process.stderr : process.stdout,
    })
    writeReport(folder, report, recorded)
    reports.push(report)
    if (!json) console.log(summaryText(report, folder))
  }
  if (ended.aborted) throw new Interrupted('interrupted')
  if (json)
    console.log(
      JSON.stringify(
        reports.length === 1
          ? summary(reports[0], base)
          : reports.map((each, index) => summary(each, join(base, `run-${index + 1}`))),
      ),
    )
  else if (repeat > 1) console.log(repeatText(reports))
  return reports.every(({ outcome }) => outcome === 'pass') ? status.passed : status.failed
}

type Round = Pick<SessionOptions, 'seed' | 'pace' | 'signal' | 'stream'> & {
  readonly folder: string
  readonly owner: string
}

async function runOne(command: Command, file: DrillFile, { folder, owner, ...round }: Round): Promise<Ran> {
  const flags = command.opts<RunFlags>()
  const { drill } = file
  const receiver = await receiverFor(drill, flags)
  let target: Target | undefined
  try {
    const functions = functionFileFor(drill, { flags, receiver, folder })
    target = await targetFor(command, drill.regions, {
      owner,
      logFile: join(folder, 'regions.log'),
      functions,
      hasKeys: losesKeys(drill.steps),
      nodes: drill.nodes,
    })
    const mayHarm = flags.start === true || flags.allowHarm === true
    const by = { operator: flags.operator ?? operatorOf(), configuration: configurationOf(command) }
    return await runSession({ file, target, receiver, mayHarm, version, ...by, ...round })
  } finally {
    await target?.close()
    receiver?.close()
  }
}

function operatorOf(): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    // A container's user may have no name.
    return `${process.getuid?.() ?? 'someone'}@${hostname()}`
  }
}

const secretForm = /token|secret|password|key/i

/** The options that were given, by name; the file of a secret stays its path. */
function configurationOf(command: Command): Readonly<Record<string, string>> {
  const given = Object.entries(command.opts<Readonly<Record<string, unknown>>>())
  return Object.fromEntries(
    given
      .filter(([name, value]) => value !== undefined && (!secretForm.test(name) || /file$/i.test(name)))
      .map(([name, value]) => [name, String(value)]),
  )
}

type Ran = Awaited<ReturnType<typeof runSession>>

/** Undefined for a drill without a trigger. */
async function receiverFor({ steps }: Drill, { start, compose }: RunFlags): Promise<EffectsReceiver | undefined> {
  const trigger = triggerIn(steps)
  if (trigger === undefined) return undefined
  if (compose !== undefined)
    throw new Failure('a drill with a trigger needs regions on this machine: containers cannot reach the drill')
  return await EffectsReceiver.open(start === true ? 0 : trigger.listen)
}

/** For regions of the drill's own; a running deployment has a file of functions of its own. */
function functionFileFor({ steps }: Drill, { flags, receiver, folder }: FunctionFileOf): string | undefined {
  const trigger = triggerIn(steps)
  if (flags.start !== true || trigger === undefined) return undefined
  const path = join(folder, 'functions.yaml')
  receiver?.writeFunctionFile(path, trigger.function)
  return path
}

type FunctionFileOf = {
  readonly flags: RunFlags
  readonly receiver: EffectsReceiver | undefined
  readonly folder: string
}

/** Regions of the drill's own may be broken without a question. */
async function requireConsent(command: Command, drill: string): Promise<void> {
  const { start, compose, yes } = command.opts<RunFlags>()
  if (start === true || yes === true) return
  const where = compose ?? resolve(readOptionsFound(command, optionsOf.drill).data)
  // Where nothing runs there is nothing to be asked about: targetFor says so.
  if (compose === undefined && endpointsOf(where) === undefined) return
  await consentTo(`the drill ${drill} breaks what runs on ${where}, and its clients write there`)
}

async function targetFor(
  command: Command,
  regions: readonly string[],
  of: {
    readonly owner: string
    readonly logFile: string
    readonly functions: string | undefined
    readonly hasKeys: boolean
    readonly nodes: number
  },
): Promise<Target> {
  const flags = command.opts<RunFlags>()
  const progress = progressTo(command.opts<{ json?: boolean }>().json === true)
  if (flags.start === true && flags.compose !== undefined) throw new Failure('either --start or --compose')
  if (flags.start === true)
    return await startPrivateRegions({ ...readOptions(command, optionsOf.drill), regions, ...of, progress })
  if (flags.compose !== undefined) return await composeTarget({ file: flags.compose, name: flags.project }, of.owner)
  return await runningTarget(readOptionsFound(command, optionsOf.drill), of.owner)
}

export function runDrillList(json: boolean): void {
  const all = builtInDrills().map(({ drill: { name, title, targets } }) => ({ name, title, targets }))
  const rows = all.map(({ name, title }) => [name, title])
  console.log(json ? JSON.stringify(all) : tableText(['DRILL', ''], rows))
}

export function runDrillShow(command: Command, json: boolean): void {
  const { text, drill } = findDrill(command.args[0] ?? '')
  console.log(json ? JSON.stringify(drill) : text.trimEnd())
}

export function runDrillReport(command: Command, json: boolean): void {
  const { folder, report } = readReport(command.args[0] ?? '')
  renderReport(folder, report)
  console.log(json ? JSON.stringify(summary(report, folder)) : summaryText(report, folder))
  process.exitCode = report.outcome === 'pass' ? status.passed : status.failed
}

/** What a drill broke that was killed before it could mend it, now instead of when its lease runs out. */
export async function runDrillRestore(command: Command, json: boolean): Promise<void> {
  const options = readOptionsFound(command, optionsOf.drill)
  const { data } = options
  const control = controlOf({ ...options, data: resolve(data) })
  if (control === undefined) throw new Failure(`no \`longitude up\` runs on ${resolve(data)}: there is nothing to mend`)
  const links = new LinksControl({ urls: [control.links], token: foundToken(options) })
  const faults = (await links.list()).flatMap((link) => link.faults.filter(({ owner }) => owner.startsWith('drill-')))
  for (const owner of new Set(faults.map((fault) => fault.owner))) await links.heal({ owner })
  const mended = [...(await control.heal({})), ...new Set(faults.map(({ what, owner }) => `${what} (${owner})`))]
  console.log(
    json ? JSON.stringify({ mended }) : mended.length === 0 ? 'nothing was broken' : `mended: ${mended.join('; ')}`,
  )
}

function summary(report: Report | undefined, folder: string): object {
  if (report === undefined) return {}
  const { name, outcome, verdicts, circumstances } = report
  return {
    name,
    outcome,
    seed: circumstances.seed,
    verdicts,
    report: join(folder, 'report.json'),
    page: join(folder, 'report.html'),
  }
}

function numberOf(
  flag: string,
  text: string,
  { least, most, whole }: { readonly least: number; readonly most: number; readonly whole: boolean },
): number {
  const number = Number(text)
  if (number >= least && number <= most && (!whole || Number.isInteger(number))) return number
  throw new Failure(`${flag} is "${text}": ${whole ? 'a whole number' : 'a number'} from ${least} to ${most} is wanted`)
}

function stampText(date: Date): string {
  return date.toISOString().slice(0, 19).replaceAll(':', '-')
}
