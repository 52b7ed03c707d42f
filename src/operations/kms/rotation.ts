/** Rotation: a key gets a new material, which encrypts from then on; the older ones still decrypt. */
import {
  kmsMaterialsMax,
  kmsOnDemandRotationsMax,
  kmsPageUsual,
  kmsRotationPeriodDaysUsual,
} from '../../core/limits/kms-limits.ts'
import { arnOfKey, refused, requireUsable } from '../../core/kms/find-key.ts'
import { type KeyMaterial, type KmsKey, materialOf, withKey } from '../../core/kms/key-states.ts'
import { type Asked, dateOf, type Handlers, keyOf, page } from './kms-handler.ts'
import { changeable, newMaterial } from './key-handlers.ts'

const dayMs = 86_400_000

export const rotationHandlers: Handlers = {
  EnableKeyRotation: (asked) => {
    const key = requireUsable(changeable(asked), asked.place)
    const periodDays = asked.input.RotationPeriodInDays ?? key.rotation?.periodDays ?? kmsRotationPeriodDaysUsual
    const rotation = { periodDays, nextMs: asked.nowMs + periodDays * dayMs }
    return { all: withKey(asked.all, { ...key, rotation }) }
  },
  DisableKeyRotation: (asked) => {
    const key = requireUsable(changeable(asked), asked.place)
    return { all: withKey(asked.all, { ...key, rotation: undefined }) }
  },
  GetKeyRotationStatus: (asked) => {
    const { id, rotation } = keyOf(asked)
    const more =
      rotation === undefined
        ? {}
        : { RotationPeriodInDays: rotation.periodDays, NextRotationDate: dateOf(rotation.nextMs) }
    return {
      output: { KeyId: arnOfKey(asked.place, id), KeyRotationEnabled: rotation !== undefined, ...more },
    }
  },
  RotateKeyOnDemand: (asked) => {
    const key = requireUsable(changeable(asked), asked.place)
    const count = key.materials.filter(({ cause }) => cause === 'ON_DEMAND').length
    if (count >= kmsOnDemandRotationsMax || key.materials.length >= kmsMaterialsMax)
      throw refused(
        'LimitExceededException',
        `The key has reached the limit of ${kmsOnDemandRotationsMax} rotations on demand`,
      )
    return {
      output: { KeyId: arnOfKey(asked.place, key.id) },
      all: withKey(asked.all, { ...key, materials: [...key.materials, newMaterial('ON_DEMAND', asked)] }),
    }
  },
  ListKeyRotations: (asked) => {
    const { input, place } = asked
    const key = keyOf(asked)
    const from = input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL' ? 0 : 1
    const { shown, more } = page(key.materials.slice(from), { usual: kmsPageUsual.rotations, input })
    return {
      output: { Rotations: shown.map((material) => rotationOf(material, key, arnOfKey(place, key.id))), ...more },
    }
  },
}

const rotationOf = (material: KeyMaterial, key: KmsKey, arn: string): object => ({
  KeyId: arn,
  KeyMaterialId: material.id,
  KeyMaterialState: material === materialOf(key) ? 'CURRENT' : 'NON_CURRENT',
  ...(material.cause === 'CREATION' ? {} : { RotationDate: dateOf(material.madeMs), RotationType: material.cause }),
})

/** Its time has come; several periods that have passed count as one. */
export function rotatedInTime(key: KmsKey, making: Pick<Asked, 'nowMs' | 'random'>): KmsKey {
  const periodDays = key.rotation?.periodDays ?? kmsRotationPeriodDaysUsual
  return {
    ...key,
    rotation: { periodDays, nextMs: making.nowMs + periodDays * dayMs },
    materials: [...key.materials, newMaterial('AUTOMATIC', making)],
  }
}
