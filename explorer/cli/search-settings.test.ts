import { describe, expect, it } from 'vitest'
import { readOptions, searchOptions } from './options.ts'
import { checkpointsOf, DEFAULT_SETTINGS, settingsOf } from './search-settings.ts'

const settings = (raw: Record<string, string | true>) => settingsOf(readOptions(searchOptions, raw))

describe('settings', () => {
  it('are those of the default set when nothing is asked for', () => {
    expect(settings({})).toEqual(DEFAULT_SETTINGS)
  })

  it('go to the engine under its names', () => {
    expect(settings({ fingerprintBits: '96', maxStates: '7', seed: '0', memoryLimit: '100' })).toEqual({
      ...DEFAULT_SETTINGS,
      storage: 'fingerprint',
      fingerprintBits: 96,
      maxStates: 7,
      seed: 0,
      memoryLimit: 100,
    })
    expect(settings({ search: 'preemptions', preemptions: '0' })).toMatchObject({ maxPreemptions: 0 })
    expect(settings({ search: 'priorities', bugDepth: '2', walks: '9' })).toMatchObject({
      bugDepth: 2,
      walks: 9,
    })
  })

  it.each<[Record<string, string | true>, string]>([
    [{ search: 'random', reduce: 'none' }, '--reduce goes with --search bfs only'],
    [{ search: 'random', storage: 'exact' }, '--storage goes with --search bfs only'],
    [{ search: 'preemptions', checkpoint: 'd' }, '--checkpoint goes with --search bfs only'],
    [{ search: 'preemptions', walks: '1' }, '--walks goes with --search random or priorities only'],
    [{ walks: '1' }, '--walks goes with --search random or priorities only'],
    [{ search: 'random', bugDepth: '1' }, '--bug-depth goes with --search priorities only'],
    [{ search: 'random', preemptions: '1' }, '--preemptions goes with --search preemptions only'],
    [{ storage: 'exact', fingerprintBits: '64' }, '--fingerprint-bits goes with --storage fingerprint only'],
    [{ fingerprintBits: '65' }, '--fingerprint-bits: must be one of 64, 96, 128, not "65"'],
    [{ checkpointEvery: '1' }, '--checkpoint-every goes with --checkpoint or --resume only'],
    [{ search: 'random', selfCheck: true }, '--self-check goes with --search bfs only'],
    [
      { selfCheck: true, reduce: 'none' },
      '--self-check compares a reduced search with the full one; --reduce none is not reduced',
    ],
    [{ checkpoint: '' }, '--checkpoint: must name a folder'],
  ])('that contradict each other are refused: %j', (raw, message) => {
    expect(() => settings(raw)).toThrow(message)
  })
})

describe('checkpoints', () => {
  const of = (raw: Record<string, string>) => checkpointsOf(readOptions(searchOptions, raw))

  it('are left where the old ones are, unless another folder is named', () => {
    expect(of({})).toBeNull()
    expect(of({ checkpoint: 'a' })).toEqual({ directory: 'a', every: null, resume: null })
    expect(of({ resume: 'a' })).toEqual({ directory: 'a', every: null, resume: 'a' })
    expect(of({ resume: 'a', checkpoint: 'b', checkpointEvery: '2' })).toEqual({
      directory: 'b',
      every: 2,
      resume: 'a',
    })
  })
})
