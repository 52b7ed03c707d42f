/**
 * docs/concepts/ways-to-lose-a-write.md: each way is played on an embedded cluster, and the page has what came of it.
 *
 *   npx tsx test/docs/lost-writes/page.ts        writes it
 */
import { writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { createCluster } from '../../../src/testing/cluster.ts'
import { conflicts } from './conflicts.ts'
import { regionNames, Scene, table } from './scene.ts'
import { silences } from './silences.ts'
import type { Way } from './way.ts'

export const page = fileURLToPath(new URL('../../../docs/concepts/ways-to-lose-a-write.md', import.meta.url))

const oneWayMs = 40

export async function pageText(): Promise<string> {
  const parts = [head(conflicts.length + silences.length), '## The feed has it', conflictsIntroduction]
  for (const [index, way] of conflicts.entries()) parts.push(await textOf(way, index + 1))
  parts.push('## No feed has it', silencesIntroduction)
  for (const [index, way] of silences.entries()) parts.push(await textOf(way, conflicts.length + index + 1))
  parts.push(others)
  return `${parts.join('\n\n')}\n`
}

async function textOf(way: Way, number: number): Promise<string> {
  const lines = await played(way)
  return [
    `### ${number}. ${way.title}`,
    `${way.why} *Instead:* ${way.instead}${way.drill === undefined ? '' : ` *Drill:* \`longitude drill run ${way.drill} --start\` breaks real processes so.`}`,
    `\`\`\`\n${lines.join('\n')}\n\`\`\``,
  ].join('\n\n')
}

async function played(way: Way): Promise<readonly string[]> {
  const regions = Object.values(regionNames).slice(0, way.regions ?? 2)
  const links = { default: { ms: oneWayMs } }
  const cluster = await createCluster({ regions, clock: 'manual', seed: 1, links, tables: [table] })
  try {
    const scene = new Scene(cluster)
    await way.play(scene)
    await scene.end(way.keys)
    return scene.lines
  } finally {
    await cluster.close()
  }
}

function head(count: number): string {
  return `# A hundred ways to lose a write

The first ${count} of them. Each is a program that runs: a test plays it on an [embedded cluster](../coding/testing.md), two regions 40 ms apart, and fails when the
outcome is another than this page says ([the programs](../../test/docs/lost-writes)). Every write below was answered with 200 unless its line says otherwise. On AWS the
same happens, by the documentation of global tables (as of April 2026), but there is no feed to look at.`
}

const conflictsIntroduction = `Two regions wrote one item, and neither had seen the other's write. The later stamp wins everywhere. \`longitude conflicts TABLE\` has the write that lost, with both
images; \`cluster.conflicts()\` in a test.`

const silencesIntroduction = `Here the later write came after the earlier one in its own region, or there was none. Last-writer-wins has nothing to decide, so the feed is empty. These are the
losses that only the application can prevent.`

const others = `## Losses that need a real disk

These are not played here, since the embedded cluster has no disk to lose. The drills play them with real processes, and their reports count each write.

| | what is lost | drill |
|---|---|---|
| a region's disk is gone | what it had acknowledged and not sent | \`disk-loss\` leaves in good order and loses nothing; a disk that is gone at once is told as *lost with a disk* |
| a table is dropped and restored | what was written after the moment of the restore | \`restore-pitr\` |
| a trigger's region dies | nothing; but a side effect may be made twice | \`side-effects\` |`

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, await pageText())
