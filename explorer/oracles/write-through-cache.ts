import { array, oneOf, ref, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../model/language/system.ts'
import { actions, forEach, idsOf } from './actions.ts'
import { append, fifo, remove } from './fifo.ts'
import { everyContent, interfaceActions, memoryInterface, NO_VALUE, plainValue } from './memory-interface.ts'

/**
 * The write-through cache of "Specifying Systems" (chapter 5), as checked by its MCWriteThroughCache: a cache
 * per processor and one queue of at most `queueLength` requests before the memory.
 */
export function writeThroughCache(
  processors: number,
  addresses: number,
  values: number,
  queueLength: number,
): System {
  const proc = sort('proc', processors)
  const adr = sort('adr', addresses)
  const val = sort('val', values)
  const bounds = { proc, adr, val }
  const queued = struct({ proc: ref(proc), op: oneOf('none', 'Rd', 'Wr'), adr: ref(adr), val: ref(val) })
  const world = struct({
    ...memoryInterface(bounds).members,
    cache: array(proc, array(adr, ref(val))),
    memQ: fifo(queueLength, queued),
  })
  type World = View<typeof world>
  const blank: View<typeof queued> = { proc: null, ...NO_VALUE }
  const room = (w: World): boolean => w.memQ.length < queueLength
  const cached = (w: World, p: number): number | null => w.cache[p][w.buf[p].adr as number]
  const enqueue = (w: World, p: number): void => {
    const { op, adr: a, val: v } = w.buf[p]
    append(w.memQ, { proc: p, op, adr: a, val: v })
  }
  /** The value of an address once the whole queue has been served. */
  const valueAfterQueue = (w: World, a: number): number => {
    for (let i = w.memQ.length - 1; i >= 0; i--) {
      const { op, adr: written, val: v } = w.memQ.slots[i]
      if (op === 'Wr' && written === a) return v as number
    }
    return w.mem[a]
  }

  const processor = actions<World>('proc', 'a processor and its cache', {
    ...interfaceActions<World>(bounds),
    'read-miss': {
      when: (w, p) => w.ctl[p] === 'busy' && w.buf[p].op === 'Rd' && cached(w, p) === null && room(w),
      does: (w, p) => {
        enqueue(w, p)
        w.ctl[p] = 'waiting'
      },
    },
    'do-read': {
      when: (w, p) =>
        (w.ctl[p] === 'busy' || w.ctl[p] === 'waiting') && w.buf[p].op === 'Rd' && cached(w, p) !== null,
      does: (w, p) => {
        Object.assign(w.buf[p], plainValue(cached(w, p) as number))
        w.ctl[p] = 'done'
      },
    },
    'do-write': {
      when: (w, p) => w.ctl[p] === 'busy' && w.buf[p].op === 'Wr' && room(w),
      does: (w, p) => {
        const a = w.buf[p].adr as number
        for (const q of idsOf(proc)) if (q === p || w.cache[q][a] !== null) w.cache[q][a] = w.buf[p].val
        enqueue(w, p)
        Object.assign(w.buf[p], NO_VALUE)
        w.ctl[p] = 'done'
      },
    },
    ...forEach<World, number>(
      idsOf(adr),
      (a) => `evict-${a}`,
      (a) => ({
        when: (w, p) => w.ctl[p] !== 'waiting' || w.buf[p].adr !== a,
        does: (w, p) => {
          w.cache[p][a] = null
        },
      }),
    ),
  })

  const memory = actions<World>('memory', 'the memory', {
    'serve-write': {
      when: (w) => w.memQ.length > 0 && w.memQ.slots[0].op === 'Wr',
      does: (w) => {
        const { adr: a, val: v } = w.memQ.slots[0]
        w.mem[a as number] = v as number
        remove(w.memQ, 0, blank)
      },
    },
    'serve-read': {
      when: (w) => w.memQ.length > 0 && w.memQ.slots[0].op === 'Rd',
      does: (w) => {
        const { proc: p, adr: a } = w.memQ.slots[0]
        w.cache[p as number][a as number] = valueAfterQueue(w, a as number)
        remove(w.memQ, 0, blank)
      },
    },
  })
  return compose({
    name: 'write-through-cache',
    world,
    threads: [each(proc, processor), one(memory)],
    initial: everyContent(bounds),
  })
}
