// SPDX-License-Identifier: Apache-2.0
//
// The trampoline: how each CPU comes to run on the kernel's tables.
//
// The page from metal_trampoline_start to metal_trampoline_end is copied to METAL_TRAMPOLINE. A CPU
// that was just woken starts at its first byte in real mode; the first CPU, which may have to leave
// long mode because the number of table levels cannot change in it, at metal_trampoline_gate.
// Both go on with the parameters at the end, and call the entry on the stack that these name.
//
// - Source: Intel SDM volume 3, 8.4.4.1 "Typical BSP Initialization Sequence", 9.8.5.

#if defined(__x86_64__)

#include "../include/x86_64/Selectors.h"

// The address at which a label of the page is executed.
#define AT(label) (METAL_TRAMPOLINE + label - metal_trampoline_start)

#define CODE32 0x08
#define DATA 0x10
#define CODE64 0x18

  .section .rodata.trampoline, "a"
  .balign 4096
  .globl metal_trampoline_start
metal_trampoline_start:
  .code16
  cli
  cld
  movw %cs, %ax
  movw %ax, %ds
  lgdtl segments_pointer - metal_trampoline_start
  movl %cr0, %eax
  orl $METAL_CR0_PE, %eax
  movl %eax, %cr0
  ljmpl $CODE32, $AT(protected_mode)

  .code64
  .globl metal_trampoline_gate
metal_trampoline_gate:
  lgdt AT(segments_pointer)
  pushq $CODE32
  pushq $AT(leave_long_mode)
  lretq

  .code32
leave_long_mode:
  movl %cr0, %eax
  andl $~METAL_CR0_PG, %eax
  movl %eax, %cr0

protected_mode:
  movl $DATA, %eax
  movl %eax, %ds
  movl %eax, %es
  movl %eax, %ss
  movl AT(metal_trampoline_cr4), %eax
  movl %eax, %cr4
  movl $METAL_TOP_TABLE, %eax
  movl %eax, %cr3
  movl $METAL_EFER, %ecx
  rdmsr
  orl $METAL_EFER_LME | METAL_EFER_NXE, %eax
  wrmsr
  movl $METAL_CR0_LONG_MODE, %eax
  movl %eax, %cr0
  ljmp $CODE64, $AT(long_mode_again)

  .code64
long_mode_again:
  testl $METAL_CR4_OSXSAVE, AT(metal_trampoline_cr4)
  jz 1f
  xorl %ecx, %ecx
  xorl %edx, %edx
  movl $METAL_XCR0_WIDE, %eax
  xsetbv
1:
  movq AT(metal_trampoline_stack), %rsp
  movq AT(metal_trampoline_argument), %rdi
  xorl %ebp, %ebp                    // a backtrace ends here
  xorl %eax, %eax
  movl %eax, %fs
  movl %eax, %gs
  callq *AT(metal_trampoline_entry)
  ud2

  .balign 8
segments:
  .quad 0
  .quad 0x00CF9B000000FFFF           // 32-bit code
  .quad 0x00CF93000000FFFF           // data
  .quad 0x00AF9B000000FFFF           // 64-bit code
segments_pointer:
  .word segments_pointer - segments - 1
  .quad AT(segments)                 // 16- and 32-bit code reads the lower half

  .balign 8
  .globl metal_trampoline_stack, metal_trampoline_argument, metal_trampoline_entry
  .globl metal_trampoline_cr4
metal_trampoline_stack:
  .quad 0
metal_trampoline_argument:
  .quad 0
metal_trampoline_entry:
  .quad 0
metal_trampoline_cr4:
  .quad 0
  .globl metal_trampoline_end
metal_trampoline_end:

// Entries for the trampoline: what the first CPU runs, and what the others do.
  .section .text.entries, "ax"
  .globl metal_run, metal_join
metal_run:
  movq %cr4, %rax
  testl $METAL_CR4_OSXSAVE, %eax
  setnz metal_is_wide(%rip)
  call kernel_run
  ud2
metal_join:
  call kernel_join
  ud2

#endif
