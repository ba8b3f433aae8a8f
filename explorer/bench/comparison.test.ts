import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { instanceOf } from './catalogue.ts'
import type { MeasuredRun } from './child-process.ts'
import { assertSame, type Measurement, pairedRatios } from './comparison.ts'
import { handWrittenCounts } from './contestants/hand-written-c.ts'
import { ours } from './contestants/ours.ts'
import { rumurCounts } from './contestants/rumur.ts'
import { spinCounts } from './contestants/spin.ts'
import { standings } from './marks.ts'
import { murphiSource } from './model-source.ts'
import { summarise } from './profile.ts'
import { spreadOf } from './statistics.ts'

const [fingerprint] = ours

function runs(...seconds: number[]): MeasuredRun[] {
  return seconds.map((s) => ({ seconds: s, cpuSeconds: s, peakKiB: 1, output: '{}' }))
}

const spinOutput = (errors: number, rest = ''): string =>
  `State-vector 60 byte, depth reached 97, errors: ${errors}\n${rest}` +
  '  9385621 states, stored\n 27129265 transitions (= stored+matched)\n'

describe('counts of the peers', () => {
  it('reads SPIN, whose transitions include the one into the initial state', () => {
    expect(spinCounts(spinOutput(0))).toEqual({ states: 9_385_621, transitions: 27_129_264 })
  })

  it('refuses a SPIN run with errors or a cut-off search', () => {
    expect(() => spinCounts(spinOutput(1))).toThrow('did not finish')
    expect(() => spinCounts(spinOutput(0, 'error: max search depth too small\n'))).toThrow('did not finish')
    expect(() => spinCounts('errors: 0')).toThrow('printed no')
  })

  it('reads Rumur and refuses a run with an error', () => {
    const output = '\tNo error found.\n\n\t79199 states, 207236 rules fired in 0s.\n'
    expect(rumurCounts(output)).toEqual({ states: 79_199, transitions: 207_236 })
    expect(() => rumurCounts(output.replace('No error', '1 error(s)'))).toThrow('did not finish')
  })

  it('reads the search written in C and refuses a violation', () => {
    expect(handWrittenCounts('holds: 288 states, 1145 transitions\n')).toEqual({
      states: 288,
      transitions: 1_145,
    })
    expect(() => handWrittenCounts('violated\n')).toThrow('did not finish')
  })

  it('stops at the first difference', () => {
    const instance = instanceOf('two-phase-9')
    const { states, transitions } = instance
    expect(() => assertSame(instance, fingerprint, { states, transitions })).not.toThrow()
    expect(() => assertSame(instance, fingerprint, { states: states + 1, transitions })).toThrow('differ')
    expect(() => assertSame(instance, fingerprint, { states, transitions: transitions + 9 })).toThrow(
      'differ',
    )
  })
})

describe('figures', () => {
  it('takes the middle', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 })
    expect(spreadOf([4, 1, 2, 3]).median).toBe(2.5)
    expect(() => spreadOf([])).toThrow(RangeError)
  })

  it('divides round by round', () => {
    const a: Measurement = { contestant: fingerprint, runs: runs(2, 6, 9) }
    const b: Measurement = { contestant: fingerprint, runs: runs(1, 2) }
    expect(pairedRatios(a, b)).toEqual([2, 3])
  })

  it('meets a mark only when every model does', () => {
    const instance = instanceOf('two-phase-7')
    const against = (own: number, theirs: number) => ({
      instance,
      task: 'search' as const,
      measurements: [
        { contestant: { ...fingerprint, id: 'exact' }, runs: runs(own) },
        { contestant: { ...fingerprint, id: 'spin-dfs' }, runs: runs(theirs) },
      ],
    })
    expect(standings([against(1, 2)])).toMatchObject([
      { most: 0.6, met: true, values: [{ figures: [{ value: 0.5 }, { value: 0.5 }] }] },
    ])
    expect(standings([against(1, 2), against(2, 3)])).toMatchObject([{ met: false }])
    expect(standings([{ ...against(1, 2), task: 'latency' }])).toEqual([])
  })

  it('adds up self times by function, named after its source', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bench-'))
    const map = { version: 3, sources: ['../expander.ts'], names: [], mappings: 'AAAA' }
    writeFileSync(join(folder, 'chunk.mjs.map'), JSON.stringify(map))
    const url = pathToFileURL(join(folder, 'chunk.mjs')).href
    const node = (id: number, functionName: string) => ({
      id,
      callFrame: { functionName, url, lineNumber: 0, columnNumber: 0 },
    })
    const profile = {
      nodes: [node(1, 'a'), node(2, 'b'), node(3, 'a')],
      samples: [1, 2, 3],
      timeDeltas: [1e6, 1e6, 2e6],
    }
    expect(summarise(JSON.stringify(profile))).toEqual({
      seconds: 4,
      functions: [
        { name: 'a (expander.ts)', share: 0.75 },
        { name: 'b (expander.ts)', share: 0.25 },
      ],
    })
    rmSync(folder, { recursive: true })
  })

  it('sets the constants of a Murphi model and refuses unknown ones', () => {
    expect(murphiSource('two-phase', { RMS: 9 })).toContain('const RMS: 9;')
    expect(() => murphiSource('two-phase', { RM: 9 })).toThrow('no constant RM')
  })
})
