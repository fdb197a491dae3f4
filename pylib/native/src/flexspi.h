/* The FlexSPI; its serial flashes are Python's. */
#ifndef WATTBENCH_FLEXSPI_H
#define WATTBENCH_FLEXSPI_H

#include "block.h"

typedef struct wb_flexspi wb_flexspi;

/* Who has the block: its registers differ. */
enum wb_flexspi_chip { WB_FLEXSPI_RT117X, WB_FLEXSPI_RT106X };

/* wattbench.hw.imxrt.flexspi.ReadSetup. */
enum wb_flexspi_reads {
    WB_READS_UNTOUCHED, WB_READS_OFF, WB_READS_NO_SIZE, WB_READS_INVALID, WB_READS_NOTHING, WB_READS_ARRAY,
};

typedef struct {
    /* One command of the part at a point: `size` bytes go in, `answer_size` bytes come out. */
    void (*execute)(uint32_t point, uint32_t opcode, uint32_t has_address, uint32_t address, const uint8_t *data,
                    uint32_t size, uint8_t *answer, uint32_t answer_size);
    /* What a read of the part's array by the core would do. */
    void (*reads)(uint32_t point, uint32_t setup, uint32_t sequence, uint32_t opcode);
} wb_flexspi_host;

WB_EXPORT wb_flexspi *wb_flexspi_new(wb_machine *machine, const wb_flexspi_host *host, uint32_t chip);
WB_EXPORT void wb_flexspi_attach(wb_flexspi *flexspi, uint32_t point);
/* Tell the host of each part again how the core would read it. */
WB_EXPORT void wb_flexspi_tell(wb_flexspi *flexspi);
WB_EXPORT unsigned wb_flexspi_line(const wb_flexspi *flexspi);
/* What was received and not taken yet (0), or is to be sent (1): not part of the block's state, for save and restore. */
WB_EXPORT uint32_t wb_flexspi_held(const wb_flexspi *flexspi, uint32_t sent, const uint8_t **data);
WB_EXPORT void wb_flexspi_hold(wb_flexspi *flexspi, uint32_t sent, const uint8_t *data, uint32_t size);

#endif
