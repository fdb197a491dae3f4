/* Spectrum of SPECTRUM_STEPS real values. */
#ifndef FFT_H
#define FFT_H

#include <stdint.h>

#include "tables.h"

struct complex {
    float real, imaginary;
};

/* Replaces the values by what `fft_line` needs: they lie in pairs as real and imaginary parts. */
void fft_transform(struct complex values[SPECTRUM_STEPS / 2]);
/* Sum of value * exp(-2 pi i line n / SPECTRUM_STEPS), for lines from 0 to SPECTRUM_STEPS / 2 - 1. */
struct complex fft_line(const struct complex values[SPECTRUM_STEPS / 2], uint32_t line);

#endif
