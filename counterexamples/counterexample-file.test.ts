import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeCounterexample } from '../explorer/cli/write-counterexample.ts'
import {
  type Counterexample,
  CounterexampleError,
  counterexampleOf,
  formatCounterexample,
  parseCounterexample,
  readCounterexample,
  traceOf,
} from './counterexample-file.ts'
import { lostUpdate } from './testing/small-systems.ts'

const { property } = lostUpdate(2)
const steps = ['inc0 load', 'inc1 load', 'inc0 store', 'inc1 store'].map((s) => {
  const [thread, step] = s.split(' ')
  return { thread, step }
})
const ce = counterexampleOf({
  tool: '0.1.0',
  scenario: 'counter',
  design: 'upstream',
  property,
  trace: { initial: 0, steps },
  model: '0123456789abcdef',
})

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const arbitrary: fc.Arbitrary<Counterexample> = fc
  .record({
    scenario: fc.string({ minLength: 1, maxLength: 30 }),
    design: fc.string({ minLength: 1, maxLength: 30 }),
    steps: fc.array(
      fc.record({
        thread: fc.string({ minLength: 1, maxLength: 9 }),
        step: fc.string({ minLength: 1, maxLength: 9 }),
      }),
    ),
    initial: fc.nat(9),
    loop: fc.option(fc.nat()),
  })
  .map(({ loop, steps, initial, ...names }) => {
    const trace = { initial, steps }
    const looping = loop === null ? trace : { ...trace, loopStart: loop % (steps.length + 1) }
    return counterexampleOf({ ...names, tool: '1', property, trace: looping, model: '0123456789abcdef' })
  })

describe('a counterexample file', () => {
  it('reads as this', () => {
    expect(formatCounterexample(ce)).toBe(`{
  "format": "mmucheck-counterexample/1",
  "id": "ce-1d12dc4f",
  "tool": "0.1.0",
  "model": "0123456789abcdef",
  "scenario": "counter",
  "design": "upstream",
  "property": "no-update-lost",
  "kind": "invariant",
  "initial": 0,
  "steps": [
    { "thread": "inc0", "step": "load" },
    { "thread": "inc1", "step": "load" },
    { "thread": "inc0", "step": "store" },
    { "thread": "inc1", "step": "store" }
  ],
  "loopStart": null
}
`)
  })

  it('survives writing and reading, whatever the names and the trace', () => {
    fc.assert(
      fc.property(arbitrary, (any) => {
        expect(parseCounterexample(formatCounterexample(any), 'x')).toEqual(any)
      }),
    )
  })

  it('is written whole, under its id, into a folder that need not exist', () => {
    const path = writeCounterexample(join(folder, 'new', 'out'), ce)
    expect(path).toBe(join(folder, 'new', 'out', `${ce.id}.json`))
    expect(readCounterexample(path)).toEqual(ce)
    writeCounterexample(join(folder, 'new', 'out'), ce)
    expect(readdirSync(join(folder, 'new', 'out'))).toEqual([`${ce.id}.json`])
  })

  it('leaves no temporary file behind when it cannot be written', () => {
    mkdirSync(join(folder, `${ce.id}.json`))
    expect(() => writeCounterexample(folder, ce)).toThrow()
    expect(readdirSync(folder)).toEqual([`${ce.id}.json`])
  })

  it('gives its trace back', () => {
    expect(traceOf(ce)).toEqual({ initial: 0, steps })
    expect(traceOf({ ...ce, loopStart: 2 })).toEqual({ initial: 0, steps, loopStart: 2 })
  })
})

describe('the id', () => {
  const idWith = (change: Partial<Parameters<typeof counterexampleOf>[0]>): string =>
    counterexampleOf({
      tool: '0.1.0',
      scenario: 'counter',
      design: 'upstream',
      property,
      trace: { initial: 0, steps },
      model: '0123456789abcdef',
      ...change,
    }).id

  it('does not depend on the version of tool and model', () => {
    expect(idWith({ tool: '9', model: 'fedcba9876543210' })).toBe(ce.id)
  })

  it.each([
    [{ scenario: 'other' }],
    [{ design: 'other' }],
    [{ property: { ...property, id: 'other' } }],
    [{ trace: { initial: 1, steps } }],
    [{ trace: { initial: 0, steps: steps.toReversed() } }],
    [{ trace: { initial: 0, steps: steps.slice(1) } }],
    [{ trace: { initial: 0, steps, loopStart: 4 } }],
  ])('depends on the question and the behaviour: %#', (change) => {
    expect(idWith(change as never)).not.toBe(ce.id)
  })
})

describe('a file that is refused', () => {
  const refused = (text: string): string => {
    try {
      parseCounterexample(text, 'ce.json')
    } catch (error) {
      expect(error).toBeInstanceOf(CounterexampleError)
      return (error as Error).message
    }
    return 'accepted'
  }
  const bent = (change: object): string => refused(JSON.stringify({ ...ce, ...change }))

  it.each([
    [refused('{'), 'ce.json: not JSON, so not a counterexample file'],
    [refused('null'), 'ce.json: not a counterexample file: Invalid input: expected object, received null'],
    [
      bent({ format: 'mmucheck-counterexample/7' }),
      'ce.json: format mmucheck-counterexample/7 is not known; this version reads mmucheck-counterexample/1',
    ],
    [
      bent({ format: 'itf' }),
      'ce.json: not a counterexample file: format: Invalid input: expected "mmucheck-',
    ],
    [
      bent({ steps: [{ thread: 'a' }] }),
      'ce.json: not a counterexample file: steps[0].step: Invalid input: expected string, received undefined',
    ],
    [bent({ states: [] }), 'ce.json: not a counterexample file: Unrecognized key: "states"'],
    [bent({ initial: -1 }), 'ce.json: not a counterexample file: initial: '],
    [bent({ loopStart: 5 }), 'loopStart 5 is after the last of 4 steps'],
    [bent({ kind: 'hunch' }), 'ce.json: not a counterexample file: kind: '],
    [bent({ design: 'fixed' }), `, not to ${ce.id}; the file was changed after it was written`],
  ])('%s', (message, expected) => {
    expect(message).toContain(expected)
    expect(message).not.toContain('\n')
  })

  it('a file that is not there', () => {
    expect(() => readCounterexample(join(folder, 'none.json'))).toThrow(
      'cannot be read: there is no such file',
    )
    expect(() => readCounterexample(folder)).toThrow('cannot be read: it is a folder')
    writeFileSync(join(folder, 'x.json'), 'x')
    expect(() => readCounterexample(join(folder, 'x.json'))).toThrow(`${join(folder, 'x.json')}: not JSON`)
  })
})
