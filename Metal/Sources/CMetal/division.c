// SPDX-License-Identifier: Apache-2.0
//
// Division of 128-bit numbers, which the processor does not have and Swift takes for granted.

#include <stdint.h>

typedef unsigned __int128 wide;

// Divides upper:lower by divisor; the quotient must fit, so upper is less than divisor.
#if defined(__x86_64__)
static inline uint64_t divide_step(uint64_t upper, uint64_t lower, uint64_t divisor,
                                   uint64_t *remainder) {
  uint64_t quotient;
  __asm__("divq %4" : "=a"(quotient), "=d"(*remainder) : "0"(lower), "1"(upper), "r"(divisor));
  return quotient;
}
#else
static inline uint64_t divide_step(uint64_t upper, uint64_t lower, uint64_t divisor,
                                   uint64_t *remainder) {
  uint64_t rest = upper, quotient = 0;
  for (int bit = 63; bit >= 0; bit--) {
    int overflows = (int)(rest >> 63);
    rest = rest << 1 | (lower >> bit & 1);
    quotient <<= 1;
    if (overflows || rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
  }
  *remainder = rest;
  return quotient;
}
#endif

// As by hand, bit by bit, for divisors of more than 64 bits: the quotient has at most 64.
static wide divide_long(wide dividend, wide divisor) {
  wide remainder = dividend >> 64;
  uint64_t quotient = 0;
  for (int bit = 63; bit >= 0; bit--) {
    // The remainder is less than the divisor; its upper bit is lost only where it must be taken off.
    int overflows = (int)(remainder >> 127);
    remainder = remainder << 1 | ((uint64_t)dividend >> bit & 1);
    quotient <<= 1;
    if (overflows || remainder >= divisor) {
      remainder -= divisor;
      quotient |= 1;
    }
  }
  return quotient;
}

wide __udivti3(wide dividend, wide divisor) {
  if (divisor >> 64) return divide_long(dividend, divisor);
  uint64_t remainder;
  uint64_t upper = divide_step(0, dividend >> 64, divisor, &remainder);
  uint64_t lower = divide_step(remainder, dividend, divisor, &remainder);
  return (wide)upper << 64 | lower;
}
