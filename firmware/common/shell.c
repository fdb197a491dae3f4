#include "shell.h"

#include <stdint.h>

#include "commands.h"
#include "lpuart.h"
#include "print.h"

#define PROMPT "meter> "
#define BACKSPACE 0x08
#define DELETE 0x7F

static char line[64];
static uint32_t length;
static char last;

void shell_start(void)
{
    print_text(PROMPT);
}

static void enter(void)
{
    print_text("\r\n");
    while (length && line[length - 1u] == ' ')
        length--;
    line[length] = '\0';
    if (length)
        command_execute(line);
    length = 0;
    print_text(PROMPT);
}

static void edit(char character)
{
    if (character == '\r' || (character == '\n' && last != '\r')) {
        enter();
    } else if (character == BACKSPACE || character == DELETE) {
        if (length) {
            length--;
            print_text("\b \b");
        }
    } else if (character >= ' ' && length < sizeof line - 1u) {
        line[length++] = character;
        lpuart_put(character);
    }
    last = character;
}

_Bool shell_poll(void)
{
    int character = lpuart_get();
    if (character < 0)
        return 0;
    edit((char)character);
    return 1;
}
