/* The shell's commands about clock, demand, load profile and events. */
#ifndef TIME_COMMANDS_H
#define TIME_COMMANDS_H

#include <stdbool.h>

/* Carry out a command line; false if it is none of these. */
bool time_command_execute(const char *line);
void time_commands_help(void);

#endif
