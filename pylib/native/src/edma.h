/* The eDMA and its request multiplexer, as other twins and the host see them. */
#ifndef WATTBENCH_EDMA_H
#define WATTBENCH_EDMA_H

#include "block.h"

typedef struct wb_edma wb_edma;
typedef struct wb_dmamux wb_dmamux;

void wb_edma_request(wb_edma *dma, unsigned channel, bool level);
void wb_edma_on_service(wb_edma *dma, void (*served)(void *owner, unsigned channel), void *owner);

WB_EXPORT wb_edma *wb_edma_new(wb_machine *machine);
WB_EXPORT unsigned wb_edma_line(const wb_edma *dma, unsigned output);   /* 0 to 15, 16 for errors */
/* Let a trace have the ends of major loops, and the minor loops of a channel under names of its own; 0: no more. */
WB_EXPORT void wb_edma_trace(wb_edma *dma, unsigned channel, uint32_t major, uint32_t service);
WB_EXPORT uint64_t wb_edma_services(const wb_edma *dma);

WB_EXPORT wb_dmamux *wb_dmamux_new(wb_machine *machine, wb_edma *dma);
WB_EXPORT void wb_dmamux_connect(wb_dmamux *mux, unsigned source, wb_request *request);
/* A request driven by the host; `acknowledged` is called with its source at each service. */
WB_EXPORT void wb_dmamux_connect_host(wb_dmamux *mux, unsigned source, void (*acknowledged)(uint32_t source));
WB_EXPORT void wb_dmamux_host_level(wb_dmamux *mux, unsigned source, uint32_t level);
WB_EXPORT void wb_dmamux_input(wb_dmamux *mux, unsigned number, uint32_t level);

#endif
