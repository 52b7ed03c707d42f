/**
 * docs/reference/differences.md, made from the differences that the tests use, and from the lists of what is not built yet.
 *
 *   npx tsx test/differences/page.ts        writes it anew
 */
import { writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { refusedMembers } from '../../src/operations/refused-members.ts'
import { unsupported } from '../../src/operations/unsupported.ts'
import { areas, type Difference } from './difference.ts'

export const page = fileURLToPath(new URL('../../docs/reference/differences.md', import.meta.url))

export function pageText(): string {
  return [
    '# Differences from DynamoDB',
    'Every known difference between Longitude and DynamoDB. This page is made from data (`npx tsx test/differences/page.ts`). Each row names the test',
    'that holds it, and that test has the third column as its title. “Evidence” says how we know what DynamoDB does, and when that was so.\n',
    ...Object.entries(areas).map(([area, rows]) => `## ${area}\n\n${tableOf(Object.entries<Difference>(rows))}\n`),
    `## Operations that are not built yet\n\n${lines(Object.keys(unsupported).map(code))}\n`,
    `## Members that are refused\n\n${membersTable()}\n`,
  ]
    .join('\n')
    .replace('# Differences from DynamoDB\n', '# Differences from DynamoDB\n\n')
}

function tableOf(rows: readonly (readonly [string, Difference])[]): string {
  return table(
    ['', 'on AWS', 'here', 'why', 'evidence', 'test'],
    rows.map(([id, { aws, here, why, evidence, date, test }]) => [
      code(id),
      aws,
      here,
      why,
      `${evidence} (${date})`,
      `[${nameOf(test)}](../../test/${test})`,
    ]),
  )
}

function membersTable(): string {
  const rows = Object.entries(refusedMembers).flatMap(([operation, members]) =>
    Object.entries(members).map(([member, reason]) => [code(operation), code(member), reason]),
  )
  return table(['operation', 'member', 'because'], rows)
}

function nameOf(test: string): string {
  return (test.split('/').at(-1) ?? test).replace('.test.ts', '')
}

const perLine = 6

function lines(words: readonly string[]): string {
  const starts = words.flatMap((_, n) => (n % perLine === 0 ? [n] : []))
  return starts.map((n) => words.slice(n, n + perLine).join(', ')).join(',\n')
}

function code(text: string): string {
  return `\`${text}\``
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, head.map(() => '---'), ...rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))]
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, pageText())
