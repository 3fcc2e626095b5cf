// SPDX-License-Identifier: Apache-2.0
//
// What Swift cannot say: single instructions, and places in the image that the linker knows.
//
// Addresses are numbers here, so that they are safe to pass; what is done with them is up to Swift.
// Each architecture has the functions that all of the kernel calls under the same names:
//
//   metal_pause, metal_wait, metal_clock, metal_current_cpu
//   metal_enable_interrupts, metal_disable_interrupts, metal_save_interrupts, metal_restore_interrupts
//   metal_invalidate_page, metal_invalidate_all, struct metal_frame

#ifndef METAL_H
#define METAL_H

#include <stdint.h>

#if defined(__x86_64__)
#include "x86_64/Instructions.h"
#else
#include "arm64/Instructions.h"
#endif

// Registers of devices in memory

static inline uint32_t metal_load_device(uintptr_t address) {
  return *(volatile uint32_t *)address;
}

static inline void metal_store_device(uintptr_t address, uint32_t value) {
  *(volatile uint32_t *)address = value;
}

static inline uintptr_t metal_frame_pointer(void) {
  return (uintptr_t)__builtin_frame_address(0);
}

// Assembly routines

uintptr_t metal_try_load(uintptr_t address, uintptr_t target);
uintptr_t metal_try_store(uintptr_t address, uint64_t value);

// Places. Each is a symbol whose address is the value.

#define METAL_PLACE(name)                                        \
  extern char name[];                                            \
  static inline uintptr_t metal_place_##name(void) { return (uintptr_t)name; }

METAL_PLACE(image_start)
METAL_PLACE(text_end)
METAL_PLACE(constants_end)
METAL_PLACE(image_end)
METAL_PLACE(fixups_start)
METAL_PLACE(fixups_end)
METAL_PLACE(metal_vectors)

// Entries for CPUs that come from assembly.
METAL_PLACE(metal_run)
METAL_PLACE(metal_join)

// The way of a CPU to the kernel's tables.
#if defined(__x86_64__)
METAL_PLACE(metal_trampoline_start)
METAL_PLACE(metal_trampoline_end)
METAL_PLACE(metal_trampoline_gate)
METAL_PLACE(metal_trampoline_stack)
METAL_PLACE(metal_trampoline_argument)
METAL_PLACE(metal_trampoline_entry)
METAL_PLACE(metal_trampoline_cr4)
#else
METAL_PLACE(metal_start)
#endif

#undef METAL_PLACE

#endif
