/* Sine and cosine of small angles (below 0.3 rad to better than 1e-9), without a mathematics library. */
#ifndef TRIGONOMETRY_H
#define TRIGONOMETRY_H

#define HALF_PI 1.57079632679489661923
#define TWO_PI 6.28318530717958647693

static inline double small_sin(double x)
{
    double x2 = x * x;
    return x * (1.0 - x2 / 6.0 * (1.0 - x2 / 20.0 * (1.0 - x2 / 42.0)));
}

static inline double small_cos(double x)
{
    double x2 = x * x;
    return 1.0 - x2 / 2.0 * (1.0 - x2 / 12.0 * (1.0 - x2 / 30.0 * (1.0 - x2 / 56.0)));
}

#endif
