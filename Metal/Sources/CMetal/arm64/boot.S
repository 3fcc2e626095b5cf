// SPDX-License-Identifier: Apache-2.0
//
// The way in: from the loader to Swift at EL1 with the MMU on.
//
// The loader jumps to the first byte of the image with the MMU off and the address of the device tree
// in x0. A first set of tables maps the lowest tebibyte as it is, with 1 GiB blocks; Swift makes
// better ones.
//
// - Source: Linux, Documentation/arch/arm64/booting.rst.

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
  bl metal_to_el1
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
  bl metal_mmu_on
  adrp x0, boot_stack_end
  mov sp, x0
  mov x0, x20
  mov x29, #0                        // a backtrace ends here
  mov x30, #0
  bl kernel_place
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
