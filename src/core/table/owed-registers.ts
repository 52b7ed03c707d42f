/**
 * What a region still owes to what its replicas share: the engine adds these edits to whatever edits bring a shared
 * register in, so that they are durable together.
 */
import { settle, type Settled } from './contradictions.ts'
import { hasKeeper, isOrderedByAnother, isServed } from './departures.ts'
import { newIdentity } from './table-identity.ts'
import {
  guardRegister,
  type GuardRegister,
  identityRegister,
  indexRegister,
  type IndexRegister,
  keeperRegister,
  type KeeperRegister,
  leaveRegister,
  type LeaveRegister,
  leftoverRegister,
  localIndexCount,
  localIndexRegister,
  type LocalIndexRegister,
  type Overruled,
  overruledRegister,
  replicaRegister,
  type ReplicaRegister,
  type Registers,
  registersUnder,
  type RegisterValues,
  registerValue,
} from './registers.ts'
import type { TableId } from './table.ts'

export type Owed = {
  readonly edits: readonly (readonly [string, unknown])[]
  /** What has been overruled since the last time. */
  readonly overruled: readonly Overruled[]
}

/** `moment` is another text each time that this region writes a register. */
type Place = { readonly table: TableId; readonly region: string; readonly nowMs: number; readonly moment: string }

export function owedRegisters(registers: Registers, place: Place): Owed {
  const ledger = new Ledger(registers)
  oweStatus(ledger, place)
  oweGuard(ledger, place)
  oweIdentity(ledger, place)
  const settled = settle(ledger.registers)
  oweIndexes(ledger, settled, place)
  const overruled = oweOverruled(ledger, settled, place)
  oweDepartures(ledger, settled, place)
  return { overruled, edits: ledger.edits }
}

/** The registers as they will be, and the edits that make them so. */
class Ledger {
  readonly registers: Map<string, unknown>
  readonly #edits = new Map<string, unknown>()

  constructor(registers: Registers) {
    this.registers = new Map(registers)
  }

  get edits(): readonly (readonly [string, unknown])[] {
    return [...this.#edits]
  }

  owe(register: string, value: unknown): void {
    if (value === undefined) this.registers.delete(register)
    else this.registers.set(register, value)
    this.#edits.set(register, value)
  }
}

/** A table with strong consistency takes writes in each of its regions from the command on that made it. */
function oweStatus(ledger: Ledger, { region, nowMs }: Place): void {
  const strong = registerValue(ledger.registers, 'settings/strong')
  if (strong === undefined || strong.leaving !== undefined || !strong.replicas.includes(region)) return
  if (ledger.registers.get('local/status') !== undefined || ledger.registers.get('definition') === undefined) return
  const value: RegisterValues['local/status'] = { status: 'ACTIVE', sinceMs: nowMs }
  ledger.owe('local/status', value)
}

/** Also told to the others, so that a region that has lost its disk knows it from them. */
function oweIdentity(ledger: Ledger, place: Place): void {
  const { registers } = ledger
  const register = identityRegister(place.region)
  if (registers.get(register) !== undefined || registers.get('local/status') === undefined) return
  const identity = newIdentity(registers, place)
  if (identity !== undefined) ledger.owe(register, identity)
}

/** The other regions know how this replica is protected; a region that has lost its disk knows it from them. */
function oweGuard(ledger: Ledger, { region }: Place): void {
  const { registers } = ledger
  if (registers.get(replicaRegister(region)) === undefined || registers.get('local/status') === undefined) return
  const own = registerValue(registers, 'local/deletion-protection')
  const guard = registers.get(guardRegister(region)) as GuardRegister | undefined
  if (own === undefined && guard?.deletionProtection === true) ledger.owe('local/deletion-protection', true)
  if (own !== undefined && own !== (guard?.deletionProtection ?? false))
    ledger.owe(guardRegister(region), { deletionProtection: own })
}

/** An index that has arrived gets its number and starts to be filled; one that counts no longer starts to go. */
function oweIndexes(ledger: Ledger, { indexes }: Settled, { nowMs }: Place): void {
  for (const [name, index] of indexes) oweIndex(ledger, name, { index, nowMs })
  for (const [name, value] of registersUnder(ledger.registers, localIndexRegister(''))) {
    const local = value as LocalIndexRegister
    if (indexes.get(name)?.id !== local.id && local.status !== 'DELETING')
      ledger.owe(localIndexRegister(name), { ...local, status: 'DELETING', backfilling: false, sinceMs: nowMs })
  }
}

type Coming = { readonly index: IndexRegister; readonly nowMs: number }

function oweIndex(ledger: Ledger, name: string, { index: { id }, nowMs }: Coming): void {
  const begun = ledger.registers.get(localIndexRegister(name)) as LocalIndexRegister | undefined
  if (begun?.id === id && begun.status !== 'DELETING') return
  const number = ((ledger.registers.get(localIndexCount) as number | undefined) ?? 0) + 1
  if (begun !== undefined) ledger.owe(leftoverRegister(begun.number), begun.number)
  const local: LocalIndexRegister = { id, number, status: 'CREATING', backfilling: false, sinceMs: nowMs }
  ledger.owe(localIndexRegister(name), local)
  ledger.owe(localIndexCount, number)
}

/**
 * Each is reported once. An order to leave that does not count is withdrawn by the region that it was for: otherwise it
 * would count later, when the protection ends or another replica comes.
 */
function oweOverruled(ledger: Ledger, { overruled }: Settled, { region }: Place): readonly Overruled[] {
  const { registers } = ledger
  if (registers.get('local/status') === undefined) return []
  const now = new Map(overruled.map((each) => [each.register, { ...each, of: identityOf(registers, each.register) }]))
  const known = new Map(registersUnder(registers, overruledRegister('')))
  for (const register of known.keys()) if (!now.has(register)) ledger.owe(overruledRegister(register), undefined)
  const found = [...now.values()].filter(({ register, of }) => ofWhat(known.get(register)) !== of)
  for (const { register, ...why } of found) ledger.owe(overruledRegister(register), why)
  const own = leaveRegister(region)
  if (now.has(own)) {
    ledger.owe(own, undefined)
    ledger.owe(overruledRegister(own), undefined)
  }
  return found.map(({ register, by, reason }) => ({ register, by, reason }))
}

/** As departures.ts has it: a region that is to leave says so first, and one that stays promises to. */
function oweDepartures(ledger: Ledger, { leaves }: Settled, { region, moment }: Place): void {
  const { registers } = ledger
  const own = registers.get(replicaRegister(region)) as ReplicaRegister | undefined
  if (registers.get('local/status') === undefined || own === undefined || !isServed(own)) return
  const ordered = registers.get(leaveRegister(region)) as LeaveRegister | undefined
  if (ordered !== undefined && ordered.keepsTable !== true) {
    if (isOrderedByAnother(region, ordered) && ordered.heard === undefined)
      ledger.owe(leaveRegister(region), { ...ordered, heard: moment })
    return
  }
  for (const [other, { heard }] of leaves) {
    if (other === region || heard === undefined || hasKeeper(registers, other)) continue
    const promise: KeeperRegister = { by: region, of: heard }
    ledger.owe(keeperRegister(other), promise)
  }
}

/** Tells an index from a later one of its name; an order is told by its register alone. */
function identityOf(registers: Registers, register: string): string {
  return register.startsWith(indexRegister('')) ? (registers.get(register) as IndexRegister).id : register
}

const ofWhat = (value: unknown): string | undefined => (value as { readonly of?: string } | undefined)?.of
