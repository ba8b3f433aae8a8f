import type { OopsFreedom } from '../../model/language/property.ts'

export const noNullPointer: OopsFreedom = {
  kind: 'fault',
  id: 'no-null-pointer',
  aliases: [],
  title: 'KVM does not dereference the shadow page of a root that has none.',
  when: 'always',
  reference:
    'root_to_sp() returns NULL for PAE, special and dummy roots (18c841e1f411, v5.16), and garbage for INVALID_PAGE',
  consequence: 'The host kernel oopses while it handles a guest page fault.',
}
