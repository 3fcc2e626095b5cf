// SPDX-License-Identifier: Apache-2.0
//
// The instructions of x86-64, and what its assembly leaves for Swift.

#ifndef METAL_X86_64_INSTRUCTIONS_H
#define METAL_X86_64_INSTRUCTIONS_H

#include "Selectors.h"

// Ports

static inline void metal_out8(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t metal_in8(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

// Waiting

static inline void metal_pause(void) { __asm__ volatile("pause"); }

// Waits for an interrupt; interrupts are enabled in the same moment, so none is missed.
static inline void metal_wait(void) { __asm__ volatile("sti; hlt" : : : "memory"); }

static inline void metal_enable_interrupts(void) { __asm__ volatile("sti" : : : "memory"); }
static inline void metal_disable_interrupts(void) { __asm__ volatile("cli" : : : "memory"); }

// Disables interrupts; tells what to restore.
static inline uint64_t metal_save_interrupts(void) {
  uint64_t flags;
  __asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
  return flags;
}

static inline void metal_restore_interrupts(uint64_t flags) {
  __asm__ volatile("pushq %0; popfq" : : "r"(flags) : "memory", "cc");
}

// The time-stamp counter; with -icount it counts instructions.
static inline uint64_t metal_clock(void) {
  uint32_t low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (uint64_t)high << 32 | low;
}

// Control registers

static inline uint64_t metal_read_cr2(void) {
  uint64_t value;
  __asm__ volatile("movq %%cr2, %0" : "=r"(value));
  return value;
}

static inline uint64_t metal_read_cr4(void) {
  uint64_t value;
  __asm__ volatile("movq %%cr4, %0" : "=r"(value));
  return value;
}

static inline void metal_write_cr4(uint64_t value) {
  __asm__ volatile("movq %0, %%cr4" : : "r"(value) : "memory");
}

static inline void metal_write_cr3(uint64_t value) {
  __asm__ volatile("movq %0, %%cr3" : : "r"(value) : "memory");
}

static inline void metal_invalidate_page(uintptr_t address) {
  __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

// Drops all translations of this CPU, global ones too: changing the bit does.
// - Source: Intel SDM volume 3, 4.10.4.1 "Operations that Invalidate TLBs".
static inline void metal_invalidate_all(void) {
  uint64_t cr4 = metal_read_cr4();
  metal_write_cr4(cr4 & ~(uint64_t)METAL_CR4_PGE);
  metal_write_cr4(cr4);
}

// Model-specific registers

static inline uint64_t metal_read_register(uint32_t number) {
  uint32_t low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
  return (uint64_t)high << 32 | low;
}

static inline void metal_write_register(uint32_t number, uint64_t value) {
  __asm__ volatile("wrmsr" : : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

// What CPUID says in %ecx.
static inline uint32_t metal_features_ecx(uint32_t leaf, uint32_t subleaf) {
  uint32_t eax = leaf, ebx, ecx = subleaf, edx;
  __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
  return ecx;
}

// Descriptor tables

struct metal_table_pointer {
  uint16_t limit;
  uint64_t base;
} __attribute__((packed));

// Loads a table of segments, and all segment registers from it.
static inline void metal_load_segments(uintptr_t base, uint16_t limit) {
  struct metal_table_pointer pointer = {limit, base};
  uintptr_t scratch;
  __asm__ volatile(
      "lgdt %1\n"
      "pushq %2\n"
      "leaq 1f(%%rip), %0\n"
      "pushq %0\n"
      "lretq\n"
      "1:\n"
      "movl %3, %k0\n"
      "movl %k0, %%ds\n"
      "movl %k0, %%es\n"
      "movl %k0, %%ss\n"
      : "=&r"(scratch)
      : "m"(pointer), "i"(METAL_CODE_SELECTOR), "i"(METAL_DATA_SELECTOR)
      : "memory");
}

static inline void metal_load_vectors(uintptr_t base, uint16_t limit) {
  struct metal_table_pointer pointer = {limit, base};
  __asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

static inline void metal_load_task(void) {
  __asm__ volatile("ltr %w0" : : "r"(METAL_TASK_SELECTOR));
}

// The first word that the %gs segment leads to: the number of the CPU.
static inline uint64_t metal_current_cpu(void) {
  uint64_t index;
  __asm__ volatile("movq %%gs:0, %0" : "=r"(index));
  return index;
}

// What vectors.S leaves on the stack, lowest address first.
struct metal_frame {
  uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
  uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
  uint64_t vector, error;
  uint64_t rip, cs, rflags, rsp, ss;
};

// Moves the image and goes on at the gate of the trampoline.
void metal_enter(uintptr_t from, uintptr_t to, uintptr_t words, uintptr_t gate)
    __attribute__((noreturn));

#endif
