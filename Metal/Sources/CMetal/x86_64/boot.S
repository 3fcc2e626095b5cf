// SPDX-License-Identifier: Apache-2.0
//
// The way in: from a loader that follows the PVH protocol to Swift in long mode.
//
// The loader jumps to pvh_entry in 32-bit mode, paging off, with %ebx at its start info. A first set
// of tables maps the lowest tebibyte as it is, with 1 GiB pages; Swift makes better ones.
//
// - Source: Xen, docs/misc/pvh.pandoc; Intel SDM volume 3, 9.8.5 "Initializing IA-32e Mode".

#if defined(__x86_64__)

#include "../include/x86_64/Selectors.h"

#define ENTRY_PRESENT_WRITABLE 0x003
#define ENTRY_GIGABYTE_LEAF 0x083
#define TABLE_ENTRIES 512
#define BOOT_TABLE_COUNT 2           // of 512 GiB each
#define BOOT_STACK_SIZE 0x8000

#define EXTENDED_FEATURES 0x80000001 // CPUID leaf; in %edx:
#define FEATURE_NX (1 << 20)
#define FEATURE_GIGABYTE_PAGES (1 << 26)
#define FEATURE_LONG_MODE (1 << 29)
#define NEEDED_FEATURES (FEATURE_NX | FEATURE_GIGABYTE_PAGES | FEATURE_LONG_MODE)

#define SERIAL_PORT 0x3F8

// The note that says where to enter.
  .section .note.pvh, "a", @note
  .balign 4
  .long 4                            // bytes of the name
  .long 8                            // bytes of the description
  .long 18                           // XEN_ELFNOTE_PHYS32_ENTRY
  .asciz "Xen"
  .quad pvh_entry

  .section .text.boot, "ax"
  .code32
  .globl pvh_entry
pvh_entry:
  cli
  cld
  movl $boot_stack_end, %esp
  movl %ebx, %ebp

  movl $EXTENDED_FEATURES, %eax
  cpuid
  andl $NEEDED_FEATURES, %edx
  cmpl $NEEDED_FEATURES, %edx
  jne refuse

  // The top table leads to tables whose entries are leaves.
  movl $boot_tables + ENTRY_PRESENT_WRITABLE, %eax
  movl $boot_top, %edi
  movl $BOOT_TABLE_COUNT, %ecx
1:
  movl %eax, (%edi)
  addl $4096, %eax
  addl $8, %edi
  loop 1b

  // Gigabyte n of the machine: %edx has the bits of the address above 4 GiB.
  movl $ENTRY_GIGABYTE_LEAF, %eax
  xorl %edx, %edx
  movl $boot_tables, %edi
  movl $BOOT_TABLE_COUNT * TABLE_ENTRIES, %ecx
2:
  movl %eax, (%edi)
  movl %edx, 4(%edi)
  addl $1 << 30, %eax
  adcl $0, %edx
  addl $8, %edi
  loop 2b

  movl $METAL_CR4_PAE, %eax
  movl %eax, %cr4
  movl $boot_top, %eax
  movl %eax, %cr3
  movl $METAL_EFER, %ecx
  rdmsr
  orl $METAL_EFER_LME | METAL_EFER_NXE, %eax
  wrmsr
  movl $METAL_CR0_LONG_MODE, %eax
  movl %eax, %cr0
  lgdt boot_segments_pointer
  ljmp $METAL_CODE_SELECTOR, $long_mode

// Says that the CPU is too old, and stops.
refuse:
  movl $refusal, %esi
  movw $SERIAL_PORT, %dx
1:
  lodsb
  testb %al, %al
  jz 2f
  outb %al, %dx
  jmp 1b
2:
  hlt
  jmp 2b

  .code64
long_mode:
  movl $METAL_DATA_SELECTOR, %eax
  movl %eax, %ds
  movl %eax, %es
  movl %eax, %ss
  xorl %eax, %eax
  movl %eax, %fs
  movl %eax, %gs
  movl %ebp, %edi
  xorl %ebp, %ebp                    // a backtrace ends here
  call kernel_place
  ud2

// metal_enter(from, to, words, gate): moves the image while nothing is pushed, and leaves through the
// trampoline's gate. The trampoline has been told where to go on.
  .globl metal_enter
metal_enter:
  movq %rcx, %rax
  movq %rdx, %rcx
  xchgq %rdi, %rsi
  cld
  rep movsq
  jmpq *%rax

  .section .rodata.boot, "a"
refusal:
  .asciz "this kernel needs long mode, no-execute and 1 GiB pages\n"

// Flat segments: 64-bit code, data.
  .balign 8
boot_segments:
  .quad 0
  .quad 0x00AF9B000000FFFF
  .quad 0x00CF93000000FFFF
boot_segments_pointer:
  .word boot_segments_pointer - boot_segments - 1
  .long boot_segments

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
