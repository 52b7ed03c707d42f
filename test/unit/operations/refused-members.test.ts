/**
 * Every member of the service model, of every operation that is here: the operation's files name it, or refused-members.ts does. A
 * name in the files is no proof that it is acted on, but a member of a newer model has none. What members of tables' and items' operations do
 * is proved in conformance/acted-on-tables and acted-on-items.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { inputOf } from '../../../src/core/wire/model/shapes.ts'
import type { Shape } from '../../../src/core/wire/model/shape.ts'
import { refusedMembers } from '../../../src/operations/refused-members.ts'
import { registry } from '../../../src/operations/registry.ts'

const operationsFolder = fileURLToPath(new URL('../../../src/operations', import.meta.url))
const sources = new Map<string, string>()
const sourceOf = (path: string): string => {
  const known = sources.get(path) ?? readFileSync(path, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  sources.set(path, known)
  return known
}

/** The file that defines the operation, and those that it imports, of what decides and answers. */
function textOf(operation: string): string {
  const all = (readdirSync(operationsFolder, { recursive: true }) as string[]).map((path) =>
    resolve(operationsFolder, path),
  )
  const start = all.find((path) => path.endsWith('.ts') && sourceOf(path).includes(`name: '${operation}',`))
  const seen = new Set<string>()
  const open = [start ?? `no file has the name ${operation}`]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    for (const [, target = ''] of sourceOf(path).matchAll(/from '(\.[^']+)'/g))
      open.push(resolve(dirname(path), target))
  }
  return [...seen]
    .filter((path) => /\/(operations|core)\//.test(path) && !/\/(wire\/model|refused-members)\.ts$/.test(path))
    .map(sourceOf)
    .join('\n')
}

/** Acted on elsewhere, or nothing to act on. */
const reasons: Readonly<Record<string, string>> = {
  ConfirmRemoveSelfResourceAccess:
    'access/authorizer.ts refuses a policy that locks its writer out, where policies decide',
  DisassociationMode: 'there is one mode, and it is what is done',
  ReturnConsumedCapacity: 'stages.ts reports the capacity of every operation that consumes any',
  'DisableKinesisStreamingDestination.ApproximateCreationDateTimePrecision':
    'told again in the answer: a destination that ends delivers nothing with it',
  'ListTagsOfResource.NextToken': 'the tags of a table are one page, so no token is ever given out',
  'ListContributorInsights.NextToken': 'the list is empty, so no token is ever given out',
  'ListContributorInsights.MaxResults': 'the list is empty',
}

/** Each member once, those of a refused member left out. */
function membersOf(operation: string): readonly string[] {
  const refused = refusedMembers[operation] ?? {}
  const found = new Set<string>()
  const seen = new Set<Shape>()
  const visit = (shape: Shape): void => {
    if (seen.has(shape)) return
    seen.add(shape)
    if (shape.kind === 'list') visit(shape.member)
    if (shape.kind === 'map') visit(shape.value)
    if (shape.kind !== 'structure') return
    for (const [name, member] of shape.members) {
      found.add(name)
      if (refused[name] === undefined) visit(member.shape)
    }
  }
  visit(inputOf(operation))
  return [...found]
}

describe('every member of a request', () => {
  test.each([...registry.keys()])('of %s is acted on, or refused by name', (operation) => {
    const text = textOf(operation)
    const refused = refusedMembers[operation] ?? {}
    const unknown = membersOf(operation).filter(
      (name) =>
        (refused[name] ?? reasons[name] ?? reasons[`${operation}.${name}`]) === undefined &&
        !new RegExp(`\\b${name}\\b`).test(text),
    )
    expect(unknown).toEqual([])
  })

  test('that is refused is one of the model, with a reason', () => {
    for (const [operation, members] of Object.entries(refusedMembers)) {
      expect(membersOf(operation)).toEqual(expect.arrayContaining(Object.keys(members)))
      for (const reason of Object.values(members)) expect(reason).toMatch(/^[a-z]/)
    }
  })

  test('is refused by an operation that says so', () => {
    for (const [operation, members] of Object.entries(refusedMembers))
      for (const name of Object.keys(members)) {
        const [first] = registry.get(operation)?.checks ?? []
        const context = {} as Parameters<NonNullable<typeof first>>[1]
        expect(() => first?.({ [name]: {} } as never, context)).toThrow(
          expect.objectContaining({ code: 'ValidationException', message: expect.stringContaining(name) }),
        )
      }
  })
})
