// SPDX-License-Identifier: Apache-2.0
//
// Numbers that assembly and C share.
//
// - Source: Arm Architecture Reference Manual for A-profile, D17 "AArch64 System Register
//   Descriptions".

#ifndef METAL_ARM64_REGISTERS_H
#define METAL_ARM64_REGISTERS_H

// Memory by attribute index: 0 is normal memory, cached; 1 registers of devices, in order (nGnRE).
#define METAL_MAIR 0x04FF

// Translation control: 48-bit addresses in both halves (T0SZ, T1SZ), 4 KiB granules (TG1), tables
// read through the caches (IRGN, ORGN) that all CPUs share (SH).
#define METAL_TCR_SIZES (16 << 0 | 16 << 16)
#define METAL_TCR_LOW (1 << 8 | 1 << 10 | 3 << 12)
#define METAL_TCR_HIGH (1 << 24 | 1 << 26 | 3 << 28 | 2 << 30)
#define METAL_TCR_PHYSICAL_SIZE_SHIFT 32
// ID_AA64MMFR0_EL1.PARange: 48 bits; more need descriptors of another kind.
#define METAL_LARGEST_PHYSICAL_SIZE 5

// System control: the bits that are one on every processor; translation and caches on.
#define METAL_SCTLR_FIXED 0x30D00800
#define METAL_SCTLR_MMU (1 << 0)
#define METAL_SCTLR_DATA_CACHE (1 << 2)
#define METAL_SCTLR_STACK_ALIGNMENT (1 << 3)
#define METAL_SCTLR_CODE_CACHE (1 << 12)
#define METAL_SCTLR_ON                                                                   \
  (METAL_SCTLR_FIXED | METAL_SCTLR_MMU | METAL_SCTLR_DATA_CACHE |                        \
   METAL_SCTLR_STACK_ALIGNMENT | METAL_SCTLR_CODE_CACHE)

// The performance monitor: it counts (PMCR_EL0.E), cycles with 64 bits (LC); and of its counters
// (PMCNTENSET_EL0) the one of cycles.
#define METAL_MONITOR_ON (1 << 0 | 1 << 6)
#define METAL_CYCLE_COUNTER (1 << 31)

// The stacks' slots: log2 of the bytes from one to the next, and the bit of an address that is one
// in a stack and zero in the hole below, as a stack fills the last eighth of its slot.
#define METAL_STACK_SLOT_SHIFT 20
#define METAL_STACK_BIT 17
// Bits 32 to 47 of where the stacks for faults are.
#define METAL_FAULT_STACKS_UPPER 0x2100

// Added to the vector if the exception came on a stack that was used up.
#define METAL_OVERFLOW 16

#endif
