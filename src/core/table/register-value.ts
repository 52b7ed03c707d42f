/**
 * Whether a value could be a register's: what a peer sends is asked this before the table's view is made from it. Names
 * that are not known are let through as they are, since a newer region may have more settings.
 */
import { scalableTargetsOfTableMax, scaledUnitsMax } from '../limits/scaling-limits.ts'
import type { RegisterValues } from './registers.ts'

/** `value` undefined: the register was removed. */
export function isRegisterValue(register: string, value: unknown): boolean {
  if (register === '' || register.length > registerNameMax || register.includes('\u0000')) return false
  // Without it the table would be none; it is never removed, only all of the table is.
  if (register === 'definition') return isDefinition(value)
  // An index is removed by `deleted`, so that each region knows that it has rows to remove.
  if (register.startsWith('index/')) return isIndex(value)
  if (value === undefined) return true
  if (register.startsWith('replica/')) return isRecord(value) && typeof value['status'] === 'string'
  if (register.startsWith('leave/')) return isLeave(value)
  if (register.startsWith('keeper/')) return isKeeper(value)
  if (register.startsWith('guard/')) return isRecord(value) && typeof value['deletionProtection'] === 'boolean'
  if (register.startsWith('override/')) return isOverride(value)
  if (register.startsWith('identity/')) return isIdentity(value)
  if (register.startsWith('scaling/')) return isScaling(value)
  if (register.startsWith('demand/')) return isDemand(value)
  if (register === 'settings/table-class') return typeof value === 'string'
  if (register === 'settings/changes') return isChanges(value)
  if (register === 'settings/writers') return isWriters(value)
  if (register === 'strong/group' || register === 'settings/strong') return isStrongGroup(value)
  return !register.startsWith('settings/') || isSetting(register, value)
}

const registerNameMax = 300

const settingMembers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'settings/capacity': { billingMode: 'string' },
  'settings/stream': { enabled: 'boolean', viewType: 'string', label: 'string' },
  'settings/encryption': { type: 'string', status: 'string' },
  'settings/time-to-live': { attribute: 'string', enabled: 'boolean' },
}

function isSetting(register: string, value: unknown): boolean {
  if (!isRecord(value)) return false
  return Object.entries(settingMembers[register] ?? {}).every(([member, type]) => typeof value[member] === type)
}

const writersMax = 64

function isWriters(value: unknown): boolean {
  const regions = isRecord(value) ? value['regions'] : undefined
  return Array.isArray(regions) && regions.length <= writersMax && regions.every((each) => typeof each === 'string')
}

const groupNameMax = 300
const groupRegionsMax = 3

function isStrongGroup(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { name, replicas, witness, table, by, leaving } = value
  const isRegion = (each: unknown): boolean => typeof each === 'string' && each.length <= regionNameMax
  return (
    typeof name === 'string' &&
    name.length <= groupNameMax &&
    isListOf(replicas, isRegion) &&
    (replicas as unknown[]).length <= groupRegionsMax &&
    isRegion(by) &&
    isRegion(table) &&
    [witness, leaving].every((each) => each === undefined || isRegion(each))
  )
}

const regionNameMax = 64

function isLeave(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { by, askedMs, heard } = value
  if (![by, heard].every((text) => text === undefined || typeof text === 'string')) return false
  return askedMs === undefined || typeof askedMs === 'number'
}

function isKeeper(value: unknown): boolean {
  return isRecord(value) && typeof value['by'] === 'string' && typeof value['of'] === 'string'
}

const identityTextMax = 100
/** Of the year 9999, the last that a label has four digits for. */
const createdMsMax = 253_402_300_799_999

function isIdentity(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { tableId, createdMs, streamOf = '' } = value
  const areTexts = [tableId, streamOf].every((text) => typeof text === 'string' && text.length <= identityTextMax)
  return areTexts && Number.isSafeInteger(createdMs) && Number(createdMs) >= 0 && Number(createdMs) <= createdMsMax
}

const changesKeptMax = 10

function isChanges(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { tableClass = [], encryption = [], timeToLive = 0, warm = 0 } = value
  const lists = [tableClass, encryption, [timeToLive, warm]]
  return lists.every((list) => isListOf(list, isMoment) && (list as unknown[]).length <= changesKeptMax)
}

const isMoment = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value)

function isOverride(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { keyArn, tableClass, indexes = {} } = value
  if (![keyArn, tableClass].every((text) => text === undefined || typeof text === 'string')) return false
  return isRecord(indexes) && [value, ...Object.values(indexes)].every(isReadOverride)
}

function isReadOverride(value: unknown): boolean {
  if (!isRecord(value)) return false
  return [value['readUnits'], value['maxReadUnits']].every((units) => units === undefined || typeof units === 'number')
}

/** Index names come and go: those of former ones may still be there. */
const scaledPartsMax = 2 * scalableTargetsOfTableMax
const partPattern = /^(read|write)(\/[a-zA-Z0-9_.-]{3,255})?$/

const isUnits = (value: unknown): boolean =>
  Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= scaledUnitsMax
const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= scalingTextMax
const isOptional = (value: unknown, is: (value: unknown) => boolean): boolean => value === undefined || is(value)
const isSwitch = (value: unknown): boolean => typeof value === 'boolean'
const scalingTextMax = 400

const isParts = (value: unknown, is: (value: unknown) => boolean): boolean =>
  isRecord(value) &&
  Object.keys(value).length <= scaledPartsMax &&
  Object.entries(value).every(([part, each]) => partPattern.test(part) && is(each))

const isDemand = (value: unknown): boolean => isParts(value, isUnits)
const isScaling = (value: unknown): boolean => isParts(value, isTarget)

function isTarget(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { id, min, max, createdMs, suspended, policy, unbounded } = value
  return (
    isText(id) &&
    isUnits(min) &&
    isUnits(max) &&
    isMoment(createdMs) &&
    isOptional(suspended, (each) => isRecord(each) && Object.values(each).every(isSwitch)) &&
    isOptional(policy, isPolicy) &&
    isOptional(unbounded, isText)
  )
}

function isPolicy(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { name, id, createdMs, target, outCooldownSeconds, inCooldownSeconds, isInDisabled } = value
  return (
    isText(name) &&
    isText(id) &&
    isMoment(createdMs) &&
    isMoment(target) &&
    Number(target) > 0 &&
    isOptional(outCooldownSeconds, isMoment) &&
    isOptional(inCooldownSeconds, isMoment) &&
    isOptional(isInDisabled, isSwitch)
  )
}

function isDefinition(value: unknown): value is RegisterValues['definition'] {
  return (
    isRecord(value) &&
    typeof value['name'] === 'string' &&
    typeof value['createdMs'] === 'number' &&
    isKeySchema(value['key']) &&
    isListOf(value['attributes'], isKeyAttribute)
  )
}

function isIndex(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['id'] === 'string' &&
    (value['kind'] === 'local' || value['kind'] === 'global') &&
    isKeySchema(value['key']) &&
    isProjection(value['projection']) &&
    (value['madeMs'] === undefined || typeof value['madeMs'] === 'number') &&
    isRecord(value['settings'])
  )
}

function isProjection(value: unknown): boolean {
  if (!isRecord(value)) return false
  if (value['type'] === 'INCLUDE') return isListOf(value['attributes'], (each) => typeof each === 'string')
  return value['type'] === 'ALL' || value['type'] === 'KEYS_ONLY'
}

function isKeySchema(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { partition, sort } = value as { partition?: unknown; sort?: unknown }
  return isListOf(partition, isKeyAttribute) && (partition as unknown[]).length > 0 && isListOf(sort, isKeyAttribute)
}

function isKeyAttribute(value: unknown): boolean {
  return isRecord(value) && typeof value['name'] === 'string' && ['S', 'N', 'B'].includes(String(value['type']))
}

function isListOf(value: unknown, is: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
