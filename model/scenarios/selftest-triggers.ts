/**
 * What userspace does in a KVM selftest to start the code of a thread, by kind of thread. `vm`, `vcpu` and `hva` are
 * variables of the skeleton; SLOT and PAGE_SIZE its constants.
 */
export const triggers: Readonly<Record<string, string>> = {
  vcpu: 'vcpu_run(vcpu)',
  memslot: 'vm_mem_region_delete(vm, SLOT)',
  notifier: 'madvise(hva, PAGE_SIZE, MADV_DONTNEED)',
  aging: 'madvise(hva, PAGE_SIZE, MADV_COLD)',
  zapper: 'vcpu_run(vcpu) /* the guest writes to a page table that is write-protected */',
  external: 'memset(hva, 0, PAGE_SIZE) /* KVM does not see it */',
  shrinker: '__vm_ioctl(vm, KVM_SET_NR_MMU_PAGES, (void *)64UL)',
  attributes: 'vm_mem_set_private(vm, GPA, PAGE_SIZE)',
  dirtylog: 'kvm_vm_get_dirty_log(vm, SLOT, bitmap)',
}
