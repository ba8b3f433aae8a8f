import { describe, expect, it } from 'vitest'
import { EncodedValues, layout } from '../../language/layout.ts'
import { Oops } from '../../language/property.ts'
import { allBounds, type Bounds } from '../bounds.ts'
import { type Kvm, kvmWorld } from '../kvm.ts'
import { sortsOf } from '../sorts.ts'
import { open_files, use_vcpu } from './teardown.ts'

function world(vmCloses: boolean): Kvm {
  const bounds: Bounds = allBounds({ asyncPf: { on: true }, teardown: { closes: vmCloses } })
  const shape = layout(kvmWorld(bounds, sortsOf(bounds)))
  return shape.view(new EncodedValues(shape.fields.length)) as Kvm
}

describe('a VM that can be destroyed', () => {
  it('is held by a file, and the module by the file and the VM', () => {
    const kvm = world(true)
    open_files(kvm)
    expect(kvm.teardown[0]).toMatchObject({ users_count: 1, module_refs: 2, vcpus_freed: false })
  })

  it('has vCPUs that may be used until they are freed', () => {
    const kvm = world(true)
    expect(() => use_vcpu(kvm, 0)).not.toThrow()
    kvm.teardown[0].vcpus_freed = true
    expect(() => use_vcpu(kvm, 0)).toThrow(Oops)
  })
})

describe('a VM that stays', () => {
  it('has nothing to count, and vCPUs that stay', () => {
    const kvm = world(false)
    expect(kvm.teardown).toHaveLength(0)
    expect(() => use_vcpu(kvm, 0)).not.toThrow()
  })
})
