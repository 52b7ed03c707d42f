/** Elements of HTML and SVG as text, with everything that comes from elsewhere escaped. */

/** Text that is markup already. */
export type Markup = { readonly markup: string }
type Content = string | number | Markup | readonly Content[] | undefined

export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
  ...content: readonly Content[]
): Markup {
  const given = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escaped(typeof value === 'number' ? rounded(value) : String(value))}"`)
  return { markup: `<${name}${given.join('')}>${content.map(textOf).join('')}</${name}>` }
}

export function raw(markup: string): Markup {
  return { markup }
}

/** A whole page, which needs nothing from elsewhere. */
export function page(title: string, style: string, body: Markup): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    element(
      'head',
      {},
      raw('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
      element('title', {}, title),
      element('style', {}, raw(style)),
    ).markup,
    element('body', {}, body).markup,
    '</html>\n',
  ].join('\n')
}

function textOf(content: Content): string {
  if (content === undefined) return ''
  if (typeof content === 'string') return escaped(content)
  if (typeof content === 'number') return rounded(content)
  if ('markup' in content) return content.markup
  return content.map(textOf).join('')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** A hundredth of a pixel is enough. */
function rounded(value: number): string {
  return String(Math.round(value * 100) / 100)
}
