/* Mistakes that can be built in, so that a suite can show that it finds them; none in a product. */
#ifndef SEEDED_BUGS_H
#define SEEDED_BUGS_H

/* Clock and records: a running period goes on over a setting of the clock, the profile is stamped in local time, and a
 * change of summer time is no event. */
#ifndef SEEDED_TIME_BUGS
#define SEEDED_TIME_BUGS 0
#endif

#endif
