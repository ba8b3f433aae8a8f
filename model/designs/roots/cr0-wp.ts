import { drop } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated } from '../expectation.ts'

const WP = 'cr0-wp'
const FORBIDDEN = ['no-store-that-the-guest-forbids', 'hardware-allows-no-more-than-the-guest']

const ONE_PAGE = 'There is only one shadow page.'

/** CR0.WP decides which SPTEs may be writable. */
export const cr0WpDesigns: readonly Design<Kvm>[] = [
  {
    id: 'roots-kept-when-cr0-wp-changes',
    aliases: [],
    title: 'keep the roots when the guest changes CR0.WP',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_post_set_cr0' },
    about: 'The guest sets CR0.WP again, and writes through an SPTE that was made while it was clear.',
    scenarios: [WP],
    patches: [drop('CR0.1')],
    expect: [
      ...violated(WP, ...FORBIDDEN, 'root-fits-the-context', 'kvm-mmu-unload-leaves-no-root'),
      ...vacuous(ONE_PAGE, WP, 'one-page-per-key'),
      ...notReached('No other root is loaded.', WP, 'table-is-shadowed-for-both-values-of-cr0-wp'),
    ],
  },
  {
    id: 'role-without-cr0-wp',
    aliases: [],
    title: 'drop the roots when the guest changes CR0.WP, but leave it out of the role',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_calc_cpu_role' },
    about: 'The shadow page that was used with CR0.WP clear is found again.',
    scenarios: [WP],
    patches: [drop('INIT.1 cr0')],
    expect: [
      ...violated(WP, ...FORBIDDEN, 'root-fits-the-context'),
      ...vacuous(ONE_PAGE, WP, 'one-page-per-key'),
      ...notReached('There is one page for both.', WP, 'table-is-shadowed-for-both-values-of-cr0-wp'),
    ],
  },
]
