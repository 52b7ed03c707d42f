/** The console's page as a reader with a keyboard alone has it, and what axe finds on it. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'

/** More than any page has places where Tab stops. */
const stopsMax = 150
const optionsMax = 200
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

type Found = {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** What axe finds, as lines: by all its rules, or by some. */
export async function foundByAxe(page: Page, run = 'axe.run()'): Promise<readonly string[]> {
  // Evaluated, not injected: the page's policy lets no script in.
  await page.evaluate(axeSource)
  const { violations } = await page.evaluate<{ readonly violations: readonly Found[] }>(run)
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  )
}

export class Keyboard {
  private readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  /** Tab, until it has the focus and shows that it has it. */
  async to(target: Locator): Promise<void> {
    await target.waitFor()
    for (let stops = 0; !(await this.hasFocus(target)); stops++) {
      if (stops === stopsMax) throw new Error(`Tab does not come to ${target.toString()}`)
      await this.page.keyboard.press('Tab')
    }
    expect(await this.page.evaluate<boolean>(showsFocus), `${target.toString()} shows that it has the focus`).toBe(true)
  }

  async press(target: Locator, key = 'Enter'): Promise<void> {
    await this.to(target)
    await this.page.keyboard.press(key)
  }

  /** In place of what stands there. */
  async type(field: Locator, text: string): Promise<void> {
    await this.press(field, 'Control+A')
    await this.page.keyboard.insertText(text)
  }

  async choose(list: Locator, value: string): Promise<void> {
    await this.press(list, 'Home')
    for (let tries = 0; (await list.inputValue()) !== value; tries++) {
      if (tries === optionsMax) throw new Error(`the arrows do not come to ${value}`)
      await this.page.keyboard.press('ArrowDown')
    }
  }

  /** Another page, by the links at the top. */
  async open(title: string): Promise<void> {
    await this.press(
      this.page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: title, exact: true }),
    )
    await this.page.getByRole('heading', { level: 1, name: title }).waitFor()
  }

  /** Escape closes the dialog, and the focus goes back to what opened it. */
  async leave(opener: Locator): Promise<void> {
    await this.page.keyboard.press('Escape')
    await this.page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await this.hasFocus(opener), `${opener.toString()} has the focus again`).toBe(true)
  }

  private async hasFocus(target: Locator): Promise<boolean> {
    return (await target.and(this.page.locator(':focus')).count()) > 0
  }
}

// A text: these tests know no types of a browser.
const showsFocus = `(({ outlineStyle, outlineWidth }) => outlineStyle !== 'none' && outlineWidth !== '0px')(
  getComputedStyle(document.activeElement),
)`
