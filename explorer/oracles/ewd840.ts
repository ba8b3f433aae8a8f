import { array, flag, id, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'
import { actions, forEach, idsOf } from './actions.ts'

/**
 * Dijkstra, Feijen and van Gasteren's termination detection in a ring (EWD 840), as in TLA+ Examples' EWD840.
 * Why the token may move is a disjunction; TLC generates a successor for each disjunct that holds, so each is
 * a separate action here. The nodes form a ring and are not interchangeable.
 */
export function ewd840(size: number): System {
  const node = sort('node', size)
  const world = struct({
    active: array(node, flag),
    black: array(node, flag),
    token: struct({ at: id(node), black: flag }),
  })
  type World = View<typeof world>

  const initiateProbe = (w: World): void => {
    w.token.at = size - 1
    w.token.black = false
    w.black[0] = false
  }
  const passToken = (w: World, i: number): void => {
    w.token.at = i - 1
    if (w.black[i]) w.token.black = true
    w.black[i] = false
  }
  const mayInitiate = (w: World, i: number): boolean => i === 0 && w.token.at === 0
  const mayPass = (w: World, i: number): boolean => i !== 0 && w.token.at === i

  const ringNode = actions<World>('node', 'a node of the ring', {
    'initiate-as-token-black': { when: (w, i) => mayInitiate(w, i) && w.token.black, does: initiateProbe },
    'initiate-as-node-black': { when: (w, i) => mayInitiate(w, i) && w.black[0], does: initiateProbe },
    'pass-as-passive': { when: (w, i) => mayPass(w, i) && !w.active[i], does: passToken },
    'pass-as-node-black': { when: (w, i) => mayPass(w, i) && w.black[i], does: passToken },
    'pass-as-token-black': { when: (w, i) => mayPass(w, i) && w.token.black, does: passToken },
    ...forEach<World, number>(
      idsOf(node),
      (j) => `send-to-${j}`,
      (j) => ({
        when: (w, i) => i !== j && w.active[i],
        does: (w, i) => {
          w.active[j] = true
          if (j > i) w.black[i] = true
        },
      }),
    ),
    deactivate: {
      when: (w, i) => w.active[i],
      does: (w, i) => {
        w.active[i] = false
      },
    },
  })
  // Only the colour of the token is determined initially.
  const initial = idsOf(node).flatMap((at) =>
    Array.from({ length: 4 ** size }, (_, bits) => (w: World) => {
      for (const i of idsOf(node)) {
        w.active[i] = ((bits >> i) & 1) === 1
        w.black[i] = ((bits >> (size + i)) & 1) === 1
      }
      w.token.at = at
      w.token.black = true
    }),
  )
  return compose({ name: `ewd840-${size}`, world, threads: [each(node, ringNode)], initial })
}
