// SPDX-License-Identifier: MIT
// Any octets as a frame header: refused, or written back as they were.
#include "delivery/frame_header.h"

#include <algorithm>
#include <cstdlib>

using namespace landfall;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto header = delivery::parse_frame_header({data, size});
    if (!header) {
        return delivery::name(header.error()) == nullptr ? 1 : 0;
    }
    const auto octets = delivery::write_frame_header(*header);
    if (size < octets.size() || !std::equal(octets.begin(), octets.end(), data)) {
        std::abort();
    }
    return 0;
}
