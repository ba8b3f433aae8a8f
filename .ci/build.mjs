// Builds the program: `dist/HASH`, named after the hash of the sources. A build is made aside and renamed when it is
// whole, and never changed again: one that was killed or has type errors leaves nothing that could run, two at a time
// do not disturb each other, and a program that runs keeps its files whatever happens to the sources.
import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Failure } from './failure.mjs'
import { isAlive, LOCK } from './lock.mjs'
import { modelHash } from './model-hash.mjs'
import { GRAPH, moduleGraph } from './module-graph.mjs'
import { pagePlugin } from './page.mjs'
import { ASSETS, PRODUCT, TOOLS } from './programs.mjs'
import { sourceHash } from './source-hash.mjs'

/** Says which sources a build was made of and which files belong to it; written last. */
const STAMP = 'stamp.json'

/** Builds that are kept besides a new one, for programs that still run. */
const KEPT = 3

/** The program that prints what commands need of all threads, and the file that keeps it. */
const INDEX = 'machine-index'

const sizeOf = (path) => statSync(path).size

/** How often a build begins anew because the sources changed meanwhile. */
const ATTEMPTS = 3

/** The folder of the build of these sources, whether it exists or not. */
export const buildFolder = (root, hash) => join(root, 'dist', hash)

/** True when the folder holds a whole build of the sources with this hash. */
export function isWhole(folder, hash) {
  try {
    const { sources, files } = JSON.parse(readFileSync(join(folder, STAMP), 'utf8'))
    return (
      sources === hash && Object.entries(files).every(([name, size]) => sizeOf(join(folder, name)) === size)
    )
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return false
    throw error
  }
}

/**
 * Checks the types and bundles the program, unless it is built already.
 * @returns the folder of the build.
 * @throws Failure when there are type errors, or the build could not be made.
 */
export async function build(root) {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const hash = sourceHash(root)
    const folder = buildFolder(root, hash)
    if (isWhole(folder, hash)) return folder
    mkdirSync(dirname(folder), { recursive: true })
    const aside = join(dirname(folder), `.${process.pid}-${randomUUID()}`)
    mkdirSync(aside)
    try {
      const [types, bundled] = await Promise.allSettled([checkTypes(root), bundle(root, aside)])
      for (const { status, reason } of [types, bundled]) if (status === 'rejected') throw reason
      for (const place of [aside, join(aside, 'tools')])
        writeFileSync(join(place, 'model-hash'), `${modelHash(root)}\n`)
      // What was read meanwhile must be what the hash stands for.
      if (sourceHash(root) !== hash) continue
      writeStamp(aside, hash)
      land(aside, folder, hash)
    } finally {
      rmSync(aside, { recursive: true, force: true })
    }
    removeOthers(folder)
    return folder
  }
  throw new Failure('the sources change while they are built; try again', 70)
}

/** Runs the type checker. @throws Failure with what it found. */
function checkTypes(root) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [tsc, '--noEmit', '-p', 'tsconfig.build.json'], { cwd: root })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        said += text
      })
    }
    child.on('error', (error) => reject(new Failure(`cannot start the type checker: ${error.message}`, 70)))
    child.on('close', (status, signal) => {
      if (status === 0) resolve()
      else if (/error TS\d+/.test(said)) {
        reject(new Failure('the sources have type errors; nothing was built, and nothing runs', 2, said))
      } else {
        const how = signal === null ? `status ${status}` : signal
        reject(new Failure(`the type checker ended with ${how}; nothing was built`, 70, said))
      }
    })
  })
}

async function bundle(root, into) {
  const { minifySync } = await loadBundler('rolldown/utils')
  const { plugin, input, graph } = moduleGraph(root, minifySync)
  await bundleInto(root, into, { ...PRODUCT, ...input }, { tools: TOOLS }, ASSETS, [plugin])
  writeFileSync(join(into, GRAPH), `${JSON.stringify(graph())}\n`)
  if (Object.hasOwn(PRODUCT, INDEX)) writeFileSync(join(into, `${INDEX}.json`), await printedBy(into, INDEX))
}

/** Runs a built program. @returns what it prints. @throws Failure when it fails. */
function printedBy(folder, program) {
  return new Promise((resolve, reject) => {
    const options = { encoding: 'utf8', maxBuffer: 1 << 28 }
    execFile(process.execPath, [join(folder, `${program}.mjs`)], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Failure(`${program} cannot be run; nothing was built`, 2, stderr))
    })
  })
}

/**
 * Bundles entry files into a folder, and further ones into folders in it, with the licences of what was bundled.
 * @param entries names of the built files and their sources; `below` has the same by folder.
 * @param assets files below node_modules that are copied into the folder.
 * @param plugins of the bundler, for the entry files only.
 * @throws Failure when the sources cannot be bundled.
 */
export async function bundleInto(root, into, entries, below = {}, assets = [], plugins = []) {
  const { rolldown } = await loadBundler()
  const licences = new Map()
  const noteAll = (files) => {
    for (const file of files) noteLicence(licences, file)
  }
  const write = async (input, dir, plugins = []) => {
    const bundle = await rolldown({
      cwd: root,
      input,
      platform: 'node',
      tsconfig: false,
      transform: { target: 'node20' },
      // The text of a step's code stays as it was written.
      optimization: { inlineConst: false },
      plugins: [pagePlugin(noteAll), ...plugins],
      logLevel: 'silent',
    })
    const { output } = await bundle.write({
      dir,
      format: 'esm',
      sourcemap: true,
      sourcemapExcludeSources: true,
      minify: false,
      entryFileNames: '[name].mjs',
      chunkFileNames: '[name]-[hash].mjs',
    })
    await bundle.close()
    for (const { moduleIds = [] } of output) noteAll(moduleIds)
  }
  try {
    const folders = Object.entries(below).map(([name, input]) => write(input, join(into, name)))
    await Promise.all([write(entries, into, plugins), ...folders])
    for (const asset of assets) {
      const file = join(root, 'node_modules', asset)
      copyFileSync(file, join(into, basename(asset)))
      noteLicence(licences, file)
    }
  } catch (error) {
    throw new Failure('the sources cannot be bundled; nothing was built', 2, `${error.message}\n`)
  }
  const texts = [...licences].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => `${name}\n\n${text}`)
  writeFileSync(join(into, 'third-party-licences.txt'), texts.join(`\n${'-'.repeat(80)}\n\n`))
}

async function loadBundler(name = 'rolldown') {
  try {
    return await import(name)
  } catch (error) {
    const { version } = process
    throw new Failure(
      `the bundler does not load on Node ${version}; building needs Node 20.19 or newer`,
      70,
      `${error.message}\n`,
    )
  }
}

/** Notes the licence of the package that a bundled file belongs to: its terms ask for that. */
function noteLicence(licences, file) {
  const found = /^.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file.replace(/^\0/, ''))
  if (found === null || licences.has(found[1])) return
  const [folder, name] = found
  const licence = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  licences.set(name, licence === undefined ? '' : readFileSync(join(folder, licence), 'utf8'))
}

function writeStamp(folder, hash) {
  const names = readdirSync(folder, { recursive: true }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  )
  const files = Object.fromEntries(names.map((name) => [name, sizeOf(join(folder, name))]))
  writeFileSync(join(folder, STAMP), `${JSON.stringify({ sources: hash, files }, null, 1)}\n`)
}

/** Puts a whole build in its place. Another process may have put the same there meanwhile. */
function land(aside, folder, hash) {
  // What is there and not whole was damaged after it was built; it goes away with what other builds left.
  if (existsSync(folder) && !isWhole(folder, hash)) renameSync(folder, `${aside}-damaged`)
  try {
    renameSync(aside, folder)
  } catch (error) {
    if (!isWhole(folder, hash)) throw error
  }
}

/** Removes what earlier builds left, except as many as are kept for programs that still run from them. */
export function removeOthers(folder, most = KEPT) {
  const dist = dirname(folder)
  const others = readdirSync(dist).filter((name) => name !== basename(folder) && !isBeingMade(name))
  const age = (name) => statSync(join(dist, name, STAMP), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const builds = others.filter((name) => /^[0-9a-f]{16}$/.test(name) && age(name) > 0)
  const kept = builds.sort((a, b) => age(b) - age(a)).slice(0, most)
  for (const name of others)
    if (!kept.includes(name)) rmSync(join(dist, name), { recursive: true, force: true })
}

/** True for what a process that still runs keeps in `dist`: a build that it makes, or its lock. */
function isBeingMade(name) {
  if (name === LOCK) return true
  const pid = Number(/^\.(?:lock-)?(\d+)/.exec(name)?.[1])
  return pid > 0 && pid !== process.pid && isAlive(pid)
}
