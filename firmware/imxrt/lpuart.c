#include "lpuart.h"

#include <stdint.h>

#include "board.h"
#include "registers/lpuart.h"
#include "system.h"

#define OVERSAMPLING 16u
#define FIFO_DEPTH 4u

struct queue {
    volatile uint32_t head, tail;
    char data[2048];
};

static struct queue transmit, receive;

void lpuart1_handler(void);

static bool queue_put(struct queue *queue, char character)
{
    if (queue->head - queue->tail == sizeof queue->data)
        return false;
    queue->data[queue->head % sizeof queue->data] = character;
    queue->head++;
    return true;
}

static int queue_get(struct queue *queue)
{
    if (queue->head == queue->tail)
        return -1;
    char character = queue->data[queue->tail % sizeof queue->data];
    queue->tail++;
    return (unsigned char)character;
}

void lpuart_init(void)
{
    LPUART1->GLOBAL = LPUART_GLOBAL_RST;
    LPUART1->GLOBAL = 0;
    LPUART1->BAUD = LPUART_BAUD(OVERSAMPLING, (OSCILLATOR_HZ + OVERSAMPLING * CONSOLE_BAUD / 2u) /
                                                  (OVERSAMPLING * CONSOLE_BAUD));
    LPUART1->FIFO = LPUART_FIFO_RXFE | LPUART_FIFO_TXFE;
    LPUART1->FIFO |= LPUART_FIFO_FLUSH;
    LPUART1->WATER = 0;
    LPUART1->CTRL = LPUART_CTRL_TE | LPUART_CTRL_RE | LPUART_CTRL_RIE;
    system_enable_irq(IRQ_LPUART1, PRIORITY_LPUART1);
}

void lpuart_put(char character)
{
    uint32_t masked = interrupts_mask();
    while (!queue_put(&transmit, character)) {
        system_sleep();
        interrupts_restore(masked);
        masked = interrupts_mask();
    }
    LPUART1->CTRL |= LPUART_CTRL_TIE;
    interrupts_restore(masked);
}

void lpuart_flush(void)
{
    uint32_t masked = interrupts_mask();
    while (transmit.head != transmit.tail || !(LPUART1->STAT & LPUART_STAT_TC)) {
        LPUART1->CTRL |= LPUART_CTRL_TCIE;
        system_sleep();
        interrupts_restore(masked);
        masked = interrupts_mask();
    }
    interrupts_restore(masked);
}

bool lpuart_received(void)
{
    return receive.head != receive.tail;
}

int lpuart_get(void)
{
    return queue_get(&receive);
}

void lpuart_put_now(char character)
{
    while (!(LPUART1->STAT & LPUART_STAT_TDRE))
        continue;
    LPUART1->DATA = (unsigned char)character;
}

void lpuart1_handler(void)
{
    while (LPUART_WATER_RXCOUNT(LPUART1->WATER))
        queue_put(&receive, (char)LPUART1->DATA); /* a full queue drops what nobody reads */
    if (LPUART1->STAT & LPUART_STAT_OR)
        LPUART1->STAT = LPUART_STAT_OR;
    if (LPUART1->STAT & LPUART_STAT_TC)
        LPUART1->CTRL &= ~LPUART_CTRL_TCIE;
    if (LPUART1->CTRL & LPUART_CTRL_TIE) {
        while (LPUART_WATER_TXCOUNT(LPUART1->WATER) < FIFO_DEPTH) {
            int character = queue_get(&transmit);
            if (character < 0) {
                LPUART1->CTRL &= ~LPUART_CTRL_TIE;
                break;
            }
            LPUART1->DATA = (uint32_t)character;
        }
    }
    memory_barrier();
}
