/** The verdicts as JUnit's XML, which CI systems show: a test case for each target. */
import type { Report } from '../report.ts'

export function junitOf({ name, title, verdicts, startedMs, endedMs, circumstances, steps }: Report): string {
  const failed = verdicts.filter(({ pass }) => !pass).length
  const seconds = ((endedMs - startedMs) / 1000).toFixed(3)
  const suite = [
    ['name', `longitude.drill.${name}`],
    ['tests', String(verdicts.length)],
    ['failures', String(failed)],
    ['errors', '0'],
    ['time', seconds],
    ['timestamp', new Date(startedMs).toISOString().slice(0, 19)],
  ]
  const cases = verdicts.map(({ target, wanted, found, pass }) => {
    const head = `    <testcase classname="${attribute(`longitude.drill.${name}`)}" name="${attribute(`${target}: ${wanted}`)}" time="0">`
    const body = pass ? `<system-out>${content(found)}</system-out>` : `<failure message="${attribute(found)}"/>`
    return `${head}${body}</testcase>`
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite ${suite.map(([key = '', value = '']) => `${key}="${attribute(value)}"`).join(' ')}>`,
    `    <properties><property name="title" value="${attribute(title)}"/><property name="seed" value="${circumstances.seed}"/><property name="steps" value="${steps.length}"/></properties>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>\n',
  ].join('\n')
}

/** XML 1.0 has no way to write most control characters. */
function content(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/g, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}

function attribute(text: string): string {
  return content(text)
    .replaceAll('"', '&quot;')
    .replaceAll(/[\n\r\t]/g, ' ')
}
