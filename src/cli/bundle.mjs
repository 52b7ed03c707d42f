/**
 * Makes one file of what a node loads when it starts: the command line, the commands that run a region's processes, and the
 * packages that they need at once. Looking up and linking some four hundred files takes longer than all else of a start.
 * What is seldom needed (other commands, fastify) stays beside it and is loaded when it is.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

/** Native, or looking for files of their own. */
const besides = ['lmdb', 'fastify', 'pino', 'pino-pretty']
const bundledCommands = /\/commands\/(node|worker)\.js$/

/** `node bundle.mjs FOLDER`: in the folder of a build, `cli/cli.js` is replaced by the bundle; as compiled it is `cli/cli-parts.js`. */
async function bundle(dist) {
  const program = join(dist, 'cli', 'cli.js')
  const parts = join(dist, 'cli', 'cli-parts.js')
  renameSync(program, parts)
  await build({
    entryPoints: [parts],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'linked',
    external: besides,
    logLevel: 'error',
    // Packages that are CommonJS ask for Node's own modules.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    plugins: [keepApart()],
  })
}

/** Other commands are files as before; what they throw must be told from errors here, so they share the Failure. */
function keepApart() {
  return {
    name: 'keep-apart',
    setup({ onResolve }) {
      onResolve({ filter: /\/failure\.js$/ }, () => ({ path: '../process/failure.js', external: true }))
      onResolve({ filter: /^\.\/commands\/[\w-]+\.js$/ }, ({ path, resolveDir }) =>
        !resolveDir.endsWith('/cli') || bundledCommands.test(path) ? undefined : { path, external: true },
      )
    },
  }
}

/** Where version 0.1.0 had the program: units and scripts of hosts that are upgraded start it there. */
function keepOldPlace(dist) {
  mkdirSync(join(dist, 'node'), { recursive: true })
  writeFileSync(join(dist, 'node', 'cli.js'), "import '../cli/cli.js'\n")
}

await bundle(process.argv[2])
keepOldPlace(process.argv[2])
