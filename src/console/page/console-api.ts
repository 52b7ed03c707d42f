/** Asks the console's process. The key came in the address, is kept for this tab only, and goes out as a header. */
import { signal } from '@preact/signals'
import type { AskedOf, CallName, consoleCalls, ToldOf } from '../console-calls.ts'

const kept = 'longitude-key'

const key = signal(takeKey())
export const signedIn = signal<boolean | undefined>(undefined)
export const about = signal<{ readonly name: string; readonly version: string; readonly as?: string } | undefined>(
  undefined,
)

type Routes = { readonly [Name in CallName]: (typeof consoleCalls)[Name]['route'] }
const routes: Routes = {
  setLinks: 'POST /api/links/set',
  heal: 'POST /api/heal',
  pause: 'POST /api/pause',
  resume: 'POST /api/resume',
  dynamodb: 'POST /api/dynamodb',
  items: 'POST /api/items',
  conflicts: 'POST /api/conflicts',
  tables: 'POST /api/tables',
  tableGroup: 'POST /api/table-group',
  tableFlow: 'POST /api/table-flow',
  verify: 'POST /api/verify',
  repair: 'POST /api/repair',
  processes: 'POST /api/processes',
  breakPart: 'POST /api/break',
  triggers: 'POST /api/triggers',
  tail: 'POST /api/tail',
  drills: 'POST /api/drills',
  startDrill: 'POST /api/drills/start',
  abortDrill: 'POST /api/drills/abort',
  drillRun: 'POST /api/drills/run',
  drillReport: 'POST /api/drills/report',
  access: 'POST /api/access',
  explain: 'POST /api/access/explain',
  capacity: 'POST /api/capacity',
  cost: 'POST /api/cost',
  capacityPast: 'POST /api/capacity/past',
  history: 'POST /api/history',
}

/** Rejects with an Error that is for people to read. */
export async function call<Name extends CallName>(name: Name, asked: AskedOf<Name>): Promise<ToldOf<Name>> {
  const [method = 'POST', path = ''] = routes[name].split(' ')
  const headers = { 'content-type': 'application/json', ...authorization() }
  const response = await fetch(path, { method, headers, body: JSON.stringify(asked) }).catch(() => undefined)
  if (response === undefined) throw new Error('the console does not answer; does it still run?')
  const told = (await response.json()) as { readonly error?: string }
  if (!response.ok) throw new Error(told.error ?? `the console answers ${response.status}`)
  return told as ToldOf<Name>
}

export function authorization(): Readonly<Record<string, string>> {
  return key.value === '' ? {} : { authorization: `Bearer ${key.value}` }
}

export async function askAbout(): Promise<void> {
  const response = await fetch('/api/about', { headers: authorization() }).catch(() => undefined)
  if (response?.ok !== true) return
  const told = (await response.json()) as { name: string; version: string; signedIn: boolean; as?: string }
  about.value = told
  signedIn.value = told.signedIn
}

/** A whole address or the key alone. */
export async function signIn(text: string): Promise<void> {
  const given = /#key=([\w-]+)/.exec(text)?.[1] ?? text.trim()
  key.value = given
  await askAbout()
  if (signedIn.value === true) sessionStorage.setItem(kept, given)
}

/** Out of the address at once: the screen and the history do not show it. */
function takeKey(): string {
  const given = /^#key=([\w-]+)/.exec(location.hash)?.[1]
  if (given === undefined) return sessionStorage.getItem(kept) ?? ''
  sessionStorage.setItem(kept, given)
  history.replaceState(undefined, '', '#/world')
  return given
}
