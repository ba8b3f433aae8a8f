import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { program, step } from '../../model/language/program.ts'
import { Oops, type Property } from '../../model/language/property.ts'
import { range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one, type System } from '../../model/language/system.ts'
import { filterLockModel, twoPhaseModel } from '../oracles/models.ts'
import { breadthFirst, type SearchOptions } from '../search/breadth-first.ts'
import { CheckpointError } from './errors.ts'
import { comparable, interrupted as interruptedAt } from './testing/interrupted-searches.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'checkpoint-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

const { system, properties } = twoPhaseModel(6)
const run = (options: SearchOptions) => breadthFirst(system, properties, options)

/** A search that is interrupted at the n-th check of the flag, and leaves a checkpoint. */
const interrupted = (looks: number, options: SearchOptions = {}) =>
  interruptedAt((more) => run({ ...options, ...more }), directory, looks)

describe('resuming from a checkpoint', () => {
  it.each<SearchOptions>([
    { storage: 'exact' },
    { storage: 'fingerprint' },
    { storage: 'fingerprint', fingerprintBits: 128, seed: 7 },
  ])('gives what an uninterrupted search gives: %o', (options) => {
    const whole = comparable(run(options))
    for (const looks of [0, 7, 27]) {
      const first = interrupted(looks, options)
      expect([first.complete, first.incompleteReason]).toEqual([false, { kind: 'interrupted' }])
      expect(first.states).toBeLessThan(whole.states)
      expect(comparable(run({ ...options, resume: directory }))).toEqual(whole)
    }
  })

  it('also in many pieces', () => {
    const whole = comparable(run({}))
    interrupted(0)
    let pieces = 1
    for (;;) {
      let left = 3
      const next = run({ resume: directory, checkpoint: { directory }, stop: () => left-- <= 0 })
      pieces++
      if (!next.complete) continue
      expect(comparable(next)).toEqual(whole)
      break
    }
    expect(pieces).toBeGreaterThan(5)
    expect(readdirSync(directory).filter((name) => name.startsWith('generation'))).toHaveLength(1)
  })

  it('across chunks of the state store', () => {
    const model = filterLockModel(5)
    for (const storage of ['exact', 'fingerprint'] as const) {
      const whole = comparable(breadthFirst(model.system, model.properties, { storage }))
      rmSync(directory, { recursive: true, force: true })
      const first = breadthFirst(model.system, model.properties, {
        storage,
        checkpoint: { directory },
        maxStates: 150_000,
      })
      expect(first.complete).toBe(false)
      const rest = breadthFirst(model.system, model.properties, { storage, resume: directory })
      expect(comparable(rest)).toEqual(whole)
    }
  })

  it('a deeper limit resumes where the shallower one stopped', () => {
    const whole = comparable(run({}))
    const shallow = run({ maxDepth: 9, checkpoint: { directory } })
    expect([shallow.complete, shallow.depth]).toEqual([false, 9])
    expect(comparable(run({ resume: directory }))).toEqual(whole)
  })

  it('a search that was stopped before its first step', () => {
    const whole = comparable(run({}))
    expect(run({ maxDepth: 0, checkpoint: { directory } }).complete).toBe(false)
    expect(comparable(run({ resume: directory }))).toEqual(whole)
  })

  it('checkpoints are left at intervals', () => {
    run({ checkpoint: { directory, every: 0.001 } })
    const rest = run({ resume: directory })
    expect(comparable(rest)).toEqual(comparable(run({})))
  })
})

describe('what is refused, in one line', () => {
  const refusal = (act: () => unknown): string => {
    try {
      act()
    } catch (error) {
      expect(error).toBeInstanceOf(CheckpointError)
      expect((error as Error).message).not.toContain('\n')
      return (error as Error).message
    }
    throw new Error('it was accepted')
  }

  it('no checkpoint, and a directory that cannot be written', () => {
    expect(refusal(() => run({ resume: join(directory, 'nowhere') }))).toContain('there is no checkpoint in')
    writeFileSync(join(directory, 'file'), '')
    const inFile = { directory: join(directory, 'file') }
    expect(refusal(() => run({ checkpoint: inFile, maxStates: 1 }))).toContain('cannot write a checkpoint')
  })

  it.each([
    ['exact', 4],
    ['fingerprint', 5],
  ] as const)('every kind of damage to every file, storage %s', (storage, count) => {
    interrupted(10, { storage })
    const sound = mkdtempSync(join(tmpdir(), 'sound-'))
    cpSync(directory, sound, { recursive: true })
    const [generation] = readdirSync(directory).filter((name) => name.startsWith('generation'))
    const files = [
      'checkpoint.json',
      ...readdirSync(join(sound, generation)).map((name) => join(generation, name)),
    ].filter((file) => !file.endsWith('made-by-mmucheck'))
    expect(files).toHaveLength(count)
    for (const file of files) {
      const path = join(directory, file)
      const bytes = readFileSync(path)
      const flipped = Buffer.from(bytes)
      flipped[bytes.length >> 1] ^= 4
      const damages: (() => void)[] = [
        () => writeFileSync(path, flipped),
        () => truncateSync(path, bytes.length - 2),
        () => writeFileSync(path, Buffer.concat([bytes, Buffer.from([0, 0])])),
        () => rmSync(path),
      ]
      for (const damage of damages) {
        damage()
        // White space behind the manifest is no damage.
        refusal(() => run({ resume: directory, storage }))
        rmSync(directory, { recursive: true, force: true })
        cpSync(sound, directory, { recursive: true })
      }
    }
    rmSync(sound, { recursive: true })
    expect(run({ resume: directory, storage }).complete).toBe(true)
  })

  it('another model, other properties, another configuration', () => {
    interrupted(10)
    const other = twoPhaseModel(5)
    expect(refusal(() => breadthFirst(other.system, other.properties, { resume: directory }))).toContain(
      'another model',
    )
    expect(refusal(() => breadthFirst(system, properties.slice(1), { resume: directory }))).toContain(
      'other properties',
    )
    expect(refusal(() => run({ resume: directory, storage: 'fingerprint' }))).toContain('storage exact')
    expect(refusal(() => run({ resume: directory, seed: 5 }))).toContain('seed 1')
    for (const reduce of ['symmetry', 'por', 'all'] as const)
      expect(refusal(() => run({ resume: directory, reduce }))).toContain(
        `a search with reduce none, not ${reduce}; resume with what it was made with`,
      )
    interrupted(10, { reduce: 'all' })
    expect(refusal(() => run({ resume: directory }))).toContain('a search with reduce all, not none')
    expect(
      refusal(() => run({ resume: directory, reduce: 'all', fingerprintBits: 64, storage: 'fingerprint' })),
    ).toContain('storage exact')
  })

  it('a model or property whose code does something else, though it is called the same', () => {
    interrupted(10)
    const [first, ...rest] = properties
    const bent = [{ ...first, holds: () => false } as Property<never>, ...rest]
    expect(refusal(() => breadthFirst(system, bent, { resume: directory }))).toContain(
      'consistent does something else',
    )
    // The same text and names; only a value that the model code closes over differs, far from the start.
    const counter = (jump: number) => {
      const world = struct({ n: range(0, 4000) })
      type World = View<typeof world>
      const up = step<World>(
        'up',
        {},
        {
          does: (w) => {
            w.n = w.n === 3 ? jump : w.n + 1
          },
          when: (w) => w.n < 4000,
          to: 'up',
        },
      )
      const threads = [one(program<World>('counter', 'counts', [up]))]
      return compose({ name: 'counter', world, threads, initial: [() => {}] })
    }
    rmSync(directory, { recursive: true })
    expect(breadthFirst(counter(4), [], { checkpoint: { directory }, maxStates: 100 }).complete).toBe(false)
    expect(refusal(() => breadthFirst(counter(5), [], { resume: directory }))).toContain(
      'up does something else',
    )
    expect(breadthFirst(counter(4), [], { resume: directory }).states).toBe(4001)
  })

  describe('code that differs only where the recorded states do not show it', () => {
    const world = struct({ x: range(0, 60), y: range(0, 1) })
    type World = View<typeof world>
    type Change = (w: World) => void
    const act = (name: string, does: Change, when: (w: World) => boolean) =>
      step<World>(name, {}, { when, does, to: name })
    const grid = (does: Change = (w) => void w.x++) =>
      compose({
        name: 'grid',
        world,
        threads: [
          one(program<World>('a', 'goes right', [act('right', does, (w) => w.x < 50)])),
          one(
            program<World>('b', 'goes up', [
              act(
                'up',
                (w) => void w.y++,
                (w) => w.y < 1,
              ),
            ]),
          ),
        ],
        initial: [() => {}],
      })
    /** Stops when all of the first columns is visited, and continues with something else. */
    const goOn = (
      before: readonly Property<World>[],
      after: readonly Property<World>[],
      changed: System<World> = grid(),
    ) => {
      expect(breadthFirst(grid(), before, { checkpoint: { directory }, maxDepth: 20 }).complete).toBe(false)
      expect(breadthFirst(grid(), before, { resume: directory }).complete).toBe(true)
      return refusal(() => breadthFirst(changed, after, { resume: directory }))
    }
    const invariant = (holds: (w: World) => boolean): Property<World> => ({
      kind: 'invariant',
      id: 'inside',
      title: '',
      holds,
    })
    const action = (holds: (before: World, after: World) => boolean): Property<World> => ({
      kind: 'action',
      id: 'inside',
      title: '',
      holds: (before, _, after) => holds(before, after),
    })

    it('a property that reads more', () => {
      const wrong = invariant((w) => w.x < 60 && !(w.x === 3 && w.y === 1))
      expect(breadthFirst(grid(), [wrong]).properties[0].verdict).toBe('violated')
      expect(goOn([invariant((w) => w.x < 60)], [wrong])).toContain('inside does something else')
    })

    it('an action property with another value, or that reads more', () => {
      const sound = action((before) => before.x < 60)
      const reason = 'does something else'
      expect(goOn([sound], [action((before) => before.x !== 3)])).toContain(reason)
      rmSync(directory, { recursive: true })
      expect(
        goOn([sound], [action((before) => before.x < 60 && !(before.x === 3 && before.y === 1))]),
      ).toContain(reason)
      rmSync(directory, { recursive: true })
      const given = { ...sound, given: (before: World) => before.x !== 3 } as Property<World>
      expect(goOn([sound], [given])).toContain(reason)
    })

    it('a step that reads more', () => {
      const jumps = grid((w) => {
        w.x = w.x === 3 && w.y === 1 ? 60 : w.x + 1
      })
      const inside = invariant((w) => w.x < 60)
      expect(breadthFirst(jumps, [inside]).properties[0].verdict).toBe('violated')
      expect(goOn([inside], [inside], jumps)).toContain('right does something else')
    })

    it('a step that faults with something else', () => {
      const faulty = (fault: string) =>
        grid((w) => {
          if (w.x === 3) throw new Oops(fault, '')
          w.x++
        })
      const faults = ['no-first', 'no-second'].map(
        (id): Property<World> => ({ kind: 'fault', id, title: '' }),
      )
      breadthFirst(faulty('no-first'), faults, { checkpoint: { directory }, maxDepth: 4 })
      expect(refusal(() => breadthFirst(faulty('no-second'), faults, { resume: directory }))).toContain(
        'right does something else',
      )
    })
  })
})
