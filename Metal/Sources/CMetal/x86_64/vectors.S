// SPDX-License-Identifier: Apache-2.0
//
// Where the CPU goes when something happens: a stub for each of the 256 vectors, which leaves a
// record of the interrupted code on the stack and calls Swift with its address.
//
// The record is struct metal_frame. Vector registers are not in it: nothing in the kernel uses them.
//
// - Source: Intel SDM volume 3, 6.14 "Exception and Interrupt Handling in 64-bit Mode".

#if defined(__x86_64__)

#define STUB_SIZE 16

  .altmacro
  .section .text.vectors, "ax"
  .code64

// Vectors 8, 10 to 14, 17, 21, 29 and 30 push an error code; the others get a zero in its place.
  .macro STUB vector
  .balign STUB_SIZE
  .if !(\vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21 || \
    \vector == 29 || \vector == 30)
  pushq $0
  .endif
  pushq $\vector
  jmp enter
  .endm

  .balign STUB_SIZE
  .globl metal_vectors
metal_vectors:
  .set number, 0
  .rept 256
  STUB %number
  .set number, number + 1
  .endr

enter:
  pushq %rax
  pushq %rcx
  pushq %rdx
  pushq %rbx
  pushq %rbp
  pushq %rsi
  pushq %rdi
  pushq %r8
  pushq %r9
  pushq %r10
  pushq %r11
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  cld
  movq %rsp, %rdi
  call kernel_interrupted
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %r11
  popq %r10
  popq %r9
  popq %r8
  popq %rdi
  popq %rsi
  popq %rbp
  popq %rbx
  popq %rdx
  popq %rcx
  popq %rax
  addq $16, %rsp                     // vector and error code
  iretq

#endif
