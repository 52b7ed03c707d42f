/** The rooms of src/: their floors, and what may act. */
/** Floors of the house (src/ARCHITECTURE.md): a file imports from its own room or from lower floors. */
export const floors = [
  'core',
  'ports',
  'adapters',
  'engine',
  'readers',
  'operations',
  'http',
  'region',
  'process',
  'nats-server',
  'deployment',
  'cache',
  'node',
  'links',
  'front-door',
  'supervisor',
  'testing',
  'drills',
  'load',
  'console',
  'cli',
]
/** The programs, and what they share: each chooses its own adapters. */
export const programs: ReadonlySet<string> = new Set(floors.slice(floors.indexOf('process')))
/** Parts of programs that decide or answer only, and so choose nothing: where they lie, and all that they may import of other rooms. */
export const parts: readonly {
  readonly folder: string
  readonly mayImport: readonly string[]
  readonly isPure: boolean
}[] = [
  { folder: 'src/cache/core/', mayImport: ['core', 'ports'], isPure: true },
  { folder: 'src/cache/http/', mayImport: ['core', 'ports', 'operations', 'http', 'cache'], isPure: false },
  { folder: 'src/cache/dax/', mayImport: ['core', 'ports', 'operations', 'http', 'cache'], isPure: false },
  { folder: 'src/drills/definition/', mayImport: ['core'], isPure: true },
  { folder: 'src/drills/report/', mayImport: ['core', 'drills'], isPure: true },
  { folder: 'src/console/model/', mayImport: [], isPure: true },
  { folder: 'src/console/page/', mayImport: ['console'], isPure: false },
]

export const room = (path: string): string => path.split('/')[1] ?? ''

/** Whether a file may touch Node, timers and the clock. */
export const acts = (path: string): boolean =>
  (['adapters', 'http'].includes(room(path)) || programs.has(room(path))) &&
  !parts.some(({ folder, isPure }) => isPure && path.startsWith(folder))
