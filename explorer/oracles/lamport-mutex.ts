import type { Case } from '../../model/language/program.ts'
import { array, oneOf, range, setOf, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'
import { actions, idsOf } from './actions.ts'
import { append, fifo, remove } from './fifo.ts'

/** No channel ever holds more than one message of each type (BoundedNetwork in the specification). */
const CHANNEL = 3

/**
 * Lamport's distributed mutual exclusion with logical clocks (1978) as in TLA+ Examples' LamportMutex, with
 * the state constraint "no clock beyond `maxClock`". TLC generates successors outside the constraint, counts
 * them as generated and drops them; here such a step changes nothing. Ties are broken by process number, so
 * the processes are not interchangeable.
 */
export function lamportMutex(size: number, maxClock: number): System {
  const proc = sort('proc', size)
  const message = struct({ type: oneOf('none', 'req', 'ack', 'rel'), clock: range(0, maxClock) })
  const world = struct({
    clock: array(proc, range(1, maxClock)),
    /** `req[p][q]`: clock of the request of q that p knows of, 0 for none. */
    req: array(proc, array(proc, range(0, maxClock))),
    /** Who has acknowledged the request of p. */
    ack: array(proc, setOf(proc)),
    /** `network[p][q]`: messages from p to q. */
    network: array(proc, array(proc, fifo(CHANNEL, message))),
    crit: setOf(proc),
  })
  type World = View<typeof world>
  type Message = View<typeof message>
  const blank: Message = { type: 'none', clock: 0 }
  const everyone = idsOf(proc)

  const broadcast = (w: World, from: number, sent: Message): void => {
    for (const to of everyone) if (to !== from) append(w.network[from][to], sent)
  }
  const beats = (w: World, p: number, q: number): boolean => {
    const mine = w.req[p][p]
    const theirs = w.req[p][q]
    return theirs === 0 || mine < theirs || (mine === theirs && p < q)
  }
  /** The message p would receive next from q, if there is one. */
  const headTo = (w: World, p: number, q: number): Message => w.network[q][p].slots[0]
  const clockAfter = (w: World, p: number, q: number): number =>
    Math.max(headTo(w, p, q).clock, w.clock[p]) + 1

  const receive = (q: number): { [name: string]: Case<World> | readonly Case<World>[] } => ({
    [`receive-request-from-${q}`]: [
      {
        when: (w, p) => p !== q && headTo(w, p, q).type === 'req' && clockAfter(w, p, q) <= maxClock,
        does: (w, p) => {
          w.req[p][q] = headTo(w, p, q).clock
          w.clock[p] = clockAfter(w, p, q)
          remove(w.network[q][p], 0, blank)
          append(w.network[p][q], { type: 'ack', clock: 0 })
        },
      },
      // Leads outside the constraint.
      { when: (w, p) => p !== q && headTo(w, p, q).type === 'req' },
    ],
    [`receive-ack-from-${q}`]: {
      when: (w, p) => p !== q && headTo(w, p, q).type === 'ack',
      does: (w, p) => {
        w.ack[p].add(q)
        remove(w.network[q][p], 0, blank)
      },
    },
    [`receive-release-from-${q}`]: {
      when: (w, p) => p !== q && headTo(w, p, q).type === 'rel',
      does: (w, p) => {
        w.req[p][q] = 0
        remove(w.network[q][p], 0, blank)
      },
    },
  })

  const process = actions<World>('proc', 'a process', {
    request: {
      when: (w, p) => w.req[p][p] === 0,
      does: (w, p) => {
        w.req[p][p] = w.clock[p]
        broadcast(w, p, { type: 'req', clock: w.clock[p] })
        w.ack[p].clear()
        w.ack[p].add(p)
      },
    },
    enter: {
      when: (w, p) => w.ack[p].elements().length === size && everyone.every((q) => q === p || beats(w, p, q)),
      does: (w, p) => w.crit.add(p),
    },
    exit: {
      when: (w, p) => w.crit.has(p),
      does: (w, p) => {
        w.crit.delete(p)
        broadcast(w, p, { type: 'rel', clock: 0 })
        w.req[p][p] = 0
        w.ack[p].clear()
      },
    },
    ...Object.assign({}, ...everyone.map(receive)),
  })
  return compose({
    name: `lamport-mutex-${size}-${maxClock}`,
    world,
    threads: [each(proc, process)],
    initial: [() => {}],
  })
}
