/** The console before a deployment that verifies signatures by a file of identities alone, and refuses what policies do not allow. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser } from '../drills/browser.ts'
import { foundByAxe, Keyboard } from './console-page.ts'
import { longitude, prepareProgram, removeFolder, temporaryFolder, up, type Up } from './command-line.ts'

const data = temporaryFolder()
const files = temporaryFolder()
const region = 'us-east-1'
const notes = 'arn:aws:dynamodb:*:*:table/Notes'
const own = {
  Sid: 'own',
  Effect: 'Allow',
  Action: ['dynamodb:GetItem', 'dynamodb:Scan'],
  Resource: notes,
  Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['${aws:username}'] } },
}
const keyOf = (accessKeyId: string) => ({ accessKeyId, secretAccessKey: `secret of ${accessKeyId}` })
const identities = {
  users: [
    { name: 'bob', accessKeys: [keyOf('AKIABOB')], policies: { notes: { Version: '2012-10-17', Statement: [own] } } },
    { name: 'ann', accessKeys: [keyOf('AKIAANN')], managedPolicies: ['AdministratorAccess'] },
  ],
}
let running: Up
let browser: Browser | undefined
let page: Page

beforeAll(async () => {
  prepareProgram()
  const file = join(files, 'access.json')
  writeFileSync(file, JSON.stringify(identities), { mode: 0o600 })
  const flags = ['--identities', file, '--access', 'strict', '--no-cache', '--no-front-door']
  ;[running, browser] = await Promise.all([up(data, '--regions', region, ...flags), openBrowser()])
  const address = (await longitude('console', '--url', '--data', data)).output.trim()
  if (browser === undefined) return
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  page.setDefaultTimeout(30_000)
  await page.goto(address)
  await page.getByRole('button', { name: 'Heal all' }).and(page.locator(':enabled')).waitFor()
}, 240_000)

afterAll(async () => {
  await browser?.close()
  running.supervisor.kill('SIGTERM')
  await running.ended
  removeFolder(data)
  removeFolder(files)
})

test(
  'acts as the user who may the most, and says who may, why, and what was denied',
  { timeout: 120_000 },
  async ({ skip }) => {
    skip(browser === undefined, 'there is no browser')
    await page.evaluate("location.hash = '#/tables'")
    await page.getByRole('button', { name: 'Create a table' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Notes')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('link', { name: 'Notes' }).click()
    await page.getByText('No item found').waitFor()
    const endpoint = running.overview.regions[0]?.endpoint ?? ''
    const bob = new DynamoDBClient({ region, endpoint, credentials: keyOf('AKIABOB') })
    const write = bob.send(new PutItemCommand({ TableName: 'Notes', Item: { id: { S: 'bob' } } }))
    await expect(write).rejects.toThrow('is not authorized')
    const keyboard = new Keyboard(page)
    await keyboard.open('Access')
    await page.getByText('are signed by arn:aws:iam::000000000000:user/ann').waitFor()
    await page.getByText('is refused (--access strict)').waitFor()
    const denied = page.getByRole('region', { name: 'Denied permissions' })
    await denied.getByRole('row', { name: 'PutItem us-east-1 1 refused' }).waitFor()
    await page
      .getByRole('region', { name: 'Findings' })
      .getByText('it allows Scan, which has no leading keys')
      .waitFor()
    const explain = async (key: string): Promise<void> => {
      await keyboard.type(page.getByLabel('Partition key (optional)'), key)
      await keyboard.press(page.getByRole('button', { name: 'Ask' }))
    }
    await keyboard.choose(page.getByRole('combobox', { name: /^Who/ }), 'bob')
    await keyboard.type(page.getByLabel('Table', { exact: true }), 'Notes')
    await explain('bob')
    await page.getByText('allows it').waitFor()
    await explain('eve')
    await page.getByText('may not', { exact: true }).waitFor()
    await page
      .getByText(/dynamodb:LeadingKeys/i)
      .first()
      .waitFor()
    expect(await page.locator('.copyable code').first().textContent()).toBe(
      'longitude access explain --as bob --in us-east-1 GetItem Notes eve',
    )
    for (const name of ['Denied permissions', 'Users and roles', 'Findings'])
      await keyboard.to(page.getByRole('region', { name, exact: true }))
    expect(await foundByAxe(page)).toEqual([])
  },
)
