/* Twin of wattbench.hw.imxrt.dmamux. */
#include <stdlib.h>
#include <string.h>

#include "dmamux_registers.h"
#include "edma.h"

enum { CHANNELS = 32, SOURCES = 256, TRIGGERED_CHANNELS = 4 };

typedef struct {
    uint32_t values[DMAMUX_COUNT];
    uint32_t triggered;
    uint8_t host_levels[SOURCES];
} mux_state;

struct wb_dmamux {
    wb_block block;
    mux_state s;
    wb_edma *dma;
    wb_request *sources[SOURCES], host_requests[SOURCES];
    void (*host_acknowledged[SOURCES])(uint32_t source);
    uint32_t channels[SOURCES];         /* enabled channels of each source; follows from the registers */
};

static bool wanted(const wb_dmamux *mux, uint32_t config)
{
    const wb_request *request = mux->sources[config & DMAMUX_CHCFG_SOURCE];
    return config & DMAMUX_CHCFG_A_ON || (request && *request->level);
}

static void drive(wb_dmamux *mux, unsigned channel)
{
    uint32_t config = mux->s.values[channel];
    bool level = config & DMAMUX_CHCFG_ENBL &&
                 (config & DMAMUX_CHCFG_TRIG ? mux->s.triggered >> channel & 1 : wanted(mux, config));
    wb_edma_request(mux->dma, channel, level);
}

static void source_changed(void *owner, unsigned source)
{
    wb_dmamux *mux = owner;
    for (uint32_t left = mux->channels[source]; left; left &= left - 1) drive(mux, (unsigned)__builtin_ctz(left));
}

static void served(void *owner, unsigned channel)
{
    wb_dmamux *mux = owner;
    uint32_t config = mux->s.values[channel];
    if (!(config & DMAMUX_CHCFG_ENBL)) return;
    mux->s.triggered &= ~(1u << channel);
    const wb_request *request = mux->sources[config & DMAMUX_CHCFG_SOURCE];
    if (request && request->acknowledged) request->acknowledged(request->owner, request->number);
    if (config & DMAMUX_CHCFG_TRIG) drive(mux, channel);
}

static void map_channels(wb_dmamux *mux)
{
    memset(mux->channels, 0, sizeof mux->channels);
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        uint32_t config = mux->s.values[channel];
        if (config & DMAMUX_CHCFG_ENBL) mux->channels[config & DMAMUX_CHCFG_SOURCE] |= 1u << channel;
    }
}

static uint32_t get(wb_block *block, unsigned index) { return wb_block_stored(block, index); }

static void put(wb_block *block, unsigned index, uint32_t raw, uint32_t old)
{
    wb_dmamux *mux = (wb_dmamux *)block;
    (void)raw, (void)old;
    map_channels(mux);
    mux->s.triggered &= ~(1u << index);
    drive(mux, index);
}

static void reset(wb_device *device)
{
    wb_dmamux *mux = (wb_dmamux *)device;
    wb_block_reset(&mux->block);
    mux->s.triggered = 0;
    map_channels(mux);
    for (unsigned channel = 0; channel < CHANNELS; channel++) drive(mux, channel);
}

static void restored(wb_device *device) { map_channels((wb_dmamux *)device); }

wb_dmamux *wb_dmamux_new(wb_machine *machine, wb_edma *dma)
{
    wb_dmamux *mux = calloc(1, sizeof *mux);
    if (!mux) return NULL;
    wb_block_init(&mux->block, machine, &DMAMUX_TABLE, &mux->s, sizeof mux->s);
    mux->block.get = get;
    mux->block.put = put;
    mux->block.device.reset = reset;
    mux->block.device.restored = restored;
    mux->dma = dma;
    wb_edma_on_service(dma, served, mux);
    return mux;
}

void wb_dmamux_connect(wb_dmamux *mux, unsigned source, wb_request *request)
{
    mux->sources[source & 255] = request;
    request->changed = source_changed;
    request->mux = mux;
    request->source = source & 255;
    source_changed(mux, source & 255);
}

static void tell_host(void *owner, unsigned source) { ((wb_dmamux *)owner)->host_acknowledged[source](source); }

void wb_dmamux_connect_host(wb_dmamux *mux, unsigned source, void (*acknowledged)(uint32_t source))
{
    mux->host_acknowledged[source] = acknowledged;
    mux->host_requests[source] = (wb_request){
        .machine = mux->block.device.machine, .level = &mux->s.host_levels[source], .acknowledged = tell_host,
        .owner = mux, .number = source, .line = -1,
    };
    wb_dmamux_connect(mux, source, &mux->host_requests[source]);
}

void wb_dmamux_host_level(wb_dmamux *mux, unsigned source, uint32_t level)
{
    wb_request_set(&mux->host_requests[source], level != 0);
}

void wb_dmamux_input(wb_dmamux *mux, unsigned number, uint32_t level)
{
    uint32_t config = number < TRIGGERED_CHANNELS ? mux->s.values[number] : 0;
    if (!level || !(config & DMAMUX_CHCFG_ENBL) || !(config & DMAMUX_CHCFG_TRIG) || !wanted(mux, config)) return;
    mux->s.triggered |= 1u << number;
    drive(mux, number);
}
