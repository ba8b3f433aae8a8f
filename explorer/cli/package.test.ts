import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ended, MAIN, PLAIN } from './testing/built-programs.ts'

/** The package, packed by npm and installed in another folder without anything else. */

const root = join(import.meta.dirname, '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'mmucheck-package-'))
const user = join(folder, 'user')
const example = join('node_modules', 'mmucheck', 'docs', 'examples', 'peterson.mjs')
let packed: string[] = []

function run(cwd: string, command: string, args: readonly string[]): Ended {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env: PLAIN })
  return { status, stdout, stderr }
}

/** A copy of the checkout with its build: packing removes other builds, which programs may be running. */
function copyOfTheCheckout(): string {
  const copy = join(folder, 'checkout')
  const { stdout } = run(root, 'git', ['ls-files', '--cached', '--others', '--exclude-standard'])
  for (const path of stdout.trim().split('\n')) cpSync(join(root, path), join(copy, path))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  cpSync(dirname(MAIN), join(copy, 'dist', basename(dirname(MAIN))), { recursive: true })
  return copy
}

beforeAll(() => {
  const checkout = copyOfTheCheckout()
  const made = run(checkout, 'npm', ['pack', '--json', '--pack-destination', folder])
  expect(made.status, made.stderr).toBe(0)
  const [{ filename, files }] = Object.values(JSON.parse(made.stdout)) as {
    filename: string
    files: { path: string }[]
  }[]
  packed = files.map(({ path }) => path)
  mkdirSync(user)
  writeFileSync(join(user, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n')
  const archive = join(folder, filename)
  const installed = run(user, 'npm', ['install', '--offline', '--no-audit', '--no-fund', archive])
  expect(installed.status, installed.stderr).toBe(0)
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the package', () => {
  it('has what users run and import, and neither tests nor tools', () => {
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      exports: Record<string, string | { readonly types: string; readonly default: string }>
    }
    const named = Object.values(exports).flatMap((e) => (typeof e === 'string' ? [e] : [e.types, e.default]))
    expect(packed).toEqual(expect.arrayContaining(named.map((path) => path.replace('./', ''))))
    expect(
      packed.filter((path) => /\.test\.|\/tools\/|\/(bench|oracles|stress|testing)\//.test(path)),
    ).toEqual([])
  })

  it('runs the example of the engine without KVM, with the verdicts that Peterson must have', () => {
    cpSync(join(user, example), join(user, 'peterson.mjs'))
    const { status, stdout, stderr } = run(user, process.execPath, ['peterson.mjs'])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^peterson: holds, 26 states\nyields-first: violated, 50 states\n/)
    expect(stdout).toContain('<--- BUG: mutual-exclusion')
  })

  it('has types', () => {
    const source = `
      import { breadthFirst, type SearchResult } from 'mmucheck'
      import { violationText } from 'mmucheck/counterexamples'
      import { designs, scenarios } from 'mmucheck/kvm'
      import { compose, one, type Property, program, range, step, struct, type View } from 'mmucheck/language'
      import { properties } from 'mmucheck/properties'
      const world = struct({ x: range(0, 2) })
      const counts = program<View<typeof world>>('counter', 'counts', [
        step('count', {}, { when: (w) => w.x < 2, does: (w) => { w.x = w.x + 1 }, to: 'count' }),
      ])
      const system = compose({ name: 'counting', world, threads: [one(counts)], initial: [() => {}] })
      const below: Property<View<typeof world>> = {
        kind: 'invariant', id: 'below', title: 'below 2', holds: (w) => w.x < 2,
      }
      const found: SearchResult = breadthFirst(system, [below])
      export const text: string = violationText(system, below, found.properties[0])
      export const sizes: number[] = [designs.length, scenarios.length, properties.length]
      // @ts-expect-error a scenario has no such member, which an untyped one would
      export const none = scenarios[0].nothing
    `
    writeFileSync(join(user, 'typed.ts'), source)
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const options = '--noEmit --module nodenext --target es2022 --strict --skipLibCheck --types'.split(' ')
    const example = join('node_modules', 'mmucheck', 'docs', 'examples', 'init', 'my-change.ts')
    cpSync(join(user, example), join(user, 'my-change.ts'))
    const { status, stdout } = run(user, process.execPath, [tsc, ...options, '', 'typed.ts', 'my-change.ts'])
    expect([status, stdout]).toEqual([0, ''])
  })

  it('has a command line that needs nothing else', () => {
    const { status, stdout } = run(user, join(user, 'node_modules', '.bin', 'mmucheck'), [
      'check',
      'roots-zap-one',
    ])
    expect([status, stdout.trimEnd().split('\n').at(-1)]).toEqual([
      0,
      expect.stringMatching(/^mmucheck: 0 violated/),
    ])
  })

  it('checks a design in a folder that is no package, as it writes one', () => {
    const alone = join(folder, 'alone')
    const binary = join(user, 'node_modules', '.bin', 'mmucheck')
    expect(run(folder, binary, ['init', alone, '--github', '--gitlab']).status).toBe(0)
    const { status, stdout } = run(alone, binary, ['gate', '--design', 'my-change.ts'])
    expect([status, stdout.trimEnd().split('\n').at(-1)]).toEqual([
      0,
      'mmucheck: gate passes: 1 new; 0 of 1 cells as recorded',
    ])
  })

  it('has the baselines, and a gate that compares with them', () => {
    const binary = join(user, 'node_modules', '.bin', 'mmucheck')
    const { status, stdout } = run(user, binary, [
      'gate',
      '--no-cache',
      '--only',
      'upstream in roots-zap-one',
    ])
    expect([status, stdout]).toEqual([0, 'mmucheck: gate passes: 2 cells as recorded\n'])
  })
})
