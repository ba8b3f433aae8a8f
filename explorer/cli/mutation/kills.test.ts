import { expect, it } from 'vitest'
import { type Kills, killsLine, killsOf, killsReport } from './kills.ts'

const counts = { states: 1, transitions: 1, depth: 1, deadlocks: 0 }

/** What was recorded, by cell, of the properties that are violated there. */
const recorded = (violated: Readonly<Record<string, string>>): Kills[] =>
  killsOf({
    cells: Object.fromEntries(
      Object.entries(violated).map(([cell, ids]) => [
        cell,
        {
          ...counts,
          properties: Object.fromEntries([
            ['holds-everywhere', { verdict: 'holds' as const, antecedent: 1 }],
            ...ids.split(' ').map((id) => [id, { verdict: 'violated' as const, antecedent: 1 }]),
          ]),
        },
      ]),
    ),
  })

it('a property is needed if it is violated alone somewhere', () => {
  const [a, b] = recorded({ 'D1 in s': 'a b', 'D2 in s': 'a' })
  expect(a).toMatchObject({ property: 'a', alone: ['D2 in s'], coveredBy: [], together: [] })
  expect(b).toMatchObject({ property: 'b', alone: [], coveredBy: ['a'] })
  expect(killsLine([a, b])).toBe('1 of 2 properties notice something that no other notices, 1 are redundant')
})

it('one that no single property covers is redundant to several', () => {
  const all = recorded({
    'D1 in s': 'a b',
    'D2 in s': 'a c',
    'D3 in s': 'a b',
    'D4 in s': 'b',
    'D5 in s': 'c',
  })
  expect(all[0]).toMatchObject({ property: 'a', alone: [], coveredBy: [], together: ['b', 'c'] })
})

it('the report has each property with its reason, and those that nothing violates', () => {
  const { text } = killsReport(recorded({ 'D1 in s': 'a b', 'D2 in s': 'a' }), ['x'])
  expect(text).toContain('| a | 2 | needed: alone in D2 in s |')
  expect(text).toContain('| b | 1 | redundant: a is violated wherever it is |')
  expect(text).toContain('Nothing recorded violates: x.')
})
