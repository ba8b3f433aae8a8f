import { expect, it } from 'vitest'
import { allBounds } from '../../memory/bounds.ts'
import { alloc_shadow_page } from '../../memory/shadow/shadow-page.ts'
import { emptyKvm, takeStep } from '../testing/take-step.ts'
import { fetch, inheritInvalid } from './fetch.ts'

const bounds = allBounds({ shadow: { levels: 2, pages: 2 }, guest: { gfns: 3, tables: 2, entries: 1 } })

it('the role of a child below an invalid parent is valid, unlike up to 2026', () => {
  const kvm = emptyKvm(bounds)
  alloc_shadow_page(kvm, 0, 0, 2)
  kvm.page[0].role_invalid = true
  const { fault } = kvm.vcpu[0]
  fault.sp = 0
  takeStep(kvm, fetch(bounds), 'GET.2')
  expect(fault.child_invalid).toBe(false)
  takeStep(kvm, [inheritInvalid()], 'GET.2')
  expect(fault.child_invalid).toBe(true)
})
