import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CompiledSystem } from '../compile/compiled-system.ts'
import { Predicates } from '../compile/predicates.ts'
import { readCheckpoint } from './checkpoint-files.ts'
import type { CheckpointPaths } from './checkpoint-paths.ts'
import { CheckpointError } from './errors.ts'
import { RecordedCheckpoint, type SearchConfiguration, searchIn } from './recorded-checkpoint.ts'
import { RecordingLog } from './recording-log.ts'
import { countsUp } from './testing/explored-parts.ts'
import { forge, refusalOf } from './testing/forged-checkpoints.ts'

let folder = ''
let directory = ''
/** Milliseconds that the clock shows. */
let clock = 0
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recorded-'))
  directory = join(folder, 'cp')
  clock = 1000
  vi.spyOn(performance, 'now').mockImplementation(() => clock)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

const system = countsUp(1)
const asked: SearchConfiguration = { storage: 'exact', seed: 1 }

function checkpointOf(paths: CheckpointPaths, configuration = asked, identity = 'me') {
  const log = new RecordingLog(system)
  const compiled = new CompiledSystem(system, { onRecord: log.onRecord })
  const predicates = new Predicates(system, [{ id: 'yes', holds: () => true }])
  const searched = { identity, configuration, compiled, predicates }
  const words = new Int32Array(system.layout.words)
  system.layout.pack(system.initial[0], words, 0)
  return {
    log,
    files: new RecordedCheckpoint(searched, paths, log),
    step: () => compiled.record(compiled.steps[0], words, 0),
    ask: () => predicates.evaluate(0, words, 0),
  }
}
const place = (every?: number): CheckpointPaths => ({
  checkpoint: every === undefined ? { directory } : { directory, every },
})
const section = { table: [Int32Array.of(1, 2)] }

/** A checkpoint with a recorded step and a predicate value, made by the first test that needs it. */
let sound = ''
afterAll(() => rmSync(sound, { recursive: true, force: true }))

/** Puts a copy of it in the place. */
function written(): void {
  if (sound === '') {
    sound = mkdtempSync(join(tmpdir(), 'recorded-'))
    const { files, step, ask } = checkpointOf({ checkpoint: { directory: sound } })
    step()
    ask()
    files.save(3, 5, { at: 'here' }, section)
  }
  cpSync(sound, directory, { recursive: true })
}

describe('a checkpoint', () => {
  it('is read as it was written, its recordings made again', () => {
    written()
    const { files, log } = checkpointOf({})
    const opened = files.open(directory)
    expect(opened).toMatchObject({ states: 5, search: { at: 'here' } })
    expect([...opened.numbers('table', Int32Array)]).toEqual([1, 2])
    const again = log.entries.slice()
    expect(again.length).toBeGreaterThan(0)
    expect([...readCheckpoint(directory).numbers('recordings', Uint16Array)]).toEqual([...again])
    expect(files.bytes).toBe(log.bytes)
    expect(files.bytes).toBeGreaterThan(0)
    const once = checkpointOf({})
    once.step()
    once.ask()
    expect(again).toEqual(once.log.entries)
  })

  it('teaches predicate values', () => {
    written()
    const { files, log, ask } = checkpointOf({})
    files.open(directory)
    const { length } = log.entries
    ask()
    expect(log.entries).toHaveLength(length)
    const fresh = checkpointOf({})
    fresh.ask()
    expect(fresh.log.entries.length).toBeGreaterThan(0)
  })

  it('gives the data of its search without comparing anything', () => {
    written()
    forge(directory, ({ meta }) => {
      meta.identity = 'another'
    })
    expect(searchIn(directory)).toEqual({ at: 'here' })
  })

  it('of a search without predicates', () => {
    const log = new RecordingLog(system)
    const compiled = new CompiledSystem(system, { onRecord: log.onRecord })
    const searched = { identity: 'me', configuration: asked, compiled }
    new RecordedCheckpoint(searched, place(), log).save(1, 2, null, {})
    expect(new RecordedCheckpoint(searched, {}, log).open(directory)).toMatchObject({
      states: 2,
      search: null,
    })
  })
})

describe('when one is due', () => {
  it('never without a directory', () => {
    const { files } = checkpointOf({})
    clock += 1e9
    expect(files.due).toBe(false)
  })

  it.each<[string, number | undefined, number]>([
    ['after the interval that was asked for', 5, 5000],
    ['after a minute', undefined, 60_000],
  ])('%s', (_, every, interval) => {
    const { files } = checkpointOf(place(every))
    for (let n = 0; n < 2; n++) {
      clock += interval - 1
      expect(files.due).toBe(false)
      clock++
      expect(files.due).toBe(true)
      files.save(n, 5, null, section)
    }
  })

  it('later after one that took long', () => {
    const { files } = checkpointOf(place(5))
    files.save(1, 5, null, section, () => {
      clock += 700
    })
    clock += 6999
    expect(files.due).toBe(false)
    clock++
    expect(files.due).toBe(true)
  })
})

describe('nothing is written', () => {
  it('without a directory', () => {
    const prepare = vi.fn()
    checkpointOf({ resume: directory }).files.save(1, 5, null, section, prepare)
    expect(prepare).not.toHaveBeenCalled()
    expect(existsSync(directory)).toBe(false)
  })

  it('where the search did not move since', () => {
    const { files } = checkpointOf(place())
    const manifest = () => readFileSync(join(directory, 'checkpoint.json'), 'utf8')
    expect(files.isFirst).toBe(true)
    files.save(0, 5, null, section)
    expect(files.isFirst).toBe(false)
    const first = manifest()
    files.save(0, 6, null, section)
    expect(manifest()).toBe(first)
    files.save(1, 6, null, section)
    expect(manifest()).not.toBe(first)
  })

  it('where the search was resumed from', () => {
    written()
    const { files } = checkpointOf(place())
    files.resumedFrom(directory, 7)
    expect(files.isFirst).toBe(false)
    const prepare = vi.fn()
    files.save(7, 5, null, section, prepare)
    expect(prepare).not.toHaveBeenCalled()
    files.save(8, 5, null, section, prepare)
    expect(prepare).toHaveBeenCalledOnce()
  })

  it.each([
    ['elsewhere', () => join(folder, 'other'), true],
    ['there, by another way', () => join(directory, '..', 'cp', '.'), false],
  ])('or %s', (_, from, isFirst) => {
    const { files } = checkpointOf(place())
    files.resumedFrom(from(), 7)
    expect(files.isFirst).toBe(isFirst)
  })

  it('no directory, no first one', () => {
    const { files } = checkpointOf({})
    files.resumedFrom(directory, 7)
    expect(files.isFirst).toBe(true)
  })

  it('when that fails, the callback is called and it is tried again later', () => {
    writeFileSync(directory, '')
    const reported: string[] = []
    const { files } = checkpointOf({ ...place(5), onUnwritten: (why) => reported.push(why) })
    clock += 5000
    files.save(1, 5, null, section)
    expect(reported).toEqual([expect.stringContaining('cannot write a checkpoint')])
    expect([files.isFirst, files.due]).toEqual([true, false])
    rmSync(directory)
    files.save(1, 5, null, section)
    expect([files.isFirst, reported.length]).toEqual([false, 1])
  })

  it('when that fails without a callback, the search ends', () => {
    writeFileSync(directory, '')
    const { files } = checkpointOf(place())
    expect(refusalOf(() => files.save(1, 5, null, section))).toContain('cannot write a checkpoint')
  })

  it('when the directory cannot be prepared', () => {
    const reported: string[] = []
    const { files } = checkpointOf({ ...place(), onUnwritten: (why) => reported.push(why) })
    const failing = (error: Error) => () =>
      files.save(1, 5, null, section, () => {
        throw error
      })
    failing(new CheckpointError('it is not to be'))()
    expect(reported).toEqual(['it is not to be'])
    expect(failing(new TypeError('a mistake'))).toThrow(TypeError)
    expect(existsSync(directory)).toBe(false)
  })
})

describe('what is refused', () => {
  const refusal = (configuration = asked, identity = 'me') =>
    refusalOf(() => checkpointOf({}, configuration, identity).files.open(directory))
  const other = (what: string) => `is of ${what}; resume with what it was made with`
  beforeEach(written)

  it.each<[string, SearchConfiguration, string]>([
    ['with another value', { ...asked, seed: 2 }, 'a search with seed 1, not 2'],
    ['with something less', { storage: 'exact' }, 'a search with seed 1, not undefined'],
    ['with something more', { ...asked, bits: 64 }, 'a search with bits undefined, not 64'],
  ])('another configuration: %s', (_, configuration, what) => {
    expect(refusal(configuration)).toContain(other(what))
  })

  it('another model', () => {
    expect(refusal(asked, 'you')).toContain(other('another model or other properties'))
  })

  it('recordings that the code does not make', () => {
    forge(directory, ({ sections }) => {
      sections.recordings[2] = 9
    })
    expect(refusal()).toBe(
      `the checkpoint in ${directory} is of another model: there are other steps or properties`,
    )
  })

  it('half a number, and none', () => {
    forge(directory, ({ sections }) => {
      sections.recordings = sections.recordings.slice(1)
    })
    expect(refusal()).toContain('recordings has another length')
    forge(directory, ({ sections }) => {
      delete sections.recordings
    })
    expect(refusal()).toContain('recordings is missing')
  })

  const isNone = 'is not one of a search'
  it.each<[string, object]>([
    ['no number of states', { states: null }],
    ['less than no state', { states: -1 }],
    ['half a state', { states: 1.5 }],
    ['no identity', { identity: 1 }],
    ['no configuration', { configuration: null }],
    ['a configuration with half a number', { configuration: { ...asked, seed: 0.5 } }],
    ['a configuration that is true', { configuration: { ...asked, seed: true } }],
    ['a configuration that is empty', { configuration: { ...asked, storage: '' } }],
    ['a configuration in capitals', { configuration: { ...asked, storage: 'Exact' } }],
    ['a configuration that ends otherwise', { configuration: { ...asked, storage: 'exact\u202e' } }],
    ['a configuration of many letters', { configuration: { ...asked, storage: 'e'.repeat(21) } }],
    ['a configuration without a name', { configuration: { ...asked, '': 1 } }],
    ['a configuration named with capitals', { configuration: { ...asked, Seed: 1 } }],
    ['a configuration whose name ends otherwise', { configuration: { ...asked, 'seed\u202e': 1 } }],
    ['a configuration with a long name', { configuration: { ...asked, ['e'.repeat(21)]: 1 } }],
  ])('what is no search: %s', (_, change) => {
    forge(directory, ({ meta }) => Object.assign(meta, change))
    expect(refusal()).toContain(isNone)
    expect(refusalOf(() => searchIn(directory))).toContain(isNone)
  })

  it('a configuration under the name of earlier versions is compared as well', () => {
    const rename = (configuration: object) =>
      forge(directory, ({ meta }) => {
        delete meta.configuration
        meta.manner = configuration
      })
    rename(asked)
    expect(checkpointOf({}).files.open(directory)).toMatchObject({ states: 5 })
    rename({ ...asked, seed: 77 })
    expect(refusal()).toContain('a search with seed 77')
  })

  it('a configuration that is only longer than ours is shown', () => {
    const longest = 'e-'.repeat(10)
    const name = 'n'.repeat(20)
    forge(directory, ({ meta }) =>
      Object.assign(meta, { states: 0, configuration: { ...asked, [name]: longest } }),
    )
    expect(refusal()).toContain(other(`a search with ${name} ${longest}, not undefined`))
  })
})
