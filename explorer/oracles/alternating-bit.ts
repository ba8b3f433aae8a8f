import type { Case } from '../../model/language/program.ts'
import { id, range, ref, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, one, type System } from '../../model/language/system.ts'
import { actions, forEach, idsOf } from './actions.ts'
import { append, type Fifo, fifo, remove } from './fifo.ts'

/**
 * The alternating bit protocol of "Specifying Systems" (chapter 14) over channels that lose messages, with
 * `values` values to send and the state constraint "at most `capacity` messages in each channel". TLC counts
 * the successors outside the constraint as generated and drops them; here such a step changes nothing.
 */
export function alternatingBit(values: number, capacity: number): System {
  const data = sort('data', values)
  const bit = range(0, 1)
  const message = struct({ bit, data: ref(data) })
  const acknowledgement = struct({ bit })
  const world = struct({
    msgQ: fifo(capacity, message),
    ackQ: fifo(capacity, acknowledgement),
    sBit: bit,
    sAck: bit,
    rBit: bit,
    sent: id(data),
    rcvd: id(data),
  })
  type World = View<typeof world>
  const blankMessage: View<typeof message> = { bit: 0, data: null }
  const blankAck: View<typeof acknowledgement> = { bit: 0 }
  const room = (queue: { readonly length: number }): boolean => queue.length < capacity
  const positions = idsOf({ size: capacity })

  /** Loses the message at position `at` of a channel. */
  const lose = <M extends object>(queueOf: (w: World) => Fifo<M>, at: number, blank: M): Case<World> => ({
    when: (w) => queueOf(w).length > at,
    does: (w) => remove(queueOf(w), at, blank),
  })

  const protocol = actions<World>('protocol', 'sender, receiver and channels', {
    ...forEach<World, number>(
      idsOf(data),
      (d) => `send-new-${d}`,
      (d) => [
        {
          when: (w) => w.sAck === w.sBit && room(w.msgQ),
          does: (w) => {
            w.sent = d
            w.sBit = 1 - w.sBit
            append(w.msgQ, { bit: w.sBit, data: d })
          },
        },
        // Leads outside the constraint.
        { when: (w) => w.sAck === w.sBit },
      ],
    ),
    'send-again': [
      {
        when: (w) => w.sAck !== w.sBit && room(w.msgQ),
        does: (w) => append(w.msgQ, { bit: w.sBit, data: w.sent }),
      },
      // Leads outside the constraint.
      { when: (w) => w.sAck !== w.sBit },
    ],
    'receive-message': {
      when: (w) => w.msgQ.length > 0,
      does: (w) => {
        w.rBit = w.msgQ.slots[0].bit
        w.rcvd = w.msgQ.slots[0].data as number
        remove(w.msgQ, 0, blankMessage)
      },
    },
    // Without room the successor lies outside the constraint.
    'send-ack': [{ when: (w) => room(w.ackQ), does: (w) => append(w.ackQ, { bit: w.rBit }) }, {}],
    'receive-ack': {
      when: (w) => w.ackQ.length > 0,
      does: (w) => {
        w.sAck = w.ackQ.slots[0].bit
        remove(w.ackQ, 0, blankAck)
      },
    },
    ...forEach<World, number>(
      positions,
      (at) => `lose-message-${at}`,
      (at) => lose((w) => w.msgQ, at, blankMessage),
    ),
    ...forEach<World, number>(
      positions,
      (at) => `lose-ack-${at}`,
      (at) => lose((w) => w.ackQ, at, blankAck),
    ),
  })
  const initial = [0, 1].flatMap((start) =>
    idsOf(data).flatMap((sent) =>
      idsOf(data).map((rcvd) => (w: World) => {
        w.sBit = start
        w.sAck = start
        w.rBit = start
        w.sent = sent
        w.rcvd = rcvd
      }),
    ),
  )
  return compose({
    name: `alternating-bit-${values}`,
    world,
    threads: [one(protocol)],
    initial,
  })
}
