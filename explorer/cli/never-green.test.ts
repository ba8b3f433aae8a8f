import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { resultSchema } from './report/result-json.ts'
import { builtPrograms, MAIN } from './testing/built-programs.ts'

/** Models of KVM that once were reported as "1 hold", exit 0, though nothing was judged or no thread could move. */

const { folder, run } = builtPrograms()

/** `check` of a design file with one patch in roots-zap-one, with one property asked for. */
function checkWithout(step: string, ...args: string[]) {
  const file = join(folder(), `without-${step.toLowerCase().replace('.', '-')}.json`)
  const id = `without-${step.toLowerCase().replace('.', '-')}`
  const design = { id, title: id, scenarios: ['roots-zap-one'], patches: [{ op: 'drop', name: step }] }
  writeFileSync(file, JSON.stringify(design))
  return run(MAIN, ['check', '--design', file, '--property', 'no-stale-root-used', ...args])
}

const lines = (stdout: string): string[] => stdout.trimEnd().split('\n')

describe('a root that is never marked', () => {
  it('leaves no-stale-root-used without anything to judge: vacuous, and 4', () => {
    const { status, stdout } = checkWithout('ZAP.8')
    expect(status).toBe(4)
    expect(lines(stdout)).toContain('  no-stale-root-used  vacuous')
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'Its antecedent is true in no reachable state: A vCPU in the guest on an obsolete root has',
    )
    expect(lines(stdout).at(-1)).toBe('mmucheck: 0 violated, 0 hold, 0 inconclusive, 1 vacuous')
  })

  it('is let pass with --allow-vacuous only, which says so', () => {
    const { status, stdout } = checkWithout('ZAP.8', '--allow-vacuous', '--quiet')
    expect(status).toBe(0)
    expect(lines(stdout)).toEqual([
      'mmucheck: 0 violated, 0 hold, 0 inconclusive, 1 vacuous (--allow-vacuous)',
    ])
    expect(checkWithout('ZAP.8', '--allow-incomplete').status).toBe(4)
  })
})

describe('an mmu_lock that is never dropped', () => {
  it('is a deadlock, with a counterexample and 1, whatever property was asked for', () => {
    const { status, stdout } = checkWithout('ZAP.unlock', '--json')
    expect(status).toBe(1)
    const { verdict, checks } = resultSchema.parse(JSON.parse(stdout))
    expect([verdict, checks[0].deadlocks]).toEqual(['violated', 201])
    const [first, ...others] = checks[0].properties
    expect(first).toMatchObject({ id: 'no-stale-root-used', asked: true, verdict: 'holds' })
    expect(others.every((p) => !p.asked)).toBe(true)
    expect(
      others.filter((p) => !['holds', 'not-applicable'].includes(p.verdict)).map((p) => [p.id, p.verdict]),
    ).toEqual([['no-deadlock', 'violated']])
    const file = others.find((p) => p.id === 'no-deadlock')?.counterexample?.file ?? ''
    const design = join(folder(), 'without-zap-unlock.json')
    expect(run(MAIN, ['replay', file, '--design', design]).status).toBe(0)
  })
})

describe('a witness of the KVM model', () => {
  it('that a design cannot reach is NOT REACHED, and no violation', () => {
    const cell = ['slot-delete-fault', '--design', 'invalid-phase-dropped']
    const { status, stdout } = run(MAIN, ['check', ...cell, '--property', 'fault-finds-an-invalid-slot'])
    expect(status).toBe(4)
    expect(lines(stdout)).toContain('  fault-finds-an-invalid-slot  NOT REACHED')
    expect(lines(stdout).at(-1)).toBe('mmucheck: 0 violated, 0 hold, 0 inconclusive, 1 not reached')
  })

  it('that a sample reaches is reached: a sample never says "holds"', () => {
    const seen = ['--property', 'guest-enters-on-a-root-being-zapped']
    const { stdout } = run(MAIN, ['check', 'roots-zap-one', '--search', 'random', ...seen])
    expect(stdout).toMatch(/guest-enters-on-a-root-being-zapped {2}reached {7}seen in /)
    expect(stdout).not.toContain('holds')
    expect(lines(stdout).at(-1)).toBe(
      'mmucheck: 0 violated, 0 hold, 0 inconclusive, 1 reached; 1 of 1 searches incomplete',
    )
  })
})
