#include "fft.h"

#define SIZE (SPECTRUM_STEPS / 2u)

static void reverse_order(struct complex *values)
{
    for (uint32_t i = 1, j = 0; i < SIZE; i++) {
        uint32_t bit = SIZE / 2u;
        for (; j & bit; bit /= 2u)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            struct complex kept = values[i];
            values[i] = values[j];
            values[j] = kept;
        }
    }
}

/* Even values are the real parts and odd ones the imaginary parts of half as many complex values. */
void fft_transform(struct complex values[SPECTRUM_STEPS / 2])
{
    reverse_order(values);
    for (uint32_t half = 1; half < SIZE; half *= 2u) {
        uint32_t stride = SPECTRUM_STEPS / 2u / half;
        for (uint32_t k = 0; k < half; k++) {
            float sine = -spectrum_sine[k * stride], cosine = spectrum_sine[k * stride + SPECTRUM_STEPS / 4];
            for (struct complex *low = values + k; low < values + SIZE; low += 2u * half) {
                struct complex *high = low + half;
                float real = high->real * cosine - high->imaginary * sine;
                float imaginary = high->real * sine + high->imaginary * cosine;
                high->real = low->real - real;
                high->imaginary = low->imaginary - imaginary;
                low->real += real;
                low->imaginary += imaginary;
            }
        }
    }
}

struct complex fft_line(const struct complex values[SPECTRUM_STEPS / 2], uint32_t line)
{
    struct complex z = values[line], mirrored = values[(SIZE - line) % SIZE];
    float even_real = 0.5f * (z.real + mirrored.real), even_imaginary = 0.5f * (z.imaginary - mirrored.imaginary);
    float odd_real = 0.5f * (z.imaginary + mirrored.imaginary), odd_imaginary = -0.5f * (z.real - mirrored.real);
    float sine = -spectrum_sine[line], cosine = spectrum_sine[line + SPECTRUM_STEPS / 4];
    return (struct complex){even_real + odd_real * cosine - odd_imaginary * sine,
                            even_imaginary + odd_real * sine + odd_imaginary * cosine};
}
