import { expect, it } from 'vitest'
import { EncodedValues, layout } from '../../language/layout.ts'
import { allBounds, mergeBounds } from '../bounds.ts'
import { kvmWorld } from '../kvm.ts'
import { sortsOf } from '../sorts.ts'
import { all_tlbs_empty, flush_tlb } from './tlb.ts'

it('all_tlbs_empty() looks at every TLB', () => {
  const bounds = allBounds(mergeBounds({ vcpus: 2 }, {}))
  const shape = layout(kvmWorld(bounds, sortsOf(bounds)))
  const kvm = shape.view(new EncodedValues(shape.fields.length))
  expect(all_tlbs_empty(kvm)).toBe(true)
  kvm.vcpu[1].tlb[0].pfn = 0
  expect(all_tlbs_empty(kvm)).toBe(false)
  flush_tlb(kvm, 1)
  expect(all_tlbs_empty(kvm)).toBe(true)
})
