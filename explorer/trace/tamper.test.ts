import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classesOf, drawTamperings, type Tamperable, tampered } from './tamper.ts'

/** An event: its place, its thread, its kind and a value. */
interface Event {
  readonly time: number
  readonly thread: string
  readonly kind: string
  readonly value: number
}

const how: Tamperable<Event> = {
  threadOf: ({ thread }) => thread,
  classOf: ({ kind }) => (kind === 'header' ? null : kind),
  valuesOf: ({ kind }) => (kind === 'lock' ? [] : ['value']),
  altered: (event, _, draw) => ({ ...event, value: (event.value + 1 + draw(9)) % 10 }),
  inPlaceOf: (event, { time }) => ({ ...event, time }),
  areIndependent: (one, other) => one.kind === 'page' && other.kind === 'page' && one.value !== other.value,
}

const logs = fc
  .array(
    fc.record({
      thread: fc.constantFrom('a', 'b', 'c'),
      kind: fc.constantFrom('header', 'lock', 'page'),
      value: fc.nat(9),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((events) => events.map((event, time): Event => ({ ...event, time })))

const unplaced = ({ time: _, ...event }: Event): string => JSON.stringify(event)

describe('a tampered log', () => {
  it('differs from the log in what the class says', () => {
    const counts = { drop: 0, swap: 0, alter: 0, exchange: 0 }
    fc.assert(
      fc.property(logs, fc.nat(), (log, seed) => {
        for (const change of drawTamperings(classesOf(log, how), { perClass: 2, seed })) {
          const copy = [...tampered(log, change, how)]
          counts[change.tampering]++
          const first = copy.findIndex((event, n) => JSON.stringify(event) !== JSON.stringify(log[n]))
          if (change.tampering === 'drop') {
            expect(copy.length).toBe(log.length - 1)
            const at = first < 0 ? copy.length : first
            expect(how.classOf(log[at])).not.toBeNull()
            expect(copy).toEqual(log.filter((_, n) => n !== at))
            continue
          }
          // The order of places stays that of the log.
          expect(copy.map(({ time }) => time)).toEqual(log.map(({ time }) => time))
          if (change.tampering === 'alter') {
            expect(copy.filter((event, n) => event.value !== log[n].value).length).toBe(1)
            expect(log[first].kind).toBe(change.of)
            continue
          }
          // Nothing is lost, and no thread sees another order of its events.
          expect(copy.map(unplaced).sort()).toEqual(log.map(unplaced).sort())
          for (const thread of ['a', 'b', 'c']) {
            const own = (event: Event): boolean => event.thread === thread
            expect(copy.filter(own).map(unplaced)).toEqual(log.filter(own).map(unplaced))
          }
          expect(copy[first].thread).not.toBe(log[first].thread)
          expect(log[first].kind).toBe(change.of)
          const moved = log.findIndex(({ thread }, n) => n > first && thread !== log[first].thread)
          const isFree = log
            .slice(first, moved)
            .every((event) => how.areIndependent?.(event, log[moved]) === true)
          expect(isFree).toBe(change.tampering === 'exchange')
        }
      }),
      { numRuns: 300 },
    )
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(20)
  })

  it('can be made again from its seed', () => {
    const log = Array.from({ length: 50 }, (_, time): Event => {
      return { time, thread: 'abc'[time % 3], kind: time % 2 === 0 ? 'page' : 'lock', value: time % 10 }
    })
    const classes = classesOf(log, how)
    const draw = (seed: number) => drawTamperings(classes, { perClass: 4, seed })
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
    expect(classes.map(({ tampering, of, events }) => `${tampering} ${of} ${events}`)).toEqual([
      'drop page 25',
      'swap page 25',
      'alter page 25',
      'drop lock 25',
      'swap lock 24',
    ])
  })

  it('is refused where there is no such event', () => {
    const log: Event[] = [{ time: 0, thread: 'a', kind: 'page', value: 1 }]
    const change = { tampering: 'drop', of: 'lock', events: 1, nth: 0, seed: 1 } as const
    expect(() => [...tampered(log, change, how)]).toThrow('no event 0 to drop in class lock')
    const none: Tamperable<Event> = { ...how, altered: () => null }
    const alter = { tampering: 'alter', of: 'page', value: 'value', events: 1, nth: 0, seed: 1 } as const
    expect(() => [...tampered(log, alter, none)]).toThrow('no other value')
  })
})
