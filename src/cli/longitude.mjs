#!/usr/bin/env node
/**
 * The program `longitude`, in a clone: makes it ready to run, which takes a few milliseconds when it is, and goes on with
 * the command line. Plain JavaScript, since it runs before there is anything else.
 */
import { fileURLToPath } from 'node:url'
import { prepare } from './prepare.mjs'

try {
  prepare({ root: fileURLToPath(new URL('../..', import.meta.url)), log: (line) => console.error(line) })
  await import('../../dist/cli/cli.js')
} catch (error) {
  const advice = error.code === 'EMFILE' ? '; raise the limit, as by "ulimit -n 4096"' : ''
  console.error(`longitude: ${error.message}${advice}`)
  process.exitCode = 1
}
