/** Reads a JSON file that people edit, and says in our words what is wrong with it, and where. */
import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { Failure, messageOf } from '../failure.ts'

const shownMax = 5

/** Throws a Failure that names the file and the place. */
export function readJsonFile<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(jsonIn(path))
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.slice(0, shownMax).map((issue) => {
    const where = issue.path.map(String).join('.')
    return where === '' ? issue.message : `${where}: ${issue.message}`
  })
  throw new Failure(`${path}: ${problems.join('; ')}`)
}

function jsonIn(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new Failure(`${path} is no JSON${placeOf(text, messageOf(error))}`)
  }
}

/** The engine's message has the position or the place itself, according to its age; or the text ends too early. */
function placeOf(text: string, message: string): string {
  const position = /position (\d+)/.exec(message)?.[1]
  if (position !== undefined) {
    const before = text.slice(0, Number(position)).split('\n')
    return `: line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`
  }
  const [, character, near = ''] =
    /^Unexpected token '(.*?)', (?:\.{3})?"([\s\S]*?)"(?:\.{3})? is not/.exec(message) ?? []
  if (character === undefined) return ': it ends too early'
  return `: a ${character} that does not belong there, near ${near.replaceAll(/\s+/g, ' ').trim()}`
}
