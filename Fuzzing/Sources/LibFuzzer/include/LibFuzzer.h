// SPDX-License-Identifier: Apache-2.0

#ifndef LIB_FUZZER_H
#define LIB_FUZZER_H

#include <stddef.h>
#include <stdint.h>

/// Changes the first `size` bytes of `data` as libFuzzer would by itself, and returns how many there
/// are then, at most `max_size`.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#endif
