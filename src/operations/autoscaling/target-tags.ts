/** Tags of scalable targets, which have an ARN for them. */
import { targetArn } from '../../core/scaling/scalable-target.ts'
import { scalingTagsInRegionMax, scalingTagsMax } from '../../core/limits/scaling-limits.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import { allTargets, type AutoScalingContext } from './autoscaling-context.ts'
import type { Tags } from './scaling-book.ts'

type Tagged = { readonly ResourceARN: string }

export function listTagsForResource({ ResourceARN }: Tagged, context: AutoScalingContext): object {
  return { Tags: context.book.tagsOf(idAt(ResourceARN, context)) }
}

export async function tagResource(
  { ResourceARN, Tags }: Tagged & { readonly Tags: Tags },
  context: AutoScalingContext,
): Promise<object> {
  const id = idAt(ResourceARN, context)
  const before = context.book.tagsOf(id)
  const all = { ...before, ...Tags }
  checkTags(all, Object.keys(before).length, context)
  await putTags(id, all, context)
  return {}
}

export async function untagResource(
  { ResourceARN, TagKeys }: Tagged & { readonly TagKeys: readonly string[] },
  context: AutoScalingContext,
): Promise<object> {
  const id = idAt(ResourceARN, context)
  const left = Object.entries(context.book.tagsOf(id)).filter(([key]) => !TagKeys.includes(key))
  await putTags(id, Object.fromEntries(left), context)
  return {}
}

/** `had`: how many the target has now. */
export function checkTags(tags: Tags, had: number, { book }: AutoScalingContext): void {
  const count = Object.keys(tags).length
  if (count > scalingTagsMax)
    throw new ServiceRefusal('TooManyTagsException', `A scalable target has at most ${scalingTagsMax} tags`)
  if (book.tagsCount - had + count > scalingTagsInRegionMax)
    throw new ServiceRefusal(
      'TooManyTagsException',
      `Scalable targets of a region of Longitude have at most ${scalingTagsInRegionMax} tags together`,
    )
}

export async function putTags(id: string, tags: Tags, { book }: AutoScalingContext): Promise<void> {
  await book.setTags(id, tags)
}

function idAt(arn: string, context: AutoScalingContext): string {
  const found = allTargets(context).find(({ target }) => targetArn(context.settings, target.id) === arn)
  if (found === undefined)
    throw new ServiceRefusal('ResourceNotFoundException', `The resource ${arn} does not exist`, {
      members: { ResourceName: arn },
    })
  return found.target.id
}
