import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { scenarios } from '../../model/scenarios/index.ts'
import { assertedCounters } from '../../properties/primitives/asserted-counters.ts'
import { builtPrograms, MAIN } from './testing/built-programs.ts'

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
    expect(lines).toContain('    judged up to the oops invalidation-ends-only-after-it-began')
    expect(lines).not.toContain('  not asked for:')
  })

  const asserted: [string, string][] = scenarios.flatMap((s) =>
    s.deep === true
      ? []
      : s.properties
          .filter((id) => assertedCounters.some((p) => p.id === id && p.raisedIn !== undefined))
          .map((id): [string, string] => [s.id, id]),
  )
  const first = asserted.filter(([, id], n) => asserted.findIndex((a) => a[1] === id) === n)
  it.each(first)('is judged where a scenario lists it: %s, %s', (scenario, property) => {
    const { status, stdout } = run(MAIN, ['check', scenario, '--property', property])
    expect([status, stdout.split('\n').at(-2)]).toEqual([0, 'mmucheck: 0 violated, 1 hold, 0 inconclusive'])
  })

  it('is vacuous where no step can go wrong', () => {
    const id = 'invalidation-ends-only-after-it-began'
    const { status, stdout } = run(MAIN, ['check', 'role-cache', '--property', id, '--json'])
    expect(status).toBe(4)
    const [{ properties }] = JSON.parse(stdout).checks
    expect(properties.find((p: { id: string }) => p.id === id)).toMatchObject({
      verdict: 'vacuous',
      antecedent: 0,
      reason: expect.stringContaining('kvm_mmu_invalidate_end()'),
    })
    // What was not asked for costs nothing.
    const other = run(MAIN, ['check', 'role-cache', '--property', 'cached-root-is-found', '--json'])
    expect(other.status).toBe(0)
    const unasked = JSON.parse(other.stdout).checks[0].properties.find((p: { id: string }) => p.id === id)
    expect(unasked).toMatchObject({ asked: false, verdict: 'not-applicable' })
  })
})
