import { array, type Cells, range, type Shape, struct } from '../../model/language/shapes.ts'

/** What model code sees of a bounded queue of records; slots from `length` on are blank. */
export interface Fifo<M> {
  length: number
  readonly slots: Cells<M>
}

/** The shape of a queue of at most `capacity` messages; `message` is a struct of scalars. */
export function fifo<S extends Shape>(capacity: number, message: S) {
  return struct({ length: range(0, capacity), slots: array(capacity, message) })
}

/** Adds a message at the end. @throws ModelError when the queue is full. */
export function append<M extends object>(queue: Fifo<M>, message: M): void {
  Object.assign(queue.slots[queue.length], message)
  queue.length++
}

/** Takes out the message at `index` (0 is the head) and closes the gap; the slot freed becomes `blank`. */
export function remove<M extends object>(queue: Fifo<M>, index: number, blank: M): void {
  const last = queue.length - 1
  for (let i = index; i < last; i++) Object.assign(queue.slots[i], queue.slots[i + 1])
  Object.assign(queue.slots[last], blank)
  queue.length = last
}
