/**
 * The SDK's types as they travel: an attribute value is ours, a time is a number of seconds, bytes are base64 text.
 * Only types come from the SDK; nothing of it is loaded.
 */
import type { AttributeValue as SdkAttributeValue } from '@aws-sdk/client-dynamodb'
import type { AttributeValue } from '../core/attribute/value.ts'

export type Wire<Shape> = undefined extends Shape ? Present<Exclude<Shape, undefined>> | undefined : Present<Shape>

type Present<Shape> = [Shape] extends [SdkAttributeValue]
  ? AttributeValue
  : Shape extends Date
    ? number
    : Shape extends Uint8Array
      ? string
      : Shape extends readonly (infer Element)[]
        ? readonly Wire<Element>[]
        : Shape extends object
          ? { readonly [Member in keyof Shape as Member extends '$metadata' ? never : Member]: Wire<Shape[Member]> }
          : Shape
