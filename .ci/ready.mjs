// Makes a checkout ready to run: installs what is missing, builds what is out of date. Plain JavaScript on purpose:
// it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, buildFolder, isWhole, removeOthers } from './build.mjs'
import { Failure } from './failure.mjs'
import { locked } from './lock.mjs'
import { sourceHash } from './source-hash.mjs'

const checkout = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Installs and builds what has to be, and says so on standard error.
 * @returns the folder of the build that belongs to the present sources.
 * @throws Failure when there is none.
 */
export async function ready(root = checkout) {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 20) throw new Failure(`needs Node 20 or newer, this is ${process.version}`, 70)
  const hash = sourceHash(root)
  const folder = buildFolder(root, hash)
  if (isInstalled(root) && isWhole(folder, hash)) return folder
  // What installs and builds asks for more than the program does.
  if (major === 20 && minor < 19) {
    throw new Failure(`building needs Node 20.19 or newer, this is ${process.version}`, 70)
  }
  const dist = join(root, 'dist')
  mkdirSync(dist, { recursive: true })
  return locked(dist, async () => {
    if (!isInstalled(root)) install(root)
    return build(root)
  })
}

/** Prints why something is not ready. @returns the exit status. */
export function report(error) {
  const { details = '', status = 70 } = error instanceof Failure ? error : {}
  process.stderr.write(details)
  const what = error instanceof Failure ? error.message : `cannot be made ready: ${error.stack ?? error}`
  process.stderr.write(`mmucheck: ${what}\n`)
  return status
}

/** True when the installed packages are those of the lock file. Those for other systems need not be there. */
function isInstalled(root) {
  const wanted = packagesIn(join(root, 'package-lock.json'))
  const present = packagesIn(join(root, 'node_modules', '.package-lock.json'))
  return Object.entries(wanted ?? {}).every(([path, { version, integrity, optional }]) => {
    const found = present?.[path]
    if (path === '' || (found === undefined && optional === true)) return present !== null
    return found !== undefined && found.version === version && found.integrity === integrity
  })
}

function packagesIn(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? null
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null
    throw error
  }
}

function install(root) {
  process.stderr.write('mmucheck: installing dependencies (once)\n')
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts']
  const shell = process.platform === 'win32'
  const { status, signal, stdout, stderr, error } = spawnSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    shell,
  })
  if (status === 0) return
  const how = error?.message ?? signal ?? `status ${status}`
  throw new Failure(`npm ci failed (${how}); nothing was built`, 70, `${stdout ?? ''}${stderr ?? ''}`)
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  // Without a result the process must not end as if all were well.
  process.exitCode = 70
  // `--only` is for packing: a package holds one build, and what programs import.
  const only = process.argv[2] === '--only'
  const prepared = ready().then(async (folder) => {
    if (!only) return 0
    removeOthers(folder, 0)
    const { buildLibrary } = await import('./library.mjs')
    await buildLibrary(checkout)
    return 0
  })
  process.exitCode = await prepared.catch(report)
}
