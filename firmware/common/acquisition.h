/* From the DMA ring to the metrology, with an account of every buffer. */
#ifndef ACQUISITION_H
#define ACQUISITION_H

#include <stdbool.h>
#include <stdint.h>

extern volatile uint32_t meter_buffers_completed;
extern volatile uint32_t meter_buffers_lost;
extern volatile uint32_t meter_afe_faults;

void acquisition_start(void);

#endif
