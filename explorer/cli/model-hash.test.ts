import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { builtPrograms, SMALL } from './testing/built-programs.ts'

const root = join(import.meta.dirname, '..', '..')
const script: { modelHash(root: string): string } = await import(join(root, '.ci', 'model-hash.mjs'))

describe('the model hash', () => {
  let tree: string
  const write = (name: string, text: string): void => writeFileSync(join(tree, name), text)
  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), 'mmucheck-'))
    for (const folder of ['model/machines', 'properties', 'explorer'])
      mkdirSync(join(tree, folder), { recursive: true })
    write('model/machines/zap.ts', 'export const zap = 1\n')
    write('properties/a.ts', 'export const a = 1\n')
  })
  afterEach(() => rmSync(tree, { recursive: true }))

  it.each<[string, () => void]>([
    ['a machine', () => write('model/machines/zap.ts', 'export const zap = 2\n')],
    ['a property', () => write('properties/a.ts', 'export const a = 2\n')],
    ['a file that is added', () => write('model/b.ts', '')],
    ['a name', () => renameSync(join(tree, 'properties/a.ts'), join(tree, 'properties/b.ts'))],
    ['a file that goes elsewhere', () => renameSync(join(tree, 'properties/a.ts'), join(tree, 'model/a.ts'))],
  ])('changes with %s', (_, change) => {
    const before = script.modelHash(tree)
    change()
    expect(script.modelHash(tree)).not.toBe(before)
  })

  it('does not change with tests, the explorer, or how lines end', () => {
    const before = script.modelHash(tree)
    expect(before).toMatch(/^[0-9a-f]{16}$/)
    write('model/machines/zap.test.ts', 'test')
    write('explorer/search.ts', 'search')
    write('properties/a.ts', 'export const a = 1\r\n')
    expect(script.modelHash(tree)).toBe(before)
  })
})

describe('the built program', () => {
  const { folder, run } = builtPrograms()

  it('gives one hash in doctor, results, counterexamples and mails', () => {
    const { model } = JSON.parse(run(SMALL, ['doctor', '--json']).stdout)
    expect(model).toBe(script.modelHash(root))
    const { stdout } = run(SMALL, ['check', 'zap', '--design', 'D1', '--property', 'I-1', '--json'])
    expect(JSON.parse(stdout).modelHash).toBe(model)
    const file = join(folder(), 'out', readdirSync(join(folder(), 'out'))[0])
    expect(JSON.parse(readFileSync(file, 'utf8')).model).toBe(model)
    const mail = run(SMALL, ['show', file, '--as', 'mail']).stdout
    expect(mail).toContain(`- model ${model}, mmucheck `)
    expect(mail).not.toContain('names another model')
  })

  it('finds the same again by the command that a mail ends with', () => {
    run(SMALL, ['check', 'zap', '--design', 'D1', '--property', 'I-1'])
    const mail = run(SMALL, ['show', readdirSync(join(folder(), 'out'))[0], '--as', 'mail']).stdout
    const command = mail
      .slice(mail.indexOf('Reproduce: '))
      .replace('Reproduce: mmucheck ', '')
      .replace('\\\n', '')
    rmSync(join(folder(), 'out'), { recursive: true })
    const again = run(SMALL, command.trim().split(/\s+/))
    expect(again.status).toBe(1)
    expect(mail).toContain(readdirSync(join(folder(), 'out'))[0].replace('.json', ''))
  })
})
