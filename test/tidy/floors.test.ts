import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { acts, floors, parts, programs, room } from './rooms.ts'
import { type Source, sources } from './sources.ts'

/** `crc32` of node:zlib is a pure function, and in plain JavaScript it would take several times as long. */
const pureImports: ReadonlySet<string> = new Set(['src/core/checksum.ts node:zlib'])
const outsidePackages = ['lmdb', '@nats-io/', 'pino', 'prom-client']

const all = sources('src')
const own = (source: Source): readonly string[] => source.imports.filter((name) => name.startsWith('src/'))
const outside = ({ path, imports }: Source): readonly string[] =>
  imports.filter((name) => !name.startsWith('src/') && !pureImports.has(`${path} ${name}`))
/** The rooms of readers/replication/, the lowest first; what lies in none of them starts the others, and is the highest. */
const replicationRooms = [
  'flow',
  'talk',
  'notes',
  'prove',
  'send',
  'pause',
  'receive',
  'copy',
  'replicas',
  'compare',
  'answer',
  'status',
  '',
]
const replication = 'src/readers/replication/'
/** More lie in a room whose files have several nouns. */
const filesInRoomMax = 17
/** Lists of things of one kind, of which each file is named by its own: they only get shorter. */
const flatRooms: Readonly<Record<string, number>> = { 'src/core/limits': 26, 'src/ports': 24 }

describe('the walls of the house', () => {
  test('every room has its floor', () => {
    expect(all.map(({ path }) => room(path)).filter((name) => !floors.includes(name))).toEqual([])
  })

  test('a file imports from its own room or from lower floors', () => {
    const wrong = all.flatMap((source) =>
      own(source)
        .filter((name) => floors.indexOf(room(name)) > floors.indexOf(room(source.path)))
        .map((name) => `${source.path} imports ${name}`),
    )
    expect(wrong).toEqual([])
  })

  test('only programs import adapters/', () => {
    const wrong = all
      .filter((source) => room(source.path) !== 'adapters' && !programs.has(room(source.path)))
      .filter((source) => own(source).some((name) => room(name) === 'adapters'))
    expect(wrong.map((source) => source.path)).toEqual([])
  })

  test('what a program decides or answers by imports only what is named for it', () => {
    const wrong = parts.flatMap(({ folder, mayImport }) =>
      all
        .filter(({ path }) => path.startsWith(folder))
        .flatMap((source) =>
          own(source)
            .filter((name) => !name.startsWith(folder) && !mayImport.includes(room(name)))
            .map((name) => `${source.path} imports ${name}`),
        ),
    )
    expect(wrong).toEqual([])
  })

  test('core/ imports nothing from outside but types', () => {
    const wrong = all
      .filter((source) => room(source.path) === 'core')
      .filter((source) => outside(source).some((name) => !isTypeOnly(source, name)))
    expect(wrong.map((source) => source.path)).toEqual([])
  })

  test('Node and the packages that act are imported by adapters/, http/ and what acts in the programs only', () => {
    const wrong = all
      .filter(({ path }) => !acts(path))
      .flatMap((source) =>
        outside(source)
          .filter((name) => name.startsWith('node:') || outsidePackages.some((prefix) => name.startsWith(prefix)))
          .map((name) => `${source.path} imports ${name}`),
      )
    expect(wrong).toEqual([])
  })

  test('the rooms of readers/ do not import each other', () => {
    const reader = (path: string): string => path.split('/')[2] ?? ''
    /** What lies flat in readers/ is for all of them. */
    const isShared = (path: string): boolean => reader(path).endsWith('.ts')
    const wrong = all
      .filter((source) => room(source.path) === 'readers')
      .flatMap((source) =>
        own(source)
          .filter((name) => room(name) === 'readers' && !isShared(name) && reader(name) !== reader(source.path))
          .map((name) => `${source.path} imports ${name}`),
      )
    expect(wrong).toEqual([])
  })

  const ofReplication = all.filter((source) => source.path.startsWith(replication))
  const replicationRoom = (path: string): string => /^(\w+)\//.exec(path.slice(replication.length))?.[1] ?? ''

  test('a file of readers/replication/ imports from its own room there or from lower ones', () => {
    const floor = (path: string): number => replicationRooms.indexOf(replicationRoom(path))
    const wrong = ofReplication.flatMap((source) =>
      own(source)
        .filter((name) => name.startsWith(replication) && (floor(source.path) < 0 || floor(name) > floor(source.path)))
        .map((name) => `${source.path} imports ${name}`),
    )
    expect(wrong).toEqual([])
  })

  test(`no folder has more than ${filesInRoomMax} files`, () => {
    const counts = new Map<string, number>()
    for (const { path } of all) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1)
    const wrong = [...counts].filter(([folder, count]) => count > (flatRooms[folder] ?? filesInRoomMax))
    expect(wrong).toEqual([])
  })
})

function isTypeOnly(source: Source, name: string): boolean {
  return source.text.split('\n').some((line) => line.startsWith('import type') && line.includes(`'${name}'`))
}
