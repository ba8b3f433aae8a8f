import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

/** Chunks of eight states, so that small systems fill several. */
vi.hoisted(() => {
  Object.assign(globalThis, { [Symbol.for('mmucheck.sizes')]: { chunkBits: 3 } })
})

import type { System } from '../../model/language/system.ts'
import { CompiledSystem } from '../compile/compiled-system.ts'
import { FAULT } from '../search/liveness/labelled-graph.ts'
import type { ExactSet } from '../state/exact-set.ts'
import type { CheckpointPaths } from './checkpoint-paths.ts'
import { GraphCheckpoint, type GraphParts } from './graph-checkpoint.ts'
import { RecordingLog } from './recording-log.ts'
import { countsUp, emptyParts, explored, FAR, TOP } from './testing/explored-parts.ts'
import { type Forge, type Forgery, forge, int32, refusalOf } from './testing/forged-checkpoints.ts'

/** One initial state is there twice. */
const system = countsUp(1, 9, 1, 4)
const { words } = system.layout
/** States that are expanded in the checkpoint. */
const HEAD = 12
const SECONDS = 2.5

let folder = ''
let directory = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'graph-checkpoint-'))
  directory = join(folder, 'cp')
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
  vi.restoreAllMocks()
})

const partsOf = ({ graph, store, table }: ReturnType<typeof explored>): GraphParts => ({
  graph,
  store,
  visited: table as ExactSet,
})

/** New parts, and what reads a checkpoint into them. */
function reader(paths: CheckpointPaths, of: System = system, seed = 1) {
  const log = new RecordingLog(of)
  const compiled = new CompiledSystem(of, { seed, onRecord: log.onRecord })
  return { parts: partsOf(emptyParts(of)), checkpoint: new GraphCheckpoint(compiled, seed, paths, log) }
}

function save(head: number): GraphParts {
  const parts = partsOf(explored(system, head))
  reader({ checkpoint: { directory } }).checkpoint.save(parts, SECONDS)
  return parts
}

function resumed(of: System = system, seed = 1) {
  const { parts, checkpoint } = reader({ resume: directory }, of, seed)
  return { parts, position: checkpoint.resume(parts) }
}

/** A checkpoint of `HEAD` expanded states, made by the first test that needs it. */
let sound = ''
afterAll(() => rmSync(sound, { recursive: true, force: true }))

/** Puts a copy of it in the place. */
function copySound(): void {
  if (sound === '') {
    save(HEAD)
    sound = mkdtempSync(join(tmpdir(), 'graph-checkpoint-'))
    cpSync(directory, sound, { recursive: true })
  } else cpSync(sound, directory, { recursive: true })
}

function forged(change: Forge) {
  copySound()
  forge(directory, change)
  return resumed()
}

describe('an exploration resumes where it stood', () => {
  it.each([
    [0, 0, 3],
    [1, 0, 3],
    [3, 0, 3],
    [4, 1, 9],
    [HEAD, 2, 13],
    [TOP, 11, TOP],
  ])('with %i states expanded', (head, depth, levelEnd) => {
    const before = save(head)
    const { parts, position } = resumed()
    expect(position).toEqual({ depth, levelEnd, seconds: SECONDS })
    expect(parts.graph.arrays).toEqual(before.graph.arrays)
    expect(parts.graph.initial).toEqual(before.graph.initial)
    expect(parts.graph.expanded).toBe(head)
    expect(parts.store.count).toBe(before.store.count)
    expect(parts.store.chunks).toEqual(before.store.chunks)
  })

  it('from the beginning if there is no checkpoint', () => {
    const { parts, checkpoint } = reader({ checkpoint: { directory } })
    expect(checkpoint.resume(parts)).toBe(null)
    expect(parts.store.count).toBe(0)
  })

  it('and leaves no checkpoint of the same once more', () => {
    copySound()
    const manifest = () => readFileSync(join(directory, 'checkpoint.json'), 'utf8')
    const first = manifest()
    const { parts, checkpoint } = reader({ resume: directory, checkpoint: { directory } })
    checkpoint.resume(parts)
    checkpoint.save(parts, SECONDS + 1)
    expect(manifest()).toBe(first)
    checkpoint.save(partsOf(explored(system, HEAD + 1)), SECONDS + 1)
    expect(manifest()).not.toBe(first)
  })

  it('and leaves the next when it is due', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0)
    const { checkpoint } = reader({ checkpoint: { directory, every: 5 } })
    expect(checkpoint.due).toBe(false)
    now.mockReturnValue(5000)
    expect(checkpoint.due).toBe(true)
  })
})

describe('another search', () => {
  it('of another model, or with another seed', () => {
    copySound()
    expect(refusalOf(() => resumed(countsUp(1, 9, 4)))).toContain('is of another model')
    expect(refusalOf(() => resumed(system, 2))).toContain('a search with seed 1, not 2')
    forge(directory, ({ meta }) => {
      meta.configuration.graph = 'half'
    })
    expect(refusalOf(() => resumed())).toContain('a search with graph half, not whole')
  })

  it.each([
    ['without a time', {}],
    ['before its time', { seconds: -1 }],
    ['of another kind', { seconds: 1, head: 1 }],
  ])('%s', (_, search) => {
    const change: Forge = ({ meta }) => {
      meta.search = search
    }
    expect(refusalOf(() => forged(change))).toContain('is not one of a graph')
  })

  it('that took no time', () => {
    const change: Forge = ({ meta }) => {
      meta.search.seconds = 0
    }
    expect(forged(change).position).toMatchObject({ seconds: 0 })
  })
})

const doubles = ({ sections }: Forgery) => new Float64Array(sections.first.buffer)
const labels = ({ sections }: Forgery) => new Uint16Array(sections.labels.buffer)
/** The first edge for which something is true. */
const edgeWith = (forgery: Forgery, isMeant: (target: number, edge: number) => boolean): number => {
  const edge = int32(forgery.sections.targets).findIndex(isMeant)
  expect(edge).toBeGreaterThanOrEqual(0)
  return edge
}
/** The state whose edge it is. */
const sourceOf = (forgery: Forgery, edge: number): number =>
  doubles(forgery).findIndex((_, s, first) => first[s + 1] > edge)

it('a checkpoint with new checksums is a checkpoint', () => {
  expect(forged(() => {}).position).not.toBe(null)
})

describe('a graph that cannot be', () => {
  const FIRST = 'first has another length'
  const INITIAL = 'its first states are not the initial ones'
  const EDGES = 'its edges are not those between its states'
  it.each<[string, Forge, string]>([
    [
      'half a number',
      ({ sections }) => {
        sections.first = sections.first.slice(0, -4)
      },
      FIRST,
    ],
    [
      'no numbers',
      ({ sections }) => {
        sections.first = new Uint8Array(0)
      },
      FIRST,
    ],
    [
      'more expanded than found',
      ({ sections, meta }) => {
        sections.first = new Uint8Array(8 * (meta.states + 2))
      },
      'states are expanded',
    ],
    [
      'an edge less',
      ({ sections }) => {
        sections.targets = sections.targets.slice(0, -4)
      },
      'labels has another length',
    ],
    [
      'a step less',
      ({ sections }) => {
        sections.labels = sections.labels.slice(0, -2)
      },
      'labels has another length',
    ],
    [
      'half an edge',
      ({ sections }) => {
        sections.targets = sections.targets.slice(0, -2)
      },
      'another length',
    ],
    [
      'states in another order',
      ({ sections }) => {
        const states = int32(sections.states)
        const [a, b] = [states.slice(0, words), states.slice(words, 2 * words)]
        states.set([...b, ...a])
      },
      INITIAL,
    ],
    ['an initial state that was not found', (forgery) => far(forgery, 0), INITIAL],
    ['the last initial state was not found', (forgery) => far(forgery, 2), INITIAL],
    ['a state less', (forgery) => less(forgery), EDGES],
    [
      'a state that nothing leads to',
      ({ sections, meta }) => {
        sections.states = new Uint8Array([...sections.states, ...sections.states.slice(-4 * words)])
        meta.states++
        far({ sections, meta }, meta.states - 1)
      },
      EDGES,
    ],
    [
      'an edge more than is said',
      (forgery) => {
        doubles(forgery)[HEAD]--
      },
      EDGES,
    ],
  ])('%s', (_, change, expected) => {
    expect(refusalOf(() => forged(change))).toMatch(new RegExp(`is damaged: .*${expected}`))
  })

  /** A change, and the first state whose edges are not right after it. */
  it.each<[string, (forgery: Forgery) => number]>([
    [
      'another step',
      (forgery) => {
        const edge = edgeWith(forgery, (_, e) => labels(forgery)[e] === 0)
        labels(forgery)[edge] = 1
        return sourceOf(forgery, edge)
      },
    ],
    [
      'a fault that is none',
      (forgery) => {
        const edge = edgeWith(forgery, (target) => target === FAULT)
        int32(forgery.sections.targets)[edge] = 1
        return sourceOf(forgery, edge)
      },
    ],
    [
      'a fault where there is none',
      (forgery) => {
        // To a state that others lead to.
        const targets = int32(forgery.sections.targets)
        const edge = edgeWith(forgery, (target, e) => target !== FAULT && targets.indexOf(target) < e)
        targets[edge] = FAULT
        return sourceOf(forgery, edge)
      },
    ],
    [
      'another target, of an edge in a later chunk',
      (forgery) => {
        const targets = int32(forgery.sections.targets)
        const edge = edgeWith(
          forgery,
          (target, e) => target > 0 && targets.indexOf(target) < e && sourceOf(forgery, e) > 8,
        )
        targets[edge]--
        return sourceOf(forgery, edge)
      },
    ],
    [
      'an edge of another state',
      (forgery) => {
        doubles(forgery)[4]--
        return 3
      },
    ],
    [
      'an edge that was of another state',
      (forgery) => {
        doubles(forgery)[4]++
        return 3
      },
    ],
  ])('%s', (_, change) => {
    let state = -1
    const refusal = refusalOf(() =>
      forged((forgery) => {
        state = change(forgery)
      }),
    )
    expect(refusal).toContain(`the edges of state ${state} are not those of the model`)
  })

  it('more than the memory holds', () => {
    const change: Forge = ({ meta, sections }) => {
      meta.states = 2 ** 50
      expect(sections).toHaveProperty('states')
    }
    expect(refusalOf(() => forged(change))).toContain('it cannot hold')
  })
})

/** Makes a state another one, to which no search comes. */
function far({ sections }: Pick<Forgery, 'sections' | 'meta'>, state: number): void {
  const target = new Int32Array(words)
  system.layout.pack(countsUp(FAR).initial[0], target, 0)
  int32(sections.states).set(target, state * words)
}

/** Takes the last state away. */
function less({ sections, meta }: Forgery): void {
  sections.states = sections.states.slice(0, -4 * words)
  meta.states--
}
