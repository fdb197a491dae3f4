/* Angles in turns, without a mathematics library. */
#ifndef ANGLES_H
#define ANGLES_H

#include "tables.h"

/* Arc tangent of y / x in turns, from -0.5 to 0.5, to 3e-7 of a turn; 0 for both 0. */
static inline float angle_turns(float y, float x)
{
    float ay = y < 0.0f ? -y : y, ax = x < 0.0f ? -x : x;
    float large = ax > ay ? ax : ay, small = ax > ay ? ay : ax;
    if (large == 0.0f)
        return 0.0f;
    float t = small / large, t2 = t * t;
    /* Odd polynomial of least largest error on 0 to 1, in turns. */
    float turns =
        t * (0.15915132f +
             t2 * (-0.05293856f + t2 * (0.03080288f + t2 * (-0.01852978f + t2 * (0.00837901f + t2 * -0.00186513f)))));
    if (ay > ax)
        turns = 0.25f - turns;
    if (x < 0.0f)
        turns = 0.5f - turns;
    return y < 0.0f ? -turns : turns;
}

/* Sine of an angle in turns, to 1.2e-6; the cosine is the sine of a quarter turn more. */
static inline float sine_of_turns(float turns)
{
    turns -= (float)(int32_t)turns;
    float place = (turns < 0.0f ? turns + 1.0f : turns) * (float)SPECTRUM_STEPS;
    uint32_t below = (uint32_t)place;
    return spectrum_sine[below] + (place - (float)below) * (spectrum_sine[below + 1u] - spectrum_sine[below]);
}

#endif
