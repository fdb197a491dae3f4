#include "converters.h"

#include "ad7779.h"
#include "print.h"

bool converters_start(void)
{
    enum ad7779_result result = ad7779_configure();
    print_text("afe ");
    print_line(ad7779_result_text(result));
    return result == AD7779_OK;
}
