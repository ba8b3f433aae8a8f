import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findDesign, findNamed, findProperty, findScenario, titled } from './catalogue.ts'
import { UsageError } from './errors.ts'
import { nearest } from './nearest.ts'
import { catalogue } from './testing/small-catalogue.ts'

describe('names', () => {
  it('are ids or aliases, without regard to case', () => {
    expect(findDesign(catalogue, 'd1').id).toBe('request-first')
    expect(findDesign(catalogue, 'Request-First').id).toBe('request-first')
    expect(findScenario(catalogue, 's1').id).toBe('zap')
    expect(findProperty(catalogue, 'i-1').id).toBe('root-dropped')
  })

  it('mean an id before an alias', () => {
    const both = [
      { id: 'b', aliases: ['a'] },
      { id: 'a', aliases: [] },
    ]
    expect(findNamed(both, 'a')?.id).toBe('a')
  })

  it('that do not exist are answered with the nearest', () => {
    expect(() => findDesign(catalogue, 'request-frist')).toThrow(
      new UsageError('no design is called "request-frist"; did you mean request-first?'),
    )
    expect(() => findScenario(catalogue, 'completely different')).toThrow(
      new UsageError('no scenario is called "completely different"; see mmucheck list scenarios'),
    )
  })

  it('of something else are answered with what they are, and the command that takes them', () => {
    const message = (find: () => unknown): string => {
      try {
        find()
      } catch (error) {
        return (error as Error).message
      }
      return ''
    }
    expect(message(() => findScenario(catalogue, 'd1'))).toBe(
      'no scenario is called "d1"; it is a design: mmucheck check --design d1',
    )
    expect(message(() => findDesign(catalogue, 'I-1'))).toBe(
      'no design is called "I-1"; it is a property: mmucheck check --property I-1',
    )
    expect(message(() => findProperty(catalogue, 'zap'))).toBe(
      'no property is called "zap"; it is a scenario: mmucheck check zap',
    )
    expect(message(() => findScenario(catalogue, 'z.2'))).toBe(
      'no scenario is called "z.2"; it is a step: mmucheck explain z.2',
    )
    expect(message(() => findDesign(catalogue, 'V.2'))).toBe(
      'no design is called "V.2"; it is a step: mmucheck explain V.2',
    )
    expect(message(() => findScenario(catalogue, 'zapper'))).toBe(
      'no scenario is called "zapper"; it is a machine: mmucheck explain zapper',
    )
  })

  it('are shown with their aliases', () => {
    expect(catalogue.designs.slice(1, 3).map(titled)).toEqual(['request-first (D1)', 'believed-wrong'])
  })
})

describe('nearest', () => {
  const names = ['roots-zap-all', 'roots-zap-one', 'R1', 'ZAP.9']

  it('forgives a slip of the pen and a name cut short', () => {
    expect(nearest('roots-zap-al', names)).toBe('roots-zap-all')
    expect(nearest('ROOTS-ZAP-ONNE', names)).toBe('roots-zap-one')
    expect(nearest('zap.8', names)).toBe('ZAP.9')
    expect(nearest('roots', names)).toBe('roots-zap-all')
  })

  it('says nothing rather than something far off', () => {
    expect(nearest('write-protection', names)).toBeNull()
    expect(nearest('x', [])).toBeNull()
  })

  it('finds every known name itself', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 3 }), { minLength: 1 }), fc.nat(), (known, n) => {
        const name = known[n % known.length]
        const found = nearest(name, known)
        expect(found?.toLowerCase().startsWith(name.toLowerCase())).toBe(true)
      }),
    )
  })
})
