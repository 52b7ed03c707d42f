#!/usr/bin/env node
/**
 * The program `longitude`. In a clone it makes ready what is to run, which takes a few milliseconds when it is ready; a package has been
 * built. Then it goes on with the command line. Plain JavaScript, since it runs before there is anything else.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { checkNode, prepare } from './prepare.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const isPackage = !existsSync(new URL('cli.ts', import.meta.url))

try {
  if (isPackage) checkNode()
  else prepare({ root, log: (line) => console.error(line) })
  await import('../../dist/cli/cli.js')
} catch (error) {
  const advice = error.code === 'EMFILE' ? '; raise the limit, as by "ulimit -n 4096"' : ''
  console.error(`longitude: ${error.message}${advice}`)
  process.exitCode = 1
}
