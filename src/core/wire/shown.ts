/**
 * A value as AWS's messages print it, which is how Java's toString does: KeySchemaElement(attributeName=a, keyType=HASH). Printing stops where
 * the text is cut, so that a message about 16 MB costs no more than one about 64 KB.
 */
import { unreachable } from '../assert.ts'
import { shownTextMax } from '../limits/limits.ts'
import type { Shape, Structure } from './model/shape.ts'

export function shown(shape: Shape, value: unknown): string {
  const page = new Page()
  write(page, shape, value)
  const { text } = page
  return text.length > shownTextMax ? `${text.slice(0, shownTextMax)}...` : text
}

type Fields = Readonly<Record<string, unknown>>

class Page {
  text = ''

  get isFull(): boolean {
    return this.text.length > shownTextMax
  }

  /** Writes each with `writeOne` and a comma between, until the page is full. */
  list<T>(each: Iterable<T>, writeOne: (one: T) => void): void {
    let separator = ''
    for (const one of each) {
      if (this.isFull) return
      this.text += separator
      separator = ', '
      writeOne(one)
    }
  }
}

function write(page: Page, shape: Shape, value: unknown): void {
  if (value === null || value === undefined) page.text += 'null'
  else if (shape.kind === 'structure') writeStructure(page, shape, value as Fields)
  else if (shape.kind === 'attribute-value') writeValue(page, value as Fields)
  else if (shape.kind === 'list') {
    page.text += '['
    page.list(value as readonly unknown[], (element) => write(page, shape.member, element))
    page.text += ']'
  } else if (shape.kind === 'map') {
    page.text += '{'
    page.list(entriesOf(value as Fields), ([name, element]) => {
      page.text += `${name}=`
      write(page, shape.value, element)
    })
    page.text += '}'
  } else if (shape.kind === 'scalar') page.text += typeof value === 'string' ? value : JSON.stringify(value)
  else unreachable(shape)
}

/** One by one: an array of all would hold as much again as the body. */
function* entriesOf(fields: Fields): Generator<readonly [string, unknown]> {
  for (const name in fields) yield [name, fields[name]]
}

function writeStructure(page: Page, shape: Structure, fields: Fields): void {
  page.text += `${shape.name}(`
  page.list(shape.members.values(), ({ name, label, shape: target }) => {
    page.text += `${label}=`
    write(page, target, fields[name])
  })
  page.text += ')'
}

function writeValue(page: Page, fields: Fields): void {
  page.text += 'AttributeValue('
  page.list(entriesOf(fields), ([type, value]) => {
    page.text += `${type}=`
    if (typeof value === 'string') page.text += value
    else writeJson(page, value)
  })
  page.text += ')'
}

/** As JSON.stringify. Depth is bounded by coerce. */
function writeJson(page: Page, value: unknown): void {
  if (Array.isArray(value)) {
    page.text += '['
    let separator = ''
    for (const element of value as readonly unknown[]) {
      if (page.isFull) return
      page.text += separator
      separator = ','
      writeJson(page, element)
    }
    page.text += ']'
  } else if (typeof value === 'object' && value !== null) {
    page.text += '{'
    let separator = ''
    for (const [name, member] of entriesOf(value as Fields)) {
      if (page.isFull) return
      page.text += `${separator}${JSON.stringify(name)}:`
      separator = ','
      writeJson(page, member)
    }
    page.text += '}'
  } else page.text += JSON.stringify(value)
}
