/* From the counts of a crystal to UTC: a straight line with a correction of rate, and shifts that are slewed in.
 *
 * All of it is a function of the counter, which runs on a battery: nothing is lost while the meter has no power. */
#ifndef STEERING_H
#define STEERING_H

#include <stdint.h>

#define NS_PER_S 1000000000LL
/* A shift goes in at one part in 50 of the time: 1 s takes 50 s, and no second is left out or comes twice. */
#define SLEW_PARTS 50
#define TRIM_LIMIT_PPB 500000

struct steering {
    uint64_t anchor_count;
    int64_t anchor_ns; /* UTC since 1970 at that count */
    int64_t shift_ns;  /* to slew in from there on */
    int32_t trim_ppb;  /* by which the counts are slow: the clock is made faster by this */
    uint32_t session;  /* number that the counter's own memory must hold, else it was without its battery */
};

/* UTC in ns, `extra_ns` of another clock after `count`; `extra_ns` is not corrected in rate. */
int64_t steering_ns(const struct steering *steering, uint64_t count, int64_t extra_ns);
/* What is left of the shift at `count`. */
int64_t steering_left_ns(const struct steering *steering, uint64_t count);
/* The same line with its anchor at `count`, so that trim and shift can be changed from there on. */
struct steering steering_anchored(const struct steering *steering, uint64_t count);

#endif
