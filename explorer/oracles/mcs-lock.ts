import { program, step } from '../../model/language/program.ts'
import { array, flag, ref, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'

/**
 * The queue lock of Mellor-Crummey and Scott (1991) with compare-and-swap for `size` processes, as in
 * Murphi's mux/mcslock1. Waiting is a rule that fires and changes nothing.
 */
export function mcsLock(size: number): System {
  const pid = sort('pid', size)
  const world = struct({
    /** The tail of the queue. */
    lock: ref(pid),
    node: array(pid, struct({ next: ref(pid), locked: flag })),
    predecessor: array(pid, ref(pid)),
  })
  type World = View<typeof world>

  const process = program<World>('pid', 'a process', [
    step(
      'L0',
      { shows: 'node.next := nil' },
      {
        does: (w, i) => {
          w.node[i].next = null
        },
      },
    ),
    step(
      'L1',
      { shows: 'predecessor := fetch_and_store(lock, i)' },
      {
        does: (w, i) => {
          w.predecessor[i] = w.lock
          w.lock = i
        },
      },
    ),
    step('L2', { shows: 'if predecessor = nil, enter' }, [
      { when: (w, i) => w.predecessor[i] === null, to: 'L6' },
      { to: 'L3' },
    ]),
    step(
      'L3',
      { shows: 'node.locked := true' },
      {
        does: (w, i) => {
          w.node[i].locked = true
        },
      },
    ),
    step(
      'L4',
      { shows: 'predecessor.next := i' },
      {
        does: (w, i) => {
          w.node[w.predecessor[i] as number].next = i
        },
      },
    ),
    step('L5', { shows: 'spin while locked' }, [
      { when: (w, i) => !w.node[i].locked, to: 'L6' },
      { to: 'L5' },
    ]),
    step('L6', { shows: 'critical section; if next = nil' }, [
      { when: (w, i) => w.node[i].next === null, to: 'L7' },
      { to: 'L9' },
    ]),
    step('L7', { shows: 'compare_and_swap(lock, i, nil)' }, [
      {
        when: (w, i) => w.lock === i,
        does: (w) => {
          w.lock = null
        },
        to: 'L0',
      },
      { to: 'L8' },
    ]),
    step('L8', { shows: 'spin while next = nil' }, [
      { when: (w, i) => w.node[i].next !== null, to: 'L9' },
      { to: 'L8' },
    ]),
    step(
      'L9',
      { shows: 'next.locked := false' },
      {
        does: (w, i) => {
          w.node[w.node[i].next as number].locked = false
        },
        to: 'L0',
      },
    ),
  ])
  return compose({
    name: `mcs-lock-${size}`,
    world,
    threads: [each(pid, process)],
    initial: [() => {}],
    symmetric: [pid],
  })
}
