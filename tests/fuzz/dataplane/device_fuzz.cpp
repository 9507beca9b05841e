// SPDX-License-Identifier: MIT
// Any text as a port's device: understood or refused with a reason.
#include "dataplane/device.h"

#include <cstdlib>

using namespace landfall::dataplane;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto spec = parse_device(text, 9000, 1);
    if (spec ? spec->name.empty() : spec.error().message.empty()) {
        std::abort();
    }
    return 0;
}
