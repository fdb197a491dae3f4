/* The commands of the shell about power quality. */
#ifndef QUALITY_COMMANDS_H
#define QUALITY_COMMANDS_H

void quality_print(void);
void quality_print_events(void);
/* Harmonics of the channel that `text` names, such as "L1 u" or "N i"; waits for a fresh window. */
void quality_print_harmonics(const char *text);

#endif
