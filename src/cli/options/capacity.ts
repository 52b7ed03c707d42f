/** `--capacity`: how strictly capacity is counted, of all tables and of single ones. */
import { z } from 'zod'
import type { CapacityMode, CapacitySettings } from '../../operations/capacity/admission.ts'

const modes: readonly CapacityMode[] = ['off', 'observe', 'enforce']
const says = 'off, observe or enforce, and TABLE=off, TABLE=observe or TABLE=enforce for tables of their own'
const isMode = (text: string | undefined): text is CapacityMode => modes.includes(text as CapacityMode)

/** `enforce,orders=off`: a mode, and a table's own modes. */
function settingsIn(text: string): CapacitySettings | undefined {
  let mode: CapacityMode = 'off'
  const ofTables: [string, CapacityMode][] = []
  for (const word of text.split(/[\s,]+/).filter((part) => part !== '')) {
    const [left = '', right, ...more] = word.split('=')
    if (right === undefined && isMode(left)) mode = left
    else if (isMode(right) && left !== '' && more.length === 0) ofTables.push([left, right])
    else return undefined
  }
  return { mode, ofTables: Object.fromEntries(ofTables) }
}

/** For a process that is given the same; undefined where nothing is counted. */
export function capacityText(settings: CapacitySettings): string | undefined {
  if (counted(settings) === undefined) return undefined
  return [settings.mode, ...Object.entries(settings.ofTables ?? {}).map(([table, own]) => `${table}=${own}`)].join()
}

/** Undefined where nothing is counted, which costs nothing. */
export function counted(settings: CapacitySettings): CapacitySettings | undefined {
  const { mode, ofTables = {} } = settings
  return [mode, ...Object.values(ofTables)].some((each) => each !== 'off') ? settings : undefined
}

export const capacityOptions = {
  capacity: {
    flags: '--capacity <mode>',
    help: 'throttle as DynamoDB does: off; observe, which only counts what would be throttled; enforce; and TABLE=MODE for tables of their own (enforce,orders=off)',
    schema: z.string().transform((text, context) => {
      const settings = settingsIn(text)
      if (settings === undefined) context.addIssue({ code: 'custom', message: says })
      return settings ?? z.NEVER
    }),
    default: 'off',
  },
} as const
