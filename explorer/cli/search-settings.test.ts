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
    [{ search: 'random', reduce: 'none' }, '--reduce can only be used with --search bfs'],
    [{ search: 'random', storage: 'exact' }, '--storage can only be used with --search bfs'],
    [{ search: 'preemptions', checkpoint: 'd' }, '--checkpoint can only be used with --search bfs'],
    [{ search: 'preemptions', walks: '1' }, '--walks can only be used with --search random or priorities'],
    [{ walks: '1' }, '--walks can only be used with --search random or priorities'],
    [{ search: 'random', bugDepth: '1' }, '--bug-depth can only be used with --search priorities'],
    [{ search: 'random', preemptions: '1' }, '--preemptions can only be used with --search preemptions'],
    [
      { storage: 'exact', fingerprintBits: '64' },
      '--fingerprint-bits can only be used with --storage fingerprint',
    ],
    [{ fingerprintBits: '65' }, '--fingerprint-bits: must be one of 64, 96, 128, not "65"'],
    [{ checkpointEvery: '1' }, '--checkpoint-every can only be used with --checkpoint or --resume'],
    [{ search: 'random', selfCheck: true }, '--self-check can only be used with --search bfs'],
    [
      { selfCheck: true, reduce: 'none' },
      '--self-check compares a reduced search with a full one; with --reduce none there is nothing to compare',
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
