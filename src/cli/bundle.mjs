/**
 * Makes one file of what a node loads when it starts: the command line, the commands that run a region's processes, and the
 * packages that they need at once. Looking up and linking some four hundred files takes longer than all else of a start.
 * What is seldom needed (other commands, fastify) stays beside it and is loaded when it is.
 */
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Native, or looking for files of their own. */
const besides = ['lmdb', 'fastify', 'pino', 'pino-pretty']
const bundledCommands = /\/commands\/run\/(node|worker)\.js$/

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
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    plugins: [keepApart(join(dist, 'cli'))],
  })
}

/**
 * Other commands are files as before; what they throw must be told from errors here, so they share the Failure. The two files that are imported where they
 * are needed bring a large package each: within the bundle, its import would be one of the bundle's own, and every node would load it.
 */
function keepApart(folder) {
  return {
    name: 'keep-apart',
    setup({ onResolve }) {
      onResolve({ filter: /\/failure\.js$/ }, () => ({ path: '../process/failure.js', external: true }))
      onResolve({ filter: /^\.\/(pino-pretty|certificate)\.js$/ }, ({ path, resolveDir, kind }) =>
        kind === 'dynamic-import' ? { path: relative(folder, join(resolveDir, path)), external: true } : undefined,
      )
      onResolve({ filter: /\/commands\/[\w/-]+\.js$/ }, ({ path, resolveDir }) => {
        if (!/\/cli(\/table)?$/.test(resolveDir) || bundledCommands.test(path)) return undefined
        return { path: path.replace(/^\.\.?\//, './'), external: true }
      })
    },
  }
}

/** What the package exports, with the module that has it. A bundle is read in a tenth of the time that its four hundred files take. */
const entrances = {
  testing: 'cluster',
  'testing-vitest': 'fixtures/vitest',
  'testing-jest': 'fixtures/jest',
  'testing-node-test': 'fixtures/node-test',
}

/** In `package/`: each entrance as an ES module, as CommonJS for runners that want that, and its types. */
async function bundlePackage(dist) {
  const outdir = join(dist, 'package')
  const entryPoints = Object.fromEntries(
    Object.entries(entrances).map(([name, module]) => [name, join(dist, 'testing', `${module}.js`)]),
  )
  const settings = { entryPoints, outdir, bundle: true, platform: 'node', target: 'node20', minifySyntax: true }
  const external = [...besides, 'vitest', 'yaml']
  const common = { ...settings, minifyWhitespace: true, external, logLevel: 'error' }
  await build({ ...common, format: 'esm', splitting: true, chunkNames: 'testing-[hash]' })
  // vitest itself is ES modules alone.
  const { 'testing-vitest': _, ...runners } = entryPoints
  const plugins = [shareCluster()]
  await build({ ...common, entryPoints: runners, format: 'cjs', outExtension: { '.js': '.cjs' }, plugins })
  for (const name of Object.keys(entrances))
    for (const extension of ['d.ts', 'd.cts'])
      writeFileSync(join(outdir, `${name}.${extension}`), typesOf(name, extension))
}

/** CommonJS has no common parts of bundles, so the fixtures take the cluster from its own. */
function shareCluster() {
  return {
    name: 'share-cluster',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.\/cluster\.js$/ }, () => ({ path: './testing.cjs', external: true }))
    },
  }
}

/** The text of cluster-api.ts is that of a declaration file. */
function typesOf(name, extension) {
  const api = readFileSync(new URL('../testing/cluster-api.ts', import.meta.url), 'utf8')
  if (name === 'testing') return `${api}\nexport declare const createCluster: CreateCluster\n`
  const from = extension === 'd.ts' ? './testing.js' : './testing.cjs'
  return `import type { UseCluster } from '${from}'\n\nexport declare const useCluster: UseCluster\n`
}

/** The console's page, for browsers: one script, one style, and what names them. */
async function bundleConsole(dist) {
  const from = new URL('../console/page/', import.meta.url)
  const outdir = join(dist, 'console', 'static')
  await build({
    entryPoints: ['main.tsx', 'console.css'].map((name) => ({
      in: fileURLToPath(new URL(name, from)),
      out: 'console',
    })),
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome120', 'firefox120', 'safari17'],
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'linked',
    logLevel: 'error',
  })
  for (const name of ['index.html', 'icon.svg']) copyFileSync(new URL(name, from), join(outdir, name))
}

/** Where version 0.1.0 had the program: units and scripts of hosts that are upgraded start it there. */
function keepOldPlace(dist) {
  mkdirSync(join(dist, 'node'), { recursive: true })
  writeFileSync(join(dist, 'node', 'cli.js'), "import '../cli/cli.js'\n")
}

await bundle(process.argv[2])
await bundlePackage(process.argv[2])
await bundleConsole(process.argv[2])
keepOldPlace(process.argv[2])
