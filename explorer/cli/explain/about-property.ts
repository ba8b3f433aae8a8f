import { isAlwaysJudged, isJudgedByDefault } from '../../../model/designs/judged-properties.ts'
import type { Property } from '../../../model/language/property.ts'
import { titled } from '../catalogue.ts'
import { addersOf } from '../cells.ts'
import type { CommandContext } from '../command-context.ts'
import { namesAmong } from './names-among.ts'
import type { Row, Rows } from './rows.ts'

/** What a counterexample to each kind of property is. */
const KINDS: Readonly<Record<Property<unknown>['kind'], string>> = {
  invariant: 'must be true in every reachable state',
  action: 'must be true for every step',
  fault: 'an oops, which ends the behaviour, must not happen',
  deadlock: 'some thread can always take a step, or all may stop',
  progress: 'the goal can still be reached from every reachable state',
  witness: 'a situation that should be reachable, so that the scenario tests something',
  eventually: 'the goal is reached in every fair behaviour',
  'eventually-always': 'from some point on the goal stays true, in every fair behaviour',
  'leads-to': 'after the trigger the goal is reached, in every fair behaviour',
  'no-solo-cycle': 'no thread that runs alone loops without reaching the goal',
}

/** What a property says, where it is checked, and what breaks it. */
export function aboutProperty({ catalogue }: CommandContext, p: Property<unknown>): Rows {
  const listing = catalogue.scenarios.filter((s) => s.properties.includes(p.id))
  const checked = listing.map((s) => s.id)
  const byDefault = catalogue.scenarios.filter((s) => !listing.includes(s) && isJudgedByDefault(s, p))
  const leftOut = catalogue.scenarios.filter(({ leavesOut = {} }) => Object.hasOwn(leavesOut, p.id))
  const all = catalogue.scenarios.map((s) => s.id)
  const adders = addersOf(catalogue, p)
  const places = adders.map((d) => `with design ${titled(d)}: ${d.scenarios.join(', ')}`)
  const broken = catalogue.designs
    .filter((d) => d.expect.some((e) => e.property === p.id && e.verdict === 'violated'))
    .map((d) => titled(d))
  return [
    ['property', titled(p)],
    ['says', p.title],
    ['kind', `${p.class === undefined ? p.kind : `${p.kind}, ${p.class}`}: ${KINDS[p.kind]}`],
    ['when', p.when ?? ''],
    ['if not', p.consequence ?? ''],
    ['kernel', p.reference ?? ''],
    [
      'checked',
      isAlwaysJudged(p)
        ? 'in every check, requested or not'
        : [...(checked.length === 0 ? [] : [namesAmong(checked, all)]), ...places].join('; ') ||
          'no scenario',
    ],
    ['by default', byDefault.map((s) => s.id).join(', ')],
    ...leftOut.map((s): Row => ['not in', `${s.id}: ${s.leavesOut?.[p.id]}`]),
    ['broken by', broken.join(', ') || 'no design'],
  ]
}
