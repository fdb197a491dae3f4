#include "steering.h"

/* 32 768 counts a second: 10^9 / 32768 = 1953125 / 64. In two parts, or it would overflow after four years. */
static int64_t elapsed_ns(const struct steering *steering, uint64_t count)
{
    uint64_t counts = count - steering->anchor_count;
    return (int64_t)(counts / 64u * 1953125u + counts % 64u * 1953125u / 64u);
}

static int64_t trimmed(int64_t ns, int32_t ppb)
{
    return ns / NS_PER_S * ppb + ns % NS_PER_S * ppb / NS_PER_S;
}

static int64_t slewed(int64_t shift_ns, int64_t elapsed)
{
    int64_t most = elapsed / SLEW_PARTS;
    if (shift_ns > most)
        return most;
    return shift_ns < -most ? -most : shift_ns;
}

int64_t steering_ns(const struct steering *steering, uint64_t count, int64_t extra_ns)
{
    int64_t elapsed = elapsed_ns(steering, count);
    return steering->anchor_ns + elapsed + trimmed(elapsed, steering->trim_ppb) + extra_ns +
           slewed(steering->shift_ns, elapsed + extra_ns);
}

int64_t steering_left_ns(const struct steering *steering, uint64_t count)
{
    return steering->shift_ns - slewed(steering->shift_ns, elapsed_ns(steering, count));
}

struct steering steering_anchored(const struct steering *steering, uint64_t count)
{
    struct steering moved = *steering;
    moved.anchor_ns = steering_ns(steering, count, 0);
    moved.shift_ns = steering_left_ns(steering, count);
    moved.anchor_count = count;
    return moved;
}
