// SPDX-License-Identifier: Apache-2.0
//
// Functions that compilers take for granted, and accesses that may fault.
//
// They run with the MMU on, on memory, where words need not be aligned.

#if defined(__aarch64__)

  .section .text.memory, "ax"

// memcpy(target, source, count) and memmove, which also works where both overlap.
  .globl memcpy, memmove
memmove:
  sub x3, x0, x1
  cmp x3, x2
  b.lo backwards                     // the target begins inside the source
memcpy:
  mov x3, x0
1:
  subs x2, x2, #16
  b.lo 2f
  ldp x4, x5, [x1], #16
  stp x4, x5, [x3], #16
  b 1b
2:
  adds x2, x2, #16
  b.eq 4f
3:
  ldrb w4, [x1], #1
  strb w4, [x3], #1
  subs x2, x2, #1
  b.ne 3b
4:
  ret
backwards:
  add x1, x1, x2
  add x3, x0, x2
1:
  subs x2, x2, #16
  b.lo 2f
  ldp x4, x5, [x1, #-16]!
  stp x4, x5, [x3, #-16]!
  b 1b
2:
  adds x2, x2, #16
  b.eq 4f
3:
  ldrb w4, [x1, #-1]!
  strb w4, [x3, #-1]!
  subs x2, x2, #1
  b.ne 3b
4:
  ret

// memset(target, byte, count)
  .globl memset
memset:
  mov x3, x0
  and x1, x1, #0xFF
  orr x1, x1, x1, lsl #8
  orr x1, x1, x1, lsl #16
  orr x1, x1, x1, lsl #32
1:
  subs x2, x2, #16
  b.lo 2f
  stp x1, x1, [x3], #16
  b 1b
2:
  adds x2, x2, #16
  b.eq 4f
3:
  strb w1, [x3], #1
  subs x2, x2, #1
  b.ne 3b
4:
  ret

// memcmp(a, b, count)
  .globl memcmp
memcmp:
  mov x3, x0
  mov w0, #0
1:
  cbz x2, 2f
  ldrb w4, [x3], #1
  ldrb w5, [x1], #1
  sub x2, x2, #1
  subs w0, w4, w5
  b.eq 1b
2:
  ret

// The heap under the names that Swift's runtime calls.
  .globl posix_memalign, free
posix_memalign:
  b kernel_allocate
free:
  b kernel_free

// A line of the table of fixups: a fault of the instruction goes on at the landing.
  .macro FIXUP instruction, landing
  .pushsection .fixups, "a"
  .quad \instruction, \landing
  .popsection
  .endm

// metal_semihost(operation, argument): an unknown instruction if nobody listens.
// - Source: Arm, Semihosting for AArch32 and AArch64, 4 "The semihosting interface".
  .globl metal_semihost
metal_semihost:
1:
  hlt #0xF000
2:
  ret
  FIXUP 1b, 2b

// metal_try_load(address, value): loads a word; 0 if the page is not there.
  .globl metal_try_load
metal_try_load:
1:
  ldr x2, [x0]
  str x2, [x1]
  mov x0, #1
  ret
2:
  mov x0, #0
  ret
  FIXUP 1b, 2b

// metal_try_store(address, value): stores a word; 0 if the page does not take it.
  .globl metal_try_store
metal_try_store:
1:
  str x1, [x0]
  mov x0, #1
  ret
2:
  mov x0, #0
  ret
  FIXUP 1b, 2b

#endif
