// SPDX-License-Identifier: Apache-2.0
//
// What every CPU does first: it comes to EL1, and switches its MMU on.
//
// Both run without a stack, and change nothing but x9 to x11.
//
// - Source: Arm ARM, D17.2 "General system control registers".

#if defined(__aarch64__)

#include "../include/arm64/Registers.h"

#define HCR_ARM64 (1 << 31)          // HCR_EL2.RW: EL1 is 64-bit
#define CLOCKS_FOR_EL1 0b11          // CNTHCTL_EL2
#define NO_TRAPS 0x33FF              // CPTR_EL2: the bits that are one
#define EL1_MASKED 0x3C5             // SPSR_EL2: EL1 with its own stack, no interrupts

  .section .text.start, "ax"

// Comes from EL2 to EL1, or stays there.
  .globl metal_to_el1
metal_to_el1:
  msr daifset, #0xF
  mov x9, #METAL_SCTLR_FIXED & 0xFFFF
  movk x9, #METAL_SCTLR_FIXED >> 16, lsl #16
  msr sctlr_el1, x9
  isb
  mrs x9, CurrentEL
  cmp x9, #2 << 2
  b.ne 1f
  mov x9, #HCR_ARM64
  msr hcr_el2, x9
  mov x9, #CLOCKS_FOR_EL1
  msr cnthctl_el2, x9
  msr cntvoff_el2, xzr
  mov x9, #NO_TRAPS
  msr cptr_el2, x9
  mrs x9, midr_el1
  msr vpidr_el2, x9
  mrs x9, mpidr_el1
  msr vmpidr_el2, x9
  mov x9, #EL1_MASKED
  msr spsr_el2, x9
  msr elr_el2, x30
  eret
1:
  ret

// Switches the MMU and the clock on, with x0 and x1 as the top tables of the lower and the upper half.
  .globl metal_mmu_on
metal_mmu_on:
  mov x9, #METAL_MAIR
  msr mair_el1, x9
  ldr x9, tcr
  mrs x10, id_aa64mmfr0_el1
  and x10, x10, #0xF
  mov x11, #METAL_LARGEST_PHYSICAL_SIZE
  cmp x10, x11
  csel x10, x10, x11, lo
  orr x9, x9, x10, lsl #METAL_TCR_PHYSICAL_SIZE_SHIFT
  msr tcr_el1, x9
  msr ttbr0_el1, x0
  msr ttbr1_el1, x1
  dsb sy
  isb
  tlbi vmalle1
  ic iallu
  dsb nsh
  isb
  mov x9, #METAL_MONITOR_ON
  msr pmcr_el0, x9
  mov x9, #METAL_CYCLE_COUNTER
  msr pmcntenset_el0, x9
  ldr x9, sctlr
  msr sctlr_el1, x9
  isb
  ret

  .balign 8
tcr:
  .quad METAL_TCR_SIZES | METAL_TCR_LOW | METAL_TCR_HIGH
sctlr:
  .quad METAL_SCTLR_ON

#endif
