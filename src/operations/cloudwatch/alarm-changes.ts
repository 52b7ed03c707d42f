/** The small changes of alarms: DeleteAlarms, SetAlarmState, EnableAlarmActions, DisableAlarmActions, and tags. */
import type { Alarm, AlarmState } from '../../core/alarms/alarm.ts'
import { alarmArn } from '../../core/alarms/alarm-history.ts'
import { alarmTagsMax } from '../../core/limits/metric-limits.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import { type CloudWatchContext, invalid, invalidValue, notFound } from './cloudwatch-context.ts'
import { type TagInput, tagsFrom } from './put-metric-alarm.ts'

type Names = { readonly AlarmNames: readonly string[] }

/** Names of alarms that there are not are passed over. */
export async function deleteAlarms({ AlarmNames }: Names, { alarms }: CloudWatchContext): Promise<undefined> {
  await alarms.remove(AlarmNames)
}

export async function enableAlarmActions({ AlarmNames }: Names, { alarms }: CloudWatchContext): Promise<undefined> {
  for (const name of AlarmNames) await alarms.change(name, { actionsEnabled: true })
}

export async function disableAlarmActions({ AlarmNames }: Names, { alarms }: CloudWatchContext): Promise<undefined> {
  for (const name of AlarmNames) await alarms.change(name, { actionsEnabled: false })
}

type StateInput = {
  readonly AlarmName: string
  readonly StateValue: AlarmState
  readonly StateReason: string
  readonly StateReasonData?: string
}

export async function setAlarmState(input: StateInput, { setState, begin }: CloudWatchContext): Promise<undefined> {
  const { AlarmName, StateValue: state, StateReason: reason, StateReasonData: reasonData } = input
  if (reasonData !== undefined && !isJson(reasonData))
    throw new ServiceRefusal('InvalidFormat', 'The value for parameter StateReasonData is not JSON.', {
      type: 'InvalidFormatFault',
    })
  await begin()
  const isThere = await setState(AlarmName, { state, reason, ...(reasonData === undefined ? {} : { reasonData }) })
  if (!isThere) throw notFound(`Unknown alarm: ${AlarmName}`)
}

type Tagged = { readonly ResourceARN: string }

export function listTagsForResource({ ResourceARN }: Tagged, context: CloudWatchContext): object {
  const { tags } = alarmAt(ResourceARN, context)
  return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }
}

export async function tagResource(
  { ResourceARN, Tags }: Tagged & { readonly Tags: readonly TagInput[] },
  context: CloudWatchContext,
): Promise<object> {
  const { name, tags } = alarmAt(ResourceARN, context)
  const all = { ...tags, ...tagsFrom(Tags) }
  if (Object.keys(all).length > alarmTagsMax) throw invalid(`A resource has at most ${alarmTagsMax} tags.`)
  await context.alarms.change(name, { tags: all })
  return {}
}

export async function untagResource(
  { ResourceARN, TagKeys }: Tagged & { readonly TagKeys: readonly string[] },
  context: CloudWatchContext,
): Promise<object> {
  const { name, tags } = alarmAt(ResourceARN, context)
  const left = Object.entries(tags).filter(([key]) => !TagKeys.includes(key))
  await context.alarms.change(name, { tags: Object.fromEntries(left) })
  return {}
}

function alarmAt(arn: string, { alarms, settings }: CloudWatchContext): Alarm {
  const prefix = alarmArn(settings, '')
  if (!/^arn:[^:]*:cloudwatch:/.test(arn)) throw invalidValue(`The value ${arn} for parameter ResourceARN is invalid.`)
  const alarm = arn.startsWith(prefix) ? alarms.find(arn.slice(prefix.length)) : undefined
  if (alarm === undefined) throw notFound(`Unknown alarm: ${arn}`)
  return alarm
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
