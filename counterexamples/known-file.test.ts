import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { formatCounterexample, idOf, parseCounterexample } from './counterexample-file.ts'
import {
  counterexampleFrom,
  formatKnown,
  type Known,
  keptById,
  keptOfNewest,
  parseKnown,
} from './known-file.ts'

const step = fc.record({
  thread: fc.constantFrom('vcpu0', 'vcpu1', 'zapper0'),
  step: fc.string({ minLength: 1, maxLength: 9 }),
})

const known = (kernel: string | undefined) =>
  fc
    .record({
      design: fc.constantFrom('one', 'two'),
      scenario: fc.constantFrom('a', 'b'),
      property: fc.constantFrom('p', 'q'),
      kind: fc.constantFrom('invariant' as const, 'leads-to' as const),
      initial: fc.nat(3),
      steps: fc.array(step),
      loopStart: fc.constantFrom(null, 0),
      subject: fc.constantFrom(undefined, 'vcpu0'),
    })
    .map(({ subject, ...rest }): Known => {
      const id = idOf({ ...rest, kernel })
      return subject === undefined ? { ...rest, id } : { ...rest, id, subject }
    })

const file = fc
  .constantFrom(undefined, '6.1')
  .chain((kernel) => fc.record({ kernel: fc.constant(kernel), counterexamples: fc.array(known(kernel)) }))

const folder = mkdtempSync(join(tmpdir(), 'mmucheck-known-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a file of known counterexamples', () => {
  it('reads as it was written', () => {
    fc.assert(
      fc.property(file, (written) => {
        expect(parseKnown(formatKnown(written), 'x')).toEqual(written)
      }),
    )
  })

  it('has a line for each', () => {
    fc.assert(
      fc.property(file, (written) => {
        const lines = formatKnown(written).trimEnd().split('\n').length
        const n = written.counterexamples.length
        expect(lines).toBe(n === 0 ? 1 : n + 2)
      }),
    )
  })

  it('contains what makes a separate counterexample file', () => {
    fc.assert(
      fc.property(file, (written) => {
        for (const each of written.counterexamples) {
          const whole = counterexampleFrom(written, each, { tool: '1', model: '0'.repeat(16) })
          expect(parseCounterexample(formatCounterexample(whole), 'x')).toEqual(whole)
        }
      }),
    )
  })

  const steps = [{ thread: 'vcpu0', step: 'RUN.1' }]
  const names = { design: 'd', scenario: 's', property: 'p', initial: 0, steps, loopStart: null }
  const one: Known = { ...names, id: idOf(names), kind: 'invariant' }

  it.each([
    ['cut short', (text: string) => text.slice(0, -9), 'not JSON'],
    ['of another format', (text: string) => text.replace('known/1', 'known/2'), 'format'],
    [
      'with another step',
      (text: string) => text.replace('RUN.1', 'RUN.2'),
      `the steps of ${one.id} belong to ce-`,
    ],
    ['of another kernel', (text: string) => text.replace(',"c', ',"kernel":"6.1","c'), 'belong to ce-'],
    ['with a thread that takes no step', (text: string) => text.replace(',"RUN.1"', ''), 'turns'],
  ])('is refused if it is %s', (_, damage, message) => {
    const text = formatKnown({ counterexamples: [one] })
    expect(damage(text)).not.toBe(text)
    expect(() => parseKnown(damage(text), 'f.json')).toThrow(message)
  })

  it('is found by the id of one in it', () => {
    writeFileSync(join(folder, 'a.json'), formatKnown({ counterexamples: [] }))
    writeFileSync(join(folder, 'b.json'), formatKnown({ counterexamples: [one] }))
    expect(keptById(folder, one.id)?.known).toEqual(one)
    expect(keptById(folder, 'ce-00000000')).toBeNull()
    expect(keptById(join(folder, 'none'), one.id)).toBeNull()
  })

  it('are those of the newest kernel where none is named', () => {
    const own = mkdtempSync(join(tmpdir(), 'mmucheck-newest-'))
    const one = (kernel: string | undefined): Known => {
      const rest = { design: 'one', scenario: 'a', property: 'p', kind: 'invariant', initial: 0 } as const
      const found = { ...rest, steps: [{ thread: 'vcpu0', step: 's' }], loopStart: null }
      return { ...found, id: idOf({ ...found, kernel }) }
    }
    for (const kernel of [undefined, '6.1'])
      writeFileSync(
        join(own, `${kernel ?? '7.2'}.json`),
        formatKnown({ kernel, counterexamples: [one(kernel)] }),
      )
    expect(keptOfNewest(own)).toEqual([one(undefined)])
    expect(keptOfNewest(join(own, 'missing'))).toEqual([])
    rmSync(own, { recursive: true })
  })
})
