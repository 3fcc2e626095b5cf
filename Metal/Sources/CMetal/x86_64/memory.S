// SPDX-License-Identifier: Apache-2.0
//
// Functions that compilers take for granted, and accesses that may fault.
//
// Much at once goes through vector registers, 32 bytes an instruction, where the processor has them.
// Nothing else in the kernel uses them, and no interrupt saves them: who does leaves them as they were.
// The rest is moved eight bytes an iteration: each iteration of a repeated instruction counts as one
// where instructions are counted.

#if defined(__x86_64__)

// Whether vector registers of 32 bytes may be used; metal_run finds out.
  .section .data.memory, "aw"
  .globl metal_is_wide
metal_is_wide:
  .byte 0

// The bytes of a round of the loops with vector registers.
#define ROUND 512

  .section .text.memory, "ax"
  .code64

// Calls `step` with each 32 bytes of a round.
  .macro EACH step
  .irp offset, 0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 480
  \step \offset
  .endr
  .endm
  .macro COPY offset
  vmovdqu \offset(%rsi), %ymm0
  vmovdqu %ymm0, \offset(%rdi)
  .endm
  .macro FILL offset
  vmovdqu %ymm0, \offset(%rdi)
  .endm
// Goes on with 1f if fewer than a round is left or there are no such registers; keeps ymm0.
  .macro BEGIN_WIDE
  cmpq $ROUND, %rdx
  jb 1f
  cmpb $0, metal_is_wide(%rip)
  je 1f
  subq $32, %rsp
  vmovdqu %ymm0, (%rsp)
  .endm
  .macro END_WIDE
  addq $ROUND, %rdi
  subq $ROUND, %rdx
  cmpq $ROUND, %rdx
  jae 2b
  vmovdqu (%rsp), %ymm0
  addq $32, %rsp
1:
  .endm

// memcpy(target, source, count) and memmove, which also works where both overlap.
  .globl memcpy, memmove
memmove:
  movq %rdi, %rax
  subq %rsi, %rax
  cmpq %rdx, %rax
  jb backwards                       // the target begins inside the source
memcpy:
  movq %rdi, %rax
  BEGIN_WIDE
2:
  EACH COPY
  addq $ROUND, %rsi
  END_WIDE
  movq %rdx, %rcx
  shrq $3, %rcx
  rep movsq
  movl %edx, %ecx
  andl $7, %ecx
  rep movsb
  ret
backwards:
  movq %rdi, %rax
  leaq -1(%rsi, %rdx), %rsi
  leaq -1(%rdi, %rdx), %rdi
  movl %edx, %ecx
  andl $7, %ecx
  std
  rep movsb
  subq $7, %rsi
  subq $7, %rdi
  movq %rdx, %rcx
  shrq $3, %rcx
  rep movsq
  cld
  ret

// memset(target, byte, count)
  .globl memset
memset:
  movq %rdi, %r8
  movzbl %sil, %eax
  movabsq $0x0101010101010101, %rcx
  imulq %rcx, %rax
  BEGIN_WIDE
  vmovq %rax, %xmm0
  vpunpcklqdq %xmm0, %xmm0, %xmm0
  vinsertf128 $1, %xmm0, %ymm0, %ymm0
2:
  EACH FILL
  END_WIDE
  movq %rdx, %rcx
  shrq $3, %rcx
  rep stosq
  movl %edx, %ecx
  andl $7, %ecx
  rep stosb
  movq %r8, %rax
  ret

// memcmp(a, b, count)
  .globl memcmp
memcmp:
  movq %rdx, %rcx
  cmpq %rcx, %rcx                    // nothing to compare is equal
  repe cmpsb
  je 1f
  movzbl -1(%rdi), %eax
  movzbl -1(%rsi), %ecx
  subl %ecx, %eax
  ret
1:
  xorl %eax, %eax
  ret

// The heap under the names that Swift's runtime calls.
  .globl posix_memalign, free
posix_memalign:
  jmp kernel_allocate
free:
  jmp kernel_free

// A line of the table of fixups: a fault of the instruction goes on at the landing.
  .macro FIXUP instruction, landing
  .pushsection .fixups, "a"
  .quad \instruction, \landing
  .popsection
  .endm

// metal_try_load(address, value): loads a word; 0 if the page is not there.
  .globl metal_try_load
metal_try_load:
1:
  movq (%rdi), %rax
  movq %rax, (%rsi)
  movl $1, %eax
  ret
2:
  xorl %eax, %eax
  ret
  FIXUP 1b, 2b

// metal_try_store(address, value): stores a word; 0 if the page does not take it.
  .globl metal_try_store
metal_try_store:
1:
  movq %rsi, (%rdi)
  movl $1, %eax
  ret
2:
  xorl %eax, %eax
  ret
  FIXUP 1b, 2b

#endif
