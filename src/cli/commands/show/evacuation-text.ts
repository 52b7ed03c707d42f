/** Which regions are evacuated, for people: also where a command was broken off half-way. */
import type { Answer } from '../../../deployment/status/status-shapes.ts'

export function evacuationText(regions: readonly Answer[]): string[] {
  const standIns = regions.flatMap(({ region: by, status }) =>
    (status?.evacuation?.standsInFor ?? []).map((each) => ({ ...each, by })),
  )
  const fenced = regions.flatMap(({ region, status }) => {
    const fence = status?.evacuation?.fence ?? undefined
    return fence === undefined ? [] : [{ region, ...fence }]
  })
  return [
    ...fenced.map(({ region, to, owner, sinceMs }) => {
      const since = `since ${new Date(sinceMs).toISOString()} (by ${owner})`
      return standIns.some((each) => each.region === region)
        ? `  ${region} is evacuated to ${to} ${since}\n    Its clients' writes are refused there; ${to} stands in for it. \`longitude readmit ${region}\` takes it back.`
        : `  ${region} takes no clients' writes ${since}: an evacuation to ${to} is under way, or was broken off\n    \`longitude evacuate ${region} --to ${to}\` finishes it, \`longitude readmit ${region}\` ends it.`
    }),
    ...standIns
      .filter(({ region }) => !fenced.some((each) => each.region === region))
      .map(
        ({ region, by, owner, sinceMs }) =>
          `  ${by} stands in for ${region} since ${new Date(sinceMs).toISOString()} (by ${owner})\n    \`longitude readmit ${region}\` takes it back.`,
      ),
  ]
}
