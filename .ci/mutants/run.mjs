// npm run mutants [TARGET...]: changes the engine in small ways, one at a time, and reports which changes no test
// notices. Results are kept per target in out/mutants/, and what they still say is not run again: an interrupted
// run continues with the target it was at. Exit status 3 when fewer than 90 of 100 are noticed in some target.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TARGETS } from './targets.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(dirname(here))
const results = join(root, 'out', 'mutants')

/** Share of mutants that the tests of a target must notice. */
const ENOUGH = 0.9

function fail(status, message) {
  console.error(`mutants: ${message}`)
  process.exit(status)
}

const named = process.argv.slice(2)
for (const name of named)
  if (!(name in TARGETS)) fail(2, `no target is called ${name}; there are ${Object.keys(TARGETS).join(', ')}`)
const names = named.length > 0 ? named : Object.keys(TARGETS)

// Installed here and not with the program, which needs none of it.
const installed = join(here, 'node_modules', '.package-lock.json')
if (
  !existsSync(installed) ||
  statSync(installed).mtimeMs < statSync(join(here, 'package-lock.json')).mtimeMs
) {
  console.error('mutants: installing Stryker (once)')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: here,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status !== 0) fail(2, 'npm ci failed')
}
const { Stryker } = await import('@stryker-mutator/core')
mkdirSync(results, { recursive: true })
process.chdir(root)

const table = []
const survivors = []
for (const name of names) {
  const { mutate, tests } = TARGETS[name]
  process.env.MUTANTS_TESTS = tests.join(',')
  const mutants = await new Stryker({
    mutate,
    plugins: [join(here, 'node_modules', '@stryker-mutator', 'vitest-runner', 'dist', 'src', 'index.js')],
    testRunner: 'vitest',
    vitest: { configFile: join(here, 'vitest.config.ts'), related: false },
    coverageAnalysis: 'perTest',
    concurrency: 1,
    incremental: true,
    incrementalFile: join(results, `${name}.json`),
    tempDirName: join('out', 'mutants', 'tmp'),
    ignorePatterns: ['/dist', '/out', '/.ci'],
    reporters: ['progress-append-only'],
    timeoutMS: 4000,
    timeoutFactor: 1.5,
    checkers: [],
    tsconfigFile: 'none',
    allowEmpty: false,
  }).runMutationTest()
  const counted = mutants.filter(({ status }) => status !== 'Ignored')
  const missed = counted.filter(({ status }) => status !== 'Killed' && status !== 'Timeout')
  survivors.push(...missed)
  table.push({ name, mutants: counted.length, noticed: counted.length - missed.length })
}

for (const { fileName, location, status, mutatorName, replacement } of survivors) {
  const { line, column } = location.start
  const old = readFileSync(fileName, 'utf8').split('\n')[line - 1].trim()
  console.log(`${fileName}:${line}:${column} ${status} ${mutatorName}`)
  console.log(`  - ${old}\n  + ${replacement.split('\n').join(' ')}`)
}
console.log()
for (const { name, mutants, noticed } of table)
  console.log(
    `${name.padEnd(24)} ${noticed} of ${mutants} noticed, ${((100 * noticed) / mutants).toFixed(1)} %`,
  )
process.exit(table.some(({ mutants, noticed }) => noticed < ENOUGH * mutants) ? 3 : 0)
