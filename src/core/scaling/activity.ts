/** What auto scaling has done, in Application Auto Scaling's words. */
import { dimensionOf, resourceIdOf, type Scaled, type ScaledPart } from './scalable-target.ts'

export type ScalingActivity = {
  readonly id: string
  readonly scaled: Scaled
  readonly description: string
  readonly cause: string
  readonly startMs: number
  readonly endMs: number
  readonly status: 'Successful' | 'Failed'
  readonly message: string
  /** Of a change of capacity that was made. */
  readonly change?: { readonly from: number; readonly to: number }
}

const unitsName = ({ direction }: ScaledPart): string => `${direction} capacity units`

export const settingUnits = (part: ScaledPart, units: number): string => `Setting ${unitsName(part)} to ${units}.`

export const setUnits = (part: ScaledPart, units: number): string =>
  `Successfully set ${unitsName(part)} to ${units}. Change successfully fulfilled by dynamodb.`

export const failedToSet = (part: ScaledPart, units: number, reason: string): string =>
  `Failed to set ${unitsName(part)} to ${units}. Reason: ${reason}`

export const settingBounds = ({ min, max }: Bounds): string =>
  `Setting ${[...(max === undefined ? [] : [`max capacity to ${max}`]), ...(min === undefined ? [] : [`min capacity to ${min}`])].join(' and ')}`

export const setBounds = (bounds: Bounds): string => `Successfully ${settingBounds(bounds).replace('Setting', 'set')}`

export type Bounds = { readonly min?: number | undefined; readonly max?: number | undefined }

export const causes = {
  alarm: (alarm: string, policy: string): string => `monitor alarm ${alarm} in state ALARM triggered policy ${policy}`,
  minimum: (min: number): string => `minimum capacity was set to ${min}`,
  maximum: (max: number): string => `maximum capacity was set to ${max}`,
  schedule: (name: string): string => `scheduled action name ${name} was triggered`,
} as const

export const isOf = (scaled: Scaled, other: Scaled): boolean =>
  resourceIdOf(scaled) === resourceIdOf(other) && dimensionOf(scaled) === dimensionOf(other)
