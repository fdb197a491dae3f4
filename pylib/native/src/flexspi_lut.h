/* A sequence of the FlexSPI's look-up table. */
#ifndef WATTBENCH_FLEXSPI_LUT_H
#define WATTBENCH_FLEXSPI_LUT_H

#include <stdbool.h>
#include <stdint.h>

enum { WB_SEQUENCE_WORDS = 4, WB_SEQUENCES = 16 };

typedef struct {
    uint32_t opcode, address_bits;
    bool reads, writes;
} wb_sequence;

/* 0, or what STS1.IPCMDERRCODE shows of a sequence that the controller would not run. */
uint32_t wb_sequence_decode(const uint32_t words[WB_SEQUENCE_WORDS], wb_sequence *sequence);

#endif
