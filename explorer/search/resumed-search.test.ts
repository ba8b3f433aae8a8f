import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ModelError } from '../../model/language/errors.ts'
import { program, step } from '../../model/language/program.ts'
import type { Property } from '../../model/language/property.ts'
import { range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one } from '../../model/language/system.ts'
import { SearchCheckpoint } from '../checkpoint/search-checkpoint.ts'
import { forge } from '../checkpoint/testing/forged-checkpoints.ts'
import { comparable, interrupted } from '../checkpoint/testing/interrupted-searches.ts'
import { breadthFirst, type SearchOptions } from './breadth-first.ts'
import { ParentTable } from './parent-table.ts'

/** A small search that resumes from its checkpoints. It checks the limits once per level. */

let directory = ''
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'resumed-')), 'cp')
})
afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }))

const world = struct({ x: range(0, 4), y: range(0, 4), from: range(0, 1) })
type World = View<typeof world>
const counter = (name: 'x' | 'y') =>
  one(
    program<World>(name, 'counts', [
      step(
        'up',
        {},
        {
          when: (w) => w[name] < 4,
          does: (w) => {
            w[name]++
          },
          to: 'up',
        },
      ),
    ]),
  )
const initial = [
  (w: World) => {
    w.from = 1
  },
  () => {},
]
const system = compose({ name: 'resumed', world, threads: [counter('x'), counter('y')], initial })
const properties: Property<World>[] = [
  { kind: 'invariant', id: 'low', title: '', holds: (w) => w.x < 3 },
  { kind: 'invariant', id: 'even', title: '', given: (w) => w.x === w.y, holds: (w) => w.y < 9 },
  { kind: 'action', id: 'late', title: '', given: (_, s) => s.kind === 'x', holds: (w) => w.y < 2 },
  { kind: 'witness', id: 'end', title: '', seen: (w) => w.x === 4 && w.y === 4 },
  { kind: 'deadlock', id: 'free', title: '' },
]
const goal: Property<World> = { kind: 'progress', id: 'goal', title: '', goal: (w) => w.from === 0 }
const search = (more: SearchOptions) => {
  const isExact = more.storage !== 'fingerprint'
  return breadthFirst(system, isExact ? [...properties, goal] : properties, more)
}

describe.each(['exact', 'fingerprint'] as const)('a resumed search, %s storage', (storage) => {
  it('ends as one that was not interrupted, wherever that was', () => {
    const whole = comparable(search({ storage }))
    expect([whole.states, whole.transitions, whole.depth, whole.deadlocks]).toEqual([50, 80, 8, 2])
    for (const look of [0, 1, 4, 7]) {
      const first = interrupted((more) => search({ storage, ...more }), directory, look)
      expect([first.depth, first.complete]).toEqual([look, false])
      expect(comparable(search({ storage, resume: directory }))).toEqual(whole)
    }
  })

  it('ends at once where it had ended, and leaves the checkpoint that is there', () => {
    const manifest = () => readFileSync(join(directory, 'checkpoint.json'), 'utf8')
    for (const limit of [{ maxStates: 20 }, { maxDepth: 3 }, {}]) {
      rmSync(directory, { recursive: true, force: true })
      const first = search({ storage, ...limit, checkpoint: { directory } })
      const before = manifest()
      let looks = 0
      const stop = () => {
        looks++
        return false
      }
      const again = search({ storage, ...limit, resume: directory, checkpoint: { directory }, stop })
      expect(comparable(again)).toEqual(comparable(first))
      expect(looks).toBeLessThan(3)
      expect(manifest()).toBe(before)
      expect(comparable(search({ storage, resume: directory }))).toEqual(comparable(search({ storage })))
    }
  })

  it('has taken the time that it took before', () => {
    interrupted((more) => search({ storage, ...more }), directory, 4)
    forge(directory, ({ meta }) => {
      meta.search.position.seconds = 1000
    })
    expect(search({ storage, resume: directory }).seconds).toBeGreaterThan(1000)
    const late = search({ storage, resume: directory, timeLimit: 900 })
    expect([late.complete, late.depth]).toEqual([false, 4])
    expect(late.incompleteReason).toMatchObject({ kind: 'time-limit' })
  })

  it('refuses a way to a state that cannot be taken', () => {
    // The last state of each level was found by y: let x have found them, more often than it can count.
    interrupted((more) => search({ storage, ...more }), directory, 7)
    forge(directory, ({ meta, sections }) => {
      new Uint16Array(sections.genealogy.buffer, 0, meta.states).fill(1, 2)
    })
    const act = () => search({ storage, resume: directory })
    expect(act).toThrow(`the checkpoint in ${directory} is damaged: its steps do not lead to state`)
  })
})

it('checkpoints are saved when they are due, and at the end', () => {
  const save = vi.spyOn(SearchCheckpoint.prototype, 'save')
  try {
    search({ checkpoint: { directory, every: 1000 } })
    expect(save.mock.calls.map(([{ head }]) => head)).toEqual([50])
    save.mockClear()
    rmSync(directory, { recursive: true })
    search({ checkpoint: { directory, every: 0 } })
    expect(save.mock.calls.length).toBeGreaterThan(1)
    const heads = save.mock.calls.map(([{ head }]) => head)
    expect(heads).toEqual([...heads].sort((a, b) => a - b))
    save.mockClear()
    rmSync(directory, { recursive: true })
    search({ maxDepth: 3, checkpoint: { directory, every: 1000 } })
    // Before the states beyond the limit are found, which do not count.
    expect(save.mock.calls.map(([{ head }]) => head)).toEqual([12])
  } finally {
    save.mockRestore()
  }
})

it('a checkpoint gets the true position of a search', () => {
  const save = vi.spyOn(SearchCheckpoint.prototype, 'save')
  try {
    for (const more of [{}, { resume: directory }]) {
      save.mockClear()
      search({ ...more, ...('resume' in more ? {} : { maxStates: 20 }), checkpoint: { directory } })
      const [position, parents, initialOf] = save.mock.lastCall as Parameters<typeof save>
      const isWhole = 'resume' in more
      expect(position.fired.reduce((sum, n) => sum + n)).toBe(position.transitions)
      expect(position.seconds).toBeGreaterThan(0)
      expect([initialOf, parents.count]).toEqual([[0, 1], isWhole ? 50 : 30])
      if (isWhole) expect(position).toMatchObject({ head: 50, transitions: 80, fired: [40, 40] })
    }
  } finally {
    save.mockRestore()
  }
})

it('what goes wrong with a trace is the fault of the checkpoint, if there is one and it is not that of the model', () => {
  interrupted(search, directory, 7)
  const path = vi.spyOn(ParentTable.prototype, 'pathTo')
  const failing = (error: Error, more: SearchOptions) => {
    path.mockImplementation(() => {
      throw error
    })
    return () => search(more)
  }
  try {
    const odd = new RangeError('on purpose')
    expect(failing(odd, {})).toThrow(odd)
    expect(failing(odd, { resume: directory })).toThrow('is damaged: its steps do not lead to state')
    const wrong = new ModelError('on purpose')
    expect(failing(wrong, { resume: directory })).toThrow(wrong)
  } finally {
    path.mockRestore()
  }
})
