/** Reads counters out of the text of a region's /metrics. Pure. */

type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number }

/** Prometheus' text format, as the regions write it. */
export function samplesOf(text: string, name: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith(`${name}{`)) return []
    const end = line.lastIndexOf('} ')
    const value = Number(line.slice(end + 2).split(' ')[0])
    if (end < 0 || !Number.isFinite(value)) return []
    const labels = [...line.slice(name.length + 1, end).matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
    return [{ labels: Object.fromEntries(labels.map(([, key = '', each = '']) => [key, unescaped(each)])), value }]
  })
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, each: string) => (each === 'n' ? '\n' : each))
}
