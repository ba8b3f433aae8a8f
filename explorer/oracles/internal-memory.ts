import { sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'
import { actions } from './actions.ts'
import { everyContent, interfaceActions, memoryInterface, NO_VALUE, plainValue } from './memory-interface.ts'

/** The linearizable memory of "Specifying Systems" (chapter 5), as checked by its MCInternalMemory. */
export function internalMemory(processors: number, addresses: number, values: number): System {
  const bounds = {
    proc: sort('proc', processors),
    adr: sort('adr', addresses),
    val: sort('val', values),
  }
  const world = struct(memoryInterface(bounds).members)
  type World = View<typeof world>

  const processor = actions<World>('proc', 'a processor', {
    ...interfaceActions<World>(bounds),
    do: {
      when: (w, p) => w.ctl[p] === 'busy',
      does: (w, p) => {
        const { op, val } = w.buf[p]
        const adr = w.buf[p].adr as number
        if (op === 'Wr') w.mem[adr] = val as number
        Object.assign(w.buf[p], op === 'Wr' ? NO_VALUE : plainValue(w.mem[adr]))
        w.ctl[p] = 'done'
      },
    },
  })
  return compose({
    name: 'internal-memory',
    world,
    threads: [each(bounds.proc, processor)],
    initial: everyContent(bounds),
  })
}
