/* Name and version as the banner shows them. */
#ifndef VERSION_H
#define VERSION_H

#define VERSION "1.0.0"
#define BANNER "wattbench besmart meter 3p " VERSION

#endif
