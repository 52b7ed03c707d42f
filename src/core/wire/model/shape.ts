/** A shape of a service model once it is linked (linking.ts). */
import type { Bounds, ScalarType } from './model-shape.ts'

export type Constraints = Bounds & {
  readonly pattern?: { readonly text: string; readonly matches: RegExp }
  /** An ARN is welcome too, and escapes the other constraints up to this length. */
  readonly arnLengthMax?: number
}

export type Member = {
  readonly name: string
  /** As paths in messages write it. */
  readonly label: string
  readonly shape: Shape
  readonly required: boolean
  /** Required only while this other member is absent. */
  readonly requiredUnless?: string
}

export type Structure = {
  readonly kind: 'structure'
  readonly name: string
  readonly members: ReadonlyMap<string, Member>
  /** Those that constrain.ts has to look at, in the model's order. */
  readonly constrained: readonly Member[]
  /** Those with attribute values somewhere inside. */
  readonly valued: readonly Member[]
}
export type List = {
  readonly kind: 'list'
  readonly name: string
  readonly member: Shape
  readonly constraints: Constraints
}
export type Dictionary = {
  readonly kind: 'map'
  readonly name: string
  readonly key: Shape
  readonly value: Shape
  readonly constraints: Constraints
}
export type Scalar = {
  readonly kind: 'scalar'
  readonly type: ScalarType
  readonly name: string
  readonly constraints: Constraints
}
/** Of its own kind because it is nearly all that most requests consist of. */
export type AttributeValueShape = { readonly kind: 'attribute-value'; readonly name: string }

export type Shape = Structure | List | Dictionary | Scalar | AttributeValueShape
