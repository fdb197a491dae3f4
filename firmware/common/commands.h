/* The commands of the shell. */
#ifndef COMMANDS_H
#define COMMANDS_H

/* Carry out a command line; says so if it is none. */
void command_execute(const char *line);

#endif
