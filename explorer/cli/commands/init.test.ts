import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { catalogue } from '../kvm-catalogue.ts'
import { packageInfo } from '../package-info.ts'
import { type Ran, runOn, runSmall } from '../testing/run-small.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-init-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const init = (...args: string[]): Promise<Ran> => runOn(catalogue, ['init', join(folder, 'mine'), ...args])
const has = (name: string): boolean => existsSync(join(folder, 'mine', name))

it('writes a design and its test, and nothing that was not asked for', async () => {
  const { status, out } = await init()
  expect(status).toBe(0)
  expect(out.at(-1)).toBe(`next: mmucheck check --design ${join(folder, 'mine', 'my-change.ts')}`)
  for (const name of ['my-change.ts', 'my-change.test.ts', 'package.json']) expect(has(name)).toBe(true)
  for (const name of ['.github', '.gitlab-ci.yml']) expect(has(name)).toBe(false)
})

it('writes workflows whose commands and options exist', async () => {
  await init('--github', '--gitlab')
  for (const name of ['.github/workflows/mmucheck.yml', '.gitlab-ci.yml']) {
    const text = readFileSync(join(folder, 'mine', name), 'utf8')
    const [, command, rest] = /npx mmucheck (\S+) ([^>\n]*)/.exec(text) ?? []
    const { out } = await runSmall([command, '--help'])
    for (const option of rest.match(/--[a-z]+/g) ?? []) expect(out.join('\n')).toContain(option)
    expect(text).not.toContain('\t')
  }
})

it('overwrites nothing, and keeps a package.json', async () => {
  await init()
  const path = join(folder, 'mine', 'my-change.ts')
  writeFileSync(path, 'mine')
  const again = await init('--gitlab')
  expect([again.status, again.err[0]]).toEqual([
    2,
    expect.stringMatching(/my-change\.ts exists; choose another/),
  ])
  expect([readFileSync(path, 'utf8'), has('.gitlab-ci.yml')]).toEqual(['mine', false])
  rmSync(path)
  rmSync(join(folder, 'mine', 'my-change.test.ts'))
  writeFileSync(join(folder, 'mine', 'package.json'), '{}')
  expect((await init()).status).toBe(0)
  expect(readFileSync(join(folder, 'mine', 'package.json'), 'utf8')).toBe('{}')
})

it('is no command of a catalogue without an example', async () => {
  expect((await runSmall(['init', join(folder, 'mine')])).status).toBe(2)
})

it('the workflow of this repository tests each version of Node that the package supports', () => {
  const text = readFileSync(join(packageInfo().root, '.github/workflows/ci.yml'), 'utf8')
  expect(text).toContain('node: [20, 22, 24]')
  for (const [, script] of text.matchAll(/npm (?:run )?(typecheck|lint|test)$/gm))
    expect(JSON.parse(readFileSync(join(packageInfo().root, 'package.json'), 'utf8')).scripts).toHaveProperty(
      script,
    )
})
