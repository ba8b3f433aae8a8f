import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { builtPrograms, MAIN } from './tiny/built.ts'

describe('a counter that the kernel asserts', () => {
  const { run, folder } = builtPrograms()
  const check = (patch: object, scenario: string, property: string) => {
    const design = join(folder(), 'mine.json')
    writeFileSync(
      design,
      JSON.stringify({ id: 'mine', title: 'mine', scenarios: [scenario], patches: [patch] }),
    )
    return run(MAIN, ['check', '--design', design, '--property', property, '--json'])
  }
  const broken: [string, object, string, string][] = [
    [
      'the end of an invalidation that never began',
      { op: 'drop', name: 'NE.1 test', in: 'notifier' },
      'slot-delete-flush-debt',
      'invalidation-ends-only-after-it-began',
    ],
    [
      'the release of an mmu_lock that is free',
      { op: 'drop', name: 'NE.1 lock', in: 'notifier' },
      'fault-notifier',
      'mmu-lock-is-released-only-while-held',
    ],
  ]
  it.each(broken)('is a violation with a trace: %s', (_, patch, scenario, id) => {
    const { status, stdout, stderr } = check(patch, scenario, id)
    expect([status, stderr]).toEqual([1, ''])
    const [{ properties, modelError }] = JSON.parse(stdout).checks
    expect(modelError).toBeNull()
    const found = properties.find((p: { id: string }) => p.id === id)
    expect(found).toMatchObject({ id, kind: 'fault', verdict: 'violated' })
    expect(existsSync(join(folder(), found.counterexample.file))).toBe(true)
    expect(run(MAIN, ['show', found.counterexample.file, '--design', 'mine.json']).stdout).toContain(id)
  })

  it('is reported within 80 columns, and without what it keeps from being known of faults not asked for', () => {
    const args = ['slot-delete-flush-debt', '--design', 'invalidation-always-ended']
    const { status, stdout } = run(MAIN, ['check', ...args])
    expect(status).toBe(1)
    const lines = stdout.split('\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines).toContain('    known up to invalidation-ends-only-after-it-began only')
    expect(lines).not.toContain('  not asked for:')
  })
})
