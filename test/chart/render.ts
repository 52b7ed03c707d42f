/**
 * The manifests of deploy/chart, as helm makes them from each file of examples/. They are committed, with the digest of what they were made from. What helm makes
 * now is compared manifest by manifest: their order, and comments, are of no concern.
 *
 *   npx tsx test/chart/render.ts            compares them with what helm makes now; HELM names it, or it is in the PATH
 *   npx tsx test/chart/render.ts --write    writes them
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { parseAllDocuments } from 'yaml'

export type Manifest = {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec?: Readonly<Record<string, unknown>>
}

export const chart = fileURLToPath(new URL('../../deploy/chart', import.meta.url))
export const examples = readdirSync(join(chart, 'examples')).filter((name) => name.endsWith('.yaml'))

/** Of the chart and one file of values: manifests with another digest are of another chart. */
export function digestOf(example: string): string {
  const files = [
    'Chart.yaml',
    'values.yaml',
    ...readdirSync(join(chart, 'templates')).map((name) => `templates/${name}`),
  ]
  const hash = createHash('sha256')
  for (const name of [...files.toSorted(), `examples/${example}`])
    hash.update(`${name}\n`).update(readFileSync(join(chart, name)))
  return hash.digest('hex')
}

export function renderedFile(example: string): string {
  return join(chart, 'rendered', example)
}

/** The first line of what is committed. */
export function headOf(example: string): string {
  return `# By helm, from examples/${example}; sha256 of the chart and its values: ${digestOf(example)}\n`
}

/** By kind and name. */
export function manifestsIn(text: string): Readonly<Record<string, Manifest>> {
  const all = parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null)
  return Object.fromEntries(all.map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest]))
}

/** Told, since helm takes the version that it was built for otherwise. */
const kubernetes = '1.27.0'

/** Undefined where there is no helm; what helm says is in the error. */
export function helmTemplate(example: string): string | undefined {
  const helm = process.env['HELM'] ?? 'helm'
  const values = join(chart, 'examples', example)
  const { stdout, stderr, status, error } = spawnSync(
    helm,
    ['template', 'my', chart, '--namespace', 'longitude', '--kube-version', kubernetes, '--values', values],
    { encoding: 'utf8' },
  )
  if (error !== undefined) return undefined
  if (status !== 0) throw new Error(`${helm} template: ${stderr}`)
  return stdout
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  for (const example of examples) {
    const made = helmTemplate(example)
    if (made === undefined) {
      console.error('no helm: HELM names none, and none is in the PATH; nothing was compared')
      process.exit(2)
    }
    const whole = headOf(example) + made
    if (argv.includes('--write')) writeFileSync(renderedFile(example), whole)
    else if (!isDeepStrictEqual(manifestsIn(readFileSync(renderedFile(example), 'utf8')), manifestsIn(made))) {
      console.error(`rendered/${example} is not what helm makes`)
      process.exitCode = 1
    } else console.log(`rendered/${example} is what helm makes`)
  }
}
