// Makes a fresh clone ready to run: installs what is missing, builds what is out of date. Plain
// JavaScript on purpose: it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeModelHash } from './model-hash.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const major = Number(process.versions.node.split('.')[0])
if (major < 20) {
  console.error(`mmucheck: needs Node 20 or newer, this is ${process.version}`)
  process.exit(2)
}

/** Runs one command quietly; its output is shown only when it fails. */
function run(what, command, args) {
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' })
  if (done.status !== 0) {
    process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}`)
    console.error(`mmucheck: ${what} failed`)
    process.exit(2)
  }
}

/** The newest modification time (ms) of the TypeScript sources below a folder. */
function newest(folder) {
  let time = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) time = Math.max(time, newest(path))
    else if (/\.(ts|json)$/.test(entry.name)) time = Math.max(time, statSync(path).mtimeMs)
  }
  return time
}

const installed = join(root, 'node_modules', '.package-lock.json')
if (
  !existsSync(installed) ||
  statSync(installed).mtimeMs < statSync(join(root, 'package-lock.json')).mtimeMs
) {
  console.error('mmucheck: installing dependencies (once)')
  run('npm ci', 'npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'])
}

const stamp = join(root, 'dist', 'explorer', 'cli', 'main.js')
const sources = ['model', 'properties', 'explorer', 'counterexamples'].map((name) => newest(join(root, name)))
if (!existsSync(stamp) || statSync(stamp).mtimeMs < Math.max(...sources)) {
  run('the build', process.execPath, [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    'tsconfig.build.json',
  ])
  writeModelHash(root)
}
