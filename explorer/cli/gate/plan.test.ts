import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Baseline, FORMAT } from './baseline-file.ts'
import { cellsOfShard, longestFirst, readShard } from './plan.ts'

const baselineOf = (transitions: Readonly<Record<string, number>>): Baseline => ({
  format: FORMAT,
  cells: Object.fromEntries(
    Object.entries(transitions).map(([name, n]) => [
      name,
      { states: 1, transitions: n, depth: 1, deadlocks: 0, properties: {} },
    ]),
  ),
})

describe('the order of cells', () => {
  it('is the longest first, those of unknown length before', () => {
    expect(longestFirst(['a', 'b', 'new', 'c'], baselineOf({ a: 1, b: 9, c: 4 }))).toEqual([2, 1, 3, 0])
  })
})

describe('shards', () => {
  const cells = fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 30 })

  it('are a partition of the cells', () => {
    fc.assert(
      fc.property(cells, fc.array(fc.nat(1e9)), fc.integer({ min: 1, max: 12 }), (names, costs, of) => {
        const baseline = baselineOf(
          Object.fromEntries(costs.map((cost, n) => [names[n] ?? `gone ${n}`, cost])),
        )
        const shards = Array.from({ length: of }, (_, n) =>
          cellsOfShard(names, baseline, { index: n + 1, of }),
        )
        expect(shards.flat().toSorted()).toEqual(names.toSorted())
        for (const shard of shards) expect(shard).toEqual(names.filter((name) => shard.includes(name)))
      }),
    )
  })

  it('take about the same time', () => {
    const names = Array.from({ length: 40 }, (_, n) => `cell ${n}`)
    const costs = Object.fromEntries(names.map((name, n) => [name, 1000 + 37 * n]))
    const loads = [1, 2, 3, 4].map((index) =>
      cellsOfShard(names, baselineOf(costs), { index, of: 4 }).reduce((sum, name) => sum + costs[name], 0),
    )
    expect(Math.max(...loads) / Math.min(...loads)).toBeLessThan(1.1)
  })
})

describe('--shard', () => {
  it.each([
    ['2/8', {}, { index: 2, of: 8 }],
    ['auto/8', { JOB_COMPLETION_INDEX: '0' }, { index: 1, of: 8 }],
    [
      'auto',
      { SLURM_ARRAY_TASK_ID: '7', SLURM_ARRAY_TASK_MIN: '5', SLURM_ARRAY_TASK_COUNT: '4' },
      { index: 3, of: 4 },
    ],
    ['auto/4', { SLURM_ARRAY_TASK_ID: '3' }, { index: 4, of: 4 }],
    [
      'auto',
      {
        SLURM_ARRAY_TASK_ID: '4',
        SLURM_ARRAY_TASK_MIN: '0',
        SLURM_ARRAY_TASK_STEP: '2',
        SLURM_ARRAY_TASK_COUNT: '3',
      },
      { index: 3, of: 3 },
    ],
  ])('reads %s with %o', (text, env, shard) => {
    expect(readShard(text, env)).toEqual(shard)
  })

  it.each([
    ['0/8', {}],
    ['9/8', {}],
    ['1/0', {}],
    ['1/99999', {}],
    ['2', {}],
    ['2/8x', {}],
    ['auto', {}],
    ['auto', { JOB_COMPLETION_INDEX: '0' }],
    ['auto', { SLURM_ARRAY_TASK_ID: '0' }],
    ['auto/2', { JOB_COMPLETION_INDEX: '2' }],
    ['auto/2', { JOB_COMPLETION_INDEX: 'x' }],
    ['auto', { SLURM_ARRAY_TASK_ID: '9', SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_COUNT: '3' }],
    ['auto', { SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_STEP: '2', SLURM_ARRAY_TASK_COUNT: '3' }],
  ])('refuses %s with %o', (text, env) => {
    expect(() => readShard(text, env)).toThrow(/^--shard/)
  })
})
