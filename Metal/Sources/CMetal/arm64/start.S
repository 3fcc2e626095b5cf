// SPDX-License-Identifier: Apache-2.0
//
// How each CPU comes to run on the kernel's tables: the first by moving the image, a woken one by
// starting in it.
//
// The image's first page has all of this. The kernel's tables map it a second time where it really
// is, so that a woken CPU can switch its MMU on there and go on where the kernel is linked.
//
// - Source: Arm DEN0022, Power State Coordination Interface, 6.4 "CPU_ON: initial state".

#if defined(__aarch64__)

#include "../include/arm64/Registers.h"

  .section .text.start, "ax"
  .balign 8
run:
  .quad metal_run
join:
  .quad metal_join

// metal_enter(from, to, words, stack, low top, high top): copies the image, whose first page runs
// on where it is with the MMU off, and finds itself in the copy when the MMU is on again. So no
// translation is ever replaced by another.
  .globl metal_enter
metal_enter:
  mov x9, x1
1:
  ldr x10, [x0], #8
  str x10, [x9], #8
  subs x2, x2, #1
  b.ne 1b
  // The copy goes to memory, where instructions are read.
  mrs x10, ctr_el0
  ubfx x10, x10, #16, #4             // log2 of the words in the smallest line of data
  mov x11, #4
  lsl x10, x11, x10
2:
  dc civac, x1
  add x1, x1, x10
  cmp x1, x9
  b.lo 2b
  dsb sy
  mov x20, x3
  mov x0, x4
  mov x1, x5
  ldr x19, run
  mov x9, #METAL_SCTLR_FIXED & 0xFFFF
  movk x9, #METAL_SCTLR_FIXED >> 16, lsl #16
  msr sctlr_el1, x9
  isb
  bl metal_mmu_on
  mov x21, #0
  b enter_swift

// A woken CPU; x0 leads to its low top, high top, stack and argument.
  .globl metal_start
metal_start:
  mov x22, x0
  bl metal_to_el1
  ldp x0, x1, [x22]
  ldp x20, x21, [x22, #16]
  ldr x19, join
  bl metal_mmu_on
enter_swift:
  mov sp, x20
  mov x0, x21
  mov x29, #0                        // a backtrace ends here
  mov x30, #0
  msr tpidr_el1, x21
  br x19

  .section .text.entries, "ax"
  .globl metal_run, metal_join
metal_run:
  bl kernel_run
  brk #1
metal_join:
  bl kernel_join
  brk #1

#endif
