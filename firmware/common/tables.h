/* Tables of functions, written by make_tables.py when the firmware is built. Each sine goes on for a quarter turn, so
 * that a cosine is the sine a quarter further. Not constant, so that they lie in fast memory instead of flash. */
#ifndef TABLES_H
#define TABLES_H

#include <stdint.h>

#define CORRELATION_STEPS 1024
#define SPECTRUM_STEPS 2048
#define RESAMPLING_PHASES 64
#define RESAMPLING_TAPS 8

/* 32767 times the sine in the middle of each step. */
extern int16_t correlation_sine[CORRELATION_STEPS * 5 / 4];
/* The sine at the begin of each step. */
extern float spectrum_sine[SPECTRUM_STEPS * 5 / 4];
/* Weights of eight samples for a point k/64 of a sample behind the fourth of them. */
extern float resampling_filters[RESAMPLING_PHASES][RESAMPLING_TAPS];

#endif
