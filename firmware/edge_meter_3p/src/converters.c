#include "converters.h"

#include "ade7913.h"
#include "board.h"
#include "print.h"

bool converters_start(void)
{
    static const char *const names[AFE_COUNT] = {"afe_l1 ", "afe_l2 ", "afe_l3 ", "afe_n "};
    enum ade7913_result results[AFE_COUNT];
    for (uint32_t i = 0; i < AFE_COUNT; i++)
        results[i] = ade7913_configure(i, i == AFE_COUNT - 1u);
    ade7913_synchronise();
    bool all = true;
    for (uint32_t i = 0; i < AFE_COUNT; i++) {
        if (results[i] == ADE7913_OK && !ade7913_lock(i))
            results[i] = ADE7913_NO_CONFIG;
        print_text(names[i]);
        print_line(ade7913_result_text(results[i]));
        all &= results[i] == ADE7913_OK;
    }
    return all;
}
