import type { WalkSettings } from './walk-job.ts'

/** Most preemptions of the searches of all behaviours with few preemptions, of which one for each number is enough. */
const PREEMPTIONS = [1, 2, 3] as const

/** Orderings that a bug needs: few are found sooner, many at all. */
const BUG_DEPTHS = [2, 3, 4, 5, 7] as const

/** Most steps of a walk: short walks come back to the beginning more often. */
const DEPTHS = [1000, 150, 400, 3000] as const

/**
 * The searches of a swarm (Holzmann, Joshi, Groce, "Swarm verification techniques", 2011): as unlike each other as they
 * can be, because each finds little. They differ in the way behaviours are chosen: all with few preemptions, by random
 * priorities of the threads, which is a random order of them, or by a random step each time; and in length, seed and hash
 * functions. The same seed gives the same searches.
 */
export function diversified(
  count: number,
  seed: number,
  limits: Pick<WalkSettings, 'timeLimit' | 'maxStates'>,
): WalkSettings[] {
  return Array.from({ length: count }, (_, n): WalkSettings => {
    const common = { seed: mixed(seed, n), ...limits }
    // Some at the beginning, because they are systematic; the others take turns.
    if (n < 2 * PREEMPTIONS.length && n % 2 === 1)
      return { search: 'preemptions', maxPreemptions: PREEMPTIONS[n >> 1], ...common }
    const maxDepth = DEPTHS[(n >> 1) % DEPTHS.length]
    if (n % 3 === 1) return { search: 'random', maxDepth, ...common }
    return { search: 'priorities', bugDepth: BUG_DEPTHS[n % BUG_DEPTHS.length], maxDepth, ...common }
  })
}

/** Another seed for each search. */
function mixed(seed: number, n: number): number {
  let mix = Math.imul(seed ^ Math.imul(n + 1, 0x9e3779b9), 0x85ebca6b)
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35)
  return (mix ^ (mix >>> 16)) >>> 0
}

/** A search in words. */
export function inWords({ search, seed, bugDepth, maxPreemptions, maxDepth }: WalkSettings): string {
  if (search === 'preemptions') return `all behaviours with at most ${maxPreemptions} preemptions`
  const length = `of at most ${maxDepth} steps, seed ${seed}`
  return search === 'random'
    ? `random walks ${length}`
    : `walks by random priorities for ${bugDepth} orderings ${length}`
}
