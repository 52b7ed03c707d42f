/** Takes the secrets of a deployment out of a text: whatever lies in its files of secrets, and in variables that hold some. */
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { secretFileBytesMax, secretFilesMax } from '../../core/limits/deployment-limits.ts'

export type SecretPlaces = {
  /** Files whose every line is a secret, or folders of them. */
  readonly files: readonly string[]
  /** JSON in which the values of these members are secrets. */
  readonly json: readonly string[]
  readonly values: readonly (string | undefined)[]
}

const mask = '[secret]'
const memberNames: ReadonlySet<string> = new Set(['secretAccessKey', 'sessionToken'])
/** What is shorter would be found in everything. */
const charsMin = 6

/** All secrets that are there, the longest first, so that none leaves a part of another. */
export function secretsIn({ files, json, values }: SecretPlaces): readonly string[] {
  const lines = files.flatMap(filesBelow).flatMap((path) =>
    textIn(path)
      .split('\n')
      .map((line) => line.trim()),
  )
  const members = json.flatMap((path) => membersOf(parsed(textIn(path))))
  const all = [...lines, ...members, ...values.map((value) => value ?? '')]
  return [...new Set(all)].filter((text) => text.length >= charsMin).toSorted((a, b) => b.length - a.length)
}

/** Also as JSON has it, where a secret has characters that are written otherwise there. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .reduce((rest, secret) => rest.replaceAll(secret, mask), text)
}

function filesBelow(path: string): readonly string[] {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isFile() === true) return [path]
  if (stat?.isDirectory() !== true) return []
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .slice(0, secretFilesMax)
    .map((name) => join(path, name))
    .filter((each) => statSync(each, { throwIfNoEntry: false })?.isFile() === true)
}

/** One that cannot be read is no file of ours to repeat. */
function textIn(path: string): string {
  try {
    return statSync(path).size > secretFileBytesMax ? '' : readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function membersOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) =>
    memberNames.has(name) && typeof member === 'string' ? [member] : membersOf(member),
  )
}
