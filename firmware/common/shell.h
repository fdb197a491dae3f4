/* Line editor of the console. */
#ifndef SHELL_H
#define SHELL_H

/* Prompt for the first command. */
void shell_start(void);
/* Work off received characters; false if there were none. */
_Bool shell_poll(void);

#endif
