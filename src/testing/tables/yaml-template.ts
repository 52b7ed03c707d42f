/** A template in YAML, with CloudFormation's short forms: `!Ref x` is `{ Ref: x }`, `!Sub x` is `{ Fn::Sub: x }`. */
import { type CollectionTag, parse, type ScalarTag, YAMLMap } from 'yaml'

const names = [
  'And',
  'Base64',
  'Cidr',
  'Condition',
  'Equals',
  'FindInMap',
  'GetAtt',
  'GetAZs',
  'If',
  'ImportValue',
  'Join',
  'Not',
  'Or',
  'Ref',
  'Select',
  'Split',
  'Sub',
  'Transform',
]

/** Aliases are not counted out a million times. */
const aliasesMax = 100

/** Throws an Error with the line of what is no YAML. */
export function parseTemplate(text: string): unknown {
  return parse(text, { customTags: names.flatMap(tagsOf), maxAliasCount: aliasesMax, prettyErrors: true })
}

function tagsOf(name: string): (ScalarTag | CollectionTag)[] {
  const member = name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`
  const collection = (kind: 'seq' | 'map'): CollectionTag => ({
    tag: `!${name}`,
    collection: kind,
    resolve: (argument) => {
      const call = new YAMLMap()
      call.set(member, argument)
      return call
    },
  })
  const scalar: ScalarTag = { tag: `!${name}`, resolve: (value) => ({ [member]: value }) }
  return [scalar, collection('seq'), collection('map')]
}
