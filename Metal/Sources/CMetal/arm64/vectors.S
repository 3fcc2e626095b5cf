// SPDX-License-Identifier: Apache-2.0
//
// Where the CPU goes when something happens: 16 vectors of 128 bytes, each of which leaves a record of
// the interrupted code on the stack and calls Swift with its address.
//
// The record is struct metal_frame. Vector registers are not in it: nothing in the kernel uses them,
// and who does gets an exception. A stack that is used up is found before anything is stored: an
// address in the hole below has a zero where one in the stack has a one. The record then goes to the
// CPU's stack for faults.
//
// - Source: Arm ARM, D1.3.1.5 "Exception vectors".

#if defined(__aarch64__)

#include "../include/arm64/Registers.h"

#define VECTOR_SIZE 128
#define FRAME_SIZE 304               // struct metal_frame, in whole 16 bytes
#define FRAME_PC 256
#define FRAME_VECTOR 272
#define FRAME_ADDRESS 288

  .altmacro
  .section .text.vectors, "ax"

// There is no free register: sums and differences swap x0 and the stack pointer.
  .macro VECTOR number
  .balign VECTOR_SIZE
  sub sp, sp, #FRAME_SIZE
  add sp, sp, x0
  sub x0, sp, x0
  tbz x0, #METAL_STACK_BIT, 1f
  sub x0, sp, x0
  sub sp, sp, x0
  stp x0, x1, [sp]
  mov x0, #\number
  add x1, sp, #FRAME_SIZE
  b save
1:
  msr tpidr_el0, x0
  sub x0, sp, x0
  msr tpidrro_el0, x0
  mrs x0, tpidr_el1
  add x0, x0, #1
  lsl x0, x0, #METAL_STACK_SLOT_SHIFT
  movk x0, #METAL_FAULT_STACKS_UPPER, lsl #32
  sub sp, x0, #FRAME_SIZE
  mrs x0, tpidrro_el0
  stp x0, x1, [sp]
  mov x0, #\number + METAL_OVERFLOW
  b save_overflow
  .endm

  .balign 16 * VECTOR_SIZE
  .globl metal_vectors
metal_vectors:
  .set number, 0
  .rept 16
  VECTOR %number
  .set number, number + 1
  .endr

save_overflow:
  mrs x1, tpidr_el0
  add x1, x1, #FRAME_SIZE
save:
  stp x2, x3, [sp, #16]
  stp x4, x5, [sp, #32]
  stp x6, x7, [sp, #48]
  stp x8, x9, [sp, #64]
  stp x10, x11, [sp, #80]
  stp x12, x13, [sp, #96]
  stp x14, x15, [sp, #112]
  stp x16, x17, [sp, #128]
  stp x18, x19, [sp, #144]
  stp x20, x21, [sp, #160]
  stp x22, x23, [sp, #176]
  stp x24, x25, [sp, #192]
  stp x26, x27, [sp, #208]
  stp x28, x29, [sp, #224]
  stp x30, x1, [sp, #240]
  mrs x2, elr_el1
  mrs x3, spsr_el1
  stp x2, x3, [sp, #FRAME_PC]
  mrs x4, esr_el1
  stp x0, x4, [sp, #FRAME_VECTOR]
  mrs x5, far_el1
  str x5, [sp, #FRAME_ADDRESS]
  mov x0, sp
  bl kernel_interrupted
  ldp x2, x3, [sp, #FRAME_PC]
  msr elr_el1, x2
  msr spsr_el1, x3
  ldp x0, x1, [sp]
  ldp x2, x3, [sp, #16]
  ldp x4, x5, [sp, #32]
  ldp x6, x7, [sp, #48]
  ldp x8, x9, [sp, #64]
  ldp x10, x11, [sp, #80]
  ldp x12, x13, [sp, #96]
  ldp x14, x15, [sp, #112]
  ldp x16, x17, [sp, #128]
  ldp x18, x19, [sp, #144]
  ldp x20, x21, [sp, #160]
  ldp x22, x23, [sp, #176]
  ldp x24, x25, [sp, #192]
  ldp x26, x27, [sp, #208]
  ldp x28, x29, [sp, #224]
  ldr x30, [sp, #240]
  add sp, sp, #FRAME_SIZE
  eret

#endif
