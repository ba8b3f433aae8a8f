import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { effort } from '../testing/effort.ts'

const checkout = join(import.meta.dirname, '..', '..')
let tree: string
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'mmucheck-rules-'))
  symlinkSync(join(checkout, 'node_modules'), join(tree, 'node_modules'))
  for (const path of ['biome.json', '.ci/exported-functions.grit'])
    cpSync(join(checkout, path), join(tree, path))
})
afterEach(() => rmSync(tree, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true })
  writeFileSync(join(tree, path), text)
}

const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: tree, encoding: 'utf8' })
  return { status, said: stdout + stderr }
}
const lint = () => run(join(checkout, 'node_modules', '@biomejs', 'biome', 'bin', 'biome'), 'lint', '.')

const USES = (target: string) => `import { a } from '${target}'\n\nexport const b = a\n`
const A = 'export const a = 1\n'

describe('the rules on imports', () => {
  it('accept what goes down', () => {
    write('model/memory/zap/a.ts', A)
    write('model/machines/zap/a.ts', USES('../../memory/zap/a.ts'))
    write('model/machines/vcpu/b.ts', USES('../zap/a.ts'))
    write('properties/zap/c.ts', USES('../../model/memory/zap/a.ts'))
    write('explorer/search/testing/a.ts', A)
    write('explorer/search/testing/b.ts', USES('./a.ts'))
    expect(lint()).toMatchObject({ status: 0 })
  })

  const UPWARD = [
    ['a room above', 'model/machines/zap/b.ts', 'model/machines/shadow/a.ts', '../shadow/a.ts'],
    ['a room above, in memory', 'model/memory/shadow/b.ts', 'model/memory/fault/a.ts', '../fault/a.ts'],
    ['a floor above', 'model/memory/zap/b.ts', 'model/machines/zap/a.ts', '../../machines/zap/a.ts'],
    ['KVM in the language', 'model/language/b.ts', 'model/memory/a.ts', '../memory/a.ts'],
    ['designs in scenarios', 'model/scenarios/b.ts', 'model/designs/a.ts', '../designs/a.ts'],
    ['properties in the model', 'model/designs/b.ts', 'properties/a.ts', '../../properties/a.ts'],
    ['properties in what reads logs', 'model/trace/b.ts', 'properties/a.ts', '../../properties/a.ts'],
    ['designs in properties', 'properties/b.ts', 'model/designs/a.ts', '../model/designs/a.ts'],
    ['the explorer in counterexamples', 'counterexamples/b.ts', 'explorer/a.ts', '../explorer/a.ts'],
    ['KVM in counterexamples', 'counterexamples/b.ts', 'model/memory/a.ts', '../model/memory/a.ts'],
    ['KVM in the engine', 'explorer/search/b.ts', 'model/memory/a.ts', '../../model/memory/a.ts'],
    ['the command line in the engine', 'explorer/reduce/b.ts', 'explorer/cli/a.ts', '../cli/a.ts'],
    ['test helpers in the engine', 'explorer/search/b.ts', 'explorer/search/testing/a.ts', './testing/a.ts'],
    [
      'KVM in helpers of the engine',
      'explorer/search/testing/b.ts',
      'model/memory/a.ts',
      '../../../model/memory/a.ts',
    ],
  ] as const
  it.each(UPWARD.filter((_, n) => n % effort(5, 1) === 0))(
    'refuse %s',
    (_, importer, imported, specifier) => {
      write(imported, A)
      write(importer, USES(specifier))
      const { status, said } = lint()
      expect([status, said]).toEqual([1, expect.stringContaining('noRestrictedImports')])
    },
  )

  it('refuse a cycle between files, of types too', () => {
    write('model/memory/a.ts', "import type { B } from './b.ts'\n\nexport type A = B[]\n")
    write('model/memory/b.ts', "import type { A } from './a.ts'\n\nexport type B = A[]\n")
    const { status, said } = lint()
    expect([status, said]).toEqual([1, expect.stringContaining('noImportCycles')])
  })
})

describe('the rules on code', () => {
  const LATER = 'async function later(): Promise<void> {}\n\n'

  it.each([
    [
      'a promise that nothing waits for',
      `${LATER}export function f(): void {\n  later()\n}\n`,
      'noFloatingPromises',
    ],
    [
      'a promise as a condition',
      `${LATER}export const f = (): number => (later() ? 1 : 0)\n`,
      'noMisusedPromises',
    ],
    [
      'an exported function of an inferred type',
      'export function f() {\n  return 1\n}\n',
      'declares what it returns',
    ],
    [
      'an exported arrow function of an inferred type',
      'export const f = () => 1\n',
      'declares what it returns',
    ],
  ])('refuse %s', (_, code, rule) => {
    write('explorer/search/a.ts', code)
    const { status, said } = lint()
    expect([status, said]).toEqual([1, expect.stringContaining(rule)])
  })

  it('refuse the other spelling of a test', () => {
    write(
      'explorer/a.test.ts',
      "import { expect, test } from 'vitest'\n\ntest('is', () => expect(1).toBe(1))\n",
    )
    const { status, said } = lint()
    expect([status, said]).toEqual([1, expect.stringContaining('useConsistentTestIt')])
  })
})

describe('the indexes of the model', () => {
  const register = (...args: string[]) => run(join(tree, '.ci', 'registry.mjs'), ...args)
  const design = (name: string) =>
    `import type { Design } from '../design.ts'\n\nexport const ${name}: readonly Design<Kvm>[] = []\n`
  beforeEach(() => {
    cpSync(join(checkout, '.ci', 'registry.mjs'), join(tree, '.ci', 'registry.mjs'))
    for (const folder of ['scenarios', 'features', 'kernels']) write(`model/${folder}/none.ts`, A)
    for (const folder of ['properties', 'explorer', 'counterexamples']) write(`${folder}/none.ts`, A)
    // None of these is a separate finding.
    write(
      'explorer/uses.ts',
      "import { a } from '../model/scenarios/none.ts'\nimport { a as b } from '../model/features/none.ts'\nimport { a as c } from '../properties/none.ts'\nimport { a as d } from '../model/kernels/none.ts'\n\nexport const all = [a, b, c, d]\n",
    )
    write('model/designs/upstream.ts', 'export const upstream: Design<Kvm> = none\n')
    write('model/designs/zap/first.ts', design('firstDesigns'))
    expect(register().status).toBe(0)
  })

  it('are complete after registering', () => {
    expect(register('--check')).toEqual({ status: 0, said: '' })
  })

  it('name a file that was forgotten', () => {
    write('model/designs/roots/second.ts', design('secondDesigns'))
    const { status, said } = register('--check')
    expect(status).toBe(1)
    expect(said).toContain('model/designs/roots/second.ts: not registered in model/designs/index.ts')
    expect(register().status).toBe(0)
    expect(register('--check').status).toBe(0)
  })

  it('name a file in which nothing can be registered', () => {
    write('model/designs/roots/second.ts', 'const secondDesigns = []\n')
    expect(register('--check').said).toContain('model/designs/roots/second.ts exports nothing that')
  })

  it('are those of this checkout', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(checkout, '.ci', 'registry.mjs'), '--check'],
      {
        encoding: 'utf8',
      },
    )
    expect([status, stderr]).toEqual([0, ''])
  })
})
