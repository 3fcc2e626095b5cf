// SPDX-License-Identifier: Apache-2.0
//
// The instructions of arm64, and what its assembly leaves for Swift.

#ifndef METAL_ARM64_INSTRUCTIONS_H
#define METAL_ARM64_INSTRUCTIONS_H

#include "Registers.h"

// Waiting

static inline void metal_pause(void) { __asm__ volatile("yield"); }

static inline void metal_enable_interrupts(void) {
  __asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void metal_disable_interrupts(void) {
  __asm__ volatile("msr daifset, #2" : : : "memory");
}

// Waits for an interrupt with interrupts enabled. One that comes just before was taken, and whoever
// waits for another comes here again.
static inline void metal_wait(void) {
  metal_enable_interrupts();
  __asm__ volatile("wfi" : : : "memory");
}

// Disables interrupts; tells what to restore.
static inline uint64_t metal_save_interrupts(void) {
  uint64_t flags;
  __asm__ volatile("mrs %0, daif\n msr daifset, #2" : "=r"(flags) : : "memory");
  return flags;
}

static inline void metal_restore_interrupts(uint64_t flags) {
  __asm__ volatile("msr daif, %0" : : "r"(flags) : "memory");
}

// The counter of cycles; with -icount it counts instructions.
static inline uint64_t metal_clock(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, pmccntr_el0" : "=r"(value) : : "memory");
  return value;
}

// Translation

// Makes every CPU forget a page's translation, and waits until all have.
// - Source: Arm ARM, D8.14 "TLB maintenance": the operand is the address without its lowest 12 bits.
static inline void metal_invalidate_page(uintptr_t address) {
  uint64_t page = address << 8 >> 20;
  __asm__ volatile("dsb ishst\n tlbi vaae1is, %0\n dsb ish\n isb" : : "r"(page) : "memory");
}

// Makes every CPU forget all translations, and waits until all have.
static inline void metal_invalidate_all(void) {
  __asm__ volatile("dsb ishst\n tlbi vmalle1is\n dsb ish\n isb" : : : "memory");
}

// Makes entries that were written visible to every walk from here on.
static inline void metal_publish_tables(void) {
  __asm__ volatile("dsb ish\n isb" : : : "memory");
}

// Whether the MMU finds a page that can be read.
static inline uint64_t metal_translates(uintptr_t address) {
  uint64_t result;
  __asm__ volatile("at s1e1r, %1\n isb\n mrs %0, par_el1" : "=r"(result) : "r"(address) : "memory");
  return !(result & 1);
}

// Writes a line of the caches to memory, where a CPU without caches reads it.
static inline void metal_clean(uintptr_t address) {
  __asm__ volatile("dc civac, %0\n dsb sy" : : "r"(address) : "memory");
}

// The CPU itself

static inline uint64_t metal_current_cpu(void) {
  uint64_t index;
  __asm__ volatile("mrs %0, tpidr_el1" : "=r"(index));
  return index;
}

static inline void metal_set_current_cpu(uint64_t index) {
  __asm__ volatile("msr tpidr_el1, %0\n isb" : : "r"(index) : "memory");
}

static inline uint64_t metal_affinity(void) {
  uint64_t value;
  __asm__("mrs %0, mpidr_el1" : "=r"(value));
  return value;
}

static inline void metal_load_vectors(uintptr_t table) {
  __asm__ volatile("msr vbar_el1, %0\n isb" : : "r"(table) : "memory");
}

// Calls of firmware, by hypervisor call or by secure monitor call.
// - Source: Arm DEN0028, SMC Calling Convention.

#define METAL_FIRMWARE_CALL(name, instruction)                                               \
  static inline uint64_t name(uint64_t function, uint64_t a, uint64_t b, uint64_t c) {       \
    register uint64_t x0 __asm__("x0") = function;                                           \
    register uint64_t x1 __asm__("x1") = a;                                                  \
    register uint64_t x2 __asm__("x2") = b;                                                  \
    register uint64_t x3 __asm__("x3") = c;                                                  \
    __asm__ volatile(instruction " #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "x4",    \
                     "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", \
                     "x16", "x17", "memory");                                                \
    return x0;                                                                               \
  }

METAL_FIRMWARE_CALL(metal_call_hypervisor, "hvc")
METAL_FIRMWARE_CALL(metal_call_monitor, "smc")

#undef METAL_FIRMWARE_CALL

// Asks whoever debugs the machine; goes on if nobody does.
void metal_semihost(uint64_t operation, uintptr_t argument);

// What vectors.S leaves on the stack, lowest address first.
struct metal_frame {
  uint64_t x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16;
  uint64_t x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30;
  uint64_t sp, pc, pstate;
  uint64_t vector, syndrome, address;
};

// Moves the image and goes on there, on the kernel's tables, in metal_run.
void metal_enter(uintptr_t from, uintptr_t to, uintptr_t words, uintptr_t stack, uintptr_t low_top,
                 uintptr_t high_top) __attribute__((noreturn));

#endif
