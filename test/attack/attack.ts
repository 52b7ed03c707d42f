/**
 * Attacks a running deployment of its own, at every entrance, and prints what each attack cost: `npm run attack`.
 *
 *   --brief           a tenth of the numbers, and shorter holds; in full strength it takes about an hour
 *   --credentials     signatures are verified
 *   --nodes           regions of three nodes behind a balancer, instead of regions with workers
 *   --only WORDS      attacks whose names have these words
 *   --entrance WORDS      entrances whose names have these words
 *
 * It fails when a process dies, when the honest client of an entrance goes unanswered in the end, or with an answer of 500.
 */
import { parseArgs } from 'node:util'
import type { Attack, Entrance, Strength } from './acts.ts'
import { attacks } from './attacks.ts'
import { AttackedDeployment, forgetPeak, memoryOf } from './deployment.ts'
import { pause, type Tally } from './line.ts'

const { values } = parseArgs({
  options: {
    brief: { type: 'boolean', default: false },
    credentials: { type: 'boolean', default: false },
    nodes: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    entrance: { type: 'string', default: '' },
  },
})
const strength: Strength = values.brief ? { part: 0.1, holdMs: 3000 } : { part: 1, holdMs: 35_000 }
const settleMs = values.brief ? 1000 : 5000

const deployment = await AttackedDeployment.start({ verified: values.credentials, nodes: values.nodes })
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void deployment.close().finally(() => process.exit(1)))
const problems: string[] = []
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const largest = (figures: readonly (readonly [string, number])[]): string => {
  const [name = '', most = 0] = figures.toSorted((a, b) => b[1] - a[1])[0] ?? []
  return `${most} (${name})`
}

try {
  print(
    `| attack | entrance | answers | peak MB, of which process | MB more afterwards | honest answers | longest of them, ms |`,
  )
  print('|---|---|---|---|---|---|---|')
  for (const attack of attacks.filter(({ name }) => name.includes(values.only)))
    for (const entrance of deployment.entrances.filter(
      ({ name, kind }) => attack.at.includes(kind) && name.includes(values.entrance),
    ))
      await measure(attack, entrance)
} finally {
  const { errors } = deployment
  await deployment.close()
  for (const line of errors.slice(0, 10)) print(`logged: ${line.slice(0, 500)}`)
}
for (const problem of problems) print(`FAILED  ${problem}`)
print(`${problems.length === 0 ? 'ok' : 'FAILED'}  attack`)
process.exit(problems.length === 0 ? 0 : 1)

async function measure(attack: Attack, entrance: Entrance): Promise<void> {
  const nodes = deployment.programs.filter(({ name }) => !name.startsWith('nats-server'))
  const before = nodes.map(({ pid }) => memoryOf(pid).residentMB)
  for (const { pid } of nodes) forgetPeak(pid)
  await deployment.honest()
  const tally: Tally = new Map()
  await attack.run(entrance, strength, tally)
  const meanwhile = (await deployment.honest())[entrance.name]
  await pause(settleMs)
  const afterwards = Object.entries(await deployment.honest())
  const peaks = nodes.map(({ name, pid }) => [name, memoryOf(pid).peakMB] as const)
  const kept = nodes.map(({ name, pid }, n) => [name, memoryOf(pid).residentMB - (before[n] ?? 0)] as const)
  const answers = [...tally].map(([what, count]) => `${count} × ${what}`).join(', ')
  const honest = meanwhile === undefined ? '–' : `${meanwhile.answered}, ${meanwhile.failed} not`
  print(
    `| ${attack.name} | ${entrance.name} | ${answers} | ${largest(peaks)} | ${largest(kept)} | ${honest} | ${meanwhile?.longestMs ?? '–'} |`,
  )
  const where = `${attack.name}, ${entrance.name}`
  for (const { name } of deployment.gone) problems.push(`${where}: ${name} is gone`)
  for (const [name, { answered, failed }] of afterwards)
    if (answered === 0) problems.push(`${where}: afterwards ${name} answers nobody (${failed} tried)`)
  if (tally.has('500')) problems.push(`${where}: answered 500`)
}
