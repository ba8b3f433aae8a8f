import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { itfText } from './itf.ts'
import {
  abba,
  lostUpdate,
  replayedOf,
  spinner,
  useAfterFree,
  zapVersusEnter,
} from './testing/small-systems.ts'

const schema = z.fromJSONSchema(
  JSON.parse(readFileSync(join(import.meta.dirname, '..', 'docs', 'itf.schema.json'), 'utf8')),
)
const isItf = (document: unknown): boolean => schema.safeParse(document).success

describe('the schema of ITF', () => {
  it('allows what the counterexamples are written as', () => {
    for (const small of [lostUpdate(2), zapVersusEnter(), useAfterFree(), abba(), spinner()])
      expect(schema.parse(JSON.parse(itfText(replayedOf(small))))).toBeDefined()
  })

  const state = (value: unknown) => ({ vars: ['x'], states: [{ '#meta': { index: 0 }, x: value }] })

  it.each([
    true,
    'text',
    7,
    { '#bigint': '-12' },
    { '#tup': [] },
    { '#set': [{ '#bigint': '1' }] },
    { '#map': [['key', false]] },
    { tag: 'Some', value: { '#tup': [] } },
    { '#unserializable': 'Nat' },
    [{ a: { b: [] } }],
  ])('allows the value %j', (value) => expect(isItf(state(value))).toBe(true))

  it.each([
    null,
    1.5,
    { '#bigint': 12 },
    { '#bigint': '0x1' },
    { '#set': 'a' },
    { '#map': [['key']] },
    { '#unknown': [] },
    { '#tup': [], more: 1 },
    [{ a: null }],
  ])('refuses the value %j', (value) => expect(isItf(state(value))).toBe(false))

  it.each([
    { states: [] },
    { vars: ['x'], states: {} },
    { vars: [], states: [], loop: -1 },
    { ...state(1), extra: 1 },
  ])('refuses the document %j', (document) => expect(isItf(document)).toBe(false))
})
