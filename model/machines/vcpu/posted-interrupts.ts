import { choice, inFunction, type Program, program, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'

const since: ReadIn = 'v6.1..v7.2'
const post = { fn: 'vmx_deliver_posted_interrupt', since } as const
const sync = { fn: 'vmx_sync_pir_to_irr', since } as const
const update = { fn: '__kvm_apic_update_irr', since } as const
const inPost = (at: string) => ({ 'v6.1': at, 'v7.2': { callee: '__vmx_deliver_posted_interrupt', at } })

const pi = (kvm: Kvm) => kvm.pi_desc[0]
const any = (bits: Iterable<boolean>): boolean => [...bits].some((bit) => bit)

/** Another CPU or a device posts interrupts, with vector 0 first. The notification is left out. */
export function interruptPoster(sends: number): Program<Kvm> {
  const vector = (kvm: Kvm): number => sends - pi(kvm).sends_left
  return program<Kvm>(
    'poster',
    'interrupts are posted to a vCPU',
    [
      choice(
        'idle',
        [
          step(
            'PI.1',
            {
              ...post,
              c: inPost('pi_test_and_set_pir('),
              shows: (kvm) => `pi_test_and_set_pir(vector ${vector(kvm)}) = ${pi(kvm).pir[vector(kvm)]}`,
            },
            {
              when: (kvm) => pi(kvm).sends_left > 0,
              does: (kvm) => {
                pi(kvm).pir[vector(kvm)] = true
                pi(kvm).sends_left--
              },
            },
          ),
        ],
        { validEnd: true },
      ),
      step(
        'PI.2',
        {
          ...post,
          c: inPost('pi_test_and_set_on('),
          shows: (kvm) => `pi_test_and_set_on() = ${pi(kvm).on}`,
        },
        {
          does: (kvm) => {
            pi(kvm).on = true
          },
          to: 'idle',
        },
      ),
    ],
    { fn: post.fn },
  )
}

/** The vCPU moves posted interrupts to the IRR and looks for the highest vector, as before VM-entry. */
export function interruptSync(): Program<Kvm> {
  return program<Kvm>(
    'pirsync',
    'a vCPU looks for interrupts',
    [
      choice(
        'idle',
        [
          step('PS.1', { ...sync, c: 'pi_test_on(', shows: (kvm) => `pi_test_on() = ${pi(kvm).on}` }, [
            { when: (kvm) => pi(kvm).syncs_left > 0 && !pi(kvm).on, does: begin, to: 'PS.4' },
            { when: (kvm) => pi(kvm).syncs_left > 0, does: begin, to: 'PS.2' },
          ]),
        ],
        { validEnd: true },
      ),
      step(
        'PS.2',
        { ...sync, c: 'pi_clear_on(', shows: 'pi_clear_on()' },
        {
          does: (kvm) => {
            pi(kvm).on = false
          },
        },
      ),
      ...inFunction<Kvm>('kvm_apic_update_irr', harvest('a vector in the IRR counts'), highest()),
      choice('PS.5', [
        use('PS.5 taken', 'the guest takes it, if there is one', (kvm) => {
          if (pi(kvm).max_irr === 'a vector') for (const v of [0, 1]) pi(kvm).irr[v] = false
        }),
        use('PS.5 blocked', 'the guest takes none for now', () => {}),
      ]),
    ],
    { fn: sync.fn },
  )
}

/** PS.5: what is in the IRR when the guest runs next. */
function use(name: string, how: string, does: (kvm: Kvm) => void): Step<Kvm> {
  return step(
    name,
    { ...sync, c: 'vmx_set_rvi(', shows: (kvm) => `max_irr: ${pi(kvm).max_irr}; ${how}` },
    {
      does: (kvm) => {
        does(kvm)
        pi(kvm).max_irr = 'not known'
      },
      to: 'idle',
    },
  )
}

function begin(kvm: Kvm): void {
  pi(kvm).syncs_left--
}

/** PS.3. @param empty what an empty PIR says; another answer in a design. */
export function harvest(empty: 'a vector in the IRR counts' | 'there is none'): Step<Kvm> {
  return step(
    'PS.3',
    {
      ...update,
      c: { 'v6.1': 'xchg(&pir[i], 0)', 'v7.2': 'pi_harvest_pir(' },
      shows: (kvm) => (any(pi(kvm).pir) ? 'IRR |= PIR, PIR = 0' : 'PIR is empty'),
      fused: 'Vectors that are posted meanwhile are taken, or left for the next time.',
    },
    [
      {
        when: (kvm) => any(pi(kvm).pir),
        does: (kvm) => {
          for (const v of [0, 1]) {
            if (pi(kvm).pir[v]) pi(kvm).irr[v] = true
            pi(kvm).pir[v] = false
          }
        },
      },
      empty === 'there is none'
        ? {
            does: (kvm: Kvm) => {
              pi(kvm).max_irr = 'none'
            },
            to: 'PS.5',
          }
        : {},
    ],
  )
}

function highest(): Step<Kvm> {
  return step(
    'PS.4',
    {
      ...update,
      c: '*max_irr = __fls(irr_val) + vec',
      shows: (kvm) => `max_irr = ${any(pi(kvm).irr) ? 'a vector' : 'none'}`,
      fused: 'Only this thread changes the IRR.',
    },
    {
      does: (kvm) => {
        pi(kvm).max_irr = any(pi(kvm).irr) ? 'a vector' : 'none'
      },
    },
  )
}
