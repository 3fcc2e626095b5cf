// SPDX-License-Identifier: Apache-2.0
//
// The way in: from the loader, or from firmware that woke a CPU, to Swift at EL1 with the MMU on.
//
// The loader jumps to the first byte of the image with the MMU off and the address of the device tree
// in x0. A first set of tables maps the lowest tebibyte as it is, with 1 GiB blocks; Swift makes
// better ones. All of this lies in the image's first page, which the kernel's tables map a second time
// where it really is: there a woken CPU switches its MMU on.
//
// - Source: Linux, Documentation/arch/arm64/booting.rst; Arm DEN0022, PSCI, 6.4 "CPU_ON".

#if defined(__aarch64__)

#include "../include/arm64/Registers.h"

#define TEXT_OFFSET 0x200000         // from the start of memory, aligned to 2 MiB
#define HEADER_FLAGS 0b1010          // little endian, 4 KiB pages, anywhere in memory

#define TABLE 0b11
#define NORMAL_BLOCK 0x701           // accessed, shared, attribute index 0
#define DEVICE_BLOCK 0x405           // accessed, attribute index 1
#define NO_EXECUTE (3 << 53)
#define TABLE_ENTRIES 512
#define BOOT_TABLE_COUNT 2           // of 512 GiB each
#define BOOT_STACK_SIZE 0x8000

#define HCR_ARM64 (1 << 31)          // HCR_EL2.RW: EL1 is 64-bit
#define CLOCKS_FOR_EL1 0b11          // CNTHCTL_EL2
#define NO_TRAPS 0x33FF              // CPTR_EL2: the bits that are one
#define EL1_MASKED 0x3C5             // SPSR_EL2: EL1 with its own stack, no interrupts

  .section .text.boot, "ax"
  .globl metal_image_header
metal_image_header:
  b from_loader
  .long 0
  .quad TEXT_OFFSET
  .quad image_byte_count
  .quad HEADER_FLAGS
  .quad 0, 0, 0
  .ascii "ARM\x64"
  .long 0

from_loader:
  mov x20, x0
  bl to_el1
  // Variables begin as zero.
  adrp x0, bss_start
  add x0, x0, :lo12:bss_start
  adrp x1, bss_end
1:
  stp xzr, xzr, [x0], #16
  cmp x0, x1
  b.lo 1b

  // The top table leads to tables whose entries are blocks.
  adrp x0, boot_top
  adrp x1, boot_tables
  orr x2, x1, #TABLE
  mov x3, #BOOT_TABLE_COUNT
  mov x4, x0
2:
  str x2, [x4], #8
  add x2, x2, #4096
  subs x3, x3, #1
  b.ne 2b

  // Gigabyte n of the machine; the first has the devices.
  mov x2, #NORMAL_BLOCK
  mov x3, #0
  mov x5, #BOOT_TABLE_COUNT * TABLE_ENTRIES
3:
  orr x6, x2, x3, lsl #30
  str x6, [x1, x3, lsl #3]
  add x3, x3, #1
  cmp x3, x5
  b.lo 3b
  mov x2, #DEVICE_BLOCK
  orr x2, x2, #NO_EXECUTE
  str x2, [x1]

  mov x1, x0
  bl mmu_on
  adrp x0, boot_stack_end
  mov sp, x0
  mov x0, x20
  mov x29, #0                        // a backtrace ends here
  mov x30, #0
  bl kernel_place
  brk #1

// Comes from EL2 to EL1, or stays there.
to_el1:
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

// Switches the MMU on, with x0 and x1 as the top tables of the lower and the upper half.
mmu_on:
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
  ldr x9, sctlr
  msr sctlr_el1, x9
  isb
  ret

  .balign 8
tcr:
  .quad METAL_TCR_SIZES | METAL_TCR_LOW | METAL_TCR_HIGH
sctlr:
  .quad METAL_SCTLR_ON
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
  bl mmu_on
  mov x21, #0
  b enter_swift

// A woken CPU; x0 leads to its low top, high top, stack and argument.
  .globl metal_start
metal_start:
  mov x22, x0
  bl to_el1
  ldp x0, x1, [x22]
  ldp x20, x21, [x22, #16]
  ldr x19, join
  bl mmu_on
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

  .section .bss.boot, "aw", @nobits
  .balign 4096
boot_top:
  .skip 4096
boot_tables:
  .skip BOOT_TABLE_COUNT * 4096
boot_stack:
  .skip BOOT_STACK_SIZE
boot_stack_end:

#endif
