/** What the published service model says of a shape, as model.ts has it and overlay.ts adds to it. */
export type ScalarType = 'string' | 'blob' | 'boolean' | 'integer' | 'long' | 'double' | 'timestamp'

export type Model = {
  readonly operations: Readonly<Record<string, string>>
  /** What each error's shape calls its message: AWS is not of one mind about it. */
  readonly errors: Readonly<Record<string, string>>
  readonly shapes: Readonly<Record<string, ModelShape>>
}

export type ModelShape = Bounds & {
  readonly type: 'structure' | 'list' | 'map' | ScalarType
  readonly members?: Readonly<Record<string, string>>
  readonly required?: readonly string[]
  readonly member?: string
  readonly key?: string
  readonly value?: string
  readonly pattern?: string
}

/** `min` and `max` count characters, members or the number itself, as the shape's type has it. */
export type Bounds = { readonly enum?: readonly string[]; readonly min?: number; readonly max?: number }
