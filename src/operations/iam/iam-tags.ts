/** Tags of users, roles and managed policies. */
import { identityTagsMax } from '../../core/limits/access-limits.ts'
import { type Answered, type Asked, type Handlers, limited, page, shownTags, tagsOf } from './iam-handler.ts'
import { taggedPolicy } from './iam-policies.ts'
import { named, replaced, roles, users } from './iam-principals.ts'

type Tags = Readonly<Record<string, string>>

type Tagged = { readonly tags: Tags | undefined; readonly with: (tags: Tags) => Answered }

const taggedOwner =
  (kind: typeof users | typeof roles) =>
  (asked: Asked): Tagged => {
    const found = named(kind, asked)
    const by = (tags: Tags) => replaced(asked.definitions, kind, found, { ...found, tags })
    return { tags: found.tags, with: (tags) => ({ definitions: by(tags) }) }
  }

const kinds: Readonly<Record<string, (asked: Asked, isToChange: boolean) => Tagged>> = {
  User: taggedOwner(users),
  Role: taggedOwner(roles),
  Policy: taggedPolicy,
}

export const tagHandlers: Handlers = Object.fromEntries(
  Object.entries(kinds).flatMap(([kind, tagged]) => [
    [
      `Tag${kind}`,
      (asked: Asked) => {
        const of = tagged(asked, true)
        const tags = { ...of.tags, ...tagsOf(asked.input) }
        if (Object.keys(tags).length > identityTagsMax)
          throw limited('The number of tags has reached the maximum limit.')
        return of.with(tags)
      },
    ],
    [
      `Untag${kind}`,
      (asked: Asked) => {
        const of = tagged(asked, true)
        const { TagKeys: keys = [] } = asked.input
        return of.with(Object.fromEntries(Object.entries(of.tags ?? {}).filter(([key]) => !keys.includes(key))))
      },
    ],
    [
      `List${kind}Tags`,
      (asked: Asked) => {
        const { shown, more } = page(shownTags(tagged(asked, false).tags), asked.input)
        return { output: { Tags: shown, ...more } }
      },
    ],
  ]),
)
