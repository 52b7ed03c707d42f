/** Who ran a drill, with what, on what, and by which digests its files are known. */
import type { Report } from './report.ts'
import { secondsText } from './verdict.ts'

export function recordOf(report: Report): readonly (readonly [term: string, fact: string])[] {
  const { circumstances, name, startedMs, endedMs, digests = {} } = report
  const { seed, pace, operator, commit, configuration = {}, roles, understudies } = circumstances
  const unknown = 'not told by this report'
  return [
    ['drill', name],
    ['when', `${new Date(startedMs).toISOString()}, for ${secondsText(endedMs - startedMs)}`],
    ['operator', operator ?? unknown],
    ['on', `${circumstances.target}: ${circumstances.regions.join(', ')}`],
    ['machine', circumstances.host],
    ['program', `Longitude ${circumstances.version}, commit ${commit ?? unknown}`],
    ['configuration', pairs(configuration, '=') || unknown],
    ['roles', pairs(roles, ' is ')],
    ...Object.entries(understudies).map(([wanted, region]) => ['cast', `${region} in place of ${wanted}`] as const),
    ['again', `longitude drill run drill.yaml --seed ${seed}${pace === 1 ? '' : ` --pace ${pace}`}`],
    ...Object.entries(digests).map(([file, digest]) => [`SHA-256 of ${file}`, digest] as const),
  ]
}

function pairs(values: Readonly<Record<string, string>>, between: string): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}${between}${value}`)
    .join(', ')
}
