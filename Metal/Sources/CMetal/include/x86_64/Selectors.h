// SPDX-License-Identifier: Apache-2.0
//
// Numbers that assembly and C share.

#ifndef METAL_SELECTORS_H
#define METAL_SELECTORS_H

// Segments of the kernel's table: code, data, and the task state of the CPU, which takes two places.
// - Source: Intel SDM volume 3, 3.4.2 (a selector is the place times 8).
#define METAL_CODE_SELECTOR 0x08
#define METAL_DATA_SELECTOR 0x10
#define METAL_TASK_SELECTOR 0x18

// Physical pages below 1 MiB that a CPU needs on its way up: the trampoline, which starts in real
// mode, and the top table, which is loaded by 32-bit code. The core never uses the first mebibyte.
#define METAL_TRAMPOLINE 0x8000
#define METAL_TOP_TABLE 0x9000

// Control register bits.
// - Source: Intel SDM volume 3, 2.5 and 4.1.
#define METAL_CR0_PE (1 << 0)
#define METAL_CR0_MP (1 << 1)
#define METAL_CR0_ET (1 << 4)
#define METAL_CR0_NE (1 << 5)
#define METAL_CR0_WP (1 << 16)
#define METAL_CR0_PG (1 << 31)
// Paging on, errors of the old arithmetic unit as exceptions, and pages that are read-only to
// the kernel, too: without WP a store to a shared tail would succeed.
#define METAL_CR0_LONG_MODE                                                                \
  (METAL_CR0_PG | METAL_CR0_WP | METAL_CR0_NE | METAL_CR0_ET | METAL_CR0_MP | METAL_CR0_PE)
#define METAL_CR4_PAE (1 << 5)
#define METAL_CR4_PGE (1 << 7)
#define METAL_CR4_OSFXSR (1 << 9)
#define METAL_CR4_OSXMMEXCPT (1 << 10)
#define METAL_CR4_LA57 (1 << 12)
#define METAL_CR4_OSXSAVE (1 << 18)

// The extended control register: arithmetic unit, lower and upper halves of vector registers.
// - Source: Intel SDM volume 1, 13.3.
#define METAL_XCR0_WIDE 7

// The extended feature register: its number, long mode, no-execute.
// - Source: Intel SDM volume 4, table 2-2, IA32_EFER.
#define METAL_EFER 0xC0000080
#define METAL_EFER_LME (1 << 8)
#define METAL_EFER_NXE (1 << 11)

#endif
