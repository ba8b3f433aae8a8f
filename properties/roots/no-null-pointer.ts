import type { OopsFreedom } from '../../model/language/property.ts'

export const noNullPointer: OopsFreedom = {
  kind: 'fault',
  id: 'no-null-pointer',
  aliases: [],
  title: 'Nobody follows the shadow page of a root that has none.',
  when: 'always',
  reference:
    'root_to_sp() returns NULL for PAE, special and dummy roots (18c841e1f411, v5.16), and anything for INVALID_PAGE',
  consequence: 'The kernel oopses in the page fault of a guest.',
}
