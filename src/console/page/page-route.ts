/** Which page is shown: the fragment of the address, such as #/tables/Orders. */
import { signal } from '@preact/signals'

const read = (): readonly string[] =>
  location.hash
    .replace(/^#\/?/, '')
    .split('/')
    .map((part) => {
      try {
        return decodeURIComponent(part)
      } catch {
        return part
      }
    })

export const route = signal(read())
addEventListener('hashchange', () => {
  route.value = read()
})

export function addressOf(...parts: readonly string[]): string {
  return `#/${parts.map(encodeURIComponent).join('/')}`
}
