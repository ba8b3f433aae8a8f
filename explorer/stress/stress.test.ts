import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { SymmetricSet } from '../reduce/symmetry/symmetric-set.ts'
import { effort } from '../testing/effort.ts'
import { buildSystem } from './build-system.ts'
import { checkPlan } from './naive-checker.ts'
import { randomPlan } from './random-plan.ts'
import { cases, checkSystem, type Naive, newSystemTally } from './systems.ts'

/** Most random systems that a fault in a checker may go unnoticed. */
const SOON = 60

/** What a run over random systems with some naive checker says, or null when everything agrees. */
async function runWith(naive: Naive, numRuns: number, seed = 8): Promise<string | null> {
  const tally = newSystemTally()
  const property = fc.asyncProperty(cases, (c) => checkSystem(c, tally, naive))
  const { failed, errorInstance } = await fc.check(property, { numRuns, seed, endOnFailure: true })
  return failed ? String((errorInstance as Error).message) : null
}

/** The naive checker with something wrong in what it says. */
const wrongly =
  (change: (truth: NonNullable<ReturnType<Naive>>) => Partial<NonNullable<ReturnType<Naive>>>): Naive =>
  (plan, most) => {
    const truth = checkPlan(plan, most)
    return truth === null ? null : { ...truth, ...change(truth) }
  }

describe('the stress test', () => {
  it('finds that the engine and the naive checker agree on random systems', async () => {
    expect(await runWith(checkPlan, effort(10, 30))).toBeNull()
  })

  it.each<[string, Naive]>([
    ['one state fewer', wrongly(({ states }) => ({ states: states.slice(1) }))],
    ['one transition more', wrongly(({ transitions }) => ({ transitions: transitions + 1 }))],
    ['another depth', wrongly(({ depth }) => ({ depth: depth + 1 }))],
    ['one deadlock more', wrongly(({ deadlocks }) => ({ deadlocks: deadlocks + 1 }))],
    ...[
      ['invariant', 'always'],
      ['action', 'action-0'],
      ['witness', 'witness'],
      ['progress', 'progress'],
      ['leads-to', 'leads-to'],
      ['eventually', 'eventually'],
      ['eventually-always', 'eventually-always'],
      ['no-solo-cycle', 'no-solo-cycle'],
      ['deadlock', 'no-deadlock'],
      ['fault', 'no-fault'],
    ].map(([kind, id]): [string, Naive] => [
      `no ${kind} ever found`,
      wrongly(({ findings }) => {
        const finding = findings.get(id)
        if (finding === undefined) return {}
        return { findings: new Map(findings).set(id, { ...finding, found: false, trace: null }) }
      }),
    ]),
  ])('fails soon when the checkers differ: %s', async (_, naive) => {
    expect(await runWith(naive, SOON)).not.toBeNull()
  })

  it('fails when states stored as another one take over values', async () => {
    const { insert } = SymmetricSet.prototype
    const faulty = vi.spyOn(SymmetricSet.prototype, 'insert').mockImplementation(function (
      this: SymmetricSet,
      ...args
    ) {
      insert.apply(this, args)
      // The search judges a state anew where this is 1; its successors look up their steps unless it is 0.
      this.rewritten.forEach((flag, k) => {
        if (flag === 1) this.rewritten[k] = 2
      })
    })
    try {
      expect(await runWith(checkPlan, SOON, 1)).not.toBeNull()
    } finally {
      faulty.mockRestore()
    }
  })

  it('makes systems in which every verdict of every kind occurs', async () => {
    const tally = newSystemTally()
    await fc.assert(
      fc.asyncProperty(cases, ([tape]) => {
        const truth = checkPlan(randomPlan(tape), 200)
        for (const [id, { found }] of truth?.findings ?? []) {
          const key = `${id.replace(/-\d+$/, '')} ${found}`
          tally.verdicts.set(key, (tally.verdicts.get(key) ?? 0) + 1)
        }
        return Promise.resolve()
      }),
      { numRuns: 120, seed: 9 },
    )
    for (const id of ['always', 'action', 'witness', 'progress', 'leads-to', 'eventually', 'no-solo-cycle'])
      for (const found of [true, false]) expect(tally.verdicts.get(`${id} ${found}`), id).toBeGreaterThan(5)
    for (const id of ['no-deadlock', 'no-fault'])
      expect(tally.verdicts.get(`${id} true`), id).toBeGreaterThan(3)
  })

  it('gives every tape a system', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(999)), (tape) => {
        const plan = randomPlan(tape)
        expect(buildSystem(plan).properties).toHaveLength(plan.properties.length)
      }),
      { numRuns: 100, seed: 1 },
    )
  })
})
